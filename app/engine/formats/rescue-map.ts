// Converts between a rescue's map and its log. The map counts sectors and describes the source; the log counts chunks
// and describes each destination. Pure.
import { allChunks, both, chunksIn, noChunks, without, type Grid } from './chunk-sets.ts';
import { chunkRanges, markChunks } from './chunks.ts';
import { extentsIn, newMap, setRange, type RangeStatus, type RescueMap } from './mapfile.ts';

/** A range of bytes. */
export interface Region {
  position: number;
  size: number;
}

/** The chunks entirely within `region`. */
export function chunksWithin({ position, size }: Region, { bytes, chunkSize }: Grid): { first: number; count: number } {
  const first = Math.ceil(position / chunkSize);
  const end = position + size === bytes ? Math.ceil(bytes / chunkSize) : Math.floor((position + size) / chunkSize);
  return { first, count: Math.max(0, end - first) };
}

/** The chunks in `region` whose bytes all have one of these statuses. */
export function chunksOf(map: RescueMap, statuses: string, region: Region, grid: Grid): Uint8Array {
  const set = noChunks(grid);
  if (region.size === 0) return set;
  const first = Math.floor(region.position / grid.chunkSize);
  const end = Math.ceil((region.position + region.size) / grid.chunkSize);
  markChunks(set, first, end - first, true);
  const position = first * grid.chunkSize;
  for (const extent of extentsIn(map, position, Math.min(end * grid.chunkSize, grid.bytes) - position)) {
    if (statuses.includes(extent.status)) continue;
    const from = Math.floor(extent.position / grid.chunkSize);
    markChunks(set, from, Math.ceil((extent.position + extent.size) / grid.chunkSize) - from, false);
  }
  return set;
}

/** Changes the status of `chunks` from `from` to `to`, where it is `from`. */
export function convert(map: RescueMap, chunks: Uint8Array, from: RangeStatus, to: RangeStatus, grid: Grid): void {
  for (const { first, count } of chunkRanges(chunks, chunksIn(grid))) {
    const position = first * grid.chunkSize;
    const size = Math.min(count * grid.chunkSize, grid.bytes - position);
    for (const extent of extentsIn(map, position, size))
      if (extent.status === from) setRange(map, extent.position, extent.size, to);
  }
}

/** The map over all bytes of the grid; a new one when there is none. */
export function wholeMap(map: RescueMap | null, { bytes }: Grid): RescueMap {
  if (map === null) return newMap(bytes);
  const last = map.extents.at(-1);
  const end = last === undefined ? 0 : last.position + last.size;
  if (end < bytes) setRange(map, end, bytes - end, '?');
  return map;
}

/**
 * Reconciles the map of an interrupted rescue with its log. Chunks that any destination lacks must be read again,
 * because the map covers all continuing destinations. Chunks that all have, with a hash, need no map.
 */
export function reconcile(map: RescueMap, durable: readonly Uint8Array[], known: Uint8Array, grid: Grid): void {
  const shared = durable.reduce(both);
  const lacking = without(allChunks(grid), shared);
  convert(map, lacking, '+', '?', grid);
  convert(map, lacking, '-', '/', grid);
  for (const status of ['?', '*', '/', '-'] as const) convert(map, both(shared, known), status, '+', grid);
}
