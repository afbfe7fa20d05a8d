// Was a device written to while it was copied? The kernel counts what goes to each disk and each partition.
import { readdirSync, statSync } from 'node:fs';
import type { Block } from './blocks.ts';
import { errnoOf } from './errors.ts';
import { wasWritten } from './inspect.ts';
import type { Prepared } from './prepare.ts';
import { content } from './sysfs.ts';

/** Fields of a disk's stat in sysfs (Documentation/block/stat.rst): sectors that were written, and discarded. */
const CHANGES = [6, 13];

/**
 * A mark that changes with every write to `block` that the kernel has finished: through the device itself, through the disk
 * that it is a partition of, and through the file behind a loop device. null when the device is gone. `sys` is where
 * sysfs is mounted.
 */
export function writeMark({ majorMinor, partition, type, backingFile }: Block, sys = '/sys'): string | null {
  const at = `${sys}/dev/block/${majorMinor}`;
  const own = sectors(at);
  if (own === null) return null;
  // What goes through the node of the whole disk counts for the disk, and for none of its partitions.
  const beside = type === 'part' && partition !== null ? besidePartitions(`${at}/..`) : null;
  return [own, beside, backingFile === null ? null : fileMark(backingFile)].join(' ');
}

/** Was the source written to since its job was started, or since a file was reviewed? What cannot be told counts as no. */
export async function sourceWasWritten({ end, mark }: NonNullable<Prepared['source']>): Promise<boolean> {
  if (end.block === null) return wasWritten(end);
  const now = writeMark(end.block);
  return mark !== null && now !== null && mark !== now;
}

function sectors(device: string): number | null {
  const fields = content(`${device}/stat`).trim().split(/\s+/);
  return fields.length < 7 ? null : CHANGES.reduce((sum, field) => sum + Number(fields[field] ?? 0), 0);
}

/** Sectors of a disk that were written through none of its partitions; null when it is no disk. */
function besidePartitions(disk: string): number | null {
  const whole = sectors(disk);
  if (whole === null) return null;
  const parts = readdirSync(disk).filter((name) => content(`${disk}/${name}/partition`) !== '').map((name) => sectors(`${disk}/${name}`) ?? 0);
  return whole - parts.reduce((sum, part) => sum + part, 0);
}

/** null when the file is deleted or out of reach. */
function fileMark(path: string): string | null {
  try {
    const { size, mtimeNs } = statSync(path, { bigint: true });
    return `${size} ${mtimeNs}`;
  } catch (error) {
    if (errnoOf(error) === null) throw error;
    return null;
  }
}
