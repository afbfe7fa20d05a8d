// How fast each destination of the job has been, from its start (or the last reload) to now, in a bounded number of points.
import type { JobView } from '../../app/contract.ts';

/** Most points that are kept; then every second one goes, and they come half as often. */
export const MOST_POINTS = 480;

/** Points in time and what was measured at each: seconds, and bytes per second. */
export interface Series {
  seconds: number[];
  speeds: number[];
}

/** Follows one job at a time; another job begins anew. */
export class Samples {
  /** Grows with every point: what is drawn from the samples depends on it. */
  #version = $state(0);
  #job: number | null = null;
  #every = 1;
  #seconds: number[] = [];
  /** Per destination. */
  #speeds: number[][] = [];

  /** Takes what a view of the job tells, when it is time for a point. */
  take(job: JobView | null): void {
    if (job === null || job.phase === 'ended') return;
    const { seconds, destinations } = job.progress;
    if (this.#job !== job.startedAt) this.#begin(job);
    if (seconds - (this.#seconds.at(-1) ?? Number.NEGATIVE_INFINITY) < this.#every) return;
    this.#seconds.push(seconds);
    for (const [index, speeds] of this.#speeds.entries()) speeds.push(destinations[index]?.bytesPerSecond ?? 0);
    if (this.#seconds.length > MOST_POINTS) this.#thin();
    this.#version += 1;
  }

  /** Of the destination `index`. */
  of(index: number): Series {
    void this.#version;
    return { seconds: [...this.#seconds], speeds: [...(this.#speeds[index] ?? [])] };
  }

  /** Of all destinations together. */
  get total(): Series {
    void this.#version;
    return { seconds: [...this.#seconds], speeds: this.#seconds.map((_, point) => this.#speeds.reduce((sum, speeds) => sum + (speeds[point] ?? 0), 0)) };
  }

  #begin(job: JobView): void {
    this.#job = job.startedAt;
    this.#every = 1;
    this.#seconds = [];
    this.#speeds = job.plan.destinations.map(() => []);
    this.#version += 1;
  }

  #thin(): void {
    const half = (points: number[]): number[] => points.filter((_, index) => index % 2 === 0);
    this.#seconds = half(this.#seconds);
    this.#speeds = this.#speeds.map(half);
    this.#every *= 2;
  }
}
