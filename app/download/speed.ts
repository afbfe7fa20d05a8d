// Measures the speed of a download.
import type { DownloadProgress } from '../contract/downloads.ts';

/** Seconds over which the speed is averaged, so that the number is steady enough to read. */
const WINDOW = 5;

/** Measures one download, from byte `from` on. */
export class Speed {
  readonly length: number | null;
  readonly #now: () => number;
  readonly #points: { at: number; bytes: number }[];

  /** `length`: bytes of the whole file, null when unknown. `now`: seconds on a monotonic clock. */
  constructor(from: number, length: number | null, now: () => number = () => performance.now() / 1000) {
    this.length = length;
    this.#now = now;
    this.#points = [{ at: now(), bytes: from }];
  }

  /** The progress when the file has `bytes`. */
  at(bytes: number): Omit<DownloadProgress, 'origin'> {
    const now = this.#now();
    while (this.#points.length > 1 && now - this.#points[1]!.at >= WINDOW) this.#points.shift();
    const first = this.#points[0]!;
    this.#points.push({ at: now, bytes });
    const bytesPerSecond = now > first.at ? Math.round((bytes - first.bytes) / (now - first.at)) : 0;
    const left = this.length === null || bytesPerSecond === 0 ? null : (this.length - bytes) / bytesPerSecond;
    return { bytes, length: this.length, bytesPerSecond, secondsLeft: left === null ? null : Math.round(left) };
  }
}
