// What the courses of jobs (courses/) are written against: a job's destinations, and passes over them.
import type { JobError } from '../../../contract/errors.ts';
import type { Note } from '../../../contract/facts.ts';
import type { RescueProgress } from '../../../contract/jobs.ts';
import type { WorkRequest } from '../../../contract/request.ts';
import type { KnownHashes, Grid } from '../../formats/chunk-sets.ts';
import type { Failure } from '../../../base/errors.ts';
import type { NativeDevice, NativeError } from '../../native/addon.ts';
import type { NewlyDurable, PassRequest } from './pass.ts';
import type { Prepared } from '../../admission/prepared.ts';

/** How a pass ended for its destinations. */
export interface PassOutcome {
  /** In the order of the pass's targets. */
  targets: { destination: number; state: 'done' | 'failed' | 'cancelled' }[];
  /** All errors, those that were reported and those that were held back. */
  errors: NativeError[];
  /** The source could not be read, or had changed. */
  sourceFailed: boolean;
  /** In a rescue, the chunks that the pass made durable, numbered from its first one. */
  durable: readonly NewlyDurable[];
}

/** The outcome of a pass that was not needed, or could not begin. */
export const notPerformed = (destinations: readonly number[] = [], state: 'done' | 'failed' = 'done'): PassOutcome => ({
  targets: destinations.map((destination) => ({ destination, state })),
  errors: [],
  sourceFailed: false,
  durable: [],
});

/** A running job, for its course. */
export interface RunningJob {
  readonly prepared: Prepared;
  readonly request: WorkRequest;
  readonly grid: Grid;
  /** The chunks that are written and compared; the others are left alone. */
  readonly scope: Uint8Array;
  /** The source's hashes, those of the passes that have ended included. */
  readonly hashes: KnownHashes;
  /** The job was told to stop. */
  readonly cancelled: boolean;
  /** The open device of a destination. */
  device(destination: number): NativeDevice;
  /** Chunks of a destination that are durable. */
  durable(destination: number): Uint8Array;
  /** Bytes of a destination that were not compared with the source, or differ from it. */
  unproven(destination: number): number;
  /** Chunks of a destination that were compared with the source as a whole, and found equal. */
  proven(destination: number): Uint8Array;
  /** True when it still belongs to this course. A retry gives it another one. */
  owns(destination: number): boolean;
  /** True when it has neither ended nor been told to stop. */
  isOpen(destination: number): boolean;
  /** True when it has ended well. */
  isDone(destination: number): boolean;
  /** Resolves when the course that started with the job has ended, or when `destination` was told to stop. */
  untilOthersEnded(destination: number): Promise<void>;
  /** Runs a pass to its end. Does not report the errors for which `hold` is true. */
  perform(pass: PassRequest, hold?: (error: NativeError) => boolean): Promise<PassOutcome>;
  /** Ends a destination. Reports the errors that were held back. */
  finish(destination: number, state: 'done' | 'failed' | 'cancelled', held?: readonly NativeError[]): Promise<void>;
  /** Counts bytes of a destination that needed no writing. */
  keep(destination: number, bytes: number): void;
  /** Sets the bytes to write and to verify over all passes, when the passes cannot know them. */
  expect(destination: number, bytes: number): void;
  /** Records chunks of a destination as durable that no pass has written. */
  found(destination: number, chunks: Uint8Array): Promise<void>;
  /**
   * Gives an image that is rewritten in place the name of an incomplete one, so that an interrupted one can be
   * recognised.
   */
  unname(destination: number): void;
  /**
   * Withdraws chunks of a destination that are written next, or turned out to be bad. They no longer count as durable.
   */
  withdraw(destination: number, chunks: Uint8Array): Promise<void>;
  /** Records, outside of any pass, that the source is another one. */
  failSource(): void;
  report(destination: number | null, side: JobError['side'], error: Failure): void;
  /** A fact for the result. */
  note(note: Note): void;
  /** How far a rescue is. The job knows which destinations wait. */
  rescue: Omit<RescueProgress, 'waiting'> | null;
}
