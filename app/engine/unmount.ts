// Takes mounted file systems off a disk that is to be written or taken out: never lazily, never by force, never the system's.
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import type { Mounted } from '../contract/disks.ts';
import type { Reason } from '../contract/facts.ts';
import { mountedOn, type Block, type Blocks } from './blocks.ts';
import { errnoOf, failureOf, Refusal, refuse } from './errors.ts';
import { readBlocks } from './machine.ts';
import type { NativeAddon, NativeDevice } from './native.ts';
import { refuseStalePartitions } from './partitions.ts';
import { PATIENCE_MS, requestsEnded } from './patience.ts';
import type { Held } from './prepare.ts';
import { runProgram, SYSTEM_PATH } from './programs.ts';

/** More users of a file system than these are only counted. */
const NAMED_USERS = 4;
/** A file system can be mounted over itself. */
const ROUNDS = 8;

/** What is mounted of `block`, in the order in which it can be unmounted: the last one first. */
export function mountsOf(block: Block, blocks: Blocks): Mounted[] {
  const place = ({ target }: Mounted): number => blocks.mounts.findLastIndex((mount) => mount.target === target);
  return mountedOn(block).sort((a, b) => place(b) - place(a));
}

/**
 * Unmounts all that is mounted of the device with number `majorMinor`, which messages call `path`; with `agreed`, nothing
 * but that. Rejects with a Refusal (MOUNTED, or STALLED when the drive ends no request for `patience` milliseconds; with who
 * uses it as far as /proc tells): then what was unmounted before stays so.
 */
export async function unmount(path: string, majorMinor: string, agreed: readonly Mounted[] | null, patience = PATIENCE_MS): Promise<void> {
  for (let round = 0; round < ROUNDS; round += 1) {
    const blocks = await readBlocks();
    const block = blocks.numbered(majorMinor);
    const mounts = block === null ? [] : mountsOf(block, blocks);
    if (mounts.length === 0) return;
    if (block!.system) refuse({ code: 'IS_SYSTEM', op: 'unmount', device: path, reason: { kind: 'isSystem' } });
    const later = agreed === null ? undefined : mounts.find(({ target }) => agreed.every((mount) => mount.target !== target));
    if (later !== undefined) refuse({ code: 'MOUNTED', op: 'unmount', device: path, reason: { kind: 'mountedMeanwhile', ...later }, remedy: { kind: 'reviewAgain' } });
    for (const mount of mounts) await unmountOne(path, majorMinor, mount, patience);
  }
  refuse({ code: 'MOUNTED', op: 'unmount', device: path, reason: { kind: 'mountedAgain' }, remedy: { kind: 'endMounter' } });
}

async function unmountOne(path: string, majorMinor: string, { device, target }: Mounted, patience: number): Promise<void> {
  const { failed, stderr } = await runProgram('umount', [target], SYSTEM_PATH, patience, () => requestsEnded(majorMinor));
  if (failed === null) return;
  if (failed === 'timeout') refuseStuck(path, device, target, patience);
  const users = usersOf(target);
  const said = (stderr.trim().split('\n').at(-1) ?? '').replace(/^umount: /, '').replace(/\.$/, '') || failed;
  refuse({
    code: 'MOUNTED', op: 'unmount', device: path,
    ...(users.length > 0
      ? { reason: { kind: 'stillUsed', device, target, ...named(users) }, remedy: { kind: 'endPrograms' } }
      : { reason: { kind: 'notUnmounted', device, target, said }, remedy: { kind: 'unmountByHand' } }),
  });
}

/** The system cannot be made to give up what it waits for: it may be done with it later, by itself. */
function refuseStuck(path: string, device: string, target: string, patience: number): never {
  const users = usersOf(target, device);
  const seconds = patience / 1000;
  const reason: Reason = users.length === 0 ? { kind: 'stuckUnmounting', device, target, seconds } : { kind: 'stuckUnmountingUsed', device, target, seconds, ...named(users) };
  refuse({ code: 'STALLED', op: 'unmount', device: path, reason, remedy: { kind: 'waitUnmounting' } });
}

/** Other programs that have something open below `target`, or the device itself, or are there: "bash (4711)". Those of others show only to root. */
export function usersOf(target: string, device: string | null = null): string[] {
  const below = (path: string): boolean => path === target || path === device || path.startsWith(`${target}/`);
  return tolerant([], () => readdirSync('/proc')).filter((name) => /^\d+$/.test(name) && name !== String(process.pid)).flatMap((pid) => {
    const links = ['cwd', 'root', 'exe', ...tolerant([], () => readdirSync(`/proc/${pid}/fd`)).map((fd) => `fd/${fd}`)];
    if (!links.some((link) => below(tolerant('', () => readlinkSync(`/proc/${pid}/${link}`))))) return [];
    return [`${tolerant('?', () => readFileSync(`/proc/${pid}/comm`, 'utf8').trim())} (${pid})`];
  });
}

/** The first of them, and how many more there are. */
const named = (users: readonly string[]): { users: string[]; more: number } => ({ users: users.slice(0, NAMED_USERS), more: Math.max(0, users.length - NAMED_USERS) });

/** Processes end while they are looked at, and those of others are not ours to look at. */
function tolerant<T>(otherwise: T, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (errnoOf(error) !== null) return otherwise;
    throw error;
  }
}

/**
 * Unmounts a destination that was only opened for reading so far, and opens it for writing instead. What it was opened as
 * keeps its number from going to another drive. Rejects with a Refusal.
 */
export async function takeMounted(addon: NativeAddon, held: Held): Promise<void> {
  const { end, device: reading } = held;
  const { path, realPath, id, size, block } = end;
  await unmount(path, block!.majorMinor, held.mounts);
  const writing = await openForWriting(addon, path, realPath);
  try {
    const now = writing.info();
    if (`block:${now.major}:${now.minor}` !== id || now.size !== size) {
      refuse({ code: 'CHANGED', op: 'check', device: path, reason: { kind: 'identityChanged' } });
    }
    await refuseStalePartitions(path, writing);
  } catch (error) {
    writing.close();
    throw error;
  }
  held.device = writing;
  reading?.close();
}

async function openForWriting(addon: NativeAddon, path: string, realPath: string): Promise<NativeDevice> {
  try {
    return await addon.openDevice(realPath, { write: true, exclusive: true });
  } catch (error) {
    throw new Refusal([failureOf(error, 'open', path, 'block')]);
  }
}
