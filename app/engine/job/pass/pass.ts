// One native job of a job: submits it, samples it, and reports in the job's own numbering of destinations.
import type { DestinationState } from '../../../contract/jobs.ts';
import { chunksOf, hasChunk } from '../../formats/chunks.ts';
import { ErrorReports } from './error-reports.ts';
import type {
  ChunkRange,
  NativeClient,
  NativeDestinationProgress,
  NativeDevice,
  NativeError,
  NativeHashes,
  NativeJob,
  NativeJobRequest,
  NativeResult,
  NativeState,
} from '../../native/addon.ts';
import { isOver } from '../../../view/reduce-events.ts';

/** A destination in a pass. */
export interface Target {
  /** Its index in the job. */
  destination: number;
  /** Chunks to be written, and to be read back; left out: all. */
  todo?: Uint8Array;
  check?: Uint8Array;
}

/** What a pass does. */
export interface PassRequest {
  /** The state that is shown for a destination while it is written, and while it is read. */
  words: { writing: 'copying' | 'repairing'; reading: 'comparing' | 'verifying' };
  targets: readonly Target[];
  /**
   * True when more passes may follow for a destination with this end. By default none does, and it is shown as it
   * ended.
   */
  more?: (ended: NativeState) => boolean;
  /** A destination that is done in this pass has its end, although the pass goes on for others. */
  settles?: boolean;
  job: Omit<NativeJobRequest, 'destinations' | 'todo' | 'check' | 'limits' | 'bytesPerSecond' | 'stallTimeout'>;
}

/** What the user has set for the running job. It holds for every pass. */
export interface Controls {
  paused: boolean;
  pausedDestinations: ReadonlySet<number>;
  /** Bytes per second, 0 for no limit; of the job, and of each destination by index. */
  limit: number;
  limits: readonly number[];
  /** Milliseconds, 0 for ever. */
  stallTimeout: number;
}

/** One destination in a sample of a pass. */
export interface TargetProgress extends Omit<NativeDestinationProgress, 'state'> {
  destination: number;
  state: DestinationState;
  /** Its end in this pass; null before. `state` is 'waiting' after it when there may be more to do. */
  ended: 'done' | 'failed' | 'cancelled' | null;
}

/** Chunks of a destination that have become durable. */
export interface NewlyDurable extends ChunkRange {
  destination: number;
}

/** A running pass. */
export class Pass {
  readonly request: PassRequest;
  /** Resolves with kcopyd's two answers; bit i of `writeErr` is target i of this pass. Never rejects. */
  readonly done: Promise<NativeResult>;
  readonly #native: NativeJob;
  readonly #reports = new ErrorReports();
  /** Entries of each target's list of durable chunks that were given out. */
  readonly #durable: number[];
  readonly #chunkSize: number;
  /** Destinations that another pass has taken over. */
  readonly #dismissed = new Set<number>();

