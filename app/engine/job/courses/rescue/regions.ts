// The regions of a rescue's source that are read at a time.
import type { Grid } from '../../../formats/chunk-sets.ts';
import { ranges, type RangeStatus, type RescueMap } from '../../../formats/mapfile.ts';
import type { Extent } from '../../../../contract/values.ts';

export const SECTOR = 512;

/**
 * Cuts the ranges that have this status now, from the byte `from` on, into regions. A region lies within one chunk, or
 * has whole chunks up to a multiple of `most` bytes. `most` is called for each region.
 */
export function* regionsOf(
  map: RescueMap,
  status: RangeStatus,
  { chunkSize }: Grid,
  from: number,
  most: () => number = () => chunkSize,
): Generator<Extent, void, void> {
  for (const { offset, length } of ranges(map, status)) {
    for (let at = Math.max(offset, from); at < offset + length;) {
      const whole = at % chunkSize === 0 ? Math.floor((offset + length) / chunkSize) * chunkSize : at;
      const step = whole > at ? most() : chunkSize;
      const end = Math.min(offset + length, (Math.floor(at / step) + 1) * step);
      yield { offset: at, length: end - at };
      at = end;
    }
  }
}

/** The region in whole sectors: no device reads less. */
export function wholeSectors({ offset, length }: Extent, { bytes }: Grid): Extent {
  const start = Math.floor(offset / SECTOR) * SECTOR;
  const end = Math.min(Math.ceil((offset + length) / SECTOR) * SECTOR, bytes);
  return { offset: start, length: end - start };
}

/** What trimming needs. */
export interface Trimming {
  /** The least that can be read, in bytes. */
  block: number;
  /**
   * Copies a region. `isLast`: gives up what cannot be read, instead of leaving it for a smaller region. True when all
   * of it was read.
   */
  copy: (region: Extent, isLast: boolean) => Promise<boolean>;
  /** Nothing more can be copied. */
  isOver: () => boolean;
}

/**
 * Copies a region from both edges inwards, up to the first bad block from either side. Returns what is between them.
 */
export async function trim(region: Extent, trimming: Trimming): Promise<Extent> {
  return trimEdge(await trimEdge(region, false, trimming), true, trimming);
}

/**
 * Copies from one edge up to the first bad block, which it finds by reading more at a time, then less. Returns what is
 * left.
 */
async function trimEdge(region: Extent, backwards: boolean, { block, copy, isOver }: Trimming): Promise<Extent> {
  let left = region;
  let most = block;
  for (let grows = true; left.length > 0 && !isOver();) {
    const length = Math.min(most, left.length);
    const piece = { offset: backwards ? left.offset + left.length - length : left.offset, length };
    const single = length <= block;
    const good = await copy(piece, single);
    if (good || single) left = { offset: backwards ? left.offset : left.offset + length, length: left.length - length };
    if (!good && single) return left;
    grows = good && (grows || single);
    most = grows ? length * 2 : Math.max(block, Math.floor(length / 2 / block) * block);
  }
  return left;
}
