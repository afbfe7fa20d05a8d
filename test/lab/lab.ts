// The lab for TypeScript: a virtual disk with faults on command, for as long as a test needs it. See README.md.
import { execFile, execFileSync, spawn, spawnSync } from 'node:child_process';
import { createCipheriv } from 'node:crypto';
import { once } from 'node:events';
import { accessSync, constants, copyFileSync, existsSync, readFileSync, realpathSync, writeFileSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { basename, dirname, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { type Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { FOLLOWING } from '../../build/own-mounts.mjs';

const HERE = dirname(fileURLToPath(import.meta.url));
const BUILT = resolve(HERE, '../../out/lab/labdisk');
/** labdisk's own directory, as a loop device's backing_file shows it. */
const OUR_DIRECTORY = /\/platter-lab-[A-Za-z0-9]{6}\//;
const CLOSE_TIMEOUT = 60_000;

/** File systems that the lab can make. xfs and btrfs clone files (FICLONE). */
export type FileSystem = 'ext4' | 'xfs' | 'btrfs';

/** Options of a virtual disk. */
export interface LabDiskOptions {
  /** Bytes. Optional when `file` exists, and with a preset. */
  size?: number;
  /** A typical bad disk, by its name in `labdisk --help`. The other options add to it. */
  preset?: string;
  /** Rules in force from the start. */
  rules?: readonly string[];
  /** Logical sector in bytes; 512 by default. */
  sector?: 512 | 4096;
  readOnly?: boolean;
  /** No faults: the loop device lies on the backing file itself. Fast. */
  plain?: boolean;
  /** False: no loop device. `device` is then a regular file with faults, which grows and can be truncated. */
  loop?: boolean;
  /** Use the page cache. A file then refuses O_DIRECT. */
  buffered?: boolean;
  /** The kernel reports heads and platters (queue/rotational). */
  rotational?: boolean;
  /** The kernel's limit for writes, bytes a second, with no program in between (see `canLimitWrites`). */
  writeRate?: number;
  /** Bytes that fit into the backing file's file system. Writing more gives ENOSPC. */
  room?: number;
  /** A file system on it, mounted at `tree`. xfs needs 300 MiB, btrfs 128. */
  mkfs?: FileSystem;
  /** Backing file to use and keep. */
  file?: string;
  /** Where the temporary directory is made; /dev/shm by default. */
  dir?: string;
}

/** The I/O of the disk since it was made or reset. */
export interface LabCounters {
  reads: number;
  writes: number;
  flushes: number;
  zeroes: number;
  bytesRead: number;
  bytesWritten: number;
  bytesZeroed: number;
  errors: number;
  /** I/O that has arrived and not ended: a delay or a stall holds it, or it is running. */
  inFlight: number;
  /** The part of that I/O which a stall holds. */
  stalled: number;
  rules: number;
  /** Sectors of 512 bytes that cannot be read or cannot be written. */
  badSectors: number;
  /** Visible size in bytes. */
  size: number;
}

/** One I/O of the log. One clock gives `begin` and `end`: a < b means that a happened first. */
export interface LabEntry {
  op: 'read' | 'write' | 'flush' | 'zero';
  offset: number;
  length: number;
  begin: number;
  end: number;
  /** Microseconds for which `delay` and `hiccup` held it. */
  delay: number;
  /** Name of the errno it failed with. */
  error: string | null;
}

/** A virtual disk. It ends when it is closed, and at the latest when this process ends, however that ends. */
export interface LabDisk extends AsyncDisposable {
  /** The path for the program under test: /dev/loopN, or the file when there is no loop device. */
  readonly device: string;
  /** The backing file: what is on the medium. The rules do not apply to writes here. */
  readonly backing: string;
  readonly ctl: string;
  /** Where the file system of `mkfs` is mounted. Throws when there is none. */
  readonly tree: string;
  readonly pid: number;
  /** Gives rules, one per line. Throws when one is refused. */
  rule(...lines: string[]): Promise<void>;
  counters(): Promise<LabCounters>;
  /** What `log on` recorded, in the order of beginning. */
  log(): Promise<LabEntry[]>;
  /** The writes and zeroings of the log. */
  writes(): Promise<LabEntry[]>;
  /** A GNU ddrescue mapfile of everything that cannot be read. */
  map(): Promise<string>;
  /** Waits until the counters satisfy `condition`; throws after `timeout` ms. */
  waitFor(condition: (counters: LabCounters) => boolean, timeout?: number): Promise<void>;
  /** Removes the disk and everything that belongs to it. Idempotent. */
  close(): Promise<void>;
}

/** Why the lab cannot run here, or null when it can. */
export function canLab(): string | null {
  if (process.getuid?.() !== 0) return 'the lab needs root';
  for (const device of ['/dev/fuse', '/dev/loop-control']) {
    try {
      accessSync(device, constants.R_OK | constants.W_OK);
    } catch {
      return `the lab needs ${device}`;
    }
  }
  try {
    execFileSync('pkg-config', ['--exists', 'fuse3'], { stdio: 'ignore' });
  } catch {
    return 'the lab needs libfuse3-dev and pkg-config';
  }
  return null;
}

/** Why the lab cannot make this file system here, or null when it can. */
export function canMkfs(type: FileSystem): string | null {
  const kernel = readFileSync('/proc/filesystems', 'utf8')
    .split('\n')
    .some((line) => line.trim() === type);
  if (!kernel) return `the kernel has no ${type}`;
  const folders = ['/usr/sbin', '/sbin', ...(process.env.PATH ?? '').split(':')];
  if (!folders.some((folder) => existsSync(`${folder}/mkfs.${type}`))) return `mkfs.${type} is missing`;
  return canLab();
}

/** Why the kernel cannot limit writes here, or null when it can. */
export function canLimitWrites(): string | null {
  return existsSync('/sys/fs/cgroup/blkio/blkio.throttle.write_bps_device')
    ? canLab()
    : 'the kernel has no cgroup v1 controller for block I/O';
}

let built: Promise<unknown> | null = null;

/**
 * Compiles labdisk if it is out of date. Returns its path. Several processes may do so at once. PLATTER_LABDISK names
 * another build, for example one with a sanitizer.
 */
export async function buildLabdisk(): Promise<string> {
  const given = process.env.PLATTER_LABDISK;
  if (given !== undefined) return given;
  built ??= promisify(execFile)('make', ['-s', '-C', HERE]);
  await built;
  return BUILT;
}

function argumentsOf(options: LabDiskOptions): string[] {
  const args: string[] = [];
  if (options.preset !== undefined) args.push(options.preset);
  for (const rule of options.rules ?? []) args.push('--rule', rule);
  if (options.size !== undefined) args.push('--size', String(options.size));
  if (options.sector !== undefined) args.push('--sector', String(options.sector));
  if (options.readOnly) args.push('--read-only');
  if (options.plain) args.push('--plain');
  if (options.loop === false) args.push('--no-loop');
  if (options.buffered) args.push('--buffered');
  if (options.rotational) args.push('--rotational');
  if (options.writeRate !== undefined) args.push('--write-rate', String(options.writeRate));
  if (options.room !== undefined) args.push('--room', String(options.room));
  if (options.mkfs !== undefined) args.push('--mkfs', options.mkfs);
  if (options.file !== undefined) args.push('--file', options.file);
  if (options.dir !== undefined) args.push('--dir', options.dir);
  return args;
}

interface Announcement {
  device: string | null;
  disk: string | null;
  ctl: string | null;
  backing: string;
  tree: string | null;
}

async function announcement(stdout: Readable): Promise<Announcement> {
  for await (const line of createInterface(stdout)) return JSON.parse(line) as Announcement;
  throw new Error('labdisk ended before its disk was ready; its stderr says why');
}

/** Loop devices over files that callers in this process gave, by device. */
const attachedHere = new Map<string, string>();

/** Makes a virtual disk. Throws when it cannot be made. */
export async function labdisk(options: LabDiskOptions): Promise<LabDisk> {
  const child = spawn(await buildLabdisk(), argumentsOf(options), { stdio: ['pipe', 'pipe', 'inherit'] });
  const exited = once(child, 'exit') as Promise<[number | null, NodeJS.Signals | null]>;
  const { device, disk, ctl, backing, tree } = await announcement(child.stdout);
  if (device !== null) attachedHere.set(device, backing);
  const path = device ?? disk ?? backing;

  const control = (): string => {
    if (ctl === null) throw new Error('a plain disk has no rules');
    return ctl;
  };
  const counters = async (): Promise<LabCounters> => JSON.parse(await readFile(control(), 'utf8')) as LabCounters;
  const log = async (): Promise<LabEntry[]> => {
    const lines = (await readFile(`${dirname(control())}/log`, 'utf8')).split('\n').filter((line) => line !== '');
    return lines.map((line) => JSON.parse(line) as LabEntry).sort((a, b) => a.begin - b.begin);
  };
  const close = async (): Promise<void> => {
    child.stdin.end();
    const timeout = sleep(CLOSE_TIMEOUT, null, { ref: false });
    const end = await Promise.race([exited, timeout]);
    attachedHere.delete(path);
    if (end === null) throw new Error(`labdisk ${child.pid ?? ''} of ${path} did not end`);
  };

  return {
    device: path,
    backing,
    get ctl() {
      return control();
    },
    get tree() {
      if (tree === null) throw new Error('no file system was asked for');
      return tree;
    },
    pid: child.pid ?? -1,
    rule: (...lines) => writeFile(control(), lines.map((line) => `${line}\n`).join('')),
    counters,
    log,
    writes: async () => (await log()).filter((entry) => entry.op === 'write' || entry.op === 'zero'),
    map: () => readFile(`${dirname(control())}/map`, 'utf8'),
    async waitFor(condition, timeout = 60_000) {
      const deadline = Date.now() + timeout;
      while (!condition(await counters())) {
        if (Date.now() > deadline) throw new Error(`${path} still at ${JSON.stringify(await counters())}`);
        await sleep(5);
      }
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}

/** A mounted file system. It ends when it is closed, and at the latest when this process ends, however that ends. */
export interface LabFolder extends AsyncDisposable {
  /** Its root folder: empty, writable, and on no other file system. */
  readonly path: string;
  close(): Promise<void>;
}

/**
 * A folder on a fresh file system of `size` bytes, so a small one is soon full. It has no faults; use `labdisk({ mkfs
 * })` for those. Throws when it cannot be made: ask canMkfs first.
 */
export async function fileSystem(type: FileSystem, size: number): Promise<LabFolder> {
  const disk = await labdisk({ size, mkfs: type, plain: true });
  const close = (): Promise<void> => disk.close();
  return { path: disk.tree, close, [Symbol.asyncDispose]: close };
}

/** A folder in which files can be cloned (FICLONE) and copied by reference: 512 MiB that take memory as they fill. */
export const reflinkDir = (type: 'btrfs' | 'xfs' = 'btrfs'): Promise<LabFolder> => fileSystem(type, 512 * 1024 * 1024);

/**
 * The command line that runs `argv` with other queue attributes of `device` than the kernel's, by their names in sysfs:
 * `{ zoned: 'host-managed', optimal_io_size: '65536' }`. Use it for properties that no loop device has.
 */
export function withQueue(device: string, attributes: Record<string, string>, argv: readonly string[]): string[] {
  const pairs = Object.entries(attributes).map(([name, value]) => `${name}=${value}`);
  return [resolve(HERE, 'queue.sh'), device, ...pairs, '--', ...argv];
}

/** What a loop device lacks: a model and a serial number. */
export interface Identity {
  model: string;
  serial: string;
}

/**
 * Gives loop devices, by backing file, a model and a serial number in the output of lsblk for one program and its
 * children. `folder` is empty and must outlive the program. `argv` is the program's command line; `name` sets the
 * identities from then on, even while it runs.
 */
export function withIdentities(
  folder: string,
  argv: readonly string[],
): { argv: string[]; name: (identities: Record<string, Identity>) => void } {
  const [lsblk, real, named] = ['/usr/bin/lsblk', `${folder}/lsblk.real`, `${folder}/identities.json`];
  const name = (identities: Record<string, Identity>): void => writeFileSync(named, JSON.stringify(identities));
  copyFileSync(lsblk, real);
  name({});
  const script = `#!${process.execPath}
const { execFileSync } = require('node:child_process');
const { readFileSync } = require('node:fs');
const identities = JSON.parse(readFileSync(${JSON.stringify(named)}, 'utf8'));
const said = JSON.parse(execFileSync(${JSON.stringify(real)}, process.argv.slice(2), { encoding: 'utf8' }));
for (const disk of said.blockdevices) {
  try {
    Object.assign(disk, identities[readFileSync('/sys/block/' + disk.kname + '/loop/backing_file', 'utf8').trim()]);
  } catch {} // no loop device, or one without a file
}
console.log(JSON.stringify(said));
`;
  writeFileSync(`${folder}/lsblk`, script, { mode: 0o755 });
  return {
    argv: [
      'unshare',
      ...FOLLOWING,
      'sh',
      '-c',
      `mount --bind "$0" "$1" && shift && exec "$@"`,
      `${folder}/lsblk`,
      lsblk,
      ...argv,
    ],
    name,
  };
}

/** Removes a partition of a disk of this test. Programs that list all devices may have it open for a moment. */
export async function removePartition(disk: string, number: number): Promise<void> {
  assertOwnLoop(disk);
  for (;;) {
    const { status, stderr } = spawnSync('delpart', [disk, String(number)], { encoding: 'utf8' });
    if (status === 0) return;
    if (!stderr.includes('busy')) throw new Error(stderr);
    await sleep(50);
  }
}

/**
 * Throws unless `path` is a loop device made by labdisk. Call this before a test itself writes to a block device. Only
 * the process that made a device over a caller's own file knows it.
 */
export function assertOwnLoop(path: string): void {
  const device = realpathSync(path);
  let backing = '';
  if (/^\/dev\/loop\d+$/.test(device)) {
    try {
      backing = readFileSync(`/sys/block/${basename(device)}/loop/backing_file`, 'utf8').trim();
    } catch {
      backing = ''; // not attached, so refused below
    }
  }
  if (OUR_DIRECTORY.test(backing) || (backing !== '' && attachedHere.get(device) === backing)) return;
  throw new Error(
    `${path} is not a device of the lab${backing && ` (it lies on ${backing})`}: refusing to write to it`,
  );
}

/** Bytes that depend only on `seed` and their offset. `offset` must be a multiple of 16. */
export function seededBytes(length: number, seed: number, offset = 0): Buffer {
  if (offset % 16 !== 0) throw new RangeError('offset must be a multiple of 16');
  const key = Buffer.alloc(16);
  key.writeUInt32LE(seed >>> 0);
  const counter = Buffer.alloc(16);
  counter.writeBigUInt64BE(BigInt(offset / 16), 8);
  return createCipheriv('aes-128-ctr', key, counter).update(Buffer.alloc(length));
}

/**
 * Bytes that depend only on `seed` and pack to about a third, as images do. `xz` takes five times as long for those of
 * `seededBytes`, which do not pack.
 */
export function packableBytes(length: number, seed: number): Buffer {
  const bytes = seededBytes(length, seed);
  for (let at = 0; at < length; at += 128) {
    bytes.copyWithin(at + 32, at, at + 32);
    bytes.subarray(at + 64, at + 128).fill(0);
  }
  return bytes;
}
