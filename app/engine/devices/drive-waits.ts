// Waits for a drive as long as it finishes requests. An unmount has no time limit, because it writes the cache first. A
// drive that finishes no more requests is hanging.
import { content } from './sysfs.ts';

/** Milliseconds without a finished request after which a drive that is waited for counts as hanging. */
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

/** Calls `giveUp` once when `moved` has not changed for `limit` milliseconds. Gives a function that ends the watch. */
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
 * Resolves as `work` does. Rejects with `error()` when the device with this number first finishes no request for
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
