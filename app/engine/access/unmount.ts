// Unmounts file systems from a disk that is to be written or taken out: never lazily, never by force, never those of
// the system.
import { readFileSync } from 'node:fs';
import type { Mounted } from '../../contract/disks.ts';
import type { Reason } from '../../contract/facts.ts';
import { onceFree } from './busy.ts';
import { mountedOn, type Block, type Blocks } from '../devices/block-devices.ts';
import { refusalsOf } from '../devices/disk-refusals.ts';
import { failure, failureOf, isRefusedAccess, Refusal, refuse, type Failure } from '../../base/errors.ts';
import { named, usersOf, nameHolder } from './holders.ts';
import { moveLock } from './locks.ts';
import { isSequence, readBlocks } from '../devices/lsblk.ts';
import { inTheWayOf, mountOf, parseMounts, parseSwaps, type Mount } from '../devices/mounts.ts';
import type { NativeAddon, NativeDevice } from '../native/addon.ts';
import { checkPartitions, type HeldDisk } from './partitions.ts';
import { PATIENCE_MS, requestsEnded, unlessStuck } from '../devices/drive-waits.ts';
import { runProgram, SYSTEM_PATH } from '../devices/run-program.ts';
import { shell } from '../devices/release-commands.ts';
import type { RightsSession, InspectedDevice } from './rights-session.ts';

/** A file system can be mounted over itself, so unmount in rounds. */
const ROUNDS = 8;

/** The mounts of `block`, in the order of unmounting: the last one first. */
export function mountsOf(block: Block, blocks: Blocks): Mounted[] {
  const place = ({ target }: Mounted): number => blocks.mounts.findLastIndex((mount) => mount.target === target);
  return mountedOn(block).sort((a, b) => place(b) - place(a));
}

/**
 * Reasons why the mounts of `block` cannot be unmounted without unmounting something else. `files` are left to
 * `takenAway`. Pure.
 */
export function mountedOver(block: Block, blocks: Blocks, files: readonly string[] = []): Failure[] {
  const own = blocks.mountsOf(block);
  const told = new Set(files.flatMap((file) => mountPathTo(file, own, blocks)?.below ?? []));
  return own.flatMap((mount) =>
    inTheWayOf(mount, blocks.mounts)
      .filter((other) => !own.includes(other) && !told.has(other))
      .map((other) => covered(nameIn(block, mount, blocks), mount, other, blocks)),
  );
}

/**
 * Reasons not to unmount `block`: `files` (absolute paths without links) on other devices are reached through its
 * mounts. Pure.
 */
export function takenAway(block: Block, files: readonly string[], blocks: Blocks): Failure[] {
  const own = blocks.mountsOf(block);
  return files.flatMap((file): Failure[] => {
    const way = mountPathTo(file, own, blocks);
    if (way === null) return [];
    const {
      mount,
      below: [last],
    } = way;
    const other = blocks.nameOf(last);
    const where = last.target.startsWith(`${mount.target}/`) ? 'in' : 'over';
    return [
      {
        code: 'MOUNTED',
        op: 'check',
        reason: {
          kind: 'takesAway',
          device: nameIn(block, mount, blocks),
          target: mount.target,
          file,
          where,
          other,
          at: last.target,
        },
        remedy: blocks.isMountable(last)
          ? { kind: 'mountOutside', other, target: mount.target }
          : { kind: 'putWhereMounted' },
      },
    ];
  });
}

/** The way to a file through a mount of a device. */
interface MountPath {
  mount: Mount;
  /** The mounts below it, upwards from the one that holds the file. */
  below: [Mount, ...Mount[]];
}

/** How `file` is reached through one of the mounts `own` without lying on one of them; null when it is not. */
function mountPathTo(file: string, own: readonly Mount[], { mounts }: Blocks): MountPath | null {
  const byId = new Map(mounts.map((one) => [one.id, one]));
  const last = mountOf(file, mounts);
  if (last === null || own.includes(last)) return null;
  const below: MountPath['below'] = [last];
  for (let next = byId.get(last.parent); next !== undefined && !below.includes(next); next = byId.get(next.parent)) {
    if (own.includes(next)) return { mount: next, below };
    below.push(next);
  }
  return null;
}

