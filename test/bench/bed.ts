// The devices of a row: a source whose bytes do not repeat, and destinations whose memory is already allocated.
// Afterwards it proves that the timed program made a copy.
import { execFile } from 'node:child_process';
import { open, readFile, stat, statfs } from 'node:fs/promises';
import { promisify } from 'node:util';
import { labdisk, seededBytes, type LabDisk, type LabDiskOptions } from '../lab/lab.ts';
import { MiB, sizeText } from './figures.ts';

const run = promisify(execFile);
const FILL = 16 * MiB;
/** Memory for everything but the devices: programs, page tables and other users. */
const SPARE = 2048 * MiB;

/** One source and its destinations. */
export interface Bed {
  bytes: number;
  source: LabDisk;
  destinations: LabDisk[];
  close(): Promise<void>;
}

export interface BedOptions {
  /** Size of every device in bytes. */
  bytes: number;
  destinations: number;
  /** By default loop devices straight on memory. */
  source?: LabDiskOptions;
  /** Options of each destination. */
  destination?: (index: number) => LabDiskOptions;
  /** Only the first quarter of each 64 MiB of the source is data; the rest is holes. */
  sparse?: boolean;
}

/** Throws when there is not enough free memory for `bytes` of devices. */
export async function mustFit(bytes: number): Promise<void> {
  const available = Number(/^MemAvailable:\s+(\d+) kB$/mu.exec(await readFile('/proc/meminfo', 'utf8'))?.[1]) * 1024;
  const { bavail, bsize } = await statfs('/dev/shm');
  const room = Math.min(available, bavail * bsize) - SPARE;
  if (bytes > room)
    throw new Error(
      `the devices live in memory and take ${sizeText(bytes)}, there is room for ${sizeText(Math.max(room, 0))}: choose a smaller --size`,
    );
}

/** Writes the results of `piece` to a backing file, from `at` to `at + length`. */
async function fill(
  path: string,
  ranges: readonly { at: number; length: number }[],
  piece: (at: number, length: number) => Buffer,
): Promise<void> {
  const file = await open(path, 'r+');
  try {
    for (const { at, length } of ranges) {
      for (let from = at; from < at + length; from += FILL) {
        const part = Math.min(FILL, at + length - from);
        await file.write(piece(from, part), 0, part, from);
      }
    }
  } finally {
    await file.close();
  }
}

const zeros = Buffer.alloc(FILL);
const zeroPiece = (_: number, length: number): Buffer => zeros.subarray(0, length);
const noise =
  (seed: number) =>
  (at: number, length: number): Buffer =>
    seededBytes(length, seed, at);

function dataOf(bytes: number, sparse: boolean): { at: number; length: number }[] {
  if (!sparse) return [{ at: 0, length: bytes }];
  const [region, data] = [64 * MiB, 16 * MiB];
  return Array.from({ length: Math.ceil(bytes / region) }, (_, i) => ({
    at: i * region,
    length: Math.min(data, bytes - i * region),
  }));
}

/** Makes the devices. Allocates the memory of the destinations now, so that no timed program has to. */
export async function makeBed(options: BedOptions): Promise<Bed> {
  const {
    bytes,
    destinations: count,
    source: how = { plain: true },
    destination = () => ({ plain: true }),
    sparse = false,
  } = options;
  const disks: LabDisk[] = [];
  const close = async (): Promise<void> => {
    for (const disk of disks.splice(0)) await disk.close();
  };
  try {
    const source = await labdisk({ size: bytes, ...how });
    disks.push(source);
    await fill(source.backing, dataOf(bytes, sparse), noise(1));
    for (let i = 0; i < count; i += 1) disks.push(await labdisk({ size: bytes, ...destination(i) }));
    const bed = { bytes, source, destinations: disks.slice(1), close };
    await refill(bed);
    return bed;
  } catch (error) {
    await close();
    throw error;
  }
}

/** Allocates the destinations' memory again, after a program freed some by making holes. */
export async function refill({ destinations, bytes }: Bed): Promise<void> {
  for (const disk of destinations) await fill(disk.backing, [{ at: 0, length: bytes }], zeroPiece);
}

/** True when a destination has less memory than its length. */
export async function hasHoles({ destinations, bytes }: Bed): Promise<boolean> {
  const blocks = await Promise.all(destinations.map(async ({ backing }) => (await stat(backing)).blocks * 512));
  return blocks.some((held) => held < bytes);
}

/** Changes single MiB of every destination, so that an incomplete copy is detected. */
export async function spoil({ destinations, bytes }: Bed, share = 0): Promise<void> {
  const chunks = bytes / MiB;
  const count = Math.max(3, Math.round(chunks * share));
  const ranges = Array.from({ length: count }, (_, i) => ({
    at: Math.floor((i * (chunks - 1)) / (count - 1)) * MiB,
    length: MiB,
  }));
  for (const [i, disk] of destinations.entries()) await fill(disk.backing, ranges, noise(100 + i));
}

/** Makes every destination equal to the source. */
export async function level({ source, destinations }: Bed): Promise<void> {
  for (const { backing } of destinations)
    await run('dd', [`if=${source.backing}`, `of=${backing}`, 'bs=1M', 'conv=notrunc', 'status=none']);
}

/** Throws unless every destination (except the slow one) equals the source, according to cmp. */
export async function mustBeCopies({ source, destinations, bytes }: Bed, slow?: number): Promise<void> {
  for (const [i, { backing }] of destinations.entries()) {
    if (i === slow) continue;
    try {
      await run('cmp', ['-n', String(bytes), source.backing, backing]);
    } catch (error) {
      throw new Error(`destination ${String(i)} is no copy: ${String((error as { stdout?: string }).stdout).trim()}`, {
        cause: error,
      });
    }
  }
}
