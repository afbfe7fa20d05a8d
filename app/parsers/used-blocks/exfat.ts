// exFAT, from its own bytes (Microsoft's exFAT specification). Pure.
import { within } from '../bytes/sample.ts';
import { BOOT_BYTES } from './fat.ts';

const BOOT = { length: 72, fatAt: 80, fatLength: 84, heapAt: 88, clusters: 92, root: 96, flags: 106 } as const;
const SHIFT = { sector: 108, cluster: 109, fats: 110 } as const;
/** Volume flags: which of two tables counts, dirty, media failure. */
const FLAGS = { second: 1, dirty: 2, failed: 4 } as const;
/** A directory entry, and the type of that of the bitmap. */
const ENTRY = 32;
const BITMAP = 0x81;
const LAST = 0xffffffff;
const FIRST = 2;

/** Where the parts of an exFAT are, in bytes. */
export interface ExfatLayout {
  fatAt: number;
  heapAt: number;
  cluster: number;
  clusters: number;
  /** Cluster of the root directory. */
  root: number;
  end: number;
  isDirty: boolean;
}

/** The layout that a boot sector of BOOT_BYTES describes; null when it is none that is read here. */
export function exfatLayout(boot: Buffer): ExfatLayout | null {
  if (boot.length < BOOT_BYTES || boot.toString('latin1', 3, 11) !== 'EXFAT   ') return null;
  const [sectorBits, clusterBits] = [boot.readUInt8(SHIFT.sector), boot.readUInt8(SHIFT.cluster)];
  const flags = boot.readUInt16LE(BOOT.flags);
  if (!within(sectorBits, 9, 12) || !within(clusterBits, 0, 25 - sectorBits)) return null;
  // TexFAT has two tables and two bitmaps.
  if (boot.readUInt8(SHIFT.fats) !== 1 || (flags & FLAGS.second) !== 0) return null;
  const sector = 2 ** sectorBits;
  const cluster = sector * 2 ** clusterBits;
  const clusters = boot.readUInt32LE(BOOT.clusters);
  const [fatAt, heapAt] = [boot.readUInt32LE(BOOT.fatAt) * sector, boot.readUInt32LE(BOOT.heapAt) * sector];
  const end = Number(boot.readBigUInt64LE(BOOT.length)) * sector;
  const fatEnd = fatAt + boot.readUInt32LE(BOOT.fatLength) * sector;
  if (!Number.isSafeInteger(end) || clusters === 0 || heapAt + clusters * cluster > end || fatEnd > heapAt) return null;
  if (fatAt + (clusters + FIRST) * 4 > fatEnd) return null;
  const root = boot.readUInt32LE(BOOT.root);
  if (!within(root, FIRST, clusters + 1)) return null;
  return { fatAt, heapAt, cluster, clusters, root, end, isDirty: (flags & (FLAGS.dirty | FLAGS.failed)) !== 0 };
}

/** Where a cluster begins. */
export const clusterAt = ({ heapAt, cluster }: ExfatLayout, number: number): number =>
  heapAt + (number - FIRST) * cluster;

/** First cluster and bytes of the bitmap, by the beginning of the root directory; null when it is not there. */
export function exfatBitmap(
  directory: Buffer,
  { clusters, cluster }: ExfatLayout,
): { first: number; bytes: number } | null {
  for (let at = 0; at + ENTRY <= directory.length && directory[at] !== 0; at += ENTRY) {
    if (directory[at] !== BITMAP) continue;
    const [first, bytes] = [directory.readUInt32LE(at + 20), Number(directory.readBigUInt64LE(at + 24))];
    const count = Math.ceil(bytes / cluster);
    const isRight = bytes === Math.ceil(clusters / 8) && within(first, FIRST, clusters + 2 - count);
    return isRight ? { first, bytes } : null;
  }
  return null;
}

/** True when the entries of the table for a file of `count` clusters from `first` on say that they follow each other. */
export function isContiguous(entries: Buffer, first: number, count: number): boolean {
  if (entries.length < count * 4) return false;
  for (let index = 0; index < count; index += 1)
    if (entries.readUInt32LE(index * 4) !== (index === count - 1 ? LAST : first + index + 1)) return false;
  return true;
}
