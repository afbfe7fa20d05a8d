// The space that images take. Where holes are kept, an image of a sparse file needs only the space of its data, and one
// of used blocks only that of those blocks.
import type { PlatterError } from '../../contract/errors.ts';
import { isSparse, takesUsed } from '../../contract/request-facts.ts';
import type { WorkRequest } from '../../contract/request.ts';
import { errnoOf } from '../../base/errors.ts';
import type { Found } from '../devices/ends.ts';
import type { NativeAddon } from '../native/addon.ts';
import { againstSpace } from './refusals.ts';

/**
 * Bytes of data in the source, without its holes. null when they do not decide whether its images fit, when holes are
 * not kept, or when they cannot be found. 0 when only its used blocks are copied: they are found later, and `againstRoom`
 * decides then. `load` gives the addon.
 */
export async function dataOf(
  request: WorkRequest,
  source: Found | null,
  destinations: readonly Found[],
  load: () => NativeAddon,
): Promise<number | null> {
  return takesUsed(request) ? 0 : dataIn(request, source, destinations, load);
}

/** Refuses images without room for what is copied of the source. `used`: bytes in use. */
export async function againstRoom(
  request: WorkRequest,
  source: Found | null,
  destinations: readonly Found[],
  used: number,
  load: () => NativeAddon,
): Promise<PlatterError[]> {
  const bytes = source?.end?.size ?? 0;
  const data = (await dataIn(request, source, destinations, load)) ?? bytes;
  return againstSpace(
    bytes,
    Math.min(data, used),
    destinations.map(({ end }) => end),
  );
}

async function dataIn(
  request: WorkRequest,
  source: Found | null,
  destinations: readonly Found[],
  load: () => NativeAddon,
): Promise<number | null> {
  const from = source?.end ?? null;
  if (!isSparse(request) || from === null || from.allocated >= from.size) return null;
  const images = destinations.flatMap(({ end }) => end?.image ?? []);
  if (images.every(({ free }) => from.size * images.length <= free)) return null;
  try {
    const addon = load();
    const device = await addon.openDevice(from.realPath);
    try {
      return await addon.dataBytes(device);
    } finally {
      device.close();
    }
  } catch (error) {
    if (errnoOf(error) === null) throw error;
    return null; // reported when the source is opened for the job
  }
}
