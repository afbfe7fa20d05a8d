// Converts between a rescue's map and its log. The map counts sectors and describes the source; the log counts chunks
// and describes each destination. Pure.
import type { Extent } from '../../contract/values.ts';
import { allChunks, intersection, chunksIn, noChunks, difference, type Grid } from './chunk-sets.ts';
import { chunkRanges, markChunks } from './chunks.ts';
import { extentsIn, newMap, setRange, type RangeStatus, type RescueMap } from './mapfile.ts';

/** The chunks entirely within `extent`. */
export function chunksWithin({ offset, length }: Extent, { bytes, chunkSize }: Grid): { first: number; count: number } {
  const first = Math.ceil(offset / chunkSize);
  const end = offset + length === bytes ? Math.ceil(bytes / chunkSize) : Math.floor((offset + length) / chunkSize);
  return { first, count: Math.max(0, end - first) };
}

/** The chunks in `region` whose bytes all have one of these statuses. */
export function chunksOf(map: RescueMap, statuses: string, region: Extent, grid: Grid): Uint8Array {
  const set = noChunks(grid);
  if (region.length === 0) return set;
  const first = Math.floor(region.offset / grid.chunkSize);
  const end = Math.ceil((region.offset + region.length) / grid.chunkSize);
  markChunks(set, first, end - first, true);
  const offset = first * grid.chunkSize;
  for (const extent of extentsIn(map, offset, Math.min(end * grid.chunkSize, grid.bytes) - offset)) {
    if (statuses.includes(extent.status)) continue;
    const from = Math.floor(extent.offset / grid.chunkSize);
    markChunks(set, from, Math.ceil((extent.offset + extent.length) / grid.chunkSize) - from, false);
  }
  return set;
}

/** Changes the status of `chunks` from `from` to `to`, where it is `from`. */
export function convert(map: RescueMap, chunks: Uint8Array, from: RangeStatus, to: RangeStatus, grid: Grid): void {
  for (const { first, count } of chunkRanges(chunks, chunksIn(grid))) {
    const offset = first * grid.chunkSize;
    const length = Math.min(count * grid.chunkSize, grid.bytes - offset);
    for (const extent of extentsIn(map, offset, length))
      if (extent.status === from) setRange(map, extent.offset, extent.length, to);
  }
}

/** The map over all bytes of the grid; a new one when there is none. */
export function wholeMap(map: RescueMap | null, { bytes }: Grid): RescueMap {
  if (map === null) return newMap(bytes);
  const last = map.extents.at(-1);
  const end = last === undefined ? 0 : last.offset + last.length;
  if (end < bytes) setRange(map, end, bytes - end, '?');
  return map;
}

/**
 * Reconciles the map of an interrupted rescue with its log. Chunks that any destination lacks must be read again,
 * because the map covers all continuing destinations. Chunks that all have, with a hash, need no map.
 */
export function reconcile(map: RescueMap, durable: readonly Uint8Array[], known: Uint8Array, grid: Grid): void {
  const shared = durable.reduce(intersection);
  const lacking = difference(allChunks(grid), shared);
  convert(map, lacking, '+', '?', grid);
  convert(map, lacking, '-', '/', grid);
  for (const status of ['?', '*', '/', '-'] as const) convert(map, intersection(shared, known), status, '+', grid);
}
