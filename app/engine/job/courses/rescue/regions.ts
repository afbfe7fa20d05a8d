// The regions of a rescue's source that are read at a time.
import type { Grid } from '../../../formats/chunk-sets.ts';
import { ranges, type RangeStatus, type RescueMap } from '../../../formats/mapfile.ts';
import type { Region } from '../../../formats/rescue-map.ts';

export const SECTOR = 512;

/**
 * Cuts what of the map has this status now, from the byte `from` on, into regions: within one chunk, or of
 * whole chunks up to a multiple of `most` bytes. `most` is asked for each.
 */
export function* regionsOf(
  map: RescueMap,
  status: RangeStatus,
  { chunkSize }: Grid,
  from: number,
  most: () => number = () => chunkSize,
): Generator<Region, void, void> {
  for (const { position, size } of ranges(map, status)) {
    for (let at = Math.max(position, from); at < position + size;) {
      const whole = at % chunkSize === 0 ? Math.floor((position + size) / chunkSize) * chunkSize : at;
      const step = whole > at ? most() : chunkSize;
      const end = Math.min(position + size, (Math.floor(at / step) + 1) * step);
      yield { position: at, size: end - at };
      at = end;
    }
  }
}

/** The region in whole sectors: no device reads less. */
export function wholeSectors({ position, size }: Region, { bytes }: Grid): Region {
  const start = Math.floor(position / SECTOR) * SECTOR;
  const end = Math.min(Math.ceil((position + size) / SECTOR) * SECTOR, bytes);
  return { position: start, size: end - start };
}

/** What trimming needs. */
export interface Trimming {
  /** The least that can be read, in bytes. */
  block: number;
  /**
   * Copies a region. `isLast`: gives up what cannot be read, instead of leaving it for a smaller region. True when all
   * of it was read.
   */
  copy: (region: Region, isLast: boolean) => Promise<boolean>;
  /** Nothing more can be copied. */
  isOver: () => boolean;
}

/**
 * Copies a region from both edges inwards, up to the first bad block from either side. Returns what is between them.
 */
export async function trim(region: Region, trimming: Trimming): Promise<Region> {
  return trimEdge(await trimEdge(region, false, trimming), true, trimming);
}

/**
 * Copies from one edge up to the first bad block, which it finds by reading more at a time, then less. Returns what is
 * left.
 */
async function trimEdge(region: Region, backwards: boolean, { block, copy, isOver }: Trimming): Promise<Region> {
  let left = region;
  let length = block;
  for (let grows = true; left.size > 0 && !isOver();) {
    const size = Math.min(length, left.size);
    const piece = { position: backwards ? left.position + left.size - size : left.position, size };
    const single = size <= block;
    const good = await copy(piece, single);
    if (good || single) left = { position: backwards ? left.position : left.position + size, size: left.size - size };
    if (!good && single) return left;
    grows = good && (grows || single);
    length = grows ? size * 2 : Math.max(block, Math.floor(size / 2 / block) * block);
  }
  return left;
}
