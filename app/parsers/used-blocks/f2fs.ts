// f2fs, from its own bytes (the kernel's linux/f2fs_fs.h): the newer of two checkpoints, and the table of segments (SIT).
// Pure.
import { crc32 } from 'node:zlib';
import { Ranges, withTooMany, type MapAnswer, type Unrest } from './used-map.ts';

/** Bytes of a block, and of the head of the file system that count. */
export const F2FS_BLOCK = 4096;
export const F2FS_HEAD_BYTES = 4096;
const SUPER_AT = 1024;
const MAGIC = 0xf2f52010;
/** Blocks of a segment, of which 512 bits tell. */
const SEGMENT = 512;
/** Further devices: 8 of a path of 64 bytes and a count. */
const DEVICES = { at: 2201, bytes: 8 * 68 } as const;
/** Features that change nothing about the table: all up to compression, but for zones (2). */
const FEATURES = 0x3ffd;
/** Flags of a checkpoint. */
const FLAGS = { unmounted: 0x1, compact: 0x4, large: 0x400 } as const;
/** Orphans, errors, a check that is due, quotas to check, checkpoints switched off, a resizing that goes on. */
const AT_WORK = 0x2 | 0x8 | 0x10 | 0x800 | 0x1000 | 0x2000 | 0x4000;
const BITMAP_AT = 192;
/** An entry of the table: the count of valid blocks and a type, their bitmap, a time. */
const ENTRY = { bytes: 74, mapAt: 2, mapBytes: 64, perBlock: 55, count: 0x3ff } as const;
/** Where a summary keeps entries of the table that are not in it yet: a count, and each with its number before it. */
const JOURNAL = { compactAt: 507, normalAt: 3584, most: 6, bytes: 4 + ENTRY.bytes } as const;
/** Summaries at the end of a pack of an unmounted file system, the last block included, and that of cold data. */
const SUMMARIES = { all: 7, cold: 2 } as const;

/** Where the parts of an f2fs are. Places in blocks. */
export interface F2fsLayout {
  blocks: number;
  checkpoints: readonly [number, number];
  tableAt: number;
  /** Blocks of one of the two copies of the table. */
  tableBlocks: number;
  mainAt: number;
  /** Segments of the main area. */
  segments: number;
  /** Blocks of the checkpoint behind its first, for larger bitmaps. */
  payload: number;
  unrest: Unrest | null;
}

/** The layout by the first F2FS_HEAD_BYTES; null when it is none that is read here. */
export function f2fsLayout(head: Buffer): F2fsLayout | null {
  if (head.length < F2FS_HEAD_BYTES || head.readUInt32LE(SUPER_AT) !== MAGIC) return null;
  const u32 = (at: number): number => head.readUInt32LE(SUPER_AT + at);
  if (u32(16) !== 12 || u32(20) !== 9) return null;
  const blocks = Number(head.readBigUInt64LE(SUPER_AT + 36));
  const [sitSegments, segments] = [u32(56), u32(68)];
  const [first, tableAt, nat, mainAt, payload] = [u32(76), u32(80), u32(84), u32(92), u32(1664)];
  const tableBlocks = Math.floor(sitSegments / 2) * SEGMENT;
  if (!Number.isSafeInteger(blocks * F2FS_BLOCK) || segments === 0 || sitSegments % 2 !== 0) return null;
  if (mainAt + segments * SEGMENT > blocks || first === 0 || payload >= SEGMENT) return null;
  if (first + 2 * SEGMENT > tableAt || tableAt + 2 * tableBlocks > nat || nat > mainAt) return null;
  if (tableBlocks * ENTRY.perBlock < segments) return null;
  const devices = head.subarray(SUPER_AT + DEVICES.at, SUPER_AT + DEVICES.at + DEVICES.bytes);
  const unrest = devices.some((byte) => byte !== 0)
    ? 'severalDevices'
    : (u32(2180) & ~FEATURES) === 0
      ? null
      : 'features';
  return { blocks, checkpoints: [first, first + SEGMENT], tableAt, tableBlocks, mainAt, segments, payload, unrest };
}

/** A checkpoint that is whole. */
export interface F2fsCheckpoint {
  at: number;
  version: bigint;
  /** Blocks of the pack. */
  blocks: number;
  valid: number;
  free: number;
  flags: number;
  /** Block of the pack with the first summary. */
  summaryAt: number;
  /** Bytes of the bitmap that says which copy of each block of the table counts, and where it is. */
  bitmapBytes: number;
  bitmapAt: number;
}

/** The figures of a block of a checkpoint in block `at`; null when its checksum is wrong. */
export function f2fsCheckpoint(bytes: Buffer, at: number, { payload }: F2fsLayout): F2fsCheckpoint | null {
  if (bytes.length < F2FS_BLOCK) return null;
  const sumAt = bytes.readUInt32LE(164);
  if (sumAt < BITMAP_AT || sumAt > F2FS_BLOCK - 4 || sumAt % 4 !== 0) return null;
  // The kernel begins its CRC with the magic number, and inverts nothing.
  const sum = ~crc32(bytes.subarray(0, sumAt), ~MAGIC >>> 0) >>> 0;
  if (sum !== bytes.readUInt32LE(sumAt)) return null;
  const flags = bytes.readUInt32LE(132);
  const [sitBytes, natBytes] = [bytes.readUInt32LE(156), bytes.readUInt32LE(160)];
  const large = (flags & FLAGS.large) !== 0;
  return {
    at,
    version: bytes.readBigUInt64LE(0),
    blocks: bytes.readUInt32LE(136),
    valid: Number(bytes.readBigUInt64LE(16)),
    free: bytes.readUInt32LE(32),
    flags,
    summaryAt: bytes.readUInt32LE(140),
    bitmapBytes: sitBytes,
    bitmapAt: large ? BITMAP_AT + 4 + natBytes : payload > 0 ? F2FS_BLOCK : BITMAP_AT,
  };
}

