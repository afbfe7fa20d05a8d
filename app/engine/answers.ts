// Waits for the files and devices of a request while it is checked. One that does not answer is told of, and given up.
import { failure, Refusal, type Failure } from './errors.ts';

/** Milliseconds without an answer after which the user hears what is waited for. */
const PATIENCE = 5000;
const SECOND = 1000;

/** The time that the files and devices of one request have to answer. */
export class Answers {
  readonly #timeout: number;
  readonly #waiting: (path: string) => void;

  /** `seconds` is how long a file may take; 0 for ever. `waiting` hears the path of each that takes its time. */
  constructor(seconds: number, waiting: (path: string) => void) {
    this.#timeout = seconds;
    this.#waiting = waiting;
  }

  /**
   * The result of `work`, which is about `path`. Rejects with a Refusal (STALLED) when it takes too long; what it gives
   * later goes to `late`.
   */
  of<T>(path: string, work: Promise<T>, kind: 'block' | 'file' = 'file', late: (value: T) => void = () => undefined): Promise<T> {
    return new Promise((resolve, reject) => {
      let over = false;
      const told = setTimeout(() => this.#waiting(path), PATIENCE);
      const given = this.#timeout === 0 ? null : setTimeout(() => {
        over = true;
        reject(new Refusal([failure({ code: 'STALLED', op: 'open', device: path, ...this.#silence(kind) })]));
      }, this.#timeout * SECOND);
      void work.then((value) => (over ? late(value) : resolve(value)), reject).finally(() => {
        clearTimeout(told);
        if (given !== null) clearTimeout(given);
      });
    });
  }

  #silence(kind: 'block' | 'file'): Pick<Failure, 'reason' | 'remedy'> {
    return kind === 'block' ? { reason: { kind: 'timedOut' }, remedy: { kind: 'STALLED' } } : { reason: { kind: 'fileSilent', seconds: this.#timeout }, remedy: { kind: 'checkFileSystem' } };
  }
}
