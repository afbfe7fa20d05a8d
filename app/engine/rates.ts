// How fast each destination goes and how long it will still take, from samples of counters.
import type { CopyRequest, DestinationProgress } from '../contract.ts';
import type { NativeProgress, NativeState } from './native.ts';

/** What weighs in a speed is about the last so many seconds. */
const MEMORY_SECONDS = 2;
/** A speed measured for less than this says nothing about the time left. */
const SETTLING_SECONDS = 1;

type Sample = NativeProgress['destinations'][number];

/** What to do for each destination. */
export interface Work extends Pick<CopyRequest, 'kind' | 'verify'> {
  /** Bytes to write, and to read back. */
  bytes: number;
}

/** Speed and time left of one destination. */
export class Rate {
  readonly #work: Work;
  #state: NativeState = 'waiting';
  #done = 0;
  #at = 0;
  /** When the phase began that it is in. */
  #since = 0;
  #perSecond = 0;
  /** What the copy ran at, for as long as nothing is known of the phases after it. */
  #copied = 0;

  constructor(work: Work) {
    this.#work = work;
  }

  /** Takes a sample at `seconds` since the start and gives what is known then. */
  at(seconds: number, { state, written, verified }: Sample): Pick<DestinationProgress, 'bytesPerSecond' | 'secondsLeft'> {
    const done = state === 'verifying' ? verified : written;
    if (state !== this.#state) this.#enter(state, done, seconds);
    const elapsed = seconds - this.#at;
    if (elapsed > 0) {
      const now = Math.max(0, done - this.#done) / elapsed;
      // The plain average until there is more than what is remembered, the recent past from then on.
      const span = Math.min(seconds - this.#since, MEMORY_SECONDS);
      this.#perSecond += (now - this.#perSecond) * Math.min(1, elapsed / span);
      this.#done = done;
      this.#at = seconds;
    }
    return { bytesPerSecond: this.#moves ? this.#perSecond : 0, secondsLeft: this.#left(written, verified) };
  }

  get #moves(): boolean {
    return this.#state === 'copying' || this.#state === 'verifying';
  }

  #enter(state: NativeState, done: number, seconds: number): void {
    if (this.#state === 'copying') this.#copied = this.#perSecond;
    this.#state = state;
    this.#done = done;
    this.#since = seconds;
    this.#perSecond = 0;
    // The first sample in a phase falls somewhere into it: it only sets the clock.
    this.#at = seconds;
  }

  #left(written: number, verified: number): number | null {
    const { kind, verify, bytes } = this.#work;
    if (this.#state === 'done') return 0;
    const settled = this.#moves && this.#at - this.#since >= SETTLING_SECONDS ? this.#perSecond : this.#copied;
    if (settled <= 0 || this.#state === 'failed' || this.#state === 'cancelled' || this.#state === 'waiting') return null;
    const toWrite = kind === 'verify' ? 0 : bytes - written;
    const toVerify = kind === 'verify' || verify ? bytes - verified : 0;
    return Math.max(0, toWrite + toVerify) / settled;
  }
}
