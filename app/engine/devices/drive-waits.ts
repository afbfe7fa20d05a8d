// Waits for a drive as long as it does anything. An unmount has no time limit, because the cache is written first; a
// drive that finishes no more requests is hanging.
import { content } from './sysfs.ts';

/** How long a drive may finish no request while something waits for it, in milliseconds. */
export const PATIENCE_MS = 30_000;
/**
 * Fields of a block device's `stat` that count finished requests: reads, writes, discards, flushes (the kernel's
 * Documentation/block/stat.rst).
 */
const ENDED = [0, 4, 11, 15];

/**
 * A fingerprint of the finished requests of the device with this number ("8:16"), to be compared with a later one; ""
 * when it is gone.
 */
export function requestsEnded(majorMinor: string, sys = '/sys'): string {
  const fields = content(`${sys}/dev/block/${majorMinor}/stat`).trim().split(/\s+/);
  return ENDED.map((field) => fields[field] ?? '')
    .join(' ')
    .trim();
}

/** Calls `giveUp` once, when `moved` has not changed for `limit` milliseconds. Gives a function that ends the watch. */
export function whenStuck(moved: () => string, limit: number, giveUp: () => void): () => void {
  let [last, since] = [moved(), performance.now()];
  const timer = setInterval(
    () => {
      const now = moved();
      if (now !== last) [last, since] = [now, performance.now()];
      if (performance.now() - since < limit) return;
      clearInterval(timer);
      giveUp();
    },
    Math.min(limit / 4, 1000),
  );
  return () => clearInterval(timer);
}

/**
 * Resolves as `work` does. Rejects with `error()` first, when the device with this number finishes no request for
 * `patience` milliseconds.
 */
export function unlessStuck<T>(work: Promise<T>, majorMinor: string, patience: number, error: () => Error): Promise<T> {
  return new Promise((resolve, reject) => {
    const stopWaiting = whenStuck(
      () => requestsEnded(majorMinor),
      patience,
      () => reject(error()),
    );
    work.finally(stopWaiting).then(resolve, reject);
  });
}
