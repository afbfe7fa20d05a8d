// The speed of the job's destinations over time, for the charts.
import type { JobView, SpeedHistory } from '../../app/contract/window.ts';
import { noSpeeds, withEarlier, withPoint } from '../../app/view/speeds.ts';

/** Points in time and the value at each: seconds, and bytes per second. */
export interface Series {
  seconds: number[];
  speeds: number[];
}

/** Follows one job at a time, and starts again with another. */
export class Samples {
  #history = $state.raw<SpeedHistory>(noSpeeds);

  /** Adds a point for a view of the job, when one is due. */
  take(job: JobView | null): void {
    this.#history = withPoint(this.#history, job);
  }

  /** Takes over main's history from before this page. */
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
