// Images of programs, and packing them, for the rows of packed images.
import { execFileSync } from 'node:child_process';
import { closeSync, openSync, readdirSync, readFileSync, statSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { runProgram, type Sample } from './measure.ts';
import { PLATTER } from './contenders.ts';
import { missingProgram, quoted } from './shell.ts';

/** The commands that pack images. They contain IMAGE, and write to PACKED or else to their output. */
export const PACKINGS = {
  xz: 'xz -1 -T2 --block-size=4MiB -c IMAGE',
  xzOfOneBlock: 'xz -1 -T1 -c IMAGE',
  gzip: 'gzip -6 -c IMAGE',
  bzip2: 'bzip2 -9 -c IMAGE',
  zstd: "split -b 1M --filter='zstd -q -3 -c' IMAGE",
  zstdOfOneFrame: 'zstd -q -3 -c IMAGE',
  lz4: 'lz4 -q -1 -c IMAGE',
  /** Seekable zstd, as Platter writes it. */
  ours: `${quoted(process.execPath)} ${quoted(PLATTER)} copy IMAGE PACKED --yes --json --no-verify`,
} as const;

/** Runs a command that decodes to its output, which is discarded. */
export async function decodeBy(command: string): Promise<Sample> {
  const { wall, busy, memory } = await runProgram('sh', ['-c', `exec ${command} > /dev/null`]);
  return { seconds: wall, cpu: null, wall, busy, memory };
}

const SECTOR = 512;

/** A boot sector whose one partition is the rest of an image of `bytes` bytes. */
function bootSector(bytes: number): Buffer {
  const sector = Buffer.alloc(SECTOR);
  sector[446 + 4] = 0x83;
  sector.writeUInt32LE(1, 446 + 8);
  sector.writeUInt32LE(bytes / SECTOR - 1, 446 + 12);
  sector.writeUInt16LE(0xaa55, 510);
  return sector;
}

/** Fills the file at `path` with a boot sector and the contents of programs, as in an image of a system. */
export function fillWithPrograms(path: string, bytes: number): void {
  const folder = '/usr/bin';
  const file = openSync(path, 'w');
  let left = bytes - writeSync(file, bootSector(bytes));
  while (left > 0) {
    for (const name of readdirSync(folder)) {
      const program = join(folder, name);
      if (left === 0 || !statSync(program, { throwIfNoEntry: false })?.isFile()) continue;
      left -= writeSync(file, readFileSync(program), 0, Math.min(left, statSync(program).size));
    }
  }
  closeSync(file);
}

/**
 * Packs `image` into the new file `packed` with one of PACKINGS. Returns why that is not possible, or null when it is done.
 */
export function pack(command: string, image: string, packed: string): string | null {
  const program = /(?:filter=')?\b(xz|bzip2|zstd|gzip|lz4) /.exec(command)?.[1];
  const missing = program === undefined ? null : missingProgram(program);
  const output = command.includes('PACKED') ? '/dev/null' : packed;
  const script = `${command.replace('IMAGE', image).replace('PACKED', packed)} > ${output}`;
  if (missing === null) execFileSync('sh', ['-c', script]);
  return missing;
}
