// Partition tables written byte by byte, valid and invalid.
import { crc32 } from 'node:zlib';
import { insideOf } from '../../../app/parsers/disk-content.ts';
import { PIECE, Pieces } from '../../../app/parsers/bytes/pieces.ts';
import type { Inside } from '../../../app/contract/disk-content.ts';

export const MiB = 1024 ** 2;

/** An entry of an MBR, in sectors. */
export interface MbrEntry {
  type: number;
  start: number;
  count: number;
  active?: boolean;
}

/** Writes an MBR, or a record of the chain of logical partitions, at `at`. */
export function writeMbr(disk: Buffer, entries: readonly MbrEntry[], at = 0, signature = 0): void {
  disk.writeUInt32LE(signature, at + 440);
  disk.fill(0, at + 446, at + 510);
  entries.forEach(({ type, start, count, active = false }, index) => {
    const entry = at + 446 + 16 * index;
    disk[entry] = active ? 0x80 : 0;
    disk[entry + 4] = type;
    disk.writeUInt32LE(start, entry + 8);
    disk.writeUInt32LE(count, entry + 12);
  });
  disk.writeUInt16LE(0xaa55, at + 510);
}

/** A disk of `bytes` with an MBR, sound or not. */
export function mbrDisk(bytes: number, entries: readonly MbrEntry[]): Buffer {
  const disk = Buffer.alloc(bytes);
  writeMbr(disk, entries);
  return disk;
}

/** The claims of a GPT header, in sectors. */
export interface GptClaims {
  sector?: number;
  /** Sector of this header and of the other one. */
  own?: bigint;
  other?: bigint;
  entriesAt?: bigint;
  count?: number;
  entry?: number;
  /** First and last sector of each partition. */
  partitions?: readonly (readonly [bigint, bigint])[];
}

/** Writes a header and its entries with correct checksums. */
export function writeGpt(disk: Buffer, claims: GptClaims = {}): void {
  const { sector = 512, count = 128, entry = 128, partitions = [[40n, 79n]] } = claims;
  const { own = 1n, other = BigInt(Math.floor(disk.length / sector) - 1), entriesAt = 2n } = claims;
  const entries = Buffer.alloc(Math.min(count * entry, MiB));
  partitions.forEach(([first, last], index) => {
    const at = index * entry;
    Buffer.from('af3dc60f838472478e793d69d8477de4', 'hex').copy(entries, at);
    entries.fill(index + 1, at + 16, at + 32);
    entries.writeBigUInt64LE(first, at + 32);
    entries.writeBigUInt64LE(last, at + 40);
    entries.write(`part ${index + 1}`, at + 56, 'utf16le');
  });
  if (entriesAt < BigInt(disk.length / sector)) entries.copy(disk, Number(entriesAt) * sector);
  const header = disk.subarray(Number(own) * sector, Number(own) * sector + 92);
  header.fill(0);
  header.write('EFI PART', 'latin1');
  [0x10000, 92].forEach((value, index) => header.writeUInt32LE(value, 8 + 4 * index));
  header.writeBigUInt64LE(own, 24);
  header.writeBigUInt64LE(other, 32);
  header.fill(0x33, 56, 72);
  header.writeBigUInt64LE(entriesAt, 72);
  [count, entry, crc32(entries)].forEach((value, index) => header.writeUInt32LE(value, 80 + 4 * index));
  header.writeUInt32LE(crc32(header), 16);
}

/** A disk of `bytes` bytes with a GPT, its backup and a protective MBR. */
export function gptDisk(bytes = MiB, claims: GptClaims = {}): Buffer {
  const { sector = 512 } = claims;
  const disk = Buffer.alloc(bytes);
  const sectors = BigInt(Math.floor(bytes / sector));
  writeMbr(disk, [{ type: 0xee, start: 1, count: Number(sectors) - 1 }]);
  writeGpt(disk, claims);
  const entries = BigInt(Math.ceil((128 * 128) / sector));
  writeGpt(disk, { ...claims, own: sectors - 1n, other: 1n, entriesAt: sectors - 1n - entries });
  return disk;
}

/** The same with a partition in the MBR, which makes it a hybrid. */
export function hybridDisk(): Buffer {
  const disk = gptDisk();
  writeMbr(disk, [
    { type: 0xee, start: 1, count: 39 },
    { type: 0x0c, start: 40, count: 40, active: true },
  ]);
  return disk;
}

/** A disk with an extended partition at sector 2. `chain` has its records, by their sectors in it. */
export function extended(chain: readonly { at: number; own?: MbrEntry; next?: number }[]): Buffer {
  const disk = Buffer.alloc(MiB);
  writeMbr(disk, [{ type: 0x0f, start: 2, count: 2000 }], 0, 0x1234abcd);
  for (const { at, own, next } of chain)
    writeMbr(
      disk,
      [...(own === undefined ? [] : [own]), ...(next === undefined ? [] : [{ type: 5, start: next, count: 10 }])],
      (2 + at) * 512,
    );
  return disk;
}

/** The logical partition in a record. */
export const LOGICAL = { type: 0x83, start: 10, count: 50 };

/** The content of `disk`, read in pieces. `reachable`: the number of bytes that can be read. */
export function insideDisk(
  disk: Buffer,
  logicalSector: number | null = null,
  { reachable = disk.length, size = disk.length }: { reachable?: number; size?: number | null } = {},
): Inside {
  const pieces = new Pieces(size);
  for (let round = 0; round < 1000; round += 1) {
    const inside = insideOf(pieces, logicalSector);
    const missing = pieces.takeMissing();
    if (missing.length === 0) return inside;
    for (const piece of missing)
      pieces.put(piece, disk.subarray(piece * PIECE, Math.min((piece + 1) * PIECE, reachable)));
  }
  throw new Error('it asks for more for ever');
}
