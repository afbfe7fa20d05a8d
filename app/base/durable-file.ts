// Writes files that are complete or missing, even after a power cut (a manifest, a mapfile), and reads such files,
// whose path can be anything that a user names.
import { randomBytes } from 'node:crypto';
import { constants, type Stats } from 'node:fs';
import { lstat, open, rename, unlink, type FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Reason } from '../contract/facts.ts';
import { errnoOf, failureOf, Refusal, refuse } from './errors.ts';
import { siblingPath, checkName, isForDevices, placeOf } from './paths.ts';

/**
 * Replaces the file `path` by `pieces`: writes them under another name beside it, flushes, renames, and flushes the
 * folder. Throws a Refusal when `path` is not a plain file (a device, a link to one), or with the system's reason;
 * `path` is then unchanged.
 */
export async function replaceFile(path: string, pieces: readonly Uint8Array[]): Promise<void> {
  try {
    const old = await plainFileAt(path);
    const temporary = siblingPath(path, `.${randomBytes(4).toString('hex')}.tmp`);
    const file = await open(temporary, 'wx', 0o666);
    try {
      try {
        if (old !== null) await file.chmod(old.mode & 0o777);
        for (const piece of pieces) await writeAll(file, piece);
        await file.sync();
      } finally {
        await file.close();
      }
      await rename(temporary, path);
    } catch (error) {
      await unlink(temporary);
      throw error;
    }
    await syncFolder(dirname(path));
  } catch (error) {
    throw refusalOf(error, 'write', path);
  }
}

/**
 * The bytes of the plain file `path`. Throws a Refusal when it is not a plain file (reading a device might not end),
 * when it is longer than `most` bytes, or with the system's reason.
 */
export async function readPlainFile(path: string, most: number): Promise<Buffer<ArrayBuffer>> {
  try {
    const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      const stats = await file.stat();
      checkPlainFile(stats, path, most);
      return await readAll(file, stats.size);
    } finally {
      await file.close();
    }
  } catch (error) {
    throw refusalOf(error, 'read', path);
  }
}

/** Throws a Refusal when the file at `path` is not plain, or has more than `most` bytes. */
export function checkPlainFile(stats: Stats, path: string, most: number): void {
  if (!stats.isFile()) refuseKind(stats, 'read', path);
  if (stats.size > most)
    refuse({ code: 'BAD_FILE', op: 'read', device: path, reason: { kind: 'fileTooLong', bytes: stats.size, most } });
}

/** Makes the names in a folder durable. Throws with an errno as open(2) and fsync(2) do. */
export async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

/**
 * The file to replace; null when there is none. Throws a Refusal when `path` is not a plain file, or with an errno as
 * lstat(2) does.
 */
export async function plainFileAt(path: string): Promise<Stats | null> {
  checkName(path, 'write');
  if (isForDevices(await placeOf(dirname(path))))
    return refuse({ code: 'NOT_BLOCK_OR_FILE', op: 'write', device: path, reason: { kind: 'deviceFolder' } });
  const stats = await lstat(path).catch((error: unknown) => {
    if (errnoOf(error) === 'ENOENT') return null;
    throw error;
  });
  return stats === null || stats.isFile() ? stats : refuseKind(stats, 'write', path);
}

function refuseKind(stats: Stats, op: 'read' | 'write', path: string): never {
  return refuse({
    code: 'NOT_BLOCK_OR_FILE',
    op,
    device: path,
    reason: { kind: 'notPlain', what: fileTypeOf(stats) },
    remedy: { kind: 'nameFile' },
  });
}

function fileTypeOf(stats: Stats): Extract<Reason, { kind: 'notPlain' }>['what'] {
  if (stats.isDirectory()) return 'directory';
  if (stats.isSymbolicLink()) return 'link';
  if (stats.isBlockDevice()) return 'disk';
  if (stats.isFIFO()) return 'pipe';
  return stats.isSocket() ? 'socket' : 'character';
}

async function writeAll(file: FileHandle, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length;) at += (await file.write(bytes, at, bytes.length - at)).bytesWritten;
}

/** Returns less when the file shrinks while it is read. */
async function readAll(file: FileHandle, size: number): Promise<Buffer<ArrayBuffer>> {
  const bytes = Buffer.alloc(size);
  let at = 0;
  while (at < size) {
    const { bytesRead } = await file.read(bytes, at, size - at, at);
    if (bytesRead === 0) break;
    at += bytesRead;
  }
  return bytes.subarray(0, at);
}

/** Turns a system error into a Refusal. Returns any other error unchanged. */
function refusalOf(error: unknown, op: 'read' | 'write', path: string): unknown {
  return errnoOf(error) === null ? error : new Refusal([failureOf(error, op, path, 'file')]);
}
