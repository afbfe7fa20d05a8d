// HFS+ and HFSX, from their own bytes (Apple's Technical Note 1150): the volume header, the journal, and where the bitmap
// of blocks is. Pure.
import type { Extent } from '../../contract/values.ts';
import { isPowerOfTwo } from '../file-systems/signature.ts';
import type { Unrest } from './used-map.ts';

/** Where the volume header is, and its bytes. */
export const HFS_HEADER = { offset: 1024, length: 512 } as const;
/** Bytes of the block that tells where the journal is, and of the head of the journal, that count. */
export const JOURNAL_INFO_BYTES = 52;
export const JOURNAL_HEAD_BYTES = 24;
const VERSIONS: ReadonlyMap<string, number> = new Map([
  ['H+', 4],
  ['HX', 5],
]);
/** Attributes of a volume. */
const ATTRIBUTES = { unmounted: 1 << 8, inconsistent: 1 << 11, journaled: 1 << 13 } as const;
/** The extents of the bitmap's file. More of them are in a tree. */
const BITMAP = { blocksAt: 124, extentsAt: 128, extents: 8 } as const;
/** Flags of a journal: in the volume, on another device, not begun. */
const JOURNAL = { here: 1, elsewhere: 2, new: 4, magic: 0x4a4e4c78, endian: 0x12345678 } as const;

/** The layout in a volume header. In bytes. */
export interface HfsLayout {
  block: number;
  blocks: number;
  free: number;
  /** The bitmap, in its order. */
  bitmap: readonly Extent[];
  /** Where the block is that tells of the journal; null without a journal. */
  journalAt: number | null;
  isAtRest: boolean;
}

/** The layout that a volume header describes; null when it is none that is read here. */
export function hfsLayout(header: Buffer): HfsLayout | null {
  if (header.length < HFS_HEADER.length) return null;
  if (VERSIONS.get(header.toString('latin1', 0, 2)) !== header.readUInt16BE(2)) return null;
  const [attributes, journal] = [header.readUInt32BE(4), header.readUInt32BE(12)];
  const [block, blocks, free] = [header.readUInt32BE(40), header.readUInt32BE(44), header.readUInt32BE(48)];
  if (!isPowerOfTwo(block, 512, 2 ** 30) || blocks === 0 || free > blocks) return null;
  const bitmap: Extent[] = [];
  for (let index = 0; index < BITMAP.extents; index += 1) {
    const at = BITMAP.extentsAt + index * 8;
    const [first, count] = [header.readUInt32BE(at), header.readUInt32BE(at + 4)];
    if (count === 0) break;
    if (first + count > blocks) return null;
    bitmap.push({ offset: first * block, length: count * block });
  }
  const bytes = bitmap.reduce((sum, { length }) => sum + length, 0);
  if (bytes < Math.ceil(blocks / 8) || bytes !== header.readUInt32BE(BITMAP.blocksAt) * block) return null;
  const isJournaled = (attributes & ATTRIBUTES.journaled) !== 0;
  if (isJournaled && (journal === 0 || journal >= blocks)) return null;
  const isAtRest = (attributes & ATTRIBUTES.unmounted) !== 0 && (attributes & ATTRIBUTES.inconsistent) === 0;
  return { block, blocks, free, bitmap, journalAt: isJournaled ? journal * block : null, isAtRest };
}

/** Where the journal begins, by the block that tells of it. `unrest`: why the map does not count, or that it may. */
export function hfsJournal(info: Buffer): { at: number } | { unrest: Unrest | null } {
  if (info.length < JOURNAL_INFO_BYTES) return { unrest: 'journal' };
  const flags = info.readUInt32BE(0);
  if ((flags & JOURNAL.elsewhere) !== 0) return { unrest: 'severalDevices' };
  if ((flags & JOURNAL.here) === 0) return { unrest: 'journal' };
  if ((flags & JOURNAL.new) !== 0) return { unrest: null };
  const at = Number(info.readBigUInt64BE(36));
  return Number.isSafeInteger(at) ? { at } : { unrest: 'journal' };
}

/** True for the head of a journal, written by a machine of either byte order, that has nothing to replay. */
export function isJournalEmpty(head: Buffer): boolean {
  if (head.length < JOURNAL_HEAD_BYTES) return false;
  const isBig = head.readUInt32BE(4) === JOURNAL.endian;
  if (!isBig && head.readUInt32LE(4) !== JOURNAL.endian) return false;
  if ((isBig ? head.readUInt32BE(0) : head.readUInt32LE(0)) !== JOURNAL.magic) return false;
  return head.subarray(8, 16).equals(head.subarray(16, 24));
}
