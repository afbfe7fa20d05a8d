// Maps of used blocks: what the programs of file systems print, and tables as they are on a disk. A reader throws
// nothing. A map that counts has ascending and disjoint ranges within its partition, the sum that it says, and no more
// ranges than its input has blocks to tell of. The first byte of an input names the reader, the second the partition's
// size.
import { ClusterBitmap } from '../../app/parsers/used-blocks/bitmap.ts';
import { BtrfsChunkReader, BtrfsExtentReader, BtrfsSuperReader } from '../../app/parsers/used-blocks/btrfs.ts';
import { clusterAt, exfatBitmap, exfatLayout, isContiguous } from '../../app/parsers/used-blocks/exfat.ts';
import { ExtReader } from '../../app/parsers/used-blocks/ext.ts';
import {
  F2FS_BLOCK,
  f2fsCheckpoint,
  f2fsLayout,
  F2fsTable,
  journalBlock,
  newestCheckpoint,
} from '../../app/parsers/used-blocks/f2fs.ts';
import { BOOT_BYTES, fatInfo, fatLayout, FatTable } from '../../app/parsers/used-blocks/fat.ts';
import { HFS_HEADER, hfsJournal, hfsLayout, isJournalEmpty } from '../../app/parsers/used-blocks/hfsplus.ts';
import { isHibernated, NtfsInfoReader, ntfsLogUnrest } from '../../app/parsers/used-blocks/ntfs.ts';
import { swapMap } from '../../app/parsers/used-blocks/swap.ts';
import { lengthOf, reasonAgainst, type LineReader, type MapAnswer } from '../../app/parsers/used-blocks/used-map.ts';
import { XfsFreeReader, XfsLogReader, XfsSuperReader } from '../../app/parsers/used-blocks/xfs.ts';
import { must } from './property.ts';

/** Between what several calls of a program print. */
const NEXT = '\f';
/** The largest partition of an input. */
const LARGEST = 2 ** 31;

function reading<R extends LineReader>(reader: R, text = ''): R {
  for (const line of text.split('\n')) reader.line(line);
  return reader;
}

/** The sum of a map is that of its free ranges, where the file system counts free blocks. */
type Read = (data: Buffer) => { map: MapAnswer; countsFree: boolean };

const texts = (data: Buffer): string[] => data.toString('latin1').split(NEXT);

const ext: Read = (data) => ({ map: reading(new ExtReader(), texts(data)[0]).answer, countsFree: true });

const xfs: Read = (data) => {
  const [log, head, free] = texts(data);
  const found = reading(new XfsSuperReader(), head).answer;
  const isClean = reading(new XfsLogReader(), log).isClean;
  const map = found === null ? null : reading(new XfsFreeReader(found), free).answer(isClean !== true);
  return { map, countsFree: false };
};

const btrfs: Read = (data) => {
  const [head, chunks, extents] = texts(data);
  const found = reading(new BtrfsSuperReader(), head).answer;
  const places = reading(new BtrfsChunkReader(), chunks).answer;
  const map = found === null || places === null ? null : reading(new BtrfsExtentReader(found, places), extents).answer;
  return { map, countsFree: false };
};

const ntfs: Read = (data) => {
  const [head = '', bits = ''] = texts(data);
  const found = reading(new NtfsInfoReader(), head).answer;
  const journal = ntfsLogUnrest(Buffer.concat([data, Buffer.alloc(8192)]));
  must(journal === null || journal === 'journal', 'a journal is empty or not');
  must(!(isHibernated(data) && data.length < 4), 'a signature has four bytes');
  if (found === null) return { map: null, countsFree: true };
  const bitmap = new ClusterBitmap(0, found.cluster, found.clusters);
  bitmap.take(Buffer.from(bits, 'latin1'));
  const { free } = bitmap;
  if (free === null) return { map: null, countsFree: true };
  const unrest = found.isDirty ? 'notUnmounted' : null;
  const { cluster, clusters, free: said } = found;
  return {
    map: { end: clusters * cluster, free, counted: lengthOf(free), said: said * cluster, unrest },
    countsFree: true,
  };
};

const fat: Read = (data) => {
  const layout = fatLayout(data.subarray(0, BOOT_BYTES));
  if (layout === null) return { map: null, countsFree: true };
  const table = new FatTable(layout);
  const bytes = data.subarray(BOOT_BYTES, BOOT_BYTES + layout.tableBytes);
  for (let at = 0; at < bytes.length; at += 500) table.take(bytes.subarray(at, at + 500));
  const info = data.subarray(-512);
  return { map: table.answer(fatInfo(info) ?? info.readUInt8(0), info.readUInt8(0) !== 1), countsFree: true };
};

const exfat: Read = (data) => {
  const layout = exfatLayout(data.subarray(0, BOOT_BYTES));
  const rest = data.subarray(BOOT_BYTES);
  const found = layout === null ? null : exfatBitmap(rest, layout);
  if (layout === null || found === null) return { map: null, countsFree: true };
  must(clusterAt(layout, found.first) + found.bytes <= layout.end, 'the bitmap is inside');
  isContiguous(rest, found.first, Math.min(found.bytes, 64));
  const bitmap = new ClusterBitmap(layout.heapAt, layout.cluster, layout.clusters);
  bitmap.take(rest.subarray(32));
  const { free } = bitmap;
  if (free === null) return { map: null, countsFree: true };
  const counted = lengthOf(free);
  return { map: { end: layout.end, free, counted, said: counted, unrest: null }, countsFree: true };
};

