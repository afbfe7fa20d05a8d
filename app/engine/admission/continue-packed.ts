// Packed images of a job that is continued. What counts of them are the frames from the start that are whole in the file
// and durable by the log; the rest of the file is cut off when the job starts, and written again.
import { closeSync, constants, fstatSync, openSync } from 'node:fs';
import { errnoOf, failureOf, Refusal } from '../../base/errors.ts';
import { statsId, openId } from '../devices/file-ids.ts';
import { chunksIn, intersection, noChunks, type Grid } from '../formats/chunk-sets.ts';
import { hasChunk, markChunks } from '../formats/chunks.ts';
import type { NativeAddon } from '../native/addon.ts';
import { frameSizes, type FrameSize } from '../packing/frame-sizes.ts';
import { PackedImage } from '../packing/packed-image.ts';
import type { Held } from './prepared.ts';
import type { Resumed } from './resume.ts';

/** The destinations of a continued job, and what the log still says of them. */
export interface Continued {
  destinations: readonly Held[];
  resumed: Resumed | null;
}

/**
 * Puts the packing between a continued job and the files of its packed images. `resumed`: null for a new job, which makes
 * its files later. `scope` gives the chunks that are written. Writes nothing. Rejects with a Refusal when that fails, and
 * closes the images that were made until then.
 */
export async function continuePacked(
  addon: NativeAddon,
  destinations: readonly Held[],
  resumed: Resumed | null,
  scope: (grid: Grid) => Uint8Array,
): Promise<Continued> {
  if (resumed === null) return { destinations, resumed };
  const grid: Grid = { bytes: resumed.log.header.bytes, chunkSize: resumed.log.header.chunkSize };
  const done: Held[] = [];
  const durable = [...resumed.durable];
  for (const [index, held] of destinations.entries()) {
    try {
      const { image, count } = await reopened(addon, held, durable[index]!, grid, scope(grid));
      done.push(image === null ? held : { ...held, device: image.device, packed: image });
      if (image !== null) durable[index] = intersection(durable[index]!, upTo(count, grid));
    } catch (error) {
      closePacked(done);
      if (errnoOf(error) === null) throw error;
      throw new Refusal([failureOf(error, 'open', held.end.path, 'file')]);
    }
  }
  return { destinations: done, resumed: { ...resumed, durable } };
}

/** Closes the images, but not their files. */
export function closePacked(destinations: readonly Held[]): void {
  for (const { packed } of destinations) packed?.device.close();
}

/** The image of a destination, and how many of its chunks count; null for a destination that is not packed. */
async function reopened(
  addon: NativeAddon,
  { end, device, naming }: Held,
  durable: Uint8Array,
  grid: Grid,
  scope: Uint8Array,
): Promise<{ image: PackedImage | null; count: number }> {
  const packing = end.image?.packing ?? null;
  if (packing === null || device === null) return { image: null, count: 0 };
  const fd = openSync(end.image!.partId === null ? end.realPath : naming!.part, READ);
  try {
    if (statsId(fstatSync(fd, { bigint: true })) !== openId(device.info()))
      throw Object.assign(new Error(`${end.path} is another file`), { code: 'ESTALE' });
    const frames = await frameSizes(fd);
    const count = countUsable(frames, durable, grid, scope);
    const sizes = Uint32Array.from(frames.slice(0, count), ({ packed }) => packed);
    const shape = { length: grid.bytes, chunk: grid.chunkSize, written: scope };
    return { image: await PackedImage.open(addon, device, shape, packing, sizes), count };
  } finally {
    closeSync(fd);
  }
}

const READ = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

/** How many frames from the start hold whole chunks that are durable, or that the job does not write. */
function countUsable(frames: readonly FrameSize[], durable: Uint8Array, grid: Grid, scope: Uint8Array): number {
  const { bytes, chunkSize } = grid;
  const wrong = frames.findIndex(
    ({ holds }, chunk) =>
      chunk >= chunksIn(grid) ||
      holds !== Math.min(chunkSize, bytes - chunk * chunkSize) ||
      (hasChunk(scope, chunk) && !hasChunk(durable, chunk)),
  );
  return wrong < 0 ? frames.length : wrong;
}

function upTo(count: number, grid: Grid): Uint8Array {
  const chunks = noChunks(grid);
  if (count > 0) markChunks(chunks, 0, count, true);
  return chunks;
}
