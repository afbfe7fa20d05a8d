// The space that images take. Where holes are kept, an image of a sparse file needs only the space of its data.
import { isSparse } from '../../contract/request-facts.ts';
import type { WorkRequest } from '../../contract/request.ts';
import { errnoOf } from '../../base/errors.ts';
import type { Found } from '../devices/ends.ts';
import type { NativeAddon } from '../native/addon.ts';

/**
 * Bytes of data in the source, without its holes. null when they do not decide whether its images fit, when holes are
 * not kept, or when they cannot be found. `load` gives the addon.
 */
export async function dataOf(
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
