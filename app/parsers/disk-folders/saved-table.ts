// The partition table that a folder keeps byte for byte, beside what its dump says of the same disk. Pure.
import { Sample } from '../bytes/sample.ts';
import { gptIn } from '../partitions/gpt.ts';
import { mbrEntries } from '../partitions/mbr.ts';
import { SECTOR } from './disk-plan.ts';
import type { SfdiskDump } from './sfdisk-dump.ts';

/** 'other': it has other partitions than the dump. 'damaged': it has them, and a wrong checksum. */
export type SavedTable = 'right' | 'damaged' | 'other';

/** Partitions of an MBR with larger numbers are in tables of their own. */
const MOST_PRIMARY = 4;

/** Compares the saved table of a disk of `size` bytes with its dump. `head`: the first sectors of the disk. */
export function savedTable({ label, partitions }: SfdiskDump, head: Buffer, size: number): SavedTable {
  const disk = new Sample(head, Buffer.alloc(0), size);
  const dumped = partitions
    .filter(({ number }) => label === 'gpt' || number <= MOST_PRIMARY)
    .map((one) => `${one.start} ${one.size}`);
  if (label === 'dos') {
    const entries = (mbrEntries(disk) ?? []).filter(({ type, sectors }) => type !== 0 && sectors > 0);
    return isSame(
      dumped,
      entries.map(({ start, sectors }) => `${start} ${sectors}`),
    )
      ? 'right'
      : 'other';
  }
  const gpt = gptIn(disk, SECTOR);
  const saved = (gpt?.partitions ?? []).map((one) => `${one.start / SECTOR} ${one.size / SECTOR}`);
  if (gpt?.sector !== SECTOR || !isSame(dumped, saved)) return 'other';
  return gpt.header === 'right' && gpt.entries === 'right' ? 'right' : 'damaged';
}

const isSame = (some: readonly string[], others: readonly string[]): boolean =>
  some.toSorted().join() === others.toSorted().join();
