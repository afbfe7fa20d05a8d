// The partition table of a disk or an image.
import type { PartitionTable } from '../../contract/disk-content.ts';
import type { Bytes } from '../bytes/sample.ts';
import { gptIn } from './gpt.ts';
import { mbrIn } from './mbr.ts';

/**
 * Reads the table that systems use; null when there is none. `logicalSector`: that of a disk, in bytes; null for an
 * image. `beginsAt` tells whether something is recognised at an offset.
 */
export function tableIn(
  disk: Bytes,
  logicalSector: number | null,
  beginsAt: (offset: number) => boolean,
): PartitionTable | null {
  const gpt = gptIn(disk, logicalSector);
  if (gpt !== null && gpt.mbr !== 'missing') return gpt;
  const mbr = mbrIn(disk, logicalSector, beginsAt);
  if (gpt === null) return mbr;
  return mbr === null || mbr.partitions.length === 0 ? gpt : { ...mbr, gptToo: true };
}

/** The least size in bytes of a disk or an image, according to its table. 0 when the table cannot be trusted. */
export function leastSize(table: PartitionTable): number {
  if (table.kind === 'gpt' && (table.header !== 'right' || table.entries === 'wrong')) return 0;
  const end = Math.max(0, ...table.partitions.map(({ start, size }) => start + size));
  return table.kind === 'gpt' ? Math.max(end, table.backupAt + table.sector) : end;
}