function covered(device: string, { target }: Mount, other: Mount, blocks: Blocks): Failure {
  const where = other.target.startsWith(`${target}/`) ? 'in' : 'over';
  return {
    code: 'MOUNTED',
    op: 'check',
    reason: { kind: 'mountedOver', device, target, where, other: blocks.nameOf(other), at: other.target },
    remedy: { kind: 'unmountOther', target: other.target },
  };
}

/** The device in the family of `block` that `mount` shows. */
const nameIn = (block: Block, { target }: Mount, blocks: Blocks): string =>
  mountsOf(block, blocks).find((mount) => mount.target === target)?.device ?? block.path;

/** Which mounts to unmount, and how. */
export interface Unmounting {
  /** Unmount only these. null: every mount of the device. */
  agreed?: readonly Mounted[] | null;
  /** Unmounts where the user may not. null: do not ask for rights. */
  session?: RightsSession | null;
  /** Milliseconds without a finished request after which the drive counts as hanging. */
  patience?: number;
}

/**
 * Unmounts a device. Rejects with a Refusal, MOUNTED or STALLED (the drive finished no request for `patience`
 * milliseconds), with the users that /proc shows. What was already unmounted stays unmounted.
 */
export async function unmount(
  seen: InspectedDevice,
  { agreed = null, session = null, patience = PATIENCE_MS }: Unmounting,
): Promise<void> {
  const {
    path,
    block: { majorMinor },
  } = seen as InspectedDevice & { block: Block };
  for (let round = 0; round < ROUNDS; round += 1) {
    const blocks = await readBlocks();
    const block = blocks.numbered(majorMinor);
    const mounts = block === null ? [] : mountsOf(block, blocks);
    if (mounts.length === 0) return;
    const [never] = block!.system ? refusalsOf(block!, true) : [];
    if (never !== undefined) refuse({ ...never, op: 'unmount', device: path });
    const later =
      agreed === null ? undefined : mounts.find(({ target }) => agreed.every((mount) => mount.target !== target));
    if (later !== undefined)
      refuse({
        code: 'MOUNTED',
        op: 'unmount',
        device: path,
        reason: { kind: 'mountedMeanwhile', ...later },
        remedy: { kind: 'reviewAgain' },
      });
    const own = blocks.mountsOf(block!);
    for (const mount of mounts) await unmountOne({ seen, own, blocks, patience, session }, mount);
  }
  refuse({
    code: 'MOUNTED',
    op: 'unmount',
    device: path,
    reason: { kind: 'mountedAgain' },
    remedy: { kind: 'endMounter' },
  });
}

/** One round of unmounting. */
interface UnmountRound {
  seen: InspectedDevice;
  /** The mounts of the device. */
  own: readonly Mount[];
  blocks: Blocks;
  patience: number;
  session: RightsSession | null;
}

async function unmountOne(round: UnmountRound, { device, target }: Mounted): Promise<void> {
  const {
    seen: { path, block },
    blocks,
    patience,
    session,
  } = round;
  const mount = topOf(round, { device, target });
  if (mount === null) return;
  const { failed, stderr } = await runProgram('umount', [target], SYSTEM_PATH, patience, () =>
    requestsEnded(block!.majorMinor),
  );
  if (failed === null) return;
  if (failed === 'timeout') throw stuckUnmounting(path, { device, target }, patience);
  if (session !== null && (await unmountBy(session, round.seen, { device, target }, mount.id, patience))) return;
  const users = usersOf(target);
  const command = users.length > 0 ? null : filesInUse(target, blocks);
  if (command !== null)
    refuse({
      code: 'MOUNTED',
      op: 'unmount',
      device: path,
      reason: { kind: 'filesInUse', device, target },
      remedy: { kind: 'release', command },
    });
  const said = (stderr.trim().split('\n').at(-1) ?? '').replace(/^umount: /, '').replace(/\.$/, '') || failed;
  refuse({
    code: 'MOUNTED',
    op: 'unmount',
    device: path,
    ...(users.length > 0
      ? { reason: { kind: 'stillUsed', device, target, ...named(users) }, remedy: { kind: 'endPrograms' } }
      : {
          reason: { kind: 'notUnmounted', device, target, said },
          remedy: said.includes('busy') ? { kind: 'findUser', target: shell([target]) } : { kind: 'unmountByHand' },
        }),
  });
}

