// Everything that asks the command to stop, as one thing: signals, and a reader that went away.
import { STOPPING } from '../base/hang-up.ts';

/** A second signal within so many milliseconds is the first one passed on again, by npm or a launcher. */
const ECHO = 500;

/** Hears the requests to stop for as long as it is not closed. */
export class Stop {
  readonly #controller = new AbortController();
  readonly #heard = (): void => this.request();
  #first = 0;

  /** Called for every request after the first. */
  onRepeat: () => void = () => undefined;

  constructor() {
    for (const signal of STOPPING) process.on(signal, this.#heard);
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

  /** Gives the signals their usual effect back. */
  close(): void {
    for (const signal of STOPPING) process.off(signal, this.#heard);
  }
}
