// Where a path leads, and which places are no places for files.
import { statSync } from 'node:fs';
import { realpath } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { errnoOf } from './errors.ts';

/** `path` without links, also of what is not there yet. */
export async function placeOf(path: string): Promise<string> {
  try {
    return await realpath(path);
  } catch (error) {
    if (errnoOf(error) === null) throw error;
    return path === '/' ? path : join(await placeOf(dirname(path)), basename(path));
  }
}

/**
 * Is the folder `directory` (absolute, without links) a place for devices, not for files? A device that was pulled out leaves no node there:
 * a file under its name would lie in memory. /dev counts under every name that it is mounted at.
 */
export function isForDevices(directory: string): boolean {
  const within = (folder: string): boolean => directory === folder || directory.startsWith(`${folder}/`);
  if (within('/dev/shm')) return false;
  const { dev } = statSync('/dev');
  return within('/dev') || (dev !== statSync('/').dev && statSync(directory, { throwIfNoEntry: false })?.dev === dev);
}
