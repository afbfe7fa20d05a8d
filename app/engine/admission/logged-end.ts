// Finds an end of a job again from what its log recorded. It may be plugged in elsewhere, have another name, or be
// missing.
import type { Reason } from '../../contract/facts.ts';
import type { Endpoint } from '../../contract/jobs.ts';
import type { DriveFacts } from '../../contract/values.ts';
import { foundations, withDescendants, type Block, type Blocks } from '../devices/block-devices.ts';
import type { End } from '../devices/ends.ts';
import type { LoggedEnd } from '../formats/job-log.ts';

/** What the log records of an end. */
export function loggedEnd(
  endpoint: Endpoint,
  { id, modified, born }: Pick<End, 'id' | 'modified' | 'born'>,
): LoggedEnd {
  const { path, realPath, kind, size, model, serial, majorMinor } = endpoint;
  return { path, realPath, kind, size, model, serial, majorMinor, id, modified, born };
}

/**
 * Everything that another job's log could name and that changes when this device is written: itself, the disk that it
 * is a part of, its partitions.
 */
export function writtenWith({ block }: End): LoggedEnd[] {
  if (block === null) return [];
  const around = new Set([...foundations(block), ...withDescendants(block)]);
  return [...around].map(({ path, size, model, backingFile, serial, majorMinor }) => ({
    path,
    realPath: path,
    kind: 'block',
    size,
    model: model ?? backingFile,
    serial,
    majorMinor,
    id: `block:${majorMinor}`,
    modified: null,
    born: null,
  }));
}

/**
 * True when both are the same end, as far as anybody can tell. Images are identified by their place, because each job
 * makes the file anew.
 */
export function isSameEnd(one: LoggedEnd, other: LoggedEnd): boolean {
  if (one.kind !== other.kind) return false;
  if (one.kind === 'file') return one.realPath === other.realPath;
  return one.serial !== null && other.serial !== null
    ? one.serial === other.serial && one.model === other.model && one.size === other.size
    : one.id === other.id;
}

/** A file at a logged path. */
type Now = Pick<End, 'id' | 'born' | 'lasting'>;
/** A file as its log has it. Logs of earlier versions have no time of birth. */
type Then = Pick<LoggedEnd, 'id' | 'born'>;

/**
 * True when the file has the inode that was logged at its path. Ignores the number of the file system: without a device
 * of its own (a server, btrfs) it gets another number with every mount. Where inodes do not last there is nothing to
 * compare.
 */
const hasInode = (now: Now, { id }: Then): boolean =>
  !now.lasting || (now.id !== null && id !== null && inodeOf(now.id) === inodeOf(id));

/**
 * True when the file at a logged path is certainly the logged one. The inode of a removed file is soon reused, so the
 * time of birth must match too.
 */
export const isThatFile = (now: Now, then: Then): boolean =>
  hasInode(now, then) && now.born !== null && now.born === then.born;

/**
 * True when it may be the logged file. When the birth is unknown or inodes do not last (FAT's times follow the time
 * zone), something else must confirm it: size and time of a source, or the sample that is compared with the log.
 */
export const mayBeThatFile = (now: Now, then: Then): boolean =>
  hasInode(now, then) && (!now.lasting || now.born === null || then.born === null || now.born === then.born);

const inodeOf = (id: string): string => id.slice(id.lastIndexOf(':') + 1);

/**
 * Current path of a logged device, which may have another node by now. Finds it by its serial number. Without one, or
 * when two devices have the same, it has to be where it was.
 */
export function pathNow(end: LoggedEnd, blocks: Blocks): string {
  if (end.kind === 'file' || end.serial === null) return end.path;
  const alike = blocks.all.filter((block) => block.type !== 'part' && isThatDisk(end, block));
  return alike.length === 1 && alike[0]!.path !== end.realPath ? alike[0]!.path : end.path;
}

const isThatDisk = (end: LoggedEnd, { serial, model, size }: Block): boolean =>
  serial === end.serial && (model ?? null) === end.model && size === end.size;

const drive = ({ model, serial, size }: LoggedEnd): DriveFacts => ({ model, serial, size });

/** Why `end`, found where an end was logged, is another one; null when nothing shows that. */
export function difference(logged: LoggedEnd, end: End, asSource: boolean): Reason | null {
  if (logged.kind !== end.kind) return { kind: 'somethingElse' };
  if (end.block !== null) {
    const { serial, model, backingFile } = end.block;
    if (end.size === 0) return null; // refused elsewhere: it has no medium
    const same =
      end.size === logged.size &&
      serial === logged.serial &&
      (model ?? backingFile) === logged.model &&
      (logged.serial !== null || end.id === logged.id);
    if (same) return null;
    return { kind: 'anotherDrive', now: { model: model ?? backingFile, serial, size: end.size }, then: drive(logged) };
  }
  if (!asSource) return null;
  if (!mayBeThatFile(end, logged) || end.size !== logged.size) return { kind: 'anotherFile' };
  return end.modified === logged.modified ? null : { kind: 'writtenSince' };
}
