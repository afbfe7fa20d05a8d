// A new image is written as NAME.part and gets its name when it is complete and on the medium: an interrupted one
// can be told from a finished one, and what had the name before stays whole until then.
import { closeSync, constants, fstatSync, fsyncSync, lstatSync, openSync, renameSync, unlinkSync } from 'node:fs';
import { dirname } from 'node:path';
import type { PlatterError } from '../contract/errors.ts';
import type { Note } from '../contract/facts.ts';
import { errnoOf, failure, failureOf } from './errors.ts';
import { partOf } from './inspect.ts';
import type { NativeAddon, NativeDevice } from './native.ts';
import type { Held } from './prepare.ts';

/** Thrown as a system call throws: the name is somebody else's now. */
class Busy extends Error {
  readonly code = 'EBUSY';
}

/**
 * Creates `part`, empty and locked, in place of what an interrupted job left there.
 * Rejects with an errno as open(2) does; EBUSY when another copy writes it now.
 */
export async function createPart(addon: NativeAddon, part: string): Promise<NativeDevice> {
  await removeLeftPart(addon, part);
  // The file is named by its descriptor from here on: nobody can slip in a link between one look and the next.
  return throughDescriptor(openSync(part, constants.O_RDWR | constants.O_CREAT | constants.O_EXCL, 0o666), (path) =>
    addon.openDevice(path, { write: true, exclusive: true, grow: true }));
}

/**
 * Opens `part` as an interrupted job left it, locked, to go on with it; null when nothing is there.
 * Rejects with an errno as open(2) does; EBUSY when another copy writes it now.
 */
export async function reopenPart(addon: NativeAddon, part: string): Promise<NativeDevice | null> {
  const fd = openLeftPart(part);
  return fd === null ? null : throughDescriptor(fd, (path) => addon.openDevice(path, { write: true, exclusive: true, grow: true }));
}

/**
 * Gives the image `path`, which the caller holds, the name `part`, in place of what an interrupted job left there.
 * Rejects with an errno as rename(2) does; EBUSY when another copy writes `part` now.
 */
export async function takeForPart(addon: NativeAddon, path: string, part: string): Promise<void> {
  await removeLeftPart(addon, part);
  nameImage(path, part);
}

/** Rejects with EBUSY when another copy writes `part` now. Changes nothing. */
export async function checkPart(addon: NativeAddon, part: string): Promise<void> {
  (await holdLeftPart(addon, part))?.close();
}

async function removeLeftPart(addon: NativeAddon, part: string): Promise<void> {
  const left = await holdLeftPart(addon, part);
  if (left === null) return;
  unlinkSync(part);
  left.close();
}

/** Locks the `part` that is there; null when there is none. */
async function holdLeftPart(addon: NativeAddon, part: string): Promise<NativeDevice | null> {
  const fd = openLeftPart(part);
  if (fd === null) return null;
  return throughDescriptor(fd, async (path) => {
    const left = await addon.openDevice(path, { write: true, exclusive: true });
    // Its job may have ended and renamed it between the opening and the lock: then this is a finished image.
    if (lstatSync(part, { throwIfNoEntry: false })?.ino === fstatSync(fd).ino) return left;
    left.close();
    throw new Busy(`${part} has just become something else`);
  });
}

function openLeftPart(part: string): number | null {
  try {
    return openSync(part, constants.O_RDWR | constants.O_NOFOLLOW | constants.O_NONBLOCK);
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

/** Gives a complete image its name, durably. Throws with an errno as rename(2) and fsync(2) do. */
export function nameImage(part: string, path: string): void {
  renameSync(part, path);
  const directory = openSync(dirname(path), constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    fsyncSync(directory);
  } finally {
    closeSync(directory);
  }
}

/** A destination of a job, as far as its name is concerned. */
type Named = Pick<Held, 'end' | 'naming'>;

/**
 * An image that has its own name, and is about to be rewritten in its place, gets the name of an incomplete one. Gives a
 * note when it keeps its own: nothing that has the other one is replaced, it may be all that is left of another job.
 */
export function loseName(held: Named): Note | null {
  const { kind, path, realPath } = held.end;
  if (kind !== 'file' || held.naming !== null) return null;
  const naming = { part: partOf(realPath), name: realPath };
  try {
    if (lstatSync(naming.part, { throwIfNoEntry: false }) !== undefined) throw new Busy(`${naming.part} is there`);
    nameImage(naming.name, naming.part);
    held.naming = naming;
    return null;
  } catch (error) {
    const { errno } = failureOf(error, 'rename', path, kind);
    return { kind: 'nameKept', path, part: naming.part, errno: errno ?? '' };
  }
}

/** Gives a complete image its own name. Gives the failure when that could not be done. */
export function giveName(held: Named): PlatterError | null {
  const { end, naming } = held;
  if (naming === null) return null;
  try {
    nameImage(naming.part, naming.name);
    held.naming = null;
    return null;
  } catch (error) {
    const known = failureOf(error, 'rename', end.path, 'file');
    return failure({ ...known, reason: { kind: 'notNamed', reason: known.reason } });
  }
}

/** Takes an empty `part` away again, when the job it was made for could not start. */
export function discardPart(part: string): void {
  unlinkSync(part);
}
