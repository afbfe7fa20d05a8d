// The room that images take. A source file with holes needs only that of its data where holes are kept.
import { isSparse } from '../../contract/request-facts.ts';
import type { WorkRequest } from '../../contract/request.ts';
import { errnoOf } from '../../base/errors.ts';
import type { Found } from '../devices/inspect-paths.ts';
import type { NativeAddon } from '../native/addon.ts';

/**
 * Bytes of data in the source, holes left out, when that decides whether its images fit; null when it does not, and
 * where holes are not kept or cannot be found. `load` gives the addon.
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
    return null; // told when the source is opened for the job
  }
}