  /** Submits it. Throws what the addon throws. `devices` are the job's, by index. */
  constructor(client: NativeClient, request: PassRequest, devices: readonly NativeDevice[], controls: Controls) {
    const { targets, job } = request;
    this.request = request;
    this.#chunkSize = client.chunkSize;
    this.#native = client.submit({
      ...job,
      destinations: targets.map(({ destination }) => devices[destination]!),
      todo: targets.map(({ todo }) => todo ?? null),
      check: targets.map(({ check }) => check ?? null),
      limits: targets.map(({ destination }) => controls.limits[destination] ?? 0),
      bytesPerSecond: controls.limit,
      stallTimeout: controls.stallTimeout,
    });
    this.done = this.#native.done;
    this.#durable = targets.map(() => 0);
    if (controls.paused) this.#native.pause(null, true);
    for (const destination of controls.pausedDestinations) this.pause(destination, true);
  }

  /** Bytes of the source that were read. */
  get bytesRead(): number {
    return this.#native.progress().bytesRead;
  }

  /** Every destination as it is now, those that were dismissed left out. */
  sample(): TargetProgress[] {
    const { targets, job } = this.request;
    const all = this.#native.progress().destinations.map((progress, index) => ({
      ...progress,
      // Do not count zeros that will be written over in the end.
      ...(job.op === 'zero' ? { written: 0, toWrite: 0 } : {}),
      destination: targets[index]!.destination,
      state: this.#stateOf(progress),
      ended: isOver(progress.state) ? progress.state : null,
    }));
    return all.filter(({ destination }) => !this.#dismissed.has(destination));
  }

  /**
   * Leaves out a destination that has ended in this pass. Returns its last sample; null when it is not in the pass, or
   * not ended.
   */
  dismiss(destination: number): TargetProgress | null {
    const last = this.sample().find((progress) => progress.destination === destination);
    if (last === undefined || last.ended === null) return null;
    this.#dismissed.add(destination);
    return last;
  }

  /** The errors to report now, without those of a cancellation; with `ended`, all that are left. */
  newErrors(ended: boolean): NativeError[] {
    const entries = this.#native.errors(this.#reports.first);
    return this.#numbered(this.#reports.take(entries, ended));
  }

  /** All errors so far, each with all of its length. */
  errors(): NativeError[] {
    return this.#numbered(this.#native.errors(0));
  }

  /** True when this pass writes what the error is about. */
  writes({ destination, offset }: NativeError): boolean {
    const { job, targets } = this.request;
    const target = targets.find((one) => one.destination === destination);
    if (target === undefined || job.op !== 'copy') return false;
    return target.todo === undefined || hasChunk(target.todo, Math.floor(offset / this.#chunkSize));
  }

  /**
   * True when what the error is about was found different before, and this pass has written it again without an error.
   */
  rewrote(error: NativeError): boolean {
    if (this.request.words.writing !== 'repairing' || !this.writes(error)) return false;
    const { first, end } = this.#chunksOf(error);
    const failedThere = (other: NativeError): boolean => {
      if (other.side !== 'write' || other.flush || other.destination !== error.destination || other.length === 0)
        return false;
      const chunks = this.#chunksOf(other);
      return chunks.first < end && first < chunks.end;
    };
    return !this.errors().some(failedThere);
  }

  /** The chunks that have become durable since the last call. */
  newlyDurable(): NewlyDurable[] {
    return this.request.targets.flatMap(({ destination }, index) => {
      const ranges = this.#native.durable(index, this.#durable[index]!);
      this.#durable[index]! += ranges.length;
      return ranges.map((range) => ({ destination, ...range }));
    });
  }

  /** Hashes of chunks of the source, as far as they are known. */
  hashes(first: number, count: number): NativeHashes {
    return this.#native.hashes(first, count);
  }

  /** Stops the pass (null), or one destination of it if it is in it. */
  cancel(destination: number | null): void {
    if (destination === null) this.#native.cancel();
    else this.#of(destination, (index) => this.#native.cancel(index));
  }

  pause(destination: number | null, paused: boolean): void {
    if (destination === null) this.#native.pause(null, paused);
    else this.#of(destination, (index) => this.#native.pause(index, paused));
  }

  /** Bytes per second, 0 for no limit. */
  throttle(destination: number | null, bytesPerSecond: number): void {
    if (destination === null) this.#native.throttle(null, bytesPerSecond);
    else this.#of(destination, (index) => this.#native.throttle(index, bytesPerSecond));
  }

  #chunksOf({ offset, length }: NativeError): { first: number; end: number } {
    return { first: Math.floor(offset / this.#chunkSize), end: chunksOf(offset + length, this.#chunkSize) };
  }

  #of(destination: number, act: (index: number) => void): void {
    const index = this.#indexOf(destination);
    if (index >= 0) act(index);
  }

  #indexOf(destination: number): number {
    return this.#dismissed.has(destination)
      ? -1
      : this.request.targets.findIndex((target) => target.destination === destination);
  }

  #numbered(entries: readonly NativeError[]): NativeError[] {
    const named = entries.map((entry) =>
      entry.destination < 0 ? entry : { ...entry, destination: this.request.targets[entry.destination]!.destination },
    );
    return named.filter(({ destination }) => !this.#dismissed.has(destination));
  }

  #stateOf({ state, paused, stalled }: NativeDestinationProgress): DestinationState {
    const { words, more } = this.request;
    if (isOver(state)) return more?.(state) === true ? 'waiting' : state;
    if (stalled) return 'stalled';
    if (paused && state !== 'flushing') return 'paused';
    return state === 'copying' ? words.writing : state === 'verifying' ? words.reading : state;
  }
}
