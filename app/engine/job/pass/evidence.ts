// Which bytes of a destination were compared and found equal. "Verified" rests on this alone, never on what a job was
// meant to do.
import {
  allChunks,
  intersection,
  bytesOf,
  chunksIn,
  noChunks,
  difference,
  type Grid,
} from '../../formats/chunk-sets.ts';
import { chunkRanges, hasChunk, markChunks } from '../../formats/chunks.ts';
import type { NativeError, NativeJobRequest, NativeState } from '../../native/addon.ts';

/** Bytes [from, to). */
interface Range {
  from: number;
  to: number;
}

/** A pass that has ended, for one of its destinations. */
export interface Compared {
  job: Pick<NativeJobRequest, 'op' | 'source' | 'offset' | 'length' | 'verify' | 'ignoreWrite' | 'skipBad' | 'known'>;
  /**
   * Chunks that were to be written and to be read back, counted from the start of the region; undefined for all of
   * them.
   */
  todo: Uint8Array | undefined;
  check: Uint8Array | undefined;
  state: NativeState;
  /** Errors of the source and of this destination, and no others. */
  errors: readonly NativeError[];
  sourceFailed: boolean;
}

/** The bytes of one destination that are proven equal to the source. */
export class Evidence {
  readonly #grid: Grid;
  /** The chunks that are to be proven. */
  readonly #scope: Uint8Array;
  readonly #whole: Uint8Array;
  /** Proven ranges, ascending and apart, of chunks that are proven in part: a rescue goes by sectors. */
  readonly #parts = new Map<number, Range[]>();

  /** Begins with the chunks in `proven`; without it with none. `scope`: those that are to be proven. */
  constructor(grid: Grid, proven = noChunks(grid), scope = allChunks(grid)) {
    this.#grid = grid;
    this.#scope = scope;
    this.#whole = proven.slice();
  }

  /** Bytes that are not proven. */
  get missing(): number {
    const parts = [...this.#parts]
      .filter(([chunk]) => hasChunk(this.#scope, chunk))
      .flatMap(([, ranges]) => ranges)
      .reduce((sum, { from, to }) => sum + to - from, 0);
    return bytesOf(difference(this.#scope, this.#whole), this.#grid) - parts;
  }

  /** Chunks that are proven as a whole. */
  get whole(): Uint8Array {
    return this.#whole;
  }

  /** Forgets all proof. */
  clear(): void {
    this.#whole.fill(0);
    this.#parts.clear();
  }

  /** Takes in what a pass has written and compared. */
  take(pass: Compared): void {
    const { job, todo, check, errors, sourceFailed, state } = pass;
    if (job.op !== 'compare') for (const range of this.#ranges(todo, job)) this.#set(range, false);
    if (job.op === 'zero' || (job.op === 'copy' && job.verify !== true)) return;
    const own = errors.filter(({ destination }) => destination >= 0);
    if (!wasReadToItsEnd(state, own, sourceFailed, job.ignoreWrite === true)) return;
    const known = job.source === null ? job.known : undefined;
    const compared = known === undefined ? check : intersection(check ?? allChunks(this.#grid), known);
    for (const range of this.#ranges(compared, job)) this.#set(range, true);
    // With `skipBad` an unreadable part of the source is written nowhere.
    const bad = job.skipBad === true ? errors : own;
    for (const { offset, length, flush } of bad)
      if (!flush && length > 0) this.#set({ from: offset, to: offset + length }, false);
  }

  /**
   * Takes in a pass that copied from another destination instead of the source: what is proven of the model is proven
   * of this.
   */
  takeFrom(model: Evidence, pass: Compared): void {
    // A destination that is compared with itself proves nothing.
    if (model === this) return;
    this.take(pass);
    this.#whole.set(intersection(this.#whole, model.#whole));
    this.#parts.clear();
  }

  /** Byte ranges of chunks that are counted from the start of a job's region; of the whole region without any. */
  #ranges(
    chunks: Uint8Array | undefined,
    { offset = 0, length = this.#grid.bytes - offset }: Pick<NativeJobRequest, 'offset' | 'length'>,
  ): Range[] {
    const { chunkSize } = this.#grid;
    const end = Math.min(offset + length, this.#grid.bytes);
    if (chunks === undefined) return [{ from: offset, to: end }];
    const count = Math.ceil(length / chunkSize);
    return [...chunkRanges(chunks, count)].map((range) => ({
      from: offset + range.first * chunkSize,
      to: Math.min(offset + (range.first + range.count) * chunkSize, end),
    }));
  }

  #set({ from, to }: Range, proven: boolean): void {
    const { bytes, chunkSize } = this.#grid;
    const end = Math.min(to, bytes);
    if (from >= end) return;
    const first = Math.ceil(from / chunkSize);
    const behind = end === bytes ? chunksIn(this.#grid) : Math.floor(end / chunkSize);
    if (first > behind) {
      this.#setPart(behind, { from, to: end }, proven);
      return;
    }
    markChunks(this.#whole, first, behind - first, proven);
    for (const chunk of this.#parts.keys()) if (chunk >= first && chunk < behind) this.#parts.delete(chunk);
    if (from < first * chunkSize) this.#setPart(first - 1, { from, to: Math.min(first * chunkSize, end) }, proven);
    if (behind * chunkSize < end) this.#setPart(behind, { from: behind * chunkSize, to: end }, proven);
  }

  /** A range within one chunk, and less than all of it. */
  #setPart(chunk: number, { from, to }: Range, proven: boolean): void {
    const all = {
      from: chunk * this.#grid.chunkSize,
      to: Math.min((chunk + 1) * this.#grid.chunkSize, this.#grid.bytes),
    };
    const before = hasChunk(this.#whole, chunk) ? [all] : (this.#parts.get(chunk) ?? []);
    const outside = before
      .flatMap((range) => [
        { from: range.from, to: Math.min(range.to, from) },
        { from: Math.max(range.from, to), to: range.to },
      ])
      .filter((range) => range.from < range.to);
    const after = proven ? mergeRanges([...outside, { from, to }]) : outside;
    const isWhole = after.length === 1 && after[0]!.from === all.from && after[0]!.to === all.to;
    markChunks(this.#whole, chunk, 1, isWhole);
    if (isWhole || after.length === 0) this.#parts.delete(chunk);
    else this.#parts.set(chunk, after);
  }
}

/** Ranges in ascending order, those that touch each other as one. */
function mergeRanges(ranges: readonly Range[]): Range[] {
  const result: Range[] = [];
  for (const { from, to } of ranges.toSorted((one, other) => one.from - other.from)) {
    const last = result.at(-1);
    if (last?.to === from) last.to = to;
    else result.push({ from, to });
  }
  return result;
}

/**
 * True for an error that ends the work on a destination: it is gone, silent, full, write-protected, or could not be
 * flushed.
 */
export const isDead = ({ cause, flush }: Pick<NativeError, 'cause' | 'flush'>): boolean =>
  flush || cause === 'gone' || cause === 'stalled' || cause === 'read-only' || cause === 'no-space';

/**
 * True when a destination was read to its end, so that every bad place is listed. Unless it keeps going, it drops out
 * at its first error that is not a difference.
 */
export function wasReadToItsEnd(
  state: NativeState,
  errors: readonly NativeError[],
  sourceFailed: boolean,
  keepsGoing: boolean,
): boolean {
  if (state === 'done') return true;
  return (
    state === 'failed' &&
    !sourceFailed &&
    errors.every((error) => !isDead(error) && (keepsGoing || error.cause === 'mismatch'))
  );
}
