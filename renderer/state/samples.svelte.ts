// How fast each destination of the job has been, from its start (or the last reload) to now, in a bounded number of points.
import type { JobView } from '../../app/contract/window.ts';

/** Most points that are kept; then every second one goes, and they come half as often. */
export const MOST_POINTS = 480;

/** Points in time and what was measured at each: seconds, and bytes per second. */
export interface Series {
  seconds: number[];
  speeds: number[];
}

/** The points of all destinations at the same times. */
interface Points {
  seconds: number[];
  /** Per destination. */
  speeds: number[][];
}

/** Follows one job at a time; another job begins anew. */
export class Samples {
  #points = $state.raw<Points>({ seconds: [], speeds: [] });
  #job: number | null = null;
  /** Least seconds from one point to the next. */
  #every = 1;

  /** Takes what a view of the job tells, when it is time for a point. */
  take(job: JobView | null): void {
    if (job === null || job.phase === 'ended') return;
    if (this.#job !== job.startedAt) this.#begin(job);
    const { seconds, destinations } = job.progress;
    const { seconds: times, speeds } = this.#points;
    if (seconds - (times.at(-1) ?? Number.NEGATIVE_INFINITY) < this.#every) return;
    this.#points = { seconds: [...times, seconds], speeds: speeds.map((each, index) => [...each, destinations[index]?.bytesPerSecond ?? 0]) };
    if (times.length >= MOST_POINTS) this.#thin();
  }

  /** Of the destination `index`. */
  of(index: number): Series {
    return { seconds: this.#points.seconds, speeds: this.#points.speeds[index] ?? [] };
  }

  /** Of all destinations together. */
  get total(): Series {
    const { seconds, speeds } = this.#points;
    return { seconds, speeds: seconds.map((_, point) => speeds.reduce((sum, each) => sum + (each[point] ?? 0), 0)) };
  }

  #begin(job: JobView): void {
    this.#job = job.startedAt;
    this.#every = 1;
    this.#points = { seconds: [], speeds: job.plan.destinations.map(() => []) };
  }

  #thin(): void {
    const half = (points: number[]): number[] => points.filter((_, index) => index % 2 === 0);
    this.#points = { seconds: half(this.#points.seconds), speeds: this.#points.speeds.map(half) };
    this.#every *= 2;
  }
}
