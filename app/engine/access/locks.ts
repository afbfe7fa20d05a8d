// Takes BSD locks (flock(2)) on what a job reads and writes, as systemd asks: on the node of the whole disk, shared for
// reading, exclusive for writing. They keep two copies apart, and keep udev away from a disk that is being written. A
// file to be written is locked when it is opened (images.ts).
import { closeSync, constants, openSync } from 'node:fs';
import type { PlatterError } from '../../contract/errors.ts';
import type { Block } from '../devices/block-devices.ts';
import { becomesFree } from './busy.ts';
import { failure, Refusal, unlessErrno } from '../../base/errors.ts';
import { remedyFor, whoLocks } from './holders.ts';
import type { End } from '../devices/ends.ts';
import type { NativeAddon, NativeDevice } from '../native/addon.ts';

/** Errors of a file system without locks. */
const NO_LOCKS: ReadonlySet<string> = new Set(['ENOLCK', 'EOPNOTSUPP', 'ENOTSUP', 'ENOSYS', 'EINVAL', 'EBADF']);

/** Errors when the user may not open a whole disk, or the disk is gone. */
const NOT_HAD: ReadonlySet<string> = new Set(['EACCES', 'EPERM', 'ENOENT', 'ENXIO', 'ENOMEDIUM', 'ENODEV']);

/** An end of a job that is open. */
export interface OpenEnd {
  end: Pick<End, 'path' | 'realPath' | 'kind' | 'block'>;
  device: NativeDevice | null;
  /** The job writes it. */
  written: boolean;
}

/**
 * Locks the ends of a job, and the whole disks of partitions among them. Gives an error for each end that is locked by
 * somebody else, and the descriptors of the disks. The caller closes these, which releases their locks. The locks of
 * the ends last until they are unlocked (`unlockEnd`) or closed.
 */
export async function lockEnds(
  addon: NativeAddon,
  ends: readonly OpenEnd[],
): Promise<{ errors: PlatterError[]; disks: number[] }> {
  const errors: PlatterError[] = [];
  const disks: number[] = [];
  for (const open of ends) errors.push(...(await unlessLocked(open.end, () => lockEnd(addon, open))));
  for (const [disk, { end, written }] of wholeDisks(ends)) {
    const fd = openDisk(disk);
    if (fd === null) continue;
    disks.push(fd);
    errors.push(
      ...(await unlessLocked({ path: end.path, realPath: disk.path }, () => addon.lockDescriptor(fd, written))),
    );
  }
  return { errors, disks };
}

/**
 * Locks an end that was opened again and unlocks what it had open before. Rejects with a Refusal when somebody else has
 * the lock.
 */
export async function moveLock(addon: NativeAddon, before: NativeDevice | null, now: OpenEnd): Promise<void> {
  if (before !== null) unlockEnd(addon, before);
  const errors = await unlessLocked(now.end, () => lockEnd(addon, now));
  if (errors.length > 0) throw new Refusal(errors);
}

/**
 * Releases the lock of an end that is about to be closed, because the kernel may keep its descriptors for a moment
 * longer.
 */
export function unlockEnd(addon: NativeAddon, device: NativeDevice): void {
  unlessErrno(null, () => addon.unlockDevice(device), NO_LOCKS);
}

function lockEnd(addon: NativeAddon, { end, device, written }: OpenEnd): boolean {
  if (device === null || (written && end.kind === 'file')) return true;
  return unlessErrno(true, () => addon.lockDevice(device, written), NO_LOCKS);
}

/**
 * The disks of the partitions among `ends`, each once, with the partition that decides between shared and exclusive.
 */
function wholeDisks(ends: readonly OpenEnd[]): Map<Block, OpenEnd> {
  const nodes = new Set(ends.map(({ end }) => end.block));
  const disks = new Map<Block, OpenEnd>();
  for (const open of ends) {
    const [disk] = open.end.block?.type === 'part' ? open.end.block.parents : [];
    if (disk === undefined || nodes.has(disk)) continue;
    if (open.written || !disks.has(disk)) disks.set(disk, open);
  }
  return disks;
}

/** null when the user may not open the disk, or it is gone. The partition's own lock must do then. */
const openDisk = ({ path }: Block): number | null =>
  unlessErrno(null, () => openSync(path, constants.O_RDONLY | constants.O_NONBLOCK), NOT_HAD);

async function unlessLocked(
  { path, realPath }: Pick<End, 'path' | 'realPath'>,
  lock: () => boolean,
): Promise<PlatterError[]> {
  if (await becomesFree(lock)) return [];
  const reason = whoLocks(realPath);
  return reason === null
    ? []
    : [failure({ code: 'IN_USE', op: 'open', device: path, errno: 'EWOULDBLOCK', reason, remedy: remedyFor(reason) })];
}

/** Releases the locks of the whole disks from `lockEnds`. */
export function closeDisks(disks: readonly number[]): void {
  disks.forEach(closeSync);
}
