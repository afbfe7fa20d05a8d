// Writes the map of a rescue to its file as the rescue goes.
import { Answers } from '../../../../base/slow-answers.ts';
import { hasStalled, reasonOf, Refusal } from '../../../../base/errors.ts';
import { writeMapfile, type RescueMap } from '../../../formats/mapfile.ts';
import type { RunningJob } from '../../pass/running-job.ts';

/** Milliseconds between two writes. */
const INTERVAL = 1000;

/** Writes one map. A map that cannot be written is noted, and does not stop the rescue. */
export class MapWriter {
  readonly #running: RunningJob;
  /** null: the user wants no file. */
  readonly #path: string | null;
  readonly #answers: Answers;
  #writtenAt = 0;
  /** The file system timed out: do not write there again. */
  #timedOut = false;

  constructor(running: RunningJob, path: string | null) {
    this.#running = running;
    this.#path = path;
    this.#answers = new Answers(running.request.stallTimeout, () => undefined);
  }

  /** Writes the map, unless that was done less than a second ago. */
  async writeIfDue(map: RescueMap): Promise<void> {
    if (performance.now() - this.#writtenAt >= INTERVAL) await this.write(map);
  }

  async write(map: RescueMap): Promise<void> {
    const path = this.#path;
    if (path === null || this.#timedOut) return;
    try {
      await this.#answers.of(path, writeMapfile(path, map));
      this.#writtenAt = performance.now();
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      this.#timedOut = hasStalled(error.errors);
      this.#running.note({ kind: 'mapNotWritten', path, reason: reasonOf(error) });
    }
  }
}
