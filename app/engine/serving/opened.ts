// Lists what is open in the folder of an image, and closes it. The kernel's lists are the only record of it.
import { readdirSync, readFileSync } from 'node:fs';
import { realpath, rmdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { PlatterError } from '../../contract/errors.ts';
import { errnoOf, failure, refuse, unlessErrno } from '../../base/errors.ts';
import { named, usersOf } from '../access/holders.ts';
import { parseMounts, type Mount } from '../devices/mounts.ts';
import { runProgram, type ProgramOutput } from '../devices/run-program.ts';
import { shell } from '../devices/release-commands.ts';
import { content } from '../devices/sysfs.ts';
import { UDISKS } from './file-systems.ts';

/** Where the files are, in the folder of an image. */
export const IMAGES = 'images';
/** The source that the kernel lists for a server whose folder Platter has made, or found. */
export const SOURCES = { made: 'platter-folder', found: 'platter' } as const;
/** The type that the kernel lists for our server. */
const SERVED = 'fuse.platter';
/** A loop device goes by itself a moment after its last user. A busy machine takes its time for that. */
const LOOP_MS = 30_000;
const LOOP_POLL_MS = 50;
/** Milliseconds after which those who still use it are looked for. */
const USED_MS = 2000;

/** A loop device over a file of the image. */
interface Loop {
  device: string;
  /** Where it is mounted, the last one first. */
  targets: string[];
}

/** The path of a folder as the kernel lists it, without links; made absolute where there is none. */
export async function realFolder(folder: string): Promise<string> {
  try {
    return await realpath(folder);
  } catch (error) {
    if (errnoOf(error) === null) throw error;
    return resolve(folder);
  }
}

/** True when an image is open in this folder (absolute, without links), or was until its server was killed. */
export const isOpened = (folder: string): boolean => serverIn(folder, mountsNow()) !== null;

const mountsNow = (): Mount[] => parseMounts(readFileSync('/proc/self/mountinfo', 'utf8'));

const serverIn = (folder: string, mounts: readonly Mount[]): Mount | null =>
  mounts.find(({ type, target }) => type === SERVED && target === join(folder, IMAGES)) ?? null;

/** The loop devices over files in the folder of images. */
function loopsOver(images: string, mounts: readonly Mount[]): Loop[] {
  return unlessErrno([], () => readdirSync('/sys/block')).flatMap((name) => {
    const backing = content(`/sys/block/${name}/loop/backing_file`).trim();
    if (!backing.startsWith(`${images}/`)) return [];
    const device = `/dev/${name}`;
    const number = content(`/sys/block/${name}/dev`).trim();
    // A file system of several devices (btrfs) has no device number.
    const isOn = ({ majorMinor, source }: Mount): boolean =>
      majorMinor === number || (majorMinor.startsWith('0:') && source === device);
    return [
      {
        device,
        targets: mounts
          .filter(isOn)
          .map(({ target }) => target)
          .toReversed(),
      },
    ];
  });
}

/**
 * Closes the image that is open in `folder`: its file systems, their loop devices, the server, and the folders that
 * Platter has made. Gives what keeps a part of it open; the rest is closed then. `closed` says whether anything was.
 * Rejects with a Refusal when no image is open there.
 */
export async function closeImage(folder: string): Promise<{ errors: PlatterError[]; closed: boolean }> {
  const at = await realFolder(folder);
  const images = join(at, IMAGES);
  const mounts = mountsNow();
  const server = serverIn(at, mounts);
  if (server === null)
    refuse({
      code: 'NOT_FOUND',
      op: 'unmount',
      device: folder,
      reason: { kind: 'notOpened' },
      remedy: { kind: 'checkFolder' },
    });
  const isRoot = process.getuid?.() === 0;
  if (!isRoot && server.user !== null && server.user !== process.getuid?.()) refuseOther(folder, at, server.user);
  const errors: PlatterError[] = [];
  let closed = false;
  for (const loop of loopsOver(images, mounts)) {
    const isOurs = isRoot ? loop.targets.some((target) => target.startsWith(`${at}/`)) : true;
    const busy = isOurs ? await release(loop, at, isRoot) : held(images, loop.device, [loop.device]);
    if (busy === null) closed = true;
    else errors.push(busy);
  }
  if (errors.length > 0) return { errors, closed };
  const ran = isRoot ? await unmountAt(images) : await runProgram('fusermount3', ['-u', '--', images]);
  if (ran.failed !== null) return { errors: [held(images, images, usersOf(images), ran)], closed };
  await removeFolders(at, server.source === SOURCES.made);
  return { errors: [], closed: true };
}

/** Refuses to close what another user has opened: only root may. */
function refuseOther(folder: string, at: string, user: number): never {
  refuse({
    code: 'NOT_PERMITTED',
    op: 'unmount',
    device: folder,
    reason: { kind: 'openedBy', user: user === 0 ? 'root' : String(user) },
    remedy: { kind: 'closeAsRoot', command: shell(['sudo', 'platter', 'unmount', at]) },
  });
}

const unmountAt = (target: string): Promise<ProgramOutput> => runProgram('umount', ['--', target]);

/** Unmounts a loop device and lets it go. Gives what keeps it; null when it is gone. */
async function release({ device, targets }: Loop, folder: string, isRoot: boolean): Promise<PlatterError | null> {
  for (const target of targets) {
    const ran = isRoot
      ? await unmountAt(target)
      : await runProgram(UDISKS, ['unmount', '--no-user-interaction', '--block-device', device]);
    if (ran.failed !== null) return held(target, device, usersOf(target, device), ran);
    if (isRoot && target.startsWith(`${folder}/`)) await rmdir(target);
  }
  if (!isRoot) await runProgram(UDISKS, ['loop-delete', '--no-user-interaction', '--block-device', device]);
  for (let waited = 0; waited < LOOP_MS; waited += LOOP_POLL_MS) {
    if (content(`/sys/block/${device.slice('/dev/'.length)}/loop/backing_file`) === '') return null;
    if (waited > 0 && waited % USED_MS === 0 && usersOf(device).length > 0) break;
    await sleep(LOOP_POLL_MS);
  }
  return held(device, device, usersOf(device));
}

/** The error that names who holds `target`. */
function held(target: string, device: string, users: readonly string[], ran?: ProgramOutput): PlatterError {
  if (users.length > 0)
    return failure({
      code: 'IN_USE',
      op: 'unmount',
      device: target,
      reason: { kind: 'stillUsed', device, target, ...named(users) },
      remedy: { kind: 'endPrograms' },
    });
  const said = (ran?.stderr.trim().split('\n').at(-1) ?? '').replace(/^\w+: /, '').replace(/\.$/, '');
  return failure({
    code: 'IN_USE',
    op: 'unmount',
    device: target,
    reason: { kind: 'notUnmounted', device, target, said: said || (ran?.failed ?? 'it is in use') },
    remedy: { kind: 'findUser', target: shell([target]) },
  });
}

/** Removes the empty folders of an image. What somebody has put there stays. */
async function removeFolders(folder: string, made: boolean): Promise<void> {
  for (const one of [join(folder, IMAGES), ...(made ? [folder] : [])]) {
    try {
      await rmdir(one);
    } catch (error) {
      if (errnoOf(error) !== 'ENOTEMPTY') throw error;
    }
  }
}
