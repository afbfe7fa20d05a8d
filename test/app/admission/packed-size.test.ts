// The sample that the size of a packed image is estimated from.
import { expect, test } from 'vitest';
import { chunksWith } from '../../../app/engine/formats/chunk-sets.ts';
import { spread } from '../../../app/engine/packing/packed-size.ts';

const grid = { bytes: 1000, chunkSize: 1 };

/** The chunks in these ranges. */
const chunks = (...ranges: [offset: number, length: number][]): Uint8Array =>
  chunksWith(
    ranges.map(([offset, length]) => ({ offset, length })),
    grid,
  );

test('takes all of a few chunks', () => {
  expect(spread(chunks([3, 2], [900, 1]), 64, grid)).toEqual([3, 4, 900]);
  expect(spread(chunks(), 64, grid)).toEqual([]);
});

test('takes some of many chunks, at equal distances in what is used', () => {
  expect(spread(chunks([0, 50], [950, 50]), 4, grid)).toEqual([12, 37, 962, 987]);
});
