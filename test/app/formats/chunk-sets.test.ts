// Sets of chunks: difference, intersection, chunks of errors, bytes.
import { describe, expect, it } from 'vitest';
import {
  allChunks,
  intersection,
  bytesOf,
  chunksIn,
  chunksOfErrors,
  isEmpty,
  KnownHashes,
  noChunks,
  sampleOf,
  difference,
} from '../../../app/engine/formats/chunk-sets.ts';
import { chunkRanges, countChunks, HASH_BYTES, hasChunk, markChunks } from '../../../app/engine/formats/chunks.ts';
import type { NativeError } from '../../../app/engine/native/addon.ts';

const K64 = 64 * 1024;
/** Ten chunks. The last one has 512 bytes. */
const grid = { bytes: 9 * K64 + 512, chunkSize: K64 };
const members = (set: Uint8Array): number[] =>
  Array.from({ length: chunksIn(grid) }, (_, chunk) => chunk).filter((chunk) => hasChunk(set, chunk));
const setOf = (...chunks: number[]): Uint8Array => {
  const set = noChunks(grid);
  for (const chunk of chunks) markChunks(set, chunk, 1, true);
  return set;
};
const error = (entry: Partial<NativeError>): NativeError => ({
  side: 'verify',
  destination: 0,
  cause: 'mismatch',
  errno: null,
  flush: false,
  offset: 0,
  length: K64,
  ...entry,
});

describe('a set of chunks', () => {
  it('counts the bytes of a set of chunks, with a short last chunk', () => {
    expect(bytesOf(allChunks(grid), grid)).toBe(grid.bytes);
    expect(bytesOf(setOf(0, 9), grid)).toBe(K64 + 512);
    expect(bytesOf(noChunks(grid), grid)).toBe(0);
  });

  it('subtracts sets of chunks, and intersects them', () => {
    expect(members(difference(allChunks(grid), setOf(0, 5, 9)))).toEqual([1, 2, 3, 4, 6, 7, 8]);
    expect(members(intersection(setOf(1, 5, 9), setOf(5, 9)))).toEqual([5, 9]);
    expect(isEmpty(difference(setOf(3), setOf(3)))).toBe(true);
  });

  it('makes a set of chunks from the errors of one destination that name a place', () => {
    const errors = [
      error({ offset: K64 + 512, length: 512 }),
      error({ offset: 4 * K64 - 512, length: 1024 }),
      error({ offset: 9 * K64, length: 512 }),
      error({ destination: 1, offset: 6 * K64 }),
      error({ destination: -1, side: 'read', offset: 7 * K64 }),
      error({ flush: true, offset: 0, length: grid.bytes }),
      error({ cause: 'cancelled', length: grid.bytes }),
    ];
    expect(members(chunksOfErrors(errors, 0, grid))).toEqual([1, 3, 4, 9]);
    expect(members(chunksOfErrors(errors, 1, grid))).toEqual([6]);
  });

  it('samples a set of chunks without repetition, and takes all of a small one', () => {
    const set = setOf(1, 2, 4, 7, 9);
    for (let times = 0; times < 50; times += 1) {
      const sample = sampleOf(set, 3, grid);
      expect(countChunks(sample)).toBe(3);
      expect(isEmpty(difference(sample, set))).toBe(true);
    }
    expect(members(sampleOf(set, 16, grid))).toEqual(members(set));
    expect(members(sampleOf(set, 2, grid, () => 0))).toEqual([1, 2]);
  });
});

describe('known hashes', () => {
  const hashes = (...values: number[]): Uint8Array =>
    Uint8Array.from(values.flatMap((value) => Array.from({ length: HASH_BYTES }, () => value)));

  it('copies known hashes, and lists the chunks where two sets of hashes differ', () => {
    const one = new KnownHashes(grid);
    one.add(2, { hashes: hashes(1, 2, 3), known: Uint8Array.of(1, 0, 1) });
    expect([...chunkRanges(one.known, chunksIn(grid))]).toEqual([
      { first: 2, count: 1 },
      { first: 4, count: 1 },
    ]);
    const other = new KnownHashes(grid, one);
    other.add(4, { hashes: hashes(9, 9), known: Uint8Array.of(1, 1) });
    expect(members(one.differing(other))).toEqual([4]);
    expect(one.slice(1, 3)).toEqual({ hashes: hashes(0, 1, 0), known: Uint8Array.of(0, 1, 0) });
  });
});
