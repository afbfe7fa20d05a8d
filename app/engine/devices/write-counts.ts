// Was a device written to while it was copied? The kernel counts the writes to each disk and each partition.
import { readdirSync, statSync } from 'node:fs';
import type { Block } from './block-devices.ts';
import { errnoOf } from '../../base/errors.ts';
import { statsId } from './file-ids.ts';
import type { HeldEnd } from './ends.ts';
import { fileWritten, type Written } from './inspect-paths.ts';
import type { NativeAddon } from '../native/addon.ts';
import { content } from './sysfs.ts';

/** Fields of a disk's stat in sysfs (Documentation/block/stat.rst): sectors written, and discarded. */
const CHANGES = [6, 13];

/** Sectors written to a disk through none of its partitions. The true number lies between the two. */
interface UnpartitionedWrites {
  least: number;
  most: number;
}

/** The kernel's counters. */
export interface WriteMark {
  /** Sectors written through the device itself. */
  own: number;
  /** For a partition: writes to its disk outside the partitions. null for a whole disk. */
  beside: UnpartitionedWrites | null;
  /** The file behind a loop device; null without one. */
  file: FileMark | null;
}

/** A file behind a loop device. */
interface FileMark {
  /** Identity of the file that has its name; null when there is none, or it is out of reach. */
  id: string | null;
  state: string;
}

/**
 * Counts the writes to `block` that the kernel has finished: through the device itself, through the disk of a
 * partition, and to the file behind a loop device. null when the device is gone. `sys` is where sysfs is mounted.
 */
export function writeMark(block: Block, sys = '/sys'): WriteMark | null {
  const { majorMinor, partition, type } = block;
  const at = `${sys}/dev/block/${majorMinor}`;
  const own = sectors(at);
  if (own === null) return null;
  // Writes through the node of the whole disk count for the disk only, not for a partition.
  const beside = type === 'part' && partition !== null ? writesOutsidePartitions(`${at}/..`) : null;
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

/** The file behind a loop device, or behind the loop device of this partition. */
const fileBehind = ({ backingFile, type, parents }: Block): string | null =>
  backingFile ?? (type === 'part' ? (parents[0]?.backingFile ?? null) : null);

/**
 * True when the source was written to since its job started, or a file since its review. A device that is gone is
 * reported elsewhere.
 */
export async function sourceWritten(
  { end, device, mark }: HeldEnd & { mark: WriteMark | null },
  addon: NativeAddon,
): Promise<Written> {
  try {
    if (end.block === null) return await fileWritten(end, await addon.fileState(device));
    const now = writeMark(end.block);
    if (mark === null || now === null) return 'no';
    if (isWrittenBetween(mark, now)) return 'yes';
    // The file was out of reach, so only the device's own counters are known.
    const before = mark.file?.id ?? null;
    if (now.file === null || before === null) return 'no';
    // The name may belong to another file by now; only the kernel knows which file it opened.
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
 * Writes beside the partitions; null when it is not a disk. The kernel gives one counter at a time, and other
 * partitions may be written in between, so the partitions are counted before the disk and after it.
 */
function writesOutsidePartitions(disk: string): UnpartitionedWrites | null {
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
