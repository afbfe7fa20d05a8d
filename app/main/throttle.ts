// Limits how often a function is called without losing the last value.

/**
 * Gives a function that calls `send` with the newest value: at once after `interval` quiet milliseconds (for that
 * value), otherwise when they are over. Values in between are dropped, never the last one.
 */
export function throttle<T>(send: (value: T) => void, interval: (value: T) => number): (value: T) => void {
  let newest: T;
  let sentAt = Number.NEGATIVE_INFINITY;
  let due = Number.POSITIVE_INFINITY;
  let timer: NodeJS.Timeout | undefined;
  const flush = (): void => {
    due = Number.POSITIVE_INFINITY;
    sentAt = performance.now();
    send(newest);
  };
  return (value) => {
    newest = value;
    const now = performance.now();
    const next = Math.max(now, sentAt + interval(value));
    if (next >= due) return;
    due = next;
    clearTimeout(timer);
    if (due === now) flush();
    else timer = setTimeout(flush, due - now);
  };
}
