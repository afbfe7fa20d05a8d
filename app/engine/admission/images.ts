// A new image is written as NAME.part and renamed when it is complete and on the medium. So an interrupted image can be
// told from a finished one, and the file that had the name stays whole until then.
import {
  closeSync,
  constants,
  fchmodSync,
  fchownSync,
  fstatSync,
  fsyncSync,
  linkSync,
  lstatSync,
  openSync,
  readlinkSync,
  renameSync,
  unlinkSync,
  type BigIntStats,
} from 'node:fs';
import { basename, dirname } from 'node:path';
import type { PlatterError } from '../../contract/errors.ts';
import type { Note } from '../../contract/facts.ts';
import { errnoOf, failure, failureOf, Refusal, refuse } from '../../base/errors.ts';
import type { End, ImagePlace } from '../devices/ends.ts';
import { partOf } from '../devices/inspect-paths.ts';
import { openId, statsId } from '../devices/file-ids.ts';
import type { NativeAddon, NativeDevice, NativeDeviceInfo } from '../native/addon.ts';
import type { Held, Naming, Reviewed } from './prepared.ts';

/** The file at an image's first name, as the review found it. */
type PartSeen = Pick<End, 'lasting'> & { image: Pick<ImagePlace, 'part' | 'partId' | 'partBorn'> | null };

/** Mode, owner and group of an image. */
export interface Ownership {
  /** Permission bits: those of the replaced image, or for a new image those before the umask. */
  mode: number;
  /** Owner and group of the replaced image; null for a new one. */
  owner: { uid: number; gid: number } | null;
}

/** Thrown like the error of a system call: the name belongs to another file now. */
class Busy extends Error {
  readonly code = 'EBUSY';
}

/** Everybody reads and writes, as far as the umask allows. */
const OPEN_TO_ALL = 0o666;
/** Only the owner reads and writes. */
const OWNER_ONLY = 0o600;
const OTHERS_READ = 0o004;

/**
 * Mode and owner of an image to be created: those of the image that it replaces. When not everybody may read the
 * source, only the owner may read a new image. Throws with an errno as lstat(2) does.
 */
export function ownershipOf({ image, realPath, id }: End, source: Pick<End, 'realPath'> | null): Ownership {
  const old = image === null || id === null ? undefined : lstatSync(realPath, { throwIfNoEntry: false });
  if (old?.isFile() === true) return { mode: old.mode & 0o777, owner: { uid: old.uid, gid: old.gid } };
  const readable =
    source === null ? 0 : (lstatSync(source.realPath, { throwIfNoEntry: false })?.mode ?? 0) & OTHERS_READ;
  return { mode: readable === 0 ? OWNER_ONLY : OPEN_TO_ALL, owner: null };
}

/**
 * Creates NAME.part of `end`, empty and locked. Replaces what an interrupted job left there, if it is the file that was
 * inspected. Rejects with an errno as open(2) does, EBUSY when another copy writes it now. Rejects with a Refusal when
 * another folder has its path now, or another file is there.
 */
export async function createPart(addon: NativeAddon, end: PartSeen, { mode, owner }: Ownership): Promise<NativeDevice> {
  const { part } = end.image!;
  await removeLeftPart(addon, end);
  // Nobody else may open it before it has its owner and its mode.
  const first = owner === null ? mode : OWNER_ONLY;
  const fd = inFolder(part, (at) =>
    takenName(part, () => openSync(at(part), constants.O_RDWR | constants.O_CREAT | constants.O_EXCL, first)),
  );
  // The descriptor names the file from here on: nobody can slip in a link between two looks.
  return throughDescriptor(fd, (path) => {
    if (owner !== null) copyOwnership(fd, mode, owner);
    return addon.openDevice(path, { write: true, exclusive: true, grow: true });
  });
}

/** Errors by which file systems refuse the characters of a name. */
const NAME_REFUSED: ReadonlySet<string> = new Set(['EINVAL', 'EILSEQ']);

