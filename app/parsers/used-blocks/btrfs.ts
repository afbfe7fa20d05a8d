// btrfs: what `btrfs inspect-internal` prints of the superblock, of the chunk tree and of the extent tree.
import type { Extent } from '../../contract/values.ts';
import { complement, joined, MOST_RANGES, numberIn, withTooMany, type LineReader, type MapAnswer } from './used-map.ts';

/** The copies of the superblock, in bytes (linux/btrfs_tree.h), and the space that btrfs leaves around each. */
const SUPERS = [64 * 1024, 64 * 1024 ** 2, 256 * 1024 ** 3] as const;
const AROUND_SUPER = 64 * 1024;
/** btrfs puts nothing in the first MiB, but loaders do. */
const RESERVED = 1024 ** 2;
/**
 * The features whose extents are mapped by chunks alone: all up to RAID1C34, and simple quotas. Not zoned, extent tree
 * v2, RAID stripe tree and whatever comes.
 */
const FEATURES = 0xfffn | 0x10000n;
/**
 * The features that a reader may ignore and that are known to leave all extents in the extent tree: trees of free space
 * and of block groups, and fs-verity.
 */
const READ_ONLY_FEATURES = 0xfn;

/** The figures of the superblock that count, in bytes. */
export interface BtrfsSuper {
  bytes: number;
  used: number;
  node: number;
  devices: number;
  isKnown: boolean;
  /** Without a log tree. */
  isClean: boolean;
}

/** Reads what `dump-super` prints. */
export class BtrfsSuperReader implements LineReader {
  readonly #fields = new Map<string, string>();

  line(text: string): void {
    const [, name, value] = /^([a-z_.]+)\s+(\S+)/u.exec(text) ?? [];
    if (name !== undefined && !this.#fields.has(name)) this.#fields.set(name, value!);
  }

  #flags(name: string): bigint | null {
    const text = this.#fields.get(name);
    return text !== undefined && /^0x[0-9a-f]{1,16}$/u.test(text) ? BigInt(text) : null;
  }

