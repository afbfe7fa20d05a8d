// Waits for the files and devices of a request while it is checked. Reports those that do not answer, and gives them up
// later.
import type { Reading } from '../contract/host.ts';
import { cancelledOpening, failure, Refusal, type Failure } from './errors.ts';

/** Milliseconds without an answer until the user is told what is slow. */
const PATIENCE = 5000;
const SECOND = 1000;

let waiting = 0;

/** The number of files and devices that this process still waits for, including those that were given up. */
export const unanswered = (): number => waiting;

/** Receives the path of a file that is slow to answer (null), or how much of a file has been read. */
export type Waiting = (path: string, reading: Reading | null) => void;

/** The time that the files and devices of a request have to answer. */
export class Answers {
  /** Ends every current wait; null when nothing can. */
  readonly signal: AbortSignal | null;
  readonly #timeout: number;
  readonly #waiting: Waiting;

  /**
   * `seconds`: how long a file may take, 0 for no limit. `waiting` is called with the path of each slow one.
   * `signal` ends the wait.
   */
  constructor(seconds: number, waiting: Waiting, signal: AbortSignal | null = null) {
    this.#timeout = seconds;
    this.#waiting = waiting;
    this.signal = signal;
  }

  /** Reports how much of the file at `path` has been read. */
  reading(path: string, reading: Reading): void {
    this.#waiting(path, reading);
  }

  /**
   * Waits for `work`, which is about `path`, and gives its result. Rejects with a Refusal: STALLED when it takes too
   * long, CANCELLED when `signal` ends the wait. A result that comes later goes to `late`.
   */
  of<T>(
    path: string,
    work: Promise<T>,
    kind: 'block' | 'file' = 'file',
    late: (value: T) => void = () => undefined,
  ): Promise<T> {
    return new Promise((resolve, reject) => {
      let over = false;
      waiting += 1;
      const giveUp = (refusal: Refusal): void => {
        over = true;
        reject(refusal);
      };
      const withdrawn = (): void => giveUp(cancelledOpening(path));
      this.signal?.addEventListener('abort', withdrawn, { once: true });
      if (this.signal?.aborted === true) withdrawn();
      const waitingTimer = setTimeout(() => this.#waiting(path, null), PATIENCE);
      const giveUpTimer =
        this.#timeout === 0 ? null : setTimeout(() => giveUp(this.#silence(path, kind)), this.#timeout * SECOND);
      void work
        .then((value) => (over ? late(value) : resolve(value)), reject)
        .finally(() => {
          waiting -= 1;
          this.signal?.removeEventListener('abort', withdrawn);
          clearTimeout(waitingTimer);
          if (giveUpTimer !== null) clearTimeout(giveUpTimer);
        });
    });
  }

  #silence(device: string, kind: 'block' | 'file'): Refusal {
    const known: Pick<Failure, 'reason' | 'remedy'> =
      kind === 'block'
        ? { reason: { kind: 'timedOut' }, remedy: { kind: 'STALLED' } }
        : { reason: { kind: 'fileSilent', seconds: this.#timeout }, remedy: { kind: 'checkFileSystem' } };
    return new Refusal([failure({ code: 'STALLED', op: 'open', device, ...known })]);
  }
}
