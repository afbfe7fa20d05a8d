// The partition table at the beginning of a disk or an image: its sector size, and where its partitions end.
import { gptIn } from '../../parsers/partitions/gpt.ts';
import { mbrIn, PROTECTIVE, type Sector } from '../../parsers/partitions/mbr.ts';
import { Sample } from '../../parsers/bytes/sample.ts';
import type { TablePartition } from '../../contract/disk-content.ts';

/** A partition table. */
export interface Table {
  kind: 'gpt' | 'mbr';
  /** Size of its sectors; null when an MBR could mean either. */
  sector: Sector | null;
  /** Where the last partition ends, in bytes; null without partitions, or when `sector` is null. */
  end: number | null;
  /** Bytes of the disk by a GPT, whose backup is in its last sector; null when the table does not say. */
  whole: number | null;
}

/** The disk or image with the table. */
export interface TableOn {
  /** Bytes. */
  size: number;
  /** Logical sector of a disk, in bytes; null for an image. */
  logicalSector: number | null;
}

/** Bytes to read from the beginning: a GPT's header and entries, with sectors of either size. */
export const HEAD_BYTES = 32_768;

/** The table in `head` (the first `HEAD_BYTES`, or fewer); null when there is none. */
export function tableIn(head: Buffer, { size, logicalSector }: TableOn): Table | null {
  const disk = new Sample(head, Buffer.alloc(0), size);
  const gpt = gptIn(disk, logicalSector);
  if (gpt !== null) {
    const { sector, partitions, header, backupAt } = gpt;
    return { kind: 'gpt', sector, end: endOf(partitions), whole: header === 'right' ? backupAt + sector : null };
  }
  const mbr = mbrIn(disk, logicalSector);
  // Logical partitions lie in an extended one.
  const primary = mbr?.partitions.filter(({ place }) => place !== 'logical') ?? [];
  const isOdd = ({ start, size: bytes, type }: TablePartition): boolean =>
    start === 0 || bytes === 0 || Number(type) === PROTECTIVE;
  if (mbr === null || primary.length === 0 || primary.some(isOdd)) return null;
  return mbr.sectorKnown
    ? { kind: 'mbr', sector: mbr.sector, end: endOf(primary), whole: null }
    : { kind: 'mbr', sector: null, end: null, whole: null };
}

const endOf = (partitions: readonly TablePartition[]): number | null =>
  partitions.length === 0 ? null : Math.max(...partitions.map(({ start, size }) => start + size));
