// The makers of maps of f2fs and HFS+, which keep tables that are read here.
import { ClusterBitmap } from '../../parsers/used-blocks/bitmap.ts';
import {
  F2FS_BLOCK,
  F2FS_HEAD_BYTES,
  f2fsCheckpoint,
  f2fsLayout,
  F2fsTable,
  journalBlock,
  newestCheckpoint,
  type F2fsCheckpoint,
  type F2fsLayout,
} from '../../parsers/used-blocks/f2fs.ts';
import {
  HFS_HEADER,
  hfsJournal,
  hfsLayout,
  isJournalEmpty,
  JOURNAL_HEAD_BYTES,
  JOURNAL_INFO_BYTES,
} from '../../parsers/used-blocks/hfsplus.ts';
import { lengthOf, withTooMany, type Unrest } from '../../parsers/used-blocks/used-map.ts';
import type { Made, Place } from './maker.ts';
import { bytesAt, bytesIn } from './source-bytes.ts';

const ODD: Made = { why: { kind: 'usedOdd', program: 'platter' } };

/** f2fs keeps a table of its segments, and the count of its valid blocks in each checkpoint. */
export async function f2fs({ device, place, signal }: Place): Promise<Made> {
  const layout = f2fsLayout(await bytesAt(device, place.offset, F2FS_HEAD_BYTES));
  if (layout === null || layout.blocks * F2FS_BLOCK > place.length) return ODD;
  const block = (at: number, count = 1): Promise<Buffer> =>
    bytesAt(device, place.offset + at * F2FS_BLOCK, count * F2FS_BLOCK);
  const newest = newestCheckpoint(await Promise.all(layout.checkpoints.map((at) => pack(at, layout, block))));
  if (newest === null) return ODD;
  const table = new F2fsTable(
    layout,
    newest,
    await block(newest.at, 1 + Math.min(layout.payload, MOST_PAYLOAD)),
    await block(journalBlock(newest)),
  );
  for (let at = table.wanted; at !== null && signal?.aborted !== true; at = table.wanted) table.take(await block(at));
  return table.answer ?? ODD;
}

/** Blocks of a bitmap that are read: 64 bytes of it tell of a TiB. */
const MOST_PAYLOAD = 32;

/** The first and the last block of a checkpoint. */
async function pack(
  at: number,
  layout: F2fsLayout,
  block: (at: number) => Promise<Buffer>,
): Promise<[F2fsCheckpoint | null, F2fsCheckpoint | null]> {
  const first = f2fsCheckpoint(await block(at), at, layout);
  if (first === null || first.blocks < 2) return [null, null];
  const last = at + first.blocks - 1;
  return [first, f2fsCheckpoint(await block(last), last, layout)];
}

/** HFS+ keeps a bitmap of its blocks, and the count of the free ones in its header. */
export async function hfsPlus({ device, place }: Place): Promise<Made> {
  const within = (at: number, length: number): Promise<Buffer> => bytesAt(device, place.offset + at, length);
  const layout = hfsLayout(await within(HFS_HEADER.offset, HFS_HEADER.length));
  if (layout === null) return ODD;
  const { block, blocks, free: said, isAtRest, journalAt } = layout;
  const end = blocks * block;
  if (end > place.length) return { why: { kind: 'usedBeyond' } };
  const bitmap = new ClusterBitmap(0, block, blocks, 'highest');
  for (const { offset, length } of layout.bitmap)
    for await (const bytes of bytesIn(device, { offset: place.offset + offset, length })) bitmap.take(bytes);
  const { free } = bitmap;
  if (free === null) return ODD;
  if (bitmap.areTooMany) return withTooMany(end);
  const unrest = isAtRest ? (journalAt === null ? null : await journalUnrest(journalAt, end, within)) : 'notUnmounted';
  return { end, free, counted: lengthOf(free), said: said * block, unrest };
}

/** The reason why the journal forbids a map; null for an empty one. */
async function journalUnrest(
  infoAt: number,
  end: number,
  within: (at: number, length: number) => Promise<Buffer>,
): Promise<Unrest | null> {
  const journal = hfsJournal(await within(infoAt, JOURNAL_INFO_BYTES));
  if ('unrest' in journal) return journal.unrest;
  if (journal.at + JOURNAL_HEAD_BYTES > end) return 'journal';
  return isJournalEmpty(await within(journal.at, JOURNAL_HEAD_BYTES)) ? null : 'journal';
}
