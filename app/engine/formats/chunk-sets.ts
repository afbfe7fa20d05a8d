// Sets of chunks as passes need them: the remaining, the failed, and their bytes. Pure.
import type { Extent } from '../../contract/values.ts';
import { bitmapBytes, chunkRanges, chunksOf, countChunks, hasChunk, HASH_BYTES, markChunks } from './chunks.ts';

/** The chunks of a range of bytes: its length, and the size of a chunk. */
export interface Grid {
  bytes: number;
  chunkSize: number;
}

export const chunksIn = ({ bytes, chunkSize }: Grid): number => chunksOf(bytes, chunkSize);

export const noChunks = (grid: Grid): Uint8Array => new Uint8Array(bitmapBytes(chunksIn(grid)));

export function allChunks(grid: Grid): Uint8Array {
  const set = noChunks(grid);
  markChunks(set, 0, chunksIn(grid), true);
  return set;
}

/** The chunks that have bytes of these ranges. */
export function chunksWith(extents: readonly Extent[], grid: Grid): Uint8Array {
  const set = noChunks(grid);
  for (const { offset, length } of extents) {
    const first = Math.floor(offset / grid.chunkSize);
    markChunks(set, first, Math.floor((offset + length - 1) / grid.chunkSize) - first + 1, true);
  }
  return set;
}

/** The byte behind the last chunk of `set`; 0 for none. */
export function endOf(set: Uint8Array, grid: Grid): number {
  const last = [...chunkRanges(set, chunksIn(grid))].at(-1);
  return last === undefined ? 0 : Math.min((last.first + last.count) * grid.chunkSize, grid.bytes);
}

/** The chunks of `set` that are not in `other`. */
export const difference = (set: Uint8Array, other: Uint8Array): Uint8Array =>
  set.map((byte, index) => byte & ~(other[index] ?? 0));

export const intersection = (set: Uint8Array, other: Uint8Array): Uint8Array =>
  set.map((byte, index) => byte & (other[index] ?? 0));

export const union = (set: Uint8Array, other: Uint8Array): Uint8Array =>
  set.map((byte, index) => byte | (other[index] ?? 0));

export const isEmpty = (set: Uint8Array): boolean => set.every((byte) => byte === 0);

/** Bytes of the chunks in `set`; the last chunk can be short. */
export function bytesOf(set: Uint8Array, grid: Grid): number {
  const last = chunksIn(grid) - 1;
  return countChunks(set) * grid.chunkSize - (hasChunk(set, last) ? (last + 1) * grid.chunkSize - grid.bytes : 0);
}

/** Where an error of a pass is. */
interface PlacedError extends Extent {
  destination: number;
  cause: string;
  flush: boolean;
}

/** The chunks that contain errors of `destination`. Errors of a flush or a cancellation have no place. */
export function chunksOfErrors(errors: readonly PlacedError[], destination: number, grid: Grid): Uint8Array {
  const set = noChunks(grid);
  for (const { offset, length, ...error } of errors) {
    if (error.destination !== destination || error.flush || error.cause === 'cancelled' || length === 0) continue;
    const first = Math.floor(offset / grid.chunkSize);
    const last = Math.floor((offset + length - 1) / grid.chunkSize);
    markChunks(set, first, Math.min(last, chunksIn(grid) - 1) - first + 1, true);
  }
  return set;
}

/** `count` chunks of `set`, picked by `random` (as Math.random); all when it has fewer. */
export function sampleOf(set: Uint8Array, count: number, grid: Grid, random: () => number = Math.random): Uint8Array {
  const members = countChunks(set);
  const places = new Set<number>();
  while (places.size < Math.min(count, members)) {
    let place = Math.floor(random() * members);
    while (places.has(place)) place = (place + 1) % members;
    places.add(place);
  }
  const picked = noChunks(grid);
  let before = 0;
  for (const { first, count: many } of chunkRanges(set, chunksIn(grid))) {
    for (const place of places)
      if (place >= before && place < before + many) markChunks(picked, first + place - before, 1, true);
    before += many;
  }
  return picked;
}

/** Hashes by chunk, 16 bytes each, with a bitmap of the known ones. */
export interface HashSet {
  readonly known: Uint8Array;
  readonly hashes: Uint8Array;
}

/** Joins two sets; where both have a hash, `above` wins. */
export function overlaid(below: HashSet, above: HashSet, grid: Grid): HashSet {
  const hashes = below.hashes.slice();
  for (const { first, count } of chunkRanges(above.known, chunksIn(grid))) {
    hashes.set(above.hashes.subarray(first * HASH_BYTES, (first + count) * HASH_BYTES), first * HASH_BYTES);
  }
  return { known: union(below.known, above.known), hashes };
}

/** The known hashes of a source, by chunk. */
export class KnownHashes {
  readonly grid: Grid;
  readonly known: Uint8Array;
  readonly hashes: Uint8Array;

  /** Starts empty, or with a copy of `before`. */
  constructor(grid: Grid, before?: { known: Uint8Array; hashes: Uint8Array }) {
    this.grid = grid;
    this.known = before?.known.slice() ?? noChunks(grid);
    this.hashes = before?.hashes.slice() ?? new Uint8Array(chunksIn(grid) * HASH_BYTES);
  }

  /** Adds hashes of the chunks from `first` on. `known` has a byte for each. */
  add(first: number, { hashes, known }: { hashes: Uint8Array; known: Uint8Array }): void {
    for (const [index, one] of known.entries()) {
      if (one === 0) continue;
      markChunks(this.known, first + index, 1, true);
      this.hashes.set(hashes.subarray(index * HASH_BYTES, (index + 1) * HASH_BYTES), (first + index) * HASH_BYTES);
    }
  }

  /** Removes hashes that the source no longer has, or never had. */
  remove(first: number, count: number): void {
    markChunks(this.known, first, count, false);
    this.hashes.fill(0, first * HASH_BYTES, (first + count) * HASH_BYTES);
  }

  /** The hashes of [first, first + count), with a byte for each that tells whether it is known. */
  slice(first: number, count: number): { hashes: Uint8Array; known: Uint8Array } {
    const known = Uint8Array.from({ length: count }, (_, index) => (hasChunk(this.known, first + index) ? 1 : 0));
    return { hashes: this.hashes.slice(first * HASH_BYTES, (first + count) * HASH_BYTES), known };
  }

  /** Chunks whose hashes are known on both sides and differ. */
  differing(other: { known: Uint8Array; hashes: Uint8Array }): Uint8Array {
    const set = noChunks(this.grid);
    for (const { first, count } of chunkRanges(intersection(this.known, other.known), chunksIn(this.grid))) {
      for (let chunk = first; chunk < first + count; chunk += 1) {
        const [from, to] = [chunk * HASH_BYTES, (chunk + 1) * HASH_BYTES];
        if (Buffer.compare(this.hashes.subarray(from, to), other.hashes.subarray(from, to)) !== 0)
          markChunks(set, chunk, 1, true);
      }
    }
    return set;
  }
}