/** Creates a file by `make`. Throws a Refusal when its file system does not take the name. */
function takenName(path: string, make: () => number): number {
  try {
    return make();
  } catch (error) {
    const errno = errnoOf(error);
    if (errno === null || !NAME_REFUSED.has(errno)) throw error;
    return refuse({
      code: 'BAD_ARGUMENT',
      op: 'open',
      device: path,
      errno,
      reason: { kind: 'nameRefused', errno },
      remedy: { kind: 'otherName' },
    });
  }
}

/** Errors when this user may not give files away, or the file system keeps no owners or modes. */
const NOT_KEPT: ReadonlySet<string> = new Set(['EPERM', 'EINVAL', 'ENOSYS', 'EOPNOTSUPP', 'ENOTSUP']);

/** Gives a new file the mode and the owner of another one, as far as the system and the file system allow it. */
function copyOwnership(fd: number, mode: number, { uid, gid }: { uid: number; gid: number }): void {
  tolerate(NOT_KEPT, () => fchownSync(fd, uid, -1));
  tolerate(NOT_KEPT, () => fchownSync(fd, -1, gid));
  // The group bits are meant for that group. Another group gets no more than everybody.
  const kept = fstatSync(fd).gid === gid ? mode : (mode & 0o707) | (mode & 0o070 & ((mode & 0o007) << 3));
  tolerate(NOT_KEPT, () => fchmodSync(fd, kept));
}

/**
 * Opens `part` as an interrupted job left it, locked, to go on with it; null when nothing is there.
 * Rejects with an errno as open(2) does; EBUSY when another copy writes it now.
 */
export async function reopenPart(addon: NativeAddon, part: string): Promise<NativeDevice | null> {
  const fd = openLeftPart(part);
  return fd === null
    ? null
    : throughDescriptor(fd, (path) => addon.openDevice(path, { write: true, exclusive: true, grow: true }));
}

/**
 * Renames to NAME.part an image that will be rewritten in place. Replaces what an interrupted job left there. Rejects
 * as `createPart` does, and when another file has the image's name.
 */
export async function renameForRewrite(addon: NativeAddon, { end, device }: Held): Promise<Naming> {
  const naming = { part: end.image!.part, name: end.realPath, replaces: null };
  await removeLeftPart(addon, end);
  moveImage(addon, device!.info(), naming.name, naming.part, null);
  return naming;
}

/** Undoes `renameForRewrite`. Throws as it rejects. */
export function undoRenameForRewrite(addon: NativeAddon, device: NativeDevice, { part, name }: Naming): void {
  moveImage(addon, device.info(), part, name, null);
}

/** Rejects with EBUSY when another copy writes `part` now. Changes nothing. */
export async function checkPart(addon: NativeAddon, part: string): Promise<void> {
  (await holdLeftPart(addon, part))?.close();
}

/** Removes the NAME.part that was inspected, and no other file. */
async function removeLeftPart(addon: NativeAddon, { image, lasting }: PartSeen): Promise<void> {
  const { part, partId, partBorn } = image!;
  const left = await holdLeftPart(addon, part);
  if (left === null) return;
  try {
    const isSeen =
      partId !== null && (!lasting || openId(left.info()) === partId) && (await bornAt(addon, left)) === partBorn;
    if (!isSeen) refuseForeignPart('CHANGED', part, part);
    inFolder(part, (at) => unlinkSync(at(part)));
  } finally {
    left.close();
  }
}

/** Time of birth of an open file; null when its file system does not keep it. */
export async function bornAt(addon: NativeAddon, file: NativeDevice): Promise<string | null> {
  const { born } = await addon.fileState(file);
  return born === null ? null : String(born);
}

/** Refuses `device`: the file at `part` was not left by an interrupted job of this user. */
export function refuseForeignPart(code: 'IN_USE' | 'CHANGED', device: string, part: string): never {
  return refuse({
    code,
    op: 'check',
    device,
    reason: { kind: 'partOfOthers', part },
    remedy: { kind: 'movePartAway' },
  });
}

/** Locks the `part` that is there; null when there is none. */
async function holdLeftPart(addon: NativeAddon, part: string): Promise<NativeDevice | null> {
  const fd = openLeftPart(part);
  if (fd === null) return null;
  return throughDescriptor(fd, async (path) => {
    const left = await addon.openDevice(path, { write: true, exclusive: true });
    // Its job may have ended and renamed it between the opening and the lock: then this is a finished image.
    if (idAt(part) === openId(left.info())) return left;
    left.close();
    throw new Busy(`${part} has just become something else`);
  });
}

