// Combines everything that asks the command to stop: signals, and a reader of stdout that went away.
import { STOPPING } from '../base/hang-up.ts';

/** Calls `listener` when `signal` is aborted, at once when it is already. */
export function whenAborted(signal: AbortSignal, listener: () => void): void {
  if (signal.aborted) listener();
  else signal.addEventListener('abort', listener, { once: true });
}

/** The result of `work`. Rejects with `stopped` as soon as `signal` is aborted. */
export function unlessAborted<T>(work: Promise<T>, signal: AbortSignal, stopped: Error): Promise<T> {
  return new Promise((resolve, reject) => {
    whenAborted(signal, () => reject(stopped));
    work.then(resolve, reject);
  });
}

/** A second signal within this many milliseconds is the first one, passed on by npm or a launcher. */
const ECHO = 500;

/** Receives requests to stop until it is closed. */
export class Stop {
  readonly #controller = new AbortController();
  readonly #onSignal = (): void => this.request();
  #first = 0;

  /** Called for every request after the first. */
  onRepeat: () => void = () => undefined;

  constructor() {
    for (const signal of STOPPING) process.on(signal, this.#onSignal);
  }

  /** Aborted by the first request. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  request(): void {
    if (!this.signal.aborted) {
      this.#first = Date.now();
      this.#controller.abort();
    } else if (Date.now() - this.#first > ECHO) {
      this.onRepeat();
    }
  }

  /** Restores the signals' default effect. */
  close(): void {
    for (const signal of STOPPING) process.off(signal, this.#onSignal);
  }
}