/** The newer of the checkpoints that are whole: of each pack its first and its last block. */
export function newestCheckpoint(
  packs: readonly (readonly [F2fsCheckpoint | null, F2fsCheckpoint | null])[],
): F2fsCheckpoint | null {
  const whole = packs.flatMap(([first, last]) => (first !== null && first.version === last?.version ? [first] : []));
  return whole.reduce<F2fsCheckpoint | null>(
    (best, one) => (best === null || one.version > best.version ? one : best),
    null,
  );
}

/** The block with the summary that has the journal of the table. */
export const journalBlock = ({ at, blocks, flags, summaryAt }: F2fsCheckpoint): number =>
  (flags & FLAGS.compact) !== 0 ? at + summaryAt : at + blocks - SUMMARIES.all + SUMMARIES.cold;

/** Reads the table of segments, block by block. */
export class F2fsTable {
  readonly #layout: F2fsLayout;
  readonly #checkpoint: F2fsCheckpoint;
  readonly #bitmap: Buffer;
  readonly #journal = new Map<number, Buffer>();
  readonly #free = new Ranges();
  #next = 0;
  #used = 0;
  #empty = 0;
  #isOdd = false;

  /** `pack`: the checkpoint from its first block on. `summary`: the block that `journalBlock` names. */
  constructor(layout: F2fsLayout, checkpoint: F2fsCheckpoint, pack: Buffer, summary: Buffer) {
    this.#layout = layout;
    this.#checkpoint = checkpoint;
    const { bitmapAt, bitmapBytes, flags } = checkpoint;
    this.#bitmap = pack.subarray(bitmapAt, bitmapAt + bitmapBytes);
    if (this.#bitmap.length * 8 < Math.ceil(layout.segments / ENTRY.perBlock)) this.#isOdd = true;
    const at = (flags & FLAGS.compact) !== 0 ? JOURNAL.compactAt : JOURNAL.normalAt;
    const count = summary.length < F2FS_BLOCK ? Infinity : summary.readUInt16LE(at);
    if (count > JOURNAL.most) this.#isOdd = true;
    else
      for (let index = 0; index < count; index += 1) {
        const from = at + 2 + index * JOURNAL.bytes;
        const segment = summary.readUInt32LE(from);
        if (segment >= layout.segments) this.#isOdd = true;
        this.#journal.set(segment, summary.subarray(from + 4, from + JOURNAL.bytes));
      }
  }

  /** The place of the next block of the table; null behind its end, or where what was read contradicts itself. */
  get wanted(): number | null {
    const { tableAt, tableBlocks, segments } = this.#layout;
    if (this.#isOdd || this.#next >= segments) return null;
    const index = this.#next / ENTRY.perBlock;
    return tableAt + index + (bitOf(this.#bitmap, index) ? tableBlocks : 0);
  }

  /** Takes the block that `wanted` named. */
  take(block: Buffer): void {
    if (block.length < F2FS_BLOCK) this.#isOdd = true;
    for (let index = 0; index < ENTRY.perBlock && this.#next < this.#layout.segments && !this.#isOdd; index += 1) {
      this.#entry(this.#journal.get(this.#next) ?? block.subarray(index * ENTRY.bytes, (index + 1) * ENTRY.bytes));
      this.#next += 1;
    }
  }

  #entry(entry: Buffer): void {
    const map = entry.subarray(ENTRY.mapAt, ENTRY.mapAt + ENTRY.mapBytes);
    const first = this.#layout.mainAt + this.#next * SEGMENT;
    let valid = 0;
    for (let block = 0; block < SEGMENT; block += 1)
      if (bitOf(map, block)) valid += 1;
      else this.#free.add((first + block) * F2FS_BLOCK, F2FS_BLOCK);
    if (valid !== (entry.readUInt16LE(0) & ENTRY.count)) this.#isOdd = true;
    this.#used += valid;
    if (valid === 0) this.#empty += 1;
  }

  /** The map. The sum is that of the valid blocks of the main area; everything before that area is in use. */
  get answer(): MapAnswer {
    const { blocks, segments, unrest } = this.#layout;
    const { valid, flags } = this.#checkpoint;
    if (this.#isOdd || this.#next < segments || !this.#free.ascend) return null;
    if (this.#free.areTooMany) return withTooMany(blocks * F2FS_BLOCK);
    const isAtRest = (flags & FLAGS.unmounted) !== 0 && (flags & AT_WORK) === 0;
    return {
      end: blocks * F2FS_BLOCK,
      free: this.#free.all,
      counted: this.#used * F2FS_BLOCK,
      said: valid * F2FS_BLOCK,
      unrest: unrest ?? (isAtRest ? null : 'notUnmounted'),
    };
  }
}

/** f2fs counts the bits of a byte from the highest. */
const bitOf = (bits: Buffer, index: number): boolean => ((bits[index >> 3] ?? 0) & (0x80 >> (index & 7))) !== 0;