function openLeftPart(part: string): number | null {
  try {
    return inFolder(part, (at) => openSync(at(part), constants.O_RDWR | constants.O_NOFOLLOW | constants.O_NONBLOCK));
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return null;
    throw error;
  }
}

async function throughDescriptor<T>(fd: number, use: (path: string) => Promise<T>): Promise<T> {
  try {
    return await use(`/proc/self/fd/${fd}`);
  } finally {
    closeSync(fd);
  }
}

/**
 * Runs `act` on the folder of `path`, which has no links. `at` names the folder's files through its descriptor, so that
 * a link put in the folder's place redirects no call. Throws a Refusal (CHANGED) when that has happened already.
 */
export function inFolder<T>(path: string, act: (at: (file: string) => string, folder: number) => T): T {
  const directory = dirname(path);
  const folder = openSync(directory, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    const self = `/proc/self/fd/${folder}`;
    if (readlinkSync(self) !== directory)
      refuse({
        code: 'CHANGED',
        op: 'check',
        device: path,
        reason: { kind: 'folderMoved', directory },
        remedy: { kind: 'reviewAgain' },
      });
    return act((file) => `${self}/${basename(file)}`, folder);
  } finally {
    closeSync(folder);
  }
}

const statsAt = (path: string): BigIntStats | null => lstatSync(path, { bigint: true, throwIfNoEntry: false }) ?? null;

/** Identity of the file with this name, links not followed; null when there is none. */
export function idAt(path: string): string | null {
  const stats = statsAt(path);
  return stats === null ? null : statsId(stats);
}

/**
 * Renames the open image `image` from `from` to `to`, durably. Replaces nothing but `replaces`. Throws a Refusal when
 * `from` is not that image, or `to` is a file that may not be replaced; otherwise an errno as rename(2) does.
 */
function moveImage(
  addon: NativeAddon,
  image: NativeDeviceInfo,
  from: string,
  to: string,
  replaces: Reviewed | null,
): void {
  const mine = openId(image);
  inFolder(from, (at, folder) => {
    const [source, target] = [at(from), at(to)];
    const found = idAt(source);
    if (found !== mine) refuseLost(from, found === null ? 'removed' : 'replaced');
    const old = statsAt(target);
    if (old === null) moveToFree(addon, source, target);
    else if (replaces !== null && isReviewed(old, replaces)) moveOver(addon, source, target, replaces, mine);
    else refuseTaken(to);
    // Another file can have got the name `from` between the look and the renaming.
    if (idAt(target) !== mine) {
      if (old === null) moveToFree(addon, target, source);
      refuseLost(from, 'replaced');
    }
    fsyncSync(folder);
  });
}

/** Errors of a file system or kernel that does not know the flags of renameat2. */
const NO_FLAGS: ReadonlySet<string> = new Set(['EINVAL', 'ENOSYS', 'EOPNOTSUPP']);
/** Errors of a file system that gives no file two names (link(2)). */
const NO_LINKS: ReadonlySet<string> = new Set(['EPERM', 'ENOSYS', 'EOPNOTSUPP', 'EMLINK', 'EINVAL', 'EACCES']);

/** Renames to a free name. Throws a Refusal when a file has taken it by now. */
export function moveToFree(addon: NativeAddon, from: string, to: string): void {
  try {
    if (tolerate(NO_FLAGS, () => addon.renameFile(from, to, 'noReplace'))) return;
    // NFS has no such rename, but it has links. link(2) replaces nothing either.
    if (tolerate(NO_LINKS, () => linkSync(from, to))) {
      unlinkSync(from);
      return;
    }
  } catch (error) {
    if (errnoOf(error) === 'EEXIST') refuseTaken(to);
    throw error;
  }
  // exFAT and some FUSE file systems have neither: a file that gets the name within these two calls is replaced.
  if (statsAt(to) !== null) refuseTaken(to);
  renameSync(from, to);
}

/**
 * Renames the file `mine` over the file `old`, and over no other. Throws a Refusal when one of them is another file by
 * now.
 */
