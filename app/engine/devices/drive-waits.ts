// How long a drive is waited for: as long as it does anything. How long an unmount takes is for nobody to say, since what
// is in the cache has to be written first; one that hangs shows by a drive that ends no request any more.
import { content } from './sysfs.ts';

/** So long a drive may end no request while something waits for it, milliseconds. */
export const PATIENCE_MS = 30_000;
/** Fields of a block device's `stat` that count requests that have ended: reads, writes, discards, flushes (the kernel's Documentation/block/stat.rst). */
const ENDED = [0, 4, 11, 15];

/** The requests that the device with this number ("8:16") has ended, to be compared with a later answer; "" when it is not there. */
export function requestsEnded(majorMinor: string, sys = '/sys'): string {
  const fields = content(`${sys}/dev/block/${majorMinor}/stat`).trim().split(/\s+/);
  return ENDED.map((field) => fields[field] ?? '')
    .join(' ')
    .trim();
}

/** Calls `giveUp`, once, when `moved` has given the same for `limit` milliseconds. Gives what ends the watch. */
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

/** Gives what `work` gives. Rejects with `error()` when the device with this number ends no request for `patience` milliseconds before that. */
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
