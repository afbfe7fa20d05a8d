// Was a device written to while it was copied? The kernel counts what goes to each disk and each partition.
import { readdirSync, statSync } from 'node:fs';
import type { Block } from './blocks.ts';
import { errnoOf } from '../../base/errors.ts';
import { statsId } from './file-ids.ts';
import { fileWritten, type End, type Written } from './inspect.ts';
import type { NativeAddon, NativeDevice } from '../native/addon.ts';
import { content } from './sysfs.ts';

/** Fields of a disk's stat in sysfs (Documentation/block/stat.rst): sectors that were written, and discarded. */
const CHANGES = [6, 13];

/** Sectors that went to a disk through none of its partitions: the true number lies between the two. */
interface Beside {
  least: number;
  most: number;
}

/** The kernel's counters. */
export interface WriteMark {
  /** Sectors that went through the device itself. */
  own: number;
  /** For a partition: what was written to its disk outside the partitions. null for a whole disk. */
  beside: Beside | null;
  /** The file behind a loop device; null without one. */
  file: FileMark | null;
}

/** A file behind a loop device. */
interface FileMark {
  /** Identity of what has its name; null when nothing has, or when that is out of reach. */
  id: string | null;
  state: string;
}

/**
 * Counts the writes to `block` that the kernel has finished: through the device itself, through the disk that it is a
 * partition of, and through the file behind a loop device. null when the device is gone. `sys` is where sysfs is mounted.
 */
export function writeMark(block: Block, sys = '/sys'): WriteMark | null {
  const { majorMinor, partition, type } = block;
  const at = `${sys}/dev/block/${majorMinor}`;
  const own = sectors(at);
  if (own === null) return null;
  // Writes through the node of the whole disk count for the disk only, not for a partition.
  const beside = type === 'part' && partition !== null ? besidePartitions(`${at}/..`) : null;
  const behind = fileBehind(block);
  return { own, beside, file: behind === null ? null : fileMark(behind) };
}

/** True when the device was certainly written to between the two marks. */
export function isWrittenBetween(before: WriteMark, now: WriteMark): boolean {
  const beside = before.beside !== null && now.beside !== null && now.beside.least > before.beside.most;
  const file =
    before.file !== null && now.file !== null && now.file.id === before.file.id && now.file.state !== before.file.state;
  return now.own !== before.own || beside || file;
}

/** The file behind a loop device, or behind the one that this is a partition of. */
const fileBehind = ({ backingFile, type, parents }: Block): string | null =>
  backingFile ?? (type === 'part' ? (parents[0]?.backingFile ?? null) : null);

/** Was the source written to since its job was started, or since a file was reviewed? A device that is gone says so in other ways. */
export async function sourceWritten(
  { end, device, mark }: { end: End; device: NativeDevice; mark: WriteMark | null },
  addon: NativeAddon,
): Promise<Written> {
  try {
    if (end.block === null) return await fileWritten(end, await addon.fileState(device));
    const now = writeMark(end.block);
    if (mark === null || now === null) return 'no';
    if (isWrittenBetween(mark, now)) return 'yes';
    // The file was never in reach, so only the device's own counters are known.
    const before = mark.file?.id ?? null;
    if (now.file === null || before === null) return 'no';
    // A name can have become another file's, and the kernel alone knows the one that it opened.
    return now.file.id !== null && [before, await addon.loopFile(device)].every((id) => id === now.file!.id)
      ? 'no'
      : 'unknown';
  } catch (error) {
    if (errnoOf(error) === null) throw error;
    return 'unknown';
  }
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
  readdirSync(disk)
    .filter((name) => content(`${disk}/${name}/partition`) !== '')
    .reduce((sum, name) => sum + (sectors(`${disk}/${name}`) ?? 0), 0);

function fileMark(path: string): FileMark {
  try {
    const stats = statSync(path, { bigint: true });
    // A writer can set the time of modification back (cp -p, rsync -t), but not the time of change.
    return { id: statsId(stats), state: `${stats.size} ${stats.mtimeNs} ${stats.ctimeNs}` };
  } catch (error) {
    if (errnoOf(error) === null) throw error;
    return { id: null, state: '' };
  }
}
