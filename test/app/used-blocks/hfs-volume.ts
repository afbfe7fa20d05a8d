// An HFS+ with files and with free space. xorriso writes one without free space; this makes it larger.
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fragment, run } from './support.ts';

/** What can be wrong with it. `attributes`: of the volume; `free`: the blocks that it says to be free. */
export interface Odd {
  attributes?: number;
  free?: number;
  journal?: 'empty' | 'full';
}

const UNMOUNTED = 0x100;
const JOURNALED = 0x2000;
const HEADER = 1024;

/** A volume of `size` bytes in `folder`, with the files of its folder "files". Resolves to its path. */
export async function grownVolume(folder: string, size: number, odd: Odd = {}): Promise<string> {
  const [files, iso, path] = [join(folder, 'files'), join(folder, 'hfs.iso'), join(folder, 'h.img')];
  await fragment(files, 12, 90_000);
  await run('xorriso', '-as', 'mkisofs', '-hfsplus', '-o', iso, files);
  const disk = await readFile(iso);
  const header = disk.indexOf(Buffer.from('H+\0\x04', 'latin1'));
  const old = disk.subarray(header - HEADER);
  const block = old.readUInt32BE(HEADER + 40);
  const oldBlocks = old.readUInt32BE(HEADER + 44);
  const volume = Buffer.alloc(size);
  old.copy(volume, 0, 0, oldBlocks * block);
  grow(volume, block, oldBlocks, odd);
  await writeFile(path, volume);
  return path;
}

/** Gives the volume a larger bitmap beyond its old end, and its header anew. */
function grow(volume: Buffer, block: number, oldBlocks: number, { attributes = UNMOUNTED, free, journal }: Odd): void {
  const blocks = volume.length / block;
  const bitmapAt = oldBlocks + 100;
  const bitmapBlocks = Math.ceil(blocks / 8 / block);
  const [infoAt, journalAt] = [bitmapAt + bitmapBlocks + 50, bitmapAt + bitmapBlocks + 60];
  // The last two of the old blocks had its bitmap and the copy of its header.
  const used = [
    [0, oldBlocks - 2],
    [bitmapAt, bitmapBlocks],
    [blocks - 1, 1],
    ...(journal
      ? [
          [infoAt, 1],
          [journalAt, 8],
        ]
      : []),
  ];
  const bitmap = volume.subarray(bitmapAt * block, (bitmapAt + bitmapBlocks) * block);
  let count = 0;
  for (const [first, length] of used as [number, number][])
    for (let at = first; at < first + length; at += 1) {
      bitmap[at >> 3]! |= 0x80 >> (at & 7);
      count += 1;
    }
  const header = volume.subarray(HEADER, HEADER + 512);
  header.writeUInt32BE(journal ? attributes | JOURNALED : attributes, 4);
  header.writeUInt32BE(journal ? infoAt : 0, 12);
  header.writeUInt32BE(blocks, 44);
  header.writeUInt32BE(free ?? blocks - count, 48);
  header.writeUInt32BE(0, 52);
  header.fill(0, 112, 192);
  header.writeBigUInt64BE(BigInt(bitmapBlocks * block), 112);
  header.writeUInt32BE(block, 120);
  header.writeUInt32BE(bitmapBlocks, 124);
  header.writeUInt32BE(bitmapAt, 128);
  header.writeUInt32BE(bitmapBlocks, 132);
  header.copy(volume, volume.length - 1024);
  if (journal)
    journals(volume.subarray(infoAt * block), volume.subarray(journalAt * block), journalAt * block, journal);
}

/** Writes the block that tells of a journal, and the head of the journal as an Intel Mac does. */
function journals(info: Buffer, head: Buffer, at: number, state: 'empty' | 'full'): void {
  info.writeUInt32BE(1, 0);
  info.writeBigUInt64BE(BigInt(at), 36);
  info.writeBigUInt64BE(16_384n, 44);
  head.writeUInt32LE(0x4a4e4c78, 0);
  head.writeUInt32LE(0x12345678, 4);
  head.writeBigUInt64LE(512n, 8);
  head.writeBigUInt64LE(state === 'empty' ? 512n : 4096n, 16);
  head.writeBigUInt64LE(16_384n, 24);
}
