// A prepared request: every device and file is found, open and held, and nothing is written.
import type { Plan } from '../../contract/jobs.ts';
import type { WorkRequest } from '../../contract/request.ts';
import { allChunks, chunksWith, type Grid } from '../formats/chunk-sets.ts';
import { markChunks } from '../formats/chunks.ts';
import type { End, HeldEnd } from '../devices/ends.ts';
import type { WriteMark } from '../devices/write-counts.ts';
import { closeDisks, unlockEnd } from '../access/locks.ts';
import type { Manifest } from '../formats/manifest.ts';
import type { RescueMap } from '../formats/mapfile.ts';
import type { NativeAddon, NativeClient, NativeDevice } from '../native/addon.ts';
import type { HeldDisk } from '../access/partitions.ts';
import type { Unpacking } from '../unpacking/decoders.ts';
import type { MapSign, UsedRanges } from '../used-blocks/used-of-source.ts';
import type { PackedImage } from '../packing/packed-image.ts';
import type { Resumed } from './resume.ts';
import type { Rights } from '../access/rights.ts';
import type { RightsSession } from '../access/rights-session.ts';

/** The two names of an image that is not complete. Absolute paths without links, in one folder. */
export interface Naming {
  /** Its name until it is complete. */
  part: string;
  /** Its name from then on. */
  name: string;
  /** The file that the review showed under `name`, which may be replaced; null when nothing may be. */
  replaces: Reviewed | null;
}

/** A file as the review showed it. */
export type Reviewed = Pick<End, 'id' | 'size' | 'modified' | 'lasting'>;

/** A destination and its open device. A new image has none yet: its file is made when the job starts. */
export interface Held extends HeldDisk {
  /** Old content is compared, and stays where it is equal. */
  readonly updated: boolean;
  /** The names of an image that does not have its own name yet; null for any other destination. */
  readonly naming: Naming | null;
  /** An image that is written packed, to which `device` belongs; null for any other destination. */
  readonly packed: PackedImage | null;
}

/** False for a drive that a running job has let go. */
export const isHeld = (destination: Held & { readonly letGo?: boolean }): boolean => destination.letGo !== true;

/** The source and its open device. */
export interface HeldSource extends HeldEnd {
  /** What unpacks a packed file, from which `device` reads; null for anything else. */
  readonly unpacking: Unpacking | null;
  /** The ranges in use, when only those count; null for all of it. */
  readonly used: UsedRanges | null;
  /** What had been written to a device before `used` was found; null where it is not counted from then. */
  readonly mark: WriteMark | null;
  /** The maps that `used` was made of. */
  readonly signs: readonly MapSign[];
}

/** What `prepare` holds until the job ends or is given up. A job that runs keeps what changes in a `Run` of its own. */
export interface Prepared {
  readonly plan: Plan;
  /** What is done. For a resumed job: what was asked for when it began. */
  readonly request: WorkRequest;
  /** null where a manifest stands for it. */
  readonly source: HeldSource | null;
  /** The source's server copies to images that lie beside it. */
  readonly serverCopies: boolean;
  /** In the order of the plan. */
  readonly destinations: readonly Held[];
  readonly grid: Grid;
  /** The chunks that are written and compared: all, or those that the block map of the source has bytes in. */
  readonly scope: Uint8Array;
  /** An earlier manifest of the source. */
  readonly manifest: Manifest | null;
  /** The map of a rescue that is continued. */
  readonly map: RescueMap | null;
  readonly resumed: Resumed | null;
  /** Where the job's log is, or will be; null for a job that keeps none. */
  readonly log: { readonly dir: string; readonly id: string } | null;
  /** Folder of the logs; null when there can be none. */
  readonly stateDir: string | null;
  /** Locks the log, which marks its job as running. */
  readonly lock: NativeDevice | null;
  /**
   * Sessions that open the devices that the host may not: first the one for the plan, then one for each device that
   * came back.
   */
  readonly sessions: readonly RightsSession[];
  /** Gives further sessions; null where nobody is asked. */
  readonly rights: Rights | null;
  /** Descriptors of the disks that partitions among the ends lie on, which hold their locks. */
  readonly locks: readonly number[];
  readonly client: NativeClient;
  readonly addon: NativeAddon;
}

/**
 * The chunks of a job with this source. A block map lists blocks of 4 KiB, so a chunk with any mapped block is in the
 * job as a whole. Its unmapped bytes are undefined; they are written and compared as zeros (`native/unpack/mapped.h`).
 * `used`: the ranges in use, when only those count; their chunks are copied as they are.
 * The head is always in the job. Otherwise an old partition table could stay in front of an interrupted or wrong copy.
 */
export function scopeOf(source: End | null, used: UsedRanges | null, grid: Grid): Uint8Array {
  const map = source?.packed?.map ?? null;
  const ranges = used?.ranges ?? (map === null || map.zeroUnmapped ? null : map.bmap.ranges);
  if (ranges === null) return allChunks(grid);
  const scope = chunksWith(ranges, grid);
  markChunks(scope, 0, 1, true);
  return scope;
}

/** Closes everything that was prepared, and the devices `replaced` by those. */
export async function release(
  { addon, client, source, destinations, lock, sessions, locks }: Prepared,
  replaced: readonly NativeDevice[] = [],
): Promise<void> {
  source?.unpacking?.close();
  await client.destroy();
  const ends = [source?.device, ...destinations.map(({ device }) => device)];
  for (const device of ends) if (device) unlockEnd(addon, device);
  for (const device of [...ends, lock, ...replaced]) device?.close();
  for (const { packed } of destinations) packed?.close();
  closeDisks(locks);
  for (const session of sessions) session.close();
}
