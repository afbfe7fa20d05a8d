// The user that owns a window opened by root, and that user's folder. Runs as root.
import { spawnSync } from 'node:child_process';
import {
  chownSync,
  closeSync,
  constants,
  existsSync,
  fchmodSync,
  fchownSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Stop } from './tools.mjs';

/** User IDs that belong to no account: the range that systemd reserves for transient users. */
const TRANSIENT = { first: 61_184, last: 65_519 };
/** The parent of the windows' folders. Only root can create a name here. */
const PARENT = '/run';
/** Folders in which any user can leave files. */
const SHARED = ['/dev/mqueue', '/dev/shm', '/tmp', '/var/tmp', '/run/user'];

/**
 * The user who called sudo. Gives null when this process is not root's, or when root called it. Throws Stop when
 * SUDO_UID or SUDO_GID is not what sudo writes there.
 * @param {NodeJS.ProcessEnv} env
 * @returns {{ uid: number, gid: number } | null}
 */
export function sudoCaller({ SUDO_UID, SUDO_GID }) {
  if (process.getuid?.() !== 0 || SUDO_UID === undefined || SUDO_UID === '0') return null;
  const [uid, gid] = [SUDO_UID, SUDO_GID].map((id) => (/^\d{1,10}$/.test(id ?? '') ? Number(id) : Number.NaN));
  if (!(uid > 0 && gid >= 0))
    throw new Stop(
      `SUDO_UID "${SUDO_UID}" and SUDO_GID "${SUDO_GID ?? ''}" do not name a user. Unset both to run Platter as root.`,
    );
  return { uid, gid };
}

/** The account of a user ID, or null when there is none. Throws Stop when the system cannot say. */
function account(uid) {
  const { status, stdout, error } = spawnSync('getent', ['passwd', String(uid)], { encoding: 'utf8' });
  if (status === 2) return null;
  if (status !== 0)
    throw new Stop(`"getent passwd ${uid}" failed${error ? `: ${error.message}` : ` (exit code ${status})`}`);
  const [name, , , , , home] = stdout.trim().split(':');
  return { name, home };
}

/** The result of `read`, or `otherwise` when the file or folder is gone or this kernel does not have it. */
function orElse(read, otherwise) {
  try {
    return read();
  } catch (error) {
    if (['ENOENT', 'ENOTDIR', 'ESRCH'].includes(error.code)) return otherwise;
    throw error;
  }
}

const lines = (path) =>
  orElse(() => readFileSync(path, 'utf8'), '')
    .trim()
    .split('\n');

/**
 * Every user ID that has a process, a key, a System V object, or a file in a folder that all users share.
 * @returns {Set<number>}
 */
export function usedIds() {
  const used = new Set();
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    const ids = lines(`/proc/${pid}/status`).find((line) => line.startsWith('Uid:'));
    for (const id of ids?.split(/\s+/).slice(1) ?? []) used.add(Number(id));
  }
  for (const line of lines('/proc/key-users')) used.add(Number.parseInt(line, 10));
  for (const kind of ['msg', 'sem', 'shm']) {
    const [names, ...objects] = lines(`/proc/sysvipc/${kind}`).map((line) => line.trim().split(/\s+/));
    for (const column of ['uid', 'cuid']) for (const object of objects) used.add(Number(object[names.indexOf(column)]));
  }
  for (const folder of SHARED) {
    for (const name of orElse(() => readdirSync(folder), []))
      used.add(orElse(() => lstatSync(join(folder, name)).uid, Number.NaN));
  }
  return used;
}

/**
 * Sets up the folder of a window's user: mode 0700, with a copy of the X cookie if one is given. It belongs to root
 * until it is complete, so that no process of that user can put a link where root writes.
 * @param {{ uid: number, gid: number }} user
 * @param {string} folder an empty folder with mode 0700
 * @param {string | null} cookie the file to copy
 */
export function handOver(user, folder, cookie) {
  if (cookie !== null) {
    const content = readFileSync(cookie);
    const { O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW } = constants;
    const copy = openSync(join(folder, 'Xauthority'), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600);
    try {
      writeSync(copy, content);
      fchmodSync(copy, 0o600);
      fchownSync(copy, user.uid, user.gid);
    } finally {
      closeSync(copy);
    }
  }
  chownSync(folder, user.uid, user.gid);
}

/** A user ID that nobody has, and its folder. The folder's name reserves the ID against other windows. */
function transientUser() {
  const used = usedIds();
  const count = TRANSIENT.last - TRANSIENT.first + 1;
  const start = Math.floor(Math.random() * count);
  for (let step = 0; step < count; step++) {
    const uid = TRANSIENT.first + ((start + step) % count);
    if (used.has(uid) || account(uid) !== null) continue;
    const folder = join(PARENT, `platter-window-${uid}`);
    try {
      mkdirSync(folder, { mode: 0o700 });
    } catch (error) {
      if (error.code === 'EEXIST') continue;
      throw error;
    }
    return { uid, gid: uid, name: `the transient user ${uid}`, home: null, folder };
  }
  throw new Stop(
    `the window needs a user ID that nobody has, and all from ${TRANSIENT.first} to ${TRANSIENT.last} are taken. Open it as an ordinary user.`,
  );
}

/**
 * The user for a window that root opens: the one who called sudo, or else a user ID without account, processes and
 * files. `folder` is a new folder that belongs to root. Give it away with `handOver` and remove it with `removeFolder`.
 * @param {NodeJS.ProcessEnv} env
 * @returns {{ uid: number, gid: number, name: string, home: string | null, folder: string }}
 */
export function windowUser(env) {
  const caller = sudoCaller(env);
  if (caller === null) return transientUser();
  const known = account(caller.uid);
  return {
    ...caller,
    name: known?.name ?? String(caller.uid),
    home: known?.home ?? null,
    folder: mkdtempSync(join(PARENT, 'platter-window-')),
  };
}

/** True when the user can read a file. The modes of the folders above it count too. */
export function canRead(user, path) {
  return spawnSync('test', ['-r', path], { uid: user.uid, gid: user.gid }).status === 0;
}

/** Removes the folder. A process of its user empties it, so that root follows no link of that user. */
export async function removeFolder({ uid, gid, folder }) {
  for (let attempt = 0; existsSync(folder); attempt++) {
    spawnSync('rm', ['-rf', '--', folder], { uid, gid, stdio: 'ignore' });
    try {
      rmdirSync(folder);
    } catch (error) {
      // Chromium's other processes may still write after the first one has ended.
      if (error.code !== 'ENOTEMPTY' || attempt === 50)
        throw new Stop(`${folder} could not be removed: ${error.message}`);
      await sleep(100);
    }
  }
}
