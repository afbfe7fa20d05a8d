// Was a device written to while it was copied? The kernel counts what goes to each disk and each partition.
import { readdirSync, statSync } from 'node:fs';
import type { Block } from './blocks.ts';
import { errnoOf } from './errors.ts';
import { wasWritten } from './inspect.ts';
import type { Prepared } from './prepare.ts';
import { content } from './sysfs.ts';

/** Fields of a disk's stat in sysfs (Documentation/block/stat.rst): sectors that were written, and discarded. */
const CHANGES = [6, 13];

/** Sectors that went to a disk through none of its partitions: the true number lies between the two. */
interface Beside {
  least: number;
  most: number;
}

/** What the kernel has counted so far. */
export interface WriteMark {
  /** Sectors that went through the device itself. */
  own: number;
  /** Of a partition: what went to its disk beside the partitions; null for a whole disk. */
  beside: Beside | null;
  /** State of the file behind a loop device; null without one, or when it is out of reach. */
  file: string | null;
}

/**
 * Counts the writes to `block` that the kernel has finished: through the device itself, through the disk that it is a
 * partition of, and through the file behind a loop device. null when the device is gone. `sys` is where sysfs is mounted.
 */
export function writeMark({ majorMinor, partition, type, backingFile }: Block, sys = '/sys'): WriteMark | null {
  const at = `${sys}/dev/block/${majorMinor}`;
  const own = sectors(at);
  if (own === null) return null;
  // What goes through the node of the whole disk counts for the disk, and for none of its partitions.
  const beside = type === 'part' && partition !== null ? besidePartitions(`${at}/..`) : null;
  return { own, beside, file: backingFile === null ? null : fileMark(backingFile) };
}

/** True when the device was certainly written to between the two marks. */
export function isWrittenBetween(before: WriteMark, now: WriteMark): boolean {
  const beside = before.beside !== null && now.beside !== null && now.beside.least > before.beside.most;
  const file = before.file !== null && now.file !== null && now.file !== before.file;
  return now.own !== before.own || beside || file;
}

/** Was the source written to since its job was started, or since a file was reviewed? What cannot be told counts as no. */
export async function sourceWasWritten({ end, mark }: NonNullable<Prepared['source']>): Promise<boolean> {
  if (end.block === null) return wasWritten(end);
  const now = writeMark(end.block);
  return mark !== null && now !== null && isWrittenBetween(mark, now);
}

function sectors(device: string): number | null {
  const fields = content(`${device}/stat`).trim().split(/\s+/);
  return fields.length < 7 ? null : CHANGES.reduce((sum, field) => sum + Number(fields[field] ?? 0), 0);
}

/**
 * null when it is no disk. The kernel gives one counter at a time, and other partitions may be written in between: the
 * partitions are counted before the disk and after it.
 */
function besidePartitions(disk: string): Beside | null {
  const before = inPartitions(disk);
  const whole = sectors(disk);
  return whole === null ? null : { least: whole - inPartitions(disk), most: whole - before };
}

const inPartitions = (disk: string): number =>
  readdirSync(disk).filter((name) => content(`${disk}/${name}/partition`) !== '').reduce((sum, name) => sum + (sectors(`${disk}/${name}`) ?? 0), 0);

/** null when the file is deleted or out of reach. */
function fileMark(path: string): string | null {
  try {
    const { size, mtimeNs, ctimeNs } = statSync(path, { bigint: true });
    // A writer can set the time of modification back (cp -p, rsync -t), but not the time of change.
    return `${size} ${mtimeNs} ${ctimeNs}`;
  } catch (error) {
    if (errnoOf(error) === null) throw error;
    return null;
  }
}
