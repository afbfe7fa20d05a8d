// Packed images for jobs, made by other people's tools, and disks to copy them to.
import { execFileSync } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import type { JobResult } from '../../../app/contract/jobs.ts';
import { decoderLacks } from '../../../build/native.mjs';
import { canLab, packableBytes, type LabDisk } from '../../lab/lab.ts';
import type { Facts } from '../../requests.ts';
import { lacks } from '../parsers/source-files.ts';
import { head, MiB, resultOf, type Workbench } from './support.ts';

export const SIZE = 12 * MiB;
const BLANK = Buffer.alloc(MiB);
const missing = decoderLacks();
/** Why jobs with a packed source cannot be tested here; null when they can. */
export const skip =
  canLab() ?? (missing.length > 0 ? `without ${missing.join(', ')}: install the -dev packages` : null);

/** The command with which each tool packs FILE into FILE.packed. */
const TOOLS = {
  'xz in blocks': 'xz -1 -T2 --block-size=1MiB -c FILE > FILE.packed',
  xz: 'xz -1 -T1 -c FILE > FILE.packed',
  gzip: 'gzip -1 -c FILE > FILE.packed',
  bzip2: 'bzip2 -1 -c FILE > FILE.packed',
  zstd: 'zstd -q -1 -c FILE > FILE.packed',
  lz4: 'lz4 -q -1 -c FILE > FILE.packed',
  zip: 'zip -q -1 -j FILE.zip FILE && mv FILE.zip FILE.packed',
} as const;
export type Tool = keyof typeof TOOLS;
/** The installed ones. */
export const HERE = (Object.keys(TOOLS) as Tool[]).filter((tool) => lacks(tool.split(' ')[0]!) === null);

/** An image with a partition table, and its packed form. */
export async function packedBy(bench: Workbench, tool: Tool, size = SIZE): Promise<{ image: string; file: string }> {
  const image = await bench.path('disk.img');
  const bytes = packableBytes(size, 7);
  bytes.fill(0, Math.floor(size / 3), Math.floor(size / 2));
  bytes.writeUInt16LE(0xaa55, 510);
  Buffer.from([0x80, 0, 0, 0, 0x83, 0, 0, 0, 0, 8, 0, 0, 0, 16, 0, 0]).copy(bytes, 446);
  bytes.fill(0, 462, 510);
  await writeFile(image, bytes);
  execFileSync('sh', ['-c', TOOLS[tool].replaceAll('FILE', image)]);
  return { image, file: `${image}.packed` };
}

/** A disk with old content. */
export const oldDisk = async (bench: Workbench, size = SIZE, seed = 1): Promise<LabDisk> =>
  bench.disk({ size, file: await bench.image(`old-${seed}`, size, seed) });

/**
 * Copies a source of SIZE to a disk and to an image in a folder with room for `room`, which is too little. Retries the
 * image when there is room, before the disk is done. Resolves to the image's path, and the result of both.
 */
export async function retriedWithRoom(
  bench: Workbench,
  room: string,
  name: string,
  request: Facts,
): Promise<{ image: string; result: JobResult }> {
  const folder = await bench.smallFolder(room);
  const image = `${folder}/${name}`;
  const disk = await oldDisk(bench);
  await disk.rule('stall w 10M 1M');
  const session = bench.session();
  await session.begin({ ...request, destinations: [image, disk.device], asIs: true });
  await session.until(({ event }) => event === 'error');
  await disk.waitFor(({ stalled }) => stalled > 0);

  execFileSync('mount', ['-o', 'remount,size=40M', folder]);
  await session.engine.call('retry', { destination: 0 });
  await disk.rule('go');
  return { image, result: await resultOf(session) };
}

export const isBlank = (disk: LabDisk): boolean => head(disk.backing, MiB).equals(BLANK);