/** Bytes that an input gives of the superblock, of a checkpoint and of the journal of an f2fs; the rest is its table. */
const F2FS = { super: 100, payload: 104, feature: 108, checkpoint: 508, journal: 908 } as const;

/** An input has the parts of an f2fs that count, because it would not find them on a disk; its checksums are right. */
const f2fs: Read = (data) => {
  const no = { map: null, countsFree: false };
  if (data.length < F2FS.journal) return no;
  const head = Buffer.alloc(F2FS_BLOCK);
  data.copy(head, 1024, 0, F2FS.super);
  data.copy(head, 1024 + 1664, F2FS.super, F2FS.payload);
  data.copy(head, 1024 + 2180, F2FS.payload, F2FS.feature);
  const layout = f2fsLayout(head);
  // A maker reads no table of a file system that ends beyond its partition.
  if (layout === null || layout.blocks * F2FS_BLOCK > LARGEST) return no;
  const pack = Buffer.alloc(2 * F2FS_BLOCK);
  data.copy(pack, 0, F2FS.feature, F2FS.checkpoint);
  f2fsCheckpoint(pack, 512, layout);
  pack.writeUInt32LE(4092, 164);
  sealF2fs(pack);
  const checkpoint = newestCheckpoint([[f2fsCheckpoint(pack, 512, layout), f2fsCheckpoint(pack, 513, layout)]]);
  must(checkpoint !== null, 'a sealed checkpoint is whole');
  must(Number.isSafeInteger(journalBlock(checkpoint)), 'a place');
  const summary = Buffer.alloc(F2FS_BLOCK);
  data.copy(summary, (checkpoint.flags & 4) === 0 ? 3584 : 507, F2FS.checkpoint, F2FS.journal);
  const table = new F2fsTable(layout, checkpoint, pack, summary);
  for (let at = table.wanted, block = 0; at !== null; at = table.wanted, block += 1) {
    must(at >= layout.tableAt && at < layout.tableAt + 2 * layout.tableBlocks, 'a block of the table');
    must(block * 55 < layout.segments, 'no more blocks than the table has');
    const entries = Buffer.alloc(F2FS_BLOCK);
    data.copy(entries, 0, F2FS.journal + block * F2FS_BLOCK);
    table.take(entries);
  }
  return { map: table.answer, countsFree: false };
};

const hfsPlus: Read = (data) => {
  const layout = hfsLayout(data.subarray(0, HFS_HEADER.length));
  const rest = data.subarray(HFS_HEADER.length);
  const journal = hfsJournal(rest);
  must('unrest' in journal || Number.isSafeInteger(journal.at), 'a place');
  isJournalEmpty(rest);
  if (layout === null) return { map: null, countsFree: true };
  must(lengthOf(layout.bitmap) * 8 >= layout.blocks, 'a bit for each block');
  const bitmap = new ClusterBitmap(0, layout.block, layout.blocks, 'highest');
  bitmap.take(rest);
  const { free } = bitmap;
  if (free === null) return { map: null, countsFree: true };
  const end = layout.blocks * layout.block;
  const unrest = layout.isAtRest ? null : 'notUnmounted';
  return { map: { end, free, counted: lengthOf(free), said: layout.free * layout.block, unrest }, countsFree: true };
};

/** The head has its signature at the end of a page. */
const swap: Read = (data) => {
  const head = Buffer.alloc(65_536);
  data.copy(head, 1024);
  head.write('SWAPSPACE2', 4086, 'latin1');
  return { map: swapMap(head), countsFree: true };
};

/** The readers, by the first byte of an input. */
export const READERS = { ext, xfs, btrfs, ntfs, fat, exfat, f2fs, hfsPlus, swap } as const;

/** Gives both blocks of a checkpoint the checksum of the first. */
function sealF2fs(pack: Buffer): void {
  let sum = 0xf2f52010;
  for (const byte of pack.subarray(0, 4092)) {
    sum ^= byte;
    for (let bit = 0; bit < 8; bit += 1) sum = (sum >>> 1) ^ (sum & 1 ? 0xedb88320 : 0);
  }
  pack.writeUInt32LE(sum >>> 0, 4092);
  pack.copy(pack, F2FS_BLOCK, 0, F2FS_BLOCK);
}

export function fuzz(data: Buffer): void {
  if (data.length < 2) return;
  const all = Object.values(READERS);
  const { map, countsFree } = all[data.readUInt8(0) % all.length]!(data.subarray(2));
  if (map === null) return;
  must(map.free.length <= 8 * data.length + 8192, 'no more ranges than an input can tell of');
  const length = Math.min(LARGEST, 2 ** (data.readUInt8(1) % 54));
  if (reasonAgainst(map, length) !== null) return;
  let end = 0;
  for (const { offset, length: bytes } of map.free) {
    must(Number.isSafeInteger(offset) && offset >= end && bytes > 0, 'ranges are ascending and disjoint');
    end = offset + bytes;
  }
  must(end <= map.end && map.end <= length, 'ranges are inside the partition');
  must(map.said === map.counted && Number.isSafeInteger(map.counted), 'the sum is the figure');
  must(!countsFree || lengthOf(map.free) === map.counted, 'the figure is that of the free ranges');
}
