// Where two devices differ within a chunk. A comparison by hashes names whole chunks; a short look at both names the
// sectors, and tells a file system that was only mounted from a bad copy.
import { SECTOR_SIZE } from '../../contract/disks.ts';
import type { Extent } from '../../contract/values.ts';
import { errnoOf } from '../../base/errors.ts';
import type { NativeDevice, NativeError } from '../native/addon.ts';

/** Differences of one destination that are examined. */
const MOST_EXAMINED = 64;
/** Bytes that are read from a device at a time. */
const LOOK = 1024 * 1024;
/** A longer stretch is wrong as a whole: its sectors say no more. */
const LONGEST = 4 * LOOK;
/** Differences with at most this many bytes between them are reported as one. */
const NEAR = 4096;
/** More places than this within one entry are reported as one, from the first to the last. */
const MOST_PLACES = 8;

/** A part of an entry that differs. */
export interface Difference {
  entry: NativeError;
  /** The superblock of a file system is in it, which a mount changes. */
  superblock: boolean;
}

/**
 * The parts of `entry` that really differ. Gives the entry unchanged when it is too long to examine, or when nothing
 * differs any more.
 */
export async function differingSectors(
  entry: NativeError,
  source: Pick<NativeDevice, 'peek'>,
  destination: Pick<NativeDevice, 'peek'>,
): Promise<Difference[]> {
  const whole = [{ entry, superblock: false }];
  if (entry.length > LONGEST) return whole;
  const found: (Extent & { superblock: boolean })[] = [];
  for (let at = entry.offset; at < entry.offset + entry.length; at += LOOK) {
    const length = Math.min(LOOK, entry.offset + entry.length - at);
    const [wanted, has] = await Promise.all([source.peek(at, length), destination.peek(at, length)]);
    for (const run of runs(wanted, has)) {
      found.push({
        offset: at + run.offset,
        length: Math.min(run.length, length - run.offset),
        superblock: hasSuperblock(wanted, run) && hasSuperblock(has, run),
      });
    }
  }
  const [first, last] = [found[0], found.at(-1)];
  if (first === undefined || last === undefined) return whole;
  if (found.length > MOST_PLACES)
    return [
      {
        entry: { ...entry, offset: first.offset, length: last.offset + last.length - first.offset },
        superblock: false,
      },
    ];
  return found.map(({ superblock, ...place }) => ({ entry: { ...entry, ...place }, superblock }));
}

/** Examines the differences that a check finds, one after the other, up to MOST_LOOKS of each destination. */
export class DifferenceExaminer {
  readonly #source: Pick<NativeDevice, 'peek'>;
  readonly #destination: (index: number) => Pick<NativeDevice, 'peek'>;
  readonly #report: (difference: Difference) => void;
  /** How many there were, by destination. */
  readonly #counts: number[] = [];
  #last = Promise.resolve();

  /** `destination` gives the device of a destination. `tell` gets what really differs. */
  constructor(
    source: Pick<NativeDevice, 'peek'>,
    destination: (index: number) => Pick<NativeDevice, 'peek'>,
    tell: (difference: Difference) => void,
  ) {
    this.#source = source;
    this.#destination = destination;
    this.#report = tell;
  }

  /** Resolves when everything that was taken is reported. */
  get done(): Promise<void> {
    return this.#last;
  }

  /**
   * Takes an entry to examine and report. False when it is no difference, or one too many: then this does not report
   * it.
   */
  examine(entry: NativeError): boolean {
    const { side, cause, destination } = entry;
    if (side !== 'verify' || cause !== 'mismatch') return false;
    if ((this.#counts[destination] = (this.#counts[destination] ?? 0) + 1) > MOST_EXAMINED) return false;
    this.#last = this.#last.then(() => this.#examine(entry));
    return true;
  }

  async #examine(entry: NativeError): Promise<void> {
    try {
      (await differingSectors(entry, this.#source, this.#destination(entry.destination))).forEach(this.#report);
    } catch (error) {
      if (errnoOf(error) === null) throw error;
      // It cannot be read any more, so report the entry as it was found.
      this.#report({ entry, superblock: false });
    }
  }
}

/** Runs of sectors that differ. Runs that are near each other are joined. */
function runs(one: Buffer, other: Buffer): Extent[] {
  const result: Extent[] = [];
  for (let offset = 0; offset < Math.max(one.length, other.length); offset += SECTOR_SIZE) {
    if (one.subarray(offset, offset + SECTOR_SIZE).equals(other.subarray(offset, offset + SECTOR_SIZE))) continue;
    const last = result.at(-1);
    if (last !== undefined && offset - (last.offset + last.length) < NEAR)
      last.length = offset + SECTOR_SIZE - last.offset;
    else result.push({ offset, length: SECTOR_SIZE });
  }
  return result;
}

/** How a superblock is recognised: bytes at a place within it, and how many sectors it has. */
const SUPERBLOCKS: readonly { at: number; magic: Buffer; sectors: number }[] = [
  { at: 0x38, magic: Buffer.from([0x53, 0xef]), sectors: 2 }, // ext2, ext3, ext4
  { at: 0, magic: Buffer.from('XFSB'), sectors: 1 },
  { at: 0x40, magic: Buffer.from('_BHRfS_M'), sectors: 8 }, // btrfs
  { at: 0x52, magic: Buffer.from('FAT32   '), sectors: 1 },
  { at: 0x36, magic: Buffer.from('FAT16   '), sectors: 1 },
  { at: 0x36, magic: Buffer.from('FAT12   '), sectors: 1 },
  { at: 3, magic: Buffer.from('EXFAT   '), sectors: 1 },
];

/** True when a superblock lies, in whole or in part, in these sectors. */
function hasSuperblock(bytes: Buffer, { offset, length }: Extent): boolean {
  return SUPERBLOCKS.some(({ at, magic, sectors }) => {
    for (let start = offset - (sectors - 1) * SECTOR_SIZE; start < offset + length; start += SECTOR_SIZE) {
      if (start >= 0 && bytes.subarray(start + at, start + at + magic.length).equals(magic)) return true;
    }
    return false;
  });
}
