// The lab from TypeScript: a virtual disk with commanded faults, for as long as a test needs it. See README.md.
import { execFile, execFileSync, spawn } from 'node:child_process';
import { createCipheriv } from 'node:crypto';
import { once } from 'node:events';
import { accessSync, constants, readFileSync, realpathSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { basename, dirname, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { type Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const HERE = dirname(fileURLToPath(import.meta.url));
const BUILT = resolve(HERE, '../../out/lab/labdisk');
/** The directory labdisk makes for itself, as it shows in a loop device's backing_file. */
const OUR_DIRECTORY = /\/platter-lab-[A-Za-z0-9]{6}\//;
const CLOSE_TIMEOUT = 15_000;

/** How the disk is made. */
export interface LabDiskOptions {
  /** Bytes; may be left out when `file` exists. */
  size?: number;
  /** Logical sector in bytes, 512 if not said. */
  sector?: 512 | 4096;
  readOnly?: boolean;
  /** No faults: the loop device lies on the backing file itself. Fast. */
  plain?: boolean;
  /** False: no loop device; `device` is then a regular file with faults, which grows and can be truncated. */
  loop?: boolean;
  /** Through the page cache; a file then refuses O_DIRECT. */
  buffered?: boolean;
  /** Backing file to use and keep. */
  file?: string;
  /** Where the temporary directory goes; /dev/shm if not said. */
  dir?: string;
}

/** What the disk has seen since it was made or told `reset`. */
export interface LabCounters {
  reads: number;
  writes: number;
  flushes: number;
  zeroes: number;
  bytesRead: number;
  bytesWritten: number;
  bytesZeroed: number;
  errors: number;
  /** I/O that has arrived and not ended: held by a delay or a stall, or being done. */
  inFlight: number;
  rules: number;
  /** Visible size in bytes. */
  size: number;
}

/** One I/O of the log. `begin` and `end` come from one clock: a < b means a happened first. */
export interface LabEntry {
  op: 'read' | 'write' | 'flush' | 'zero';
  offset: number;
  length: number;
  begin: number;
  end: number;
  /** Name of the errno it failed with. */
  error: string | null;
}

/** A virtual disk. It goes when it is closed, and at the latest when this process ends, however that ends. */
export interface LabDisk extends AsyncDisposable {
  /** What a test hands to the program: /dev/loopN, or the file when there is no loop. */
  readonly device: string;
  /** The file behind it: what is on the medium. Writing to it goes past the rules. */
  readonly backing: string;
  readonly ctl: string;
  readonly pid: number;
  /** Gives rules, one a line each; throws when one is refused. */
  rule(...lines: string[]): Promise<void>;
  counters(): Promise<LabCounters>;
  /** What `log on` recorded, in the order in which it began. */
  log(): Promise<LabEntry[]>;
  /** The writes and zeroings of the log. */
  writes(): Promise<LabEntry[]>;
  /** Waits until the counters satisfy `condition`; throws after `timeout` ms. */
  waitFor(condition: (counters: LabCounters) => boolean, timeout?: number): Promise<void>;
  /** Removes the disk and everything of it. Idempotent. */
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

let built: Promise<unknown> | null = null;

/**
 * Compiles labdisk where it is not up to date, and gives its path. Several processes may do so at once.
 * PLATTER_LABDISK names another build, for example one with a sanitizer.
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
  if (options.size !== undefined) args.push('--size', String(options.size));
  if (options.sector !== undefined) args.push('--sector', String(options.sector));
  if (options.readOnly) args.push('--read-only');
  if (options.plain) args.push('--plain');
  if (options.loop === false) args.push('--no-loop');
  if (options.buffered) args.push('--buffered');
  if (options.file !== undefined) args.push('--file', options.file);
  if (options.dir !== undefined) args.push('--dir', options.dir);
  return args;
}

interface Announcement {
  device: string | null;
  disk: string | null;
  ctl: string | null;
  backing: string;
}

async function announcement(stdout: Readable): Promise<Announcement> {
  for await (const line of createInterface(stdout)) return JSON.parse(line) as Announcement;
  throw new Error('labdisk ended before its disk was ready; its stderr says why');
}

/** Loop devices over a file that a caller of this process gave, by device. */
const attachedHere = new Map<string, string>();

/** Makes a virtual disk. Throws when it cannot be made. */
export async function labdisk(options: LabDiskOptions): Promise<LabDisk> {
  const child = spawn(await buildLabdisk(), argumentsOf(options), { stdio: ['pipe', 'pipe', 'inherit'] });
  const exited = once(child, 'exit') as Promise<[number | null, NodeJS.Signals | null]>;
  const { device, disk, ctl, backing } = await announcement(child.stdout);
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
    pid: child.pid ?? -1,
    rule: (...lines) => writeFile(control(), lines.map((line) => `${line}\n`).join('')),
    counters,
    log,
    writes: async () => (await log()).filter((entry) => entry.op === 'write' || entry.op === 'zero'),
    async waitFor(condition, timeout = 10_000) {
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

/**
 * Throws unless `path` is a loop device that labdisk made: call it before a test writes to a block device itself.
 * A device over a caller's own file is known only to the process that made it.
 */
export function assertOwnLoop(path: string): void {
  const device = realpathSync(path);
  let backing = '';
  if (/^\/dev\/loop\d+$/.test(device)) {
    try {
      backing = readFileSync(`/sys/block/${basename(device)}/loop/backing_file`, 'utf8').trim();
    } catch {
      backing = ''; // not attached: refused below
    }
  }
  if (OUR_DIRECTORY.test(backing) || (backing !== '' && attachedHere.get(device) === backing)) return;
  throw new Error(`${path} is not a device of the lab${backing && ` (it lies on ${backing})`}: refusing to write to it`);
}

/** Bytes that depend on nothing but `seed` and their offset; `offset` must be a multiple of 16. */
export function seededBytes(length: number, seed: number, offset = 0): Buffer {
  if (offset % 16 !== 0) throw new RangeError('offset must be a multiple of 16');
  const key = Buffer.alloc(16);
  key.writeUInt32LE(seed >>> 0);
  const counter = Buffer.alloc(16);
  counter.writeBigUInt64BE(BigInt(offset / 16), 8);
  return createCipheriv('aes-128-ctr', key, counter).update(Buffer.alloc(length));
}
