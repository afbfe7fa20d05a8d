// How fast the destinations of the job have been, for the charts.
import type { JobView, SpeedHistory } from '../../app/contract/window.ts';
import { noSpeeds, withEarlier, withPoint } from '../../app/view/speeds.ts';

/** Points in time and what was measured at each: seconds, and bytes per second. */
export interface Series {
  seconds: number[];
  speeds: number[];
}

/** Follows one job at a time; another job begins anew. */
export class Samples {
  #history = $state.raw<SpeedHistory>(noSpeeds);

  /** Takes what a view of the job tells, when it is time for a point. */
  take(job: JobView | null): void {
    this.#history = withPoint(this.#history, job);
  }

  /** Takes what main has kept from before this page was there. */
  begin(earlier: SpeedHistory): void {
    this.#history = withEarlier(this.#history, earlier);
  }

  /** The series of the destination `index`. */
  of(index: number): Series {
    return { seconds: this.#history.seconds, speeds: this.#history.speeds[index] ?? [] };
  }

  /** The series of all destinations together. */
  get total(): Series {
    const { seconds, speeds } = this.#history;
    return { seconds, speeds: seconds.map((_, point) => speeds.reduce((sum, each) => sum + (each[point] ?? 0), 0)) };
  }
}