/** Commands that switch off swap files and loop devices below `target`; null when there are none. */
function filesInUse(target: string, blocks: Blocks): string | null {
  const isBelow = (path: string | null): boolean => path?.startsWith(`${target}/`) === true;
  const commands = [
    ...parseSwaps(readFileSync('/proc/swaps', 'utf8'))
      .filter(isBelow)
      .map((path) => shell(['swapoff', path])),
    ...blocks.all
      .filter(({ backingFile }) => isBelow(backingFile))
      .map(({ path }) => shell(['losetup', '--detach', path])),
  ];
  return commands.length === 0 ? null : commands.join(' && ');
}

/**
 * The mount that umount(8) removes by this path, as the kernel has it now; null when the device is no longer mounted
 * there. Throws a Refusal when another device is mounted there.
 */
function topOf({ seen: { path }, own, blocks }: UnmountRound, { device, target }: Mounted): Mount | null {
  const now = parseMounts(readFileSync('/proc/self/mountinfo', 'utf8'));
  const isOwn = ({ id }: Mount): boolean => own.some((mount) => mount.id === id);
  const there = now.filter((mount) => mount.target === target && isOwn(mount));
  const [top] = there.filter((mount) => inTheWayOf(mount, now).every((other) => !there.includes(other)));
  if (top === undefined) return null;
  const other = there.flatMap((mount) => inTheWayOf(mount, now)).find((mount) => !isOwn(mount));
  if (other !== undefined) refuse({ ...covered(device, top, other, blocks), op: 'unmount', device: path });
  return top;
}

/**
 * Has the broker unmount `mount`. False when it is in use: /proc explains that better than the broker. Rejects with a
 * Refusal.
 */
async function unmountBy(
  session: RightsSession,
  seen: InspectedDevice,
  mount: Mounted,
  id: number,
  patience: number,
): Promise<boolean> {
  const unmounting = session.unmount(seen, id).then(
    () => true,
    (error: unknown) => {
      if (error instanceof Refusal && error.errors[0]!.errno === 'EBUSY') return false;
      throw error;
    },
  );
  return unlessStuck(unmounting, seen.block!.majorMinor, patience, () => stuckUnmounting(seen.path, mount, patience));
}

/** The Refusal for a hanging unmount. It cannot be cancelled, and may still finish by itself. */
function stuckUnmounting(path: string, { device, target }: Mounted, patience: number): Refusal {
  const users = usersOf(target, device);
  const seconds = patience / 1000;
  const reason: Reason =
    users.length === 0
      ? { kind: 'stuckUnmounting', device, target, seconds }
      : { kind: 'stuckUnmountingUsed', device, target, seconds, ...named(users) };
  return new Refusal([
    failure({ code: 'STALLED', op: 'unmount', device: path, reason, remedy: { kind: 'waitUnmounting' } }),
  ]);
}

/**
 * Unmounts a destination that is open for reading only, and opens it for writing. The old descriptor stays open until
 * then, so that the device's number cannot go to another drive. Rejects with a Refusal.
 */
export async function takeMounted(
  { addon, sessions }: { addon: NativeAddon; sessions: readonly RightsSession[] },
  held: HeldDisk,
): Promise<NativeDevice> {
  const { end, device: reading } = held;
  const session = sessions.find((one) => one.has(end)) ?? null;
  await unmount(end, { agreed: held.mounts, session });
  const writing = await openForWriting(addon, end, session);
  try {
    const now = writing.info();
    if (`block:${now.major}:${now.minor}` !== end.id || now.size !== end.size || !isSequence(end.block, now)) {
      refuse({ code: 'CHANGED', op: 'check', device: end.path, reason: { kind: 'identityChanged' } });
    }
    await moveLock(addon, reading, { end, device: writing, written: true });
    await checkPartitions(end, writing, sessions);
  } catch (error) {
    writing.close();
    throw error;
  }
  reading?.close();
  return writing;
}

async function openForWriting(
  addon: NativeAddon,
  end: InspectedDevice,
  session: RightsSession | null,
): Promise<NativeDevice> {
  try {
    return await onceFree(() => addon.openDevice(end.realPath, { write: true, exclusive: true }));
  } catch (error) {
    if (session !== null && isRefusedAccess(error)) return session.open(end, 'write');
    throw new Refusal([nameHolder(failureOf(error, 'open', end.path, 'block'), end)]);
  }
}
