// Resolves paths, and recognises folders that are not for files.
import { createHash } from 'node:crypto';
import { statSync } from 'node:fs';
import { realpath } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { Operation, PlatterError } from '../contract/errors.ts';
import { errnoOf, failure, throwIfAny } from './errors.ts';

/**
 * Refuses `path` when a name in it is not UTF-8; empty when it is valid. Node reads such bytes as U+FFFD, so the path
 * would name another file. `device` is what the user gave.
 */
export const againstName = (path: string, op: Operation, device = path): PlatterError[] =>
  path.includes('\ufffd')
    ? [failure({ code: 'BAD_ARGUMENT', op, device, reason: { kind: 'notUtf8', path }, remedy: { kind: 'renameIt' } })]
    : [];

/** Throws the errors of `againstName` as a Refusal. */
export function checkName(path: string, op: Operation, device = path): void {
  throwIfAny(againstName(path, op, device));
}

/** `path` with its links resolved. It need not exist. */
export async function placeOf(path: string): Promise<string> {
  try {
    return await realpath(path);
  } catch (error) {
    if (errnoOf(error) === null) throw error;
    return path === '/' ? path : join(await placeOf(dirname(path)), basename(path));
  }
}

/**
 * True when `directory` (absolute, without links) is a folder for devices. The node of an unplugged device is gone, so
 * a file under its name would be stored in memory. /dev counts under every path where it is mounted.
 */
export function isForDevices(directory: string): boolean {
  const within = (folder: string): boolean => directory === folder || directory.startsWith(`${folder}/`);
  if (within('/dev/shm')) return false;
  const { dev } = statSync('/dev');
  return within('/dev') || (dev !== statSync('/').dev && statSync(directory, { throwIfNoEntry: false })?.dev === dev);
}

/** Longest name in a folder, in bytes (NAME_MAX of linux/limits.h). */
const NAME_MAX = 255;
/** Number of hexadecimal digits that tell apart names with the same start. */
const DIGITS = 8;

/**
 * The name of a temporary file beside `path`: its name and `suffix`. When that is too long for a file system, the name
 * is shortened to its start, a tilde and a part of its SHA-256, so that the same path always gives the same name.
 */
export function siblingPath(path: string, suffix: string): string {
  const name = Buffer.from(basename(path));
  if (name.length + suffix.length <= NAME_MAX) return `${path}${suffix}`;
  const digest = createHash('sha256').update(name).digest('hex').slice(0, DIGITS);
  let length = NAME_MAX - suffix.length - DIGITS - 1;
  while ((name[length]! & 0xc0) === 0x80) length -= 1; // do not cut within a character
  return join(dirname(path), `${name.subarray(0, length).toString()}~${digest}${suffix}`);
}
