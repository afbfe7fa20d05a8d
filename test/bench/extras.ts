// Figures other than the times of copies: the cost of hashing and the size of a manifest.
import { createRequire } from 'node:module';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeBed } from './bed.ts';
import { commandLine } from './contenders.ts';
import { GiB, median, MiB } from './figures.ts';

const TB = 1e12;

/** The figure, or why it was not measured. */
export interface Extras {
  /** Seconds of processor time to hash 1 GiB with XXH3-128, each MiB from the processor's cache. */
  hashing: number | string;
  /** Bytes of a manifest for each 10^12 bytes of a disk. */
  manifest: number | string;
}

/** This package contains the same source from which ours is compiled. */
function hashing(rounds: number): number {
  const { XXHash128 } = createRequire(import.meta.url)('xxhash-addon') as { XXHash128: { hash(data: Buffer): Buffer } };
  const chunk = Buffer.alloc(MiB, 'platter');
  const seconds = Array.from({ length: rounds }, () => {
    const before = process.cpuUsage();
    for (let i = 0; i < GiB / MiB; i += 1) XXHash128.hash(chunk);
    const { user, system } = process.cpuUsage(before);
    return (user + system) / 1e6;
  });
  return median(seconds);
}

/** Use the slope between two sizes, because the fixed part of a short manifest would count too much. */
async function manifest(): Promise<number> {
  const folder = await mkdtemp(join(tmpdir(), 'platter-bench-'));
  const bed = await makeBed({ bytes: 64 * MiB, destinations: 1, source: { plain: true } });
  const sizeOf = async (source: string, bytes: number): Promise<number> => {
    const file = join(folder, `${String(bytes)}.manifest`);
    await commandLine({ source, destinations: [bed.destinations[0]!.device], bytes }, ['--manifest', file]);
    return (await stat(file)).size;
  };
  try {
    const small = await makeBed({ bytes: 16 * MiB, destinations: 0 });
    try {
      const grown = (await sizeOf(bed.source.device, bed.bytes)) - (await sizeOf(small.source.device, small.bytes));
      return (grown / (bed.bytes - small.bytes)) * TB;
    } finally {
      await small.close();
    }
  } finally {
    await bed.close();
    await rm(folder, { recursive: true });
  }
}

/** The result of `work`, or the message of its error. */
export async function orWhy<T>(work: () => T | Promise<T>): Promise<T | string> {
  try {
    return await work();
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** Measures all of them. */
export async function takeExtras(rounds: number): Promise<Extras> {
  return { hashing: await orWhy(() => hashing(rounds)), manifest: await orWhy(manifest) };
}
