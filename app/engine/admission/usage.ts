// Finds how much of a disk or an image `--used` would copy, without a job.
import type { Usage } from '../../contract/jobs.ts';
import { cancelledOpening, errnoOf, failureOf, Refusal, refuse } from '../../base/errors.ts';
import type { Answers } from '../../base/slow-answers.ts';
import type { Blocks } from '../devices/block-devices.ts';
import { openId } from '../devices/file-ids.ts';
import type { End } from '../devices/ends.ts';
import { inspectExisting } from '../devices/inspect-paths.ts';
import { DEFAULT_CHUNK_SIZE, markChunks } from '../formats/chunks.ts';
import { bytesOf, chunksWith, type Grid } from '../formats/chunk-sets.ts';
import type { NativeAddon, NativeDevice } from '../native/addon.ts';
import { packedSize } from '../packing/packed-size.ts';
import { usedOfSource } from '../used-blocks/used-of-source.ts';

/** Finds what the file systems on the source at `path` use. Rejects with a Refusal when it cannot be opened. */
export async function usageOf(path: string, blocks: Blocks, addon: NativeAddon, answers: Answers): Promise<Usage> {
  const found = await inspectExisting(path, blocks);
  if (found.end === null) throw new Refusal([found.error]);
  const { end } = found;
  const device = await opened(end, addon, answers);
  try {
    const { used, parts } = await usedOfSource({ end, device }, blocks, answers);
    if (answers.signal?.aborted === true) throw cancelledOpening(path);
    const grid = { bytes: end.size, chunkSize: DEFAULT_CHUNK_SIZE };
    const set = chunksWith(used.ranges, grid);
    // A job writes the first chunk in any case.
    markChunks(set, 0, 1, true);
    const { size } = end;
    return { size, used: used.bytes, copied: bytesOf(set, grid), image: await estimated(device, set, grid), parts };
  } finally {
    device.close();
  }
}

async function opened(end: End, addon: NativeAddon, answers: Answers): Promise<NativeDevice> {
  const opening = addon.openDevice(end.realPath).catch((error: unknown) => {
    throw new Refusal([failureOf(error, 'open', end.path, end.kind)]);
  });
  const device = await answers.of(end.path, opening, end.kind, (late) => late.close());
  if (openId(device.info()) === end.id) return device;
  device.close();
  return refuse({ code: 'CHANGED', op: 'check', device: end.path, reason: { kind: 'identityChanged' } });
}

/** null when the sample cannot be read. */
async function estimated(device: NativeDevice, set: Uint8Array, grid: Grid): Promise<number | null> {
  try {
    return await packedSize(device, set, grid);
  } catch (error) {
    if (errnoOf(error) === null) throw error;
    return null;
  }
}
