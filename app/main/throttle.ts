// "At most ten a second" without ever losing the last one.

/**
 * Gives a function that calls `send` with the newest value, at once when it was quiet for `interval` milliseconds
 * and otherwise when they are over. Values between are dropped; the last one never is.
 */
export function throttle<T>(send: (value: T) => void, interval: number): (value: T) => void {
  let newest: T;
  let sentAt = Number.NEGATIVE_INFINITY;
  let timer: NodeJS.Timeout | null = null;
  const flush = (): void => {
    timer = null;
    sentAt = performance.now();
    send(newest);
  };
  return (value) => {
    newest = value;
    if (timer !== null) return;
    const wait = sentAt + interval - performance.now();
    if (wait <= 0) flush();
    else timer = setTimeout(flush, wait);
  };
}