function moveOver(addon: NativeAddon, from: string, to: string, old: Reviewed, mine: string): void {
  // The two swap their names, so both can be looked at before anything is removed.
  if (!tolerate(NO_FLAGS, () => addon.renameFile(from, to, 'exchange'))) {
    renameSync(from, to); // without that, a file that takes the place of `old` right now is replaced
    return;
  }
  const replaced = statsAt(from);
  const isOld = replaced !== null && isReviewed(replaced, old);
  if (isOld && idAt(to) === mine) {
    unlinkSync(from);
    return;
  }
  addon.renameFile(to, from, 'exchange');
  if (!isOld) refuseTaken(to);
}

/** True when `act` was done; false when it failed with one of `errnos`. */
function tolerate(errnos: ReadonlySet<string>, act: () => void): boolean {
  try {
    act();
    return true;
  } catch (error) {
    if (errnos.has(errnoOf(error) ?? '')) return false;
    throw error;
  }
}

/** True when this is still the file that the review showed. Where inodes do not last, its size and time decide. */
export const isReviewed = (stats: BigIntStats, { id, size, modified, lasting }: Reviewed): boolean =>
  (!lasting || statsId(stats) === id) && Number(stats.size) === size && Number(stats.mtimeMs) === modified;

export function refuseTaken(name: string): never {
  refuse({
    code: 'CHANGED',
    op: 'rename',
    device: name,
    reason: { kind: 'nameTaken' },
    remedy: { kind: 'moveFileAway' },
  });
}

export function refuseLost(part: string, how: 'removed' | 'replaced'): never {
  refuse({
    code: how === 'removed' ? 'NOT_FOUND' : 'CHANGED',
    op: 'rename',
    device: part,
    reason: { kind: 'imageLost', part, how },
    remedy: { kind: 'newCopy' },
  });
}

/** A destination of a job, as far as its name is concerned. */
export type Named = Pick<Held, 'end' | 'naming' | 'device'>;

/**
 * Gives an image that is about to be rewritten in place the name of an incomplete one. Returns its names from then on,
 * and a note when it keeps its own: a file that has the other name stays, because it may be all that is left of another
 * job.
 */
export function renameToPart(addon: NativeAddon, held: Named): { naming: Naming | null; problem: Note | null } {
  const { kind, path, realPath } = held.end;
  if (kind !== 'file' || held.naming !== null) return { naming: held.naming, problem: null };
  const naming = { part: partOf(realPath), name: realPath, replaces: null };
  try {
    if (statsAt(naming.part) !== null) throw new Busy(`${naming.part} is there`);
    moveImage(addon, held.device!.info(), naming.name, naming.part, null);
    return { naming, problem: null };
  } catch (error) {
    const { errno } = failureIn(error, 'rename', path);
    return { naming: null, problem: { kind: 'nameKept', path, part: naming.part, errno: errno ?? 'EBUSY' } };
  }
}

/**
 * Gives a complete image its own name. Returns the failure when that is impossible: another file has the name by now,
 * or NAME.part is not the image that was written.
 */
export function renameToFinalName(addon: NativeAddon, { end, naming, device }: Named): PlatterError | null {
  if (naming === null) return null;
  try {
    moveImage(addon, device!.info(), naming.part, naming.name, naming.replaces);
    return null;
  } catch (error) {
    const known = failureIn(error, 'rename', end.path);
    return known.reason.kind === 'imageLost'
      ? known
      : failure({ ...known, reason: { kind: 'notNamed', reason: known.reason, part: naming.part } });
  }
}

/** The failure of an operation on the image that the user calls `path`: why it was refused, or what the system said. */
export function failureIn(error: unknown, op: 'open' | 'rename', path: string): PlatterError {
  return error instanceof Refusal && error.errors[0] !== undefined
    ? { ...error.errors[0], device: path }
    : failureOf(error, op, path, 'file');
}

/** Removes an empty `part` whose job could not start. */
export function discardPart(part: string, device: NativeDevice): void {
  inFolder(part, (at) => {
    if (idAt(at(part)) === openId(device.info())) unlinkSync(at(part));
  });
}
