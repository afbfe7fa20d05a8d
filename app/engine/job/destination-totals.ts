// One destination of a job over all its passes: what was written and read, what is left, how it ended.
import type { DestinationProgress, DestinationResult } from '../../contract/jobs.ts';
import { Rate, type Counted } from './rates.ts';
import type { TargetProgress } from './pass/pass.ts';
import { isOver } from '../../view/reduce-events.ts';

type Sums = Pick<DestinationProgress, 'written' | 'verified' | 'toWrite' | 'toVerify'>;
const SUMS = ['written', 'verified', 'toWrite', 'toVerify'] as const;

/** A promise with the call that resolves it. */
class Ending {
  tell: () => void = () => undefined;
  readonly over = new Promise<void>((resolve) => (this.tell = resolve));
}

/** One destination of a job. */
export class DestinationTotals {
  /** Sums of the passes that have ended, in bytes. */
  readonly #past: Sums = { written: 0, verified: 0, toWrite: 0, toVerify: 0 };
  /** Bytes to write and to read back over all passes; null when the passes know them. */
  #whole: Pick<Sums, 'toWrite' | 'toVerify'> | null = null;
  #rate = new Rate();
  /** The state after its last pass. It is shown until its end is in the log. */
  #left: Counted['state'] = 'waiting';
  /**
   * Seconds from the start of the job until nothing was left to do for it; null before. Its pass can go on for others.
   */
  #seconds: number | null = null;
  #end: DestinationResult['state'] | null = null;
  #ended = new Ending();
  /** Its own errors made it end: kcopyd's bit. */
  failed = false;
  /** The user told it to stop. */
  cancelled = false;
  /** Its end is being decided. */
  isEnding = false;
  /** Bytes that needed no writing because they were there. */
  kept = 0;
  /** For a complete destination: bytes that should have been compared and were not. */
  uncompared = 0;
  /** Index of the first error that counts for its result: a retry forgives those before it. */
  errorsFrom = 0;

  /**
   * Sets the bytes to write and to read back over all passes. For a rescue, which has many passes that do not know
   * them.
   */
  set whole(sums: Pick<Sums, 'toWrite' | 'toVerify'>) {
    this.#whole = sums;
  }

  /** Bytes that were written. */
  get written(): number {
    return this.#past.written;
  }

  /** Seconds from the start of the job until it had ended; null while it has not. */
  get seconds(): number | null {
    return this.#seconds;
  }

  /** How its last pass left it. */
  get left(): Counted['state'] {
    return this.#left;
  }

  /** How it ended; null while it has not. */
  get end(): DestinationResult['state'] | null {
    return this.#end;
  }

  /** Resolves when the current attempt has ended. */
  get ended(): Promise<void> {
    return this.#ended.over;
  }

  /** Ends the current attempt. */
  close(end: DestinationResult['state']): void {
    this.#end = end;
    this.#ended.tell();
  }

  /** Adds what an ended pass did. */
  add(progress: TargetProgress): void {
    this.#left = progress.state;
    for (const name of SUMS) this.#past[name] += progress[name];
  }

  /** Starts it again. Speeds begin anew. */
  reopen(errorsFrom: number): void {
    // Drop the first attempt's unfinished work; the retry counts it.
    this.#past.toWrite = this.#past.written;
    this.#past.toVerify = this.#past.verified;
    this.#seconds = null;
    this.#left = 'waiting';
    this.#end = null;
    this.isEnding = false;
    this.#ended = new Ending();
    this.failed = false;
    this.cancelled = false;
    this.uncompared = 0;
    this.errorsFrom = errorsFrom;
    this.#rate = new Rate();
  }

  /** How it is shown at `seconds` since the start; `now` is its part of the pass that runs, null when none does. */
  view(path: string, seconds: number, now: TargetProgress | null, paused: boolean): DestinationProgress {
    const sums = { ...this.#past };
    if (now !== null) for (const name of SUMS) sums[name] += now[name];
    if (this.#whole !== null) {
      sums.toWrite = Math.max(this.#whole.toWrite, sums.written);
      sums.toVerify = Math.max(this.#whole.toVerify, sums.verified);
    }
    const counted: Counted = { ...sums, state: this.#end ?? this.#stateNow(now, paused) };
    this.#clock(counted.state, seconds);
    return {
      path,
      ...counted,
      uncompared: this.#end === null ? null : this.uncompared,
      ...this.#rate.at(seconds, counted),
      paused: paused && this.#end === null,
    };
  }

  /** Keeps the time when nothing was left to do. Between two passes nothing has begun again, so it stays. */
  #clock(state: Counted['state'], seconds: number): void {
    if (isOver(state)) this.#seconds ??= seconds;
    else if (state !== 'waiting' && state !== 'paused') this.#seconds = null;
  }

  #stateNow(now: TargetProgress | null, paused: boolean): Counted['state'] {
    const state = now?.state ?? this.#left;
    return state === 'waiting' && paused ? 'paused' : state;
  }
}
