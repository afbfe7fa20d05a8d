// Finds the holder of a device or file that cannot be opened: a job of Platter, a mount in another mount namespace, or
// a program. Root sees all of them in /proc. Other users see all locks and mounts, but only the open files of their own
// programs.
import { constants, readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import type { PlatterError } from '../../contract/errors.ts';
import type { Reason, Remedy } from '../../contract/facts.ts';
import { mountsOn, withDescendants, type Block } from '../devices/block-devices.ts';
import { errnoOf, failure, failureOf, unlessErrno } from '../../base/errors.ts';
import type { End, Found } from '../devices/ends.ts';
import { parseMounts } from '../devices/mounts.ts';
import { shell } from '../devices/release-commands.ts';
import { stateDir } from '../../base/state-folder.ts';
import { content } from '../devices/sysfs.ts';

/** Name at most this many users, and count the rest. */
const NAMED_USERS = 4;
/** The kernel's first PID namespace (PROC_PID_INIT_INO in include/linux/proc_ns.h). */
const FIRST_PID_NAMESPACE = 'pid:[4026531836]';
/** Matches the engine host among the arguments of a process. */
const HOST = /(?:^|\/)engine\/host\.js$/;

/** A holder, as an error reports it. */
export interface Holder {
  reason: Reason;
  remedy: Remedy;
}

/** Names the holder in `error` when it only says that `end` is in use and /proc shows by what. */
export function nameHolder(
  error: PlatterError,
  end: Pick<End, 'block' | 'realPath'> & Partial<Pick<End, 'image'>>,
): PlatterError {
  if (error.reason.kind !== 'inUse') return error;
  const { block, realPath } = end;
  if (block !== null) return failure({ ...error, ...(holderOf(familyOf(block)) ?? unknownHolder(realPath)) });
  const reason =
    [end.image?.part, realPath]
      .map((path) => (path === undefined ? null : ownerOf(path, locksOn(path))))
      .find((found) => found !== null) ?? null;
  return reason === null ? error : failure({ ...error, reason, remedy: remedyFor(reason) });
}

/**
 * Adds to `errors` against a request the holders of the other destinations that it would claim. It opens them only to
 * look. A mounted destination is left out: it is claimed only after it is unmounted. Without errors nothing is added,
 * because opening the destinations shows the same.
 */
export async function withClaims(
  errors: readonly PlatterError[],
  destinations: readonly Found[],
): Promise<PlatterError[]> {
  if (errors.length === 0) return [];
  const others = destinations.flatMap(({ end }) =>
    end === null || errors.some(({ device }) => device === end.path) ? [] : [end],
  );
  const free = others.filter(({ block }) => block !== null && mountsOn(block).length === 0);
  const held = await Promise.all(
    free.map(async (end) => {
      try {
        await (await open(end.realPath, constants.O_RDONLY | constants.O_EXCL)).close();
        return [];
      } catch (error) {
        // Any other reason shows once these errors are solved.
        return errnoOf(error) === 'EBUSY' ? [nameHolder(failureOf(error, 'open', end.path, 'block'), end)] : [];
      }
    }),
  );
  return [...errors, ...held.flat()];
}

/** Finds the holder of a partition of `disk`. */
export const partitionHolder = (disk: Block): Holder => {
  const partitions = [...withDescendants(disk)].filter((block) => block !== disk);
  return holderOf(partitions) ?? { reason: { kind: 'partitionOpen' }, remedy: unknownHolder(disk.path).remedy };
};

/** `block`, everything on it, and the disk of a partition. A claim on one of them excludes claims on the others. */
const familyOf = (block: Block): Block[] => [
  ...withDescendants(block),
  ...(block.type === 'part' ? block.parents : []),
];

const unknownHolder = (path: string): { remedy: Remedy } => ({ remedy: { kind: 'findHolder', path } });

function holderOf(devices: readonly Block[]): Holder | null {
  const jobOn = jobsNow();
  for (const { path } of devices) {
    const reason = jobOn(path);
    if (reason !== null) return { reason, remedy: remedyFor(reason) };
  }
  return mountElsewhere(devices) ?? openElsewhere(devices);
}

/** A mount of one of `devices` in another mount namespace. */
function mountElsewhere(devices: readonly Block[]): Holder | null {
  const seen = new Set([content('/proc/self/mountinfo')]);
  for (const pid of processes()) {
    const mountinfo = unlessErrno('', () => readFileSync(`/proc/${pid}/mountinfo`, 'utf8'));
    if (seen.has(mountinfo)) continue;
    seen.add(mountinfo);
    for (const { majorMinor, source, target } of parseMounts(mountinfo)) {
      // A file system of several devices (btrfs) has no device number.
      const device = devices.find(
        (block) => block.majorMinor === majorMinor || (majorMinor.startsWith('0:') && block.path === source),
      );
      if (device === undefined) continue;
      return {
        reason: { kind: 'mountedElsewhere', device: device.path, target, user: userOf(pid) ?? pid },
        remedy: { kind: 'unmountThere', command: shell(['nsenter', '--target', pid, '--mount', 'umount', target]) },
      };
    }
  }
  return null;
}

function openElsewhere(devices: readonly Block[]): Holder | null {
  for (const { path, name } of devices) {
    const names = new Set([path, `/dev/${name}`]);
    const users = usersWhere((link) => names.has(link));
    if (users.length > 0)
      return { reason: { kind: 'openIn', device: path, ...named(users) }, remedy: { kind: 'endPrograms' } };
  }
  return null;
}

/**
 * Other programs that have files open below `target`, have the device itself open, or have their working directory,
 * root or executable there: "bash (4711)".
 */
export const usersOf = (target: string, device: string | null = null): string[] =>
  usersWhere((path) => path === target || path === device || path.startsWith(`${target}/`));

function usersWhere(isIt: (path: string) => boolean): string[] {
  return usersAmong(
    processes().filter((pid) => {
      const links = [
        'cwd',
        'root',
        'exe',
        ...unlessErrno([], () => readdirSync(`/proc/${pid}/fd`)).map((fd) => `fd/${fd}`),
      ];
      return links.some((link) => isIt(unlessErrno('', () => readlinkSync(`/proc/${pid}/${link}`))));
    }),
  );
}

/** The first few users, and the number of the others. */
export const named = (users: readonly string[]): { users: string[]; more: number } => ({
  users: users.slice(0, NAMED_USERS),
  more: Math.max(0, users.length - NAMED_USERS),
});

/**
 * Finds the owner of the lock on the file or node at `path` in /proc/locks, and its purpose. null when the owner is
 * dead: the kernel keeps the lock of a killed process until its last request ends, and then lists no owner. An owner in
 * another PID namespace is listed only in the first namespace, which sees all processes.
 */
export const whoLocks = (path: string): Reason | null =>
  ownerOf(path, locksOn(path)) ??
  (readlinkSync('/proc/self/ns/pid') === FIRST_PID_NAMESPACE ? null : { kind: 'lockedBySomebody' });

/**
 * Takes a snapshot of the jobs of other Platters. Gives the job that reads or writes the device at a path; null when
 * there is none.
 */
export function jobsNow(): (path: string) => Extract<Reason, { kind: 'inJob' | 'inLoggedJob' }> | null {
  const locks = flocks().filter(({ pid }) => pid !== String(process.pid));
  return (path) => {
    const reason = ownerOf(path, locksOn(path, locks));
    return reason?.kind === 'inJob' || reason?.kind === 'inLoggedJob' ? reason : null;
  };
}

function ownerOf(
  path: string,
  locks: readonly Lock[],
): Extract<Reason, { kind: 'diskLocked' | 'inJob' | 'inLoggedJob' }> | null {
  if (locks.length === 0) return null;
  const how = locks.some((lock) => lock.how === 'WRITE') ? 'write' : 'read';
  const job = locks.find(({ pid }) => isHost(pid));
  if (job === undefined) {
    // A program that took the lock and has ended may have left the file open in its children.
    const owners = usersAmong(locks.map(({ pid }) => pid));
    const users = owners.length > 0 ? owners : usersWhere((link) => link === path);
    return users.length > 0 ? { kind: 'diskLocked', users, how } : null;
  }
  const id = jobOf(job.pid);
  return id === null ? { kind: 'inJob', pid: job.pid, how } : { kind: 'inLoggedJob', id, pid: job.pid, how };
}

/** The advice for a lock. */
export const remedyFor = (lock: Reason): Remedy => ({
  kind: lock.kind === 'inJob' || lock.kind === 'inLoggedJob' ? 'endJob' : 'IN_USE',
});

/** A BSD lock as /proc/locks lists it: of the inode `key`, for "READ" or "WRITE". */
interface Lock {
  key: string;
  pid: string;
  how: string;
}

/** The `locks` on this file or node. */
function locksOn(path: string, locks = flocks()): Lock[] {
  const key = unlessErrno(null, () => keyOf(path));
  return locks.filter((lock) => lock.key === key);
}

/** All locks whose owner the kernel lists. */
const flocks = (): Lock[] =>
  content('/proc/locks')
    .split('\n')
    .flatMap((line) => {
      const [, kind, , how, pid, key] = line.split(/\s+/);
      return kind === 'FLOCK' && how !== undefined && key !== undefined && Number(pid) > 0
        ? [{ key, pid: pid!, how }]
        : [];
    });

/** Device and inode as /proc/locks writes them: "08:01:1234". */
function keyOf(path: string): string {
  const { dev, ino } = statSync(path, { bigint: true });
  const number = [(dev >> 8n) & 0xfffn, (dev & 0xffn) | ((dev >> 12n) & 0xfff00n)]
    .map((part) => part.toString(16).padStart(2, '0'))
    .join(':');
  return `${number}:${ino}`;
}

/** Id of the job whose log this process has locked; null when it has locked none in this user's state folder. */
function jobOf(pid: string): string | null {
  const locked = new Set(
    flocks()
      .filter((lock) => lock.pid === pid)
      .map(({ key }) => key),
  );
  const folder = join(stateDir(), 'jobs');
  const log = unlessErrno([], () => readdirSync(folder)).find(
    (name) => name.endsWith('.log') && locked.has(unlessErrno('', () => keyOf(join(folder, name)))),
  );
  return log === undefined ? null : log.slice(0, -'.log'.length);
}

/** True for an engine host. Every user may read its arguments. */
const isHost = (pid: string): boolean =>
  unlessErrno('', () => readFileSync(`/proc/${pid}/cmdline`, 'utf8'))
    .split('\0')
    .some((argument) => HOST.test(argument));

/**
 * The other processes that can be seen. They may end while they are read, and other users' processes show only a part.
 */
const processes = (): string[] =>
  unlessErrno([], () => readdirSync('/proc')).filter((name) => /^\d+$/.test(name) && name !== String(process.pid));

/** "bash (4711)"; null when the process has ended. */
function userOf(pid: string): string | null {
  const name = unlessErrno(null, () => readFileSync(`/proc/${pid}/comm`, 'utf8').trim());
  return name === null ? null : `${name} (${pid})`;
}

/** The names of those processes that are still running. */
const usersAmong = (pids: readonly string[]): string[] => pids.flatMap((pid) => userOf(pid) ?? []);
