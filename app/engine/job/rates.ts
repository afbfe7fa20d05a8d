// How fast each destination goes and how long it will still take, from samples of counters.
import type { DestinationProgress, DestinationState } from '../../contract/jobs.ts';

/** A speed is averaged over about this many seconds. */
const MEMORY_SECONDS = 2;
/** A speed measured for less than this says nothing about the time left. */
const SETTLING_SECONDS = 1;

/** What is counted of a destination, in bytes, over all passes of its job. */
export type Counted = Pick<DestinationProgress, 'state' | 'written' | 'verified' | 'toWrite' | 'toVerify'>;

/** States in which bytes move, and which of the two counters tells how fast. */
const MOVING: Partial<Record<DestinationState, 'written' | 'verified'>> = {
  copying: 'written',
  repairing: 'written',
  verifying: 'verified',
  comparing: 'verified',
};

/** States for which no time left can be given. */
const ENDLESS: ReadonlySet<DestinationState> = new Set(['waiting', 'paused', 'stalled', 'failed', 'cancelled']);

/** Speed and time left of one destination. */
export class Rate {
  #state: DestinationState = 'waiting';
  #done = 0;
  #at = 0;
  /** When its current phase began. */
  #since = 0;
  #perSecond = 0;
  /** The speed of the previous phase, until that of the current one is known. */
  #before = 0;

  /** Takes a sample at `seconds` since the start and gives what is known then. */
  at(seconds: number, sample: Counted): Pick<DestinationProgress, 'bytesPerSecond' | 'secondsLeft'> {
    const done = sample[MOVING[sample.state] ?? 'written'];
    if (sample.state !== this.#state) this.#enter(sample.state, done, seconds);
    const elapsed = seconds - this.#at;
    if (elapsed > 0) {
      const now = Math.max(0, done - this.#done) / elapsed;
      // Average over the whole phase while it is short, and over the last seconds from then on.
      const span = Math.min(seconds - this.#since, MEMORY_SECONDS);
      this.#perSecond += (now - this.#perSecond) * Math.min(1, elapsed / span);
      this.#done = done;
      this.#at = seconds;
    }
    return { bytesPerSecond: this.#moves ? this.#perSecond : 0, secondsLeft: this.#left(sample) };
  }

  get #moves(): boolean {
    return MOVING[this.#state] !== undefined;
  }

  get #settled(): boolean {
    return this.#moves && this.#at - this.#since >= SETTLING_SECONDS;
  }

  #enter(state: DestinationState, done: number, seconds: number): void {
    if (this.#settled || this.#before === 0) this.#before = this.#moves ? this.#perSecond : this.#before;
    this.#state = state;
    this.#done = done;
    this.#since = seconds;
    this.#perSecond = 0;
    // The first sample falls somewhere into the phase, so it only sets the clock.
    this.#at = seconds;
  }

  #left({ written, verified, toWrite, toVerify }: Counted): number | null {
    if (this.#state === 'done') return 0;
    const perSecond = this.#settled ? this.#perSecond : this.#before;
    if (perSecond <= 0 || ENDLESS.has(this.#state)) return null;
    return Math.max(0, toWrite - written + toVerify - verified) / perSecond;
  }
}
