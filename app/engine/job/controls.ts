// What the user has set for a running job: what is paused, and how fast it may go.
import type { Controls } from './pass/pass.ts';
import type { Run } from './run.ts';

/** Applies to every pass that begins from now on. Running passes are told separately. */
export class JobControls implements Controls {
  paused = false;
  limit: number;
  readonly pausedDestinations = new Set<number>();
  readonly limits: number[];
  readonly stallTimeout: number;

  constructor({ request }: Pick<Run, 'request' | 'destinations'>) {
    this.limit = wholeLimit(request.throttle);
    this.limits = request.destinations.map(({ throttle }) => wholeLimit(throttle));
    this.stallTimeout = Math.ceil(request.stallTimeout * 1000);
  }

  /** True when a destination is paused, by itself or with the whole job. */
  isPaused(destination: number): boolean {
    return this.paused || this.pausedDestinations.has(destination);
  }

  /** Pauses or continues the job (null) or a destination. */
  pause(destination: number | null, paused: boolean): void {
    if (destination === null) this.paused = paused;
    else if (paused) this.pausedDestinations.add(destination);
    else this.pausedDestinations.delete(destination);
  }

  /** Bytes per second of the job (null) or a destination; null for no limit. Returns the limit as passes know it. */
  throttle(destination: number | null, bytesPerSecond: number | null): number {
    const limit = wholeLimit(bytesPerSecond);
    if (destination === null) this.limit = limit;
    else this.limits[destination] = limit;
    return limit;
  }
}

/** The engine counts whole bytes; 0 for no limit. */
const wholeLimit = (bytesPerSecond: number | null): number => Math.floor(bytesPerSecond ?? 0);
