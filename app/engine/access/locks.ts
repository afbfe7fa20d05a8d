// BSD locks (flock(2)) on what a job reads and writes, as systemd asks for them: one on the node of the whole disk, shared
// while it is read, exclusive while it is written. Two copies see each other by them, and udev leaves a disk that is being
// written alone. A file that is written is locked when it is opened (images.ts).
import { closeSync, constants, openSync } from 'node:fs';
import type { PlatterError } from '../../contract/errors.ts';
import type { Block } from '../devices/blocks.ts';
import { becomesFree } from './busy.ts';
import { failure, Refusal, unlessErrno } from '../../base/errors.ts';
import { remedyFor, whoLocks } from './holders.ts';
import type { End } from '../devices/inspect.ts';
import type { NativeAddon, NativeDevice } from '../native/addon.ts';

/** Errors of a file system that has no locks, and of a whole disk that the user may not open. */
const NO_LOCKS: ReadonlySet<string> = new Set(['ENOLCK', 'EOPNOTSUPP', 'ENOTSUP', 'ENOSYS', 'EINVAL', 'EBADF']);

/** Errors of a whole disk that the user may not open, or that is gone. */
const NOT_HAD: ReadonlySet<string> = new Set(['EACCES', 'EPERM', 'ENOENT', 'ENXIO', 'ENOMEDIUM', 'ENODEV']);

/** An end of a job that is open. */
export interface OpenEnd {
  end: Pick<End, 'path' | 'realPath' | 'kind' | 'block'>;
  device: NativeDevice | null;
  /** The job writes it. */
  written: boolean;
}

/**
 * Locks the ends of a job, and the whole disks that partitions among them lie on. Gives an error for each end that somebody
 * else has locked, and the descriptors of the disks, which the caller closes: that ends their locks. The locks of the ends end
 * when they are unlocked (`unlockEnd`) or closed.
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

/** Locks an end that was opened again, in place of what it was open as before. Rejects with a Refusal when somebody else has it. */
export async function moveLock(addon: NativeAddon, before: NativeDevice | null, now: OpenEnd): Promise<void> {
  if (before !== null) unlockEnd(addon, before);
  const errors = await unlessLocked(now.end, () => lockEnd(addon, now));
  if (errors.length > 0) throw new Refusal(errors);
}

/** Ends the lock of an end that is about to be closed. The kernel may keep its descriptors for a moment after that. */
export function unlockEnd(addon: NativeAddon, device: NativeDevice): void {
  unlessErrno(null, () => addon.unlockDevice(device), NO_LOCKS);
}

function lockEnd(addon: NativeAddon, { end, device, written }: OpenEnd): boolean {
  if (device === null || (written && end.kind === 'file')) return true;
  return unlessErrno(true, () => addon.lockDevice(device, written), NO_LOCKS);
}

/** The disks that partitions among `ends` lie on, each once, with a partition that decides how it is locked. */
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

/** null when the user may not open it, or it is gone: the partition's own lock has to do. */
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

/** Ends the locks of whole disks that `lockEnds` gave. */
export function closeDisks(disks: readonly number[]): void {
  disks.forEach(closeSync);
}
