// The folder for data that outlives a run: job logs, records of ended jobs, the program's log.
import { lstat, mkdir, stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, isAbsolute, join, resolve } from 'node:path';
import { syncFolder } from './durable-file.ts';
import { errnoOf, refuse } from './errors.ts';

/** Path of the state folder: PLATTER_STATE, /var/lib/platter for root, or the user's own state folder. */
export function stateDir(env: NodeJS.ProcessEnv = process.env, uid = process.getuid?.()): string {
  if (env.PLATTER_STATE !== undefined && env.PLATTER_STATE !== '') return resolve(env.PLATTER_STATE);
  if (uid === 0) return '/var/lib/platter';
  return userFolder(env.XDG_STATE_HOME, '.local/state');
}

/** Platter's folder in one of the user's: the variable `named` (of XDG), or else `usual` in the home folder. */
export const userFolder = (named: string | undefined, usual: string): string =>
  join(named !== undefined && isAbsolute(named) ? named : join(homedir(), usual), 'platter');

/**
 * Creates a folder for its owner only, durably, with its parents. Rejects with an errno as mkdir(2) does, or with a
 * Refusal when a file is in the way.
 */
export async function makeFolder(path: string): Promise<void> {
  const first = await makeFolders(path);
  if (first === null) return;
  for (let folder = path; folder.length >= first.length; folder = dirname(folder)) await syncFolder(dirname(folder));
}

/**
 * The first folder that had to be created; null when there was none. Node's recursive mkdir gives ENOENT for every
 * obstacle.
 */
async function makeFolders(path: string): Promise<string | null> {
  const errno = await mkdirErrno(path);
  if (errno === null) return path;
  if (errno === 'EEXIST') return (await stat(path)).isDirectory() ? null : refuseObstacle(path);
  const first = await makeFolders(dirname(path));
  return (await mkdirErrno(path)) === null ? (first ?? path) : makeFolders(path);
}

/** null when the folder was created, "EEXIST" or "ENOENT" when it could not be; rejects with any other errno. */
async function mkdirErrno(path: string): Promise<'EEXIST' | 'ENOENT' | null> {
  try {
    await mkdir(path, { mode: 0o700 });
    return null;
  } catch (error) {
    const errno = errnoOf(error);
    if (errno === 'EEXIST' || errno === 'ENOENT') return errno;
    if (errno === 'ENOTDIR') return refuseObstacle(await nearestTo(path));
    throw error;
  }
}

/** The longest part of `path` that exists. */
async function nearestTo(path: string): Promise<string> {
  try {
    await lstat(path);
    return path;
  } catch (error) {
    if (errnoOf(error) === null) throw error;
    return nearestTo(dirname(path));
  }
}

const refuseObstacle = (path: string): never =>
  refuse({
    code: 'NOT_FOUND',
    op: 'write',
    device: path,
    errno: 'ENOTDIR',
    reason: { kind: 'notAFolder', path },
    remedy: { kind: 'otherStateFolder' },
  });
