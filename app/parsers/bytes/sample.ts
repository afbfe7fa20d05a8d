// Bytes of a file or a disk, read by offset. An offset that was not fetched reads as absent, so no test can read beyond
// what was fetched.

/** Bytes to inspect at the start of a file: the last ZFS uberblock of the first label ends here. */
export const HEAD_BYTES = 256 * 1024;
/** Bytes to inspect at the end: version 0.90 of the RAID superblock begins up to 128 KiB before the end. */
export const TAIL_BYTES = 128 * 1024;

/** A file or disk of which only some parts are known. */
export abstract class Bytes {
  /** Total bytes; null when unknown. */
  abstract readonly size: number | null;

  /** `length` bytes at `at`, counted from the end when negative; null when they were not fetched. */
  abstract bytes(at: number, length: number): Buffer | null;

  /** True when these bytes are at `at`. A string means its Latin-1 bytes. */
  has(at: number, wanted: string | readonly number[]): boolean {
    const expected = typeof wanted === 'string' ? Buffer.from(wanted, 'latin1') : Buffer.from(wanted);
    return this.bytes(at, expected.length)?.equals(expected) === true;
  }

  u8(at: number): number | null {
    return this.bytes(at, 1)?.readUInt8() ?? null;
  }

  u16le(at: number): number | null {
    return this.bytes(at, 2)?.readUInt16LE() ?? null;
  }

  u16be(at: number): number | null {
    return this.bytes(at, 2)?.readUInt16BE() ?? null;
  }

  u32le(at: number): number | null {
    return this.bytes(at, 4)?.readUInt32LE() ?? null;
  }

  u32be(at: number): number | null {
    return this.bytes(at, 4)?.readUInt32BE() ?? null;
  }

  u64le(at: number): bigint | null {
    return this.bytes(at, 8)?.readBigUInt64LE() ?? null;
  }
}

/** A file, known by its first and last bytes. */
export class Sample extends Bytes {
  readonly size: number;
  readonly head: Buffer;
  readonly tail: Buffer;

  constructor(head: Buffer, tail: Buffer, size: number) {
    super();
    this.head = head;
    this.tail = tail;
    this.size = size;
  }

  bytes(at: number, length: number): Buffer | null {
    const place = at < 0 ? this.size + at : at;
    if (place < 0) return null;
    if (place + length <= this.head.length) return this.head.subarray(place, place + length);
    const start = place - (this.size - this.tail.length);
    return start >= 0 && start + length <= this.tail.length ? this.tail.subarray(start, start + length) : null;
  }
}

/** A part of something, such as a partition of a disk, with offsets from its start. */
export class Part extends Bytes {
  readonly size: number | null;
  readonly #whole: Bytes;
  readonly #start: number;

  constructor(whole: Bytes, start: number, size: number | null) {
    super();
    this.size = size;
    this.#whole = whole;
    this.#start = start;
  }

  bytes(at: number, length: number): Buffer | null {
    if (at < 0 && this.size === null) return null;
    const place = at < 0 ? this.size! + at : at;
    if (place < 0 || (this.size !== null && place + length > this.size)) return null;
    return this.#whole.bytes(this.#start + place, length);
  }
}

/** True when `value` is known and within [least, most]. */
export const within = (value: number | null, least: number, most: number): boolean =>
  value !== null && value >= least && value <= most;