  /** null when a figure is missing. */
  get answer(): BtrfsSuper | null {
    const figure = (name: string): number | null => numberIn(this.#fields.get(name));
    const [used, node, devices] = [figure('bytes_used'), figure('nodesize'), figure('num_devices')];
    const [bytes, own, log] = [figure('total_bytes'), figure('dev_item.total_bytes'), figure('log_root')];
    const [features, readOnly] = [this.#flags('incompat_flags'), this.#flags('compat_ro_flags')];
    if (used === null || node === null || devices === null || bytes === null || own === null || log === null)
      return null;
    if (features === null || readOnly === null) return null;
    const isKnown = (features & ~FEATURES) === 0n && (readOnly & ~READ_ONLY_FEATURES) === 0n;
    return {
      bytes: own,
      used,
      node,
      devices,
      isKnown: isKnown && (devices > 1 || own === bytes),
      isClean: log === 0,
    };
  }
}

/** A range of the file system's own addresses, and the places on the device that hold it. */
interface Chunk {
  logical: number;
  length: number;
  places: number[];
}

/** Reads what `dump-tree -t chunk` prints. */
export class BtrfsChunkReader implements LineReader {
  readonly chunks: Chunk[] = [];
  isOdd = false;
  #isIn = false;
  #stripes = 0;
  /** Those of all chunks. */
  #places = 0;

  line(text: string): void {
    const key = /^\titem \d+ key \((\S+) (\S+) (\d+)\)/u.exec(text);
    if (key !== null) {
      this.#isIn = key[2] === 'CHUNK_ITEM';
      if (this.chunks.length > MOST_RANGES || this.#places > MOST_RANGES) this.isOdd = true;
      else if (this.#isIn) this.chunks.push({ logical: Number(key[3]), length: 0, places: [] });
      return;
    }
    const chunk = this.chunks.at(-1);
    if (!this.#isIn || chunk === undefined) return;
    const head = /^\t\tlength (\d+) owner \d+ stripe_len \d+ type (\S+)$/u.exec(text);
    if (head !== null) chunk.length = Number(head[1]);
    const count = /^\t\tnum_stripes (\d+)/u.exec(text);
    if (count !== null) this.#stripes = Number(count[1]);
    // On one device, striped profiles have one stripe only, and all others are copies.
    if (head !== null && /RAID[056]/u.test(head[2]!)) this.isOdd = true;
    const stripe = /^\t\t\tstripe (\d+) devid \d+ offset (\d+)$/u.exec(text);
    if (stripe === null) return;
    this.#places += 1;
    if (chunk.places.length < this.#stripes) chunk.places.push(Number(stripe[2]));
    else this.isOdd = true;
  }

  /** The chunks, ascending; null when they contradict each other. */
  get answer(): Chunk[] | null {
    const sorted = this.chunks.toSorted((one, other) => one.logical - other.logical);
    const isRight = sorted.every(
      ({ logical, length, places }, index) =>
        length > 0 &&
        places.length > 0 &&
        Number.isSafeInteger(logical + length) &&
        (index === 0 || logical >= sorted[index - 1]!.logical + sorted[index - 1]!.length),
    );
    return this.isOdd || !isRight || sorted.length === 0 ? null : sorted;
  }
}

/** Reads what `dump-tree -t extent` prints: every extent of data and every node of a tree. */
export class BtrfsExtentReader implements LineReader {
  readonly #chunks: readonly Chunk[];
  readonly #super: BtrfsSuper;
  readonly #used: Extent[] = [];
  /** The place in `chunks` of the last extent: the tree is in order. */
  #at = 0;
  #last = 0;
  #sum = 0;
  #isOdd = false;
  #isTooMany = false;

  constructor(found: BtrfsSuper, chunks: readonly Chunk[]) {
    this.#super = found;
    this.#chunks = chunks;
  }

  line(text: string): void {
    if (!text.startsWith('\titem ')) return;
    const [, at, kind, value] = / key \((\d+) (EXTENT_ITEM|METADATA_ITEM) (\d+)\)/u.exec(text) ?? [];
    if (at !== undefined) this.#extent(Number(at), kind === 'METADATA_ITEM' ? this.#super.node : Number(value));
  }

  #extent(logical: number, length: number): void {
    if (logical < this.#last || length === 0) this.#isOdd = true;
    this.#last = logical + length;
    while (this.#at < this.#chunks.length && isBehind(logical, this.#chunks[this.#at]!)) this.#at += 1;
    const chunk = this.#chunks[this.#at];
    if (chunk === undefined || logical < chunk.logical || logical + length > chunk.logical + chunk.length) {
      this.#isOdd = true;
      return;
    }
    this.#sum += length;
    for (const place of chunk.places) this.#push(place + logical - chunk.logical, length);
  }

  /** Lengthens the last range of this copy where it can: files lie in pieces beside each other. */
  #push(offset: number, length: number): void {
    for (const range of [this.#used.at(-1), this.#used.at(-2)]) {
      if (range?.offset === undefined || range.offset + range.length !== offset) continue;
      range.length += length;
      return;
    }
    if (this.#used.length === MOST_RANGES) this.#isTooMany = true;
    else this.#used.push({ offset, length });
  }

  /** The map. The sum is that of the extents, without the further copies of each. */
  get answer(): MapAnswer {
    const { bytes, used, devices, isKnown, isClean } = this.#super;
    if (this.#isTooMany && !this.#isOdd) return withTooMany(bytes);
    const kept = SUPERS.filter((at) => at < bytes).map((at) => ({ offset: at, length: AROUND_SUPER }));
    const all = joined([...this.#used, ...kept, { offset: 0, length: RESERVED }]);
    const isInside = this.#used.every(({ offset, length }) => offset + length <= bytes);
    if (this.#isOdd || !isInside) return null;
    return {
      end: bytes,
      free: complement(all, bytes),
      counted: this.#sum,
      said: used,
      unrest: devices !== 1 ? 'severalDevices' : !isKnown ? 'features' : isClean ? null : 'journal',
    };
  }
}

const isBehind = (logical: number, chunk: Chunk): boolean => logical >= chunk.logical + chunk.length;
