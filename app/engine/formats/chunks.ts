// Chunks: the pieces in which a disk is hashed, verified and resumed, numbered from 0. Sets of them are bitmaps: bit i
// % 8 (0 is the lowest) of byte i / 8 is chunk i.

/** Bytes of a chunk by default. */
export const DEFAULT_CHUNK_SIZE = 1024 ** 2;
/** Bytes of a chunk's hash: xxh3-128 as `xxhsum -H128` prints it, high 64 bits first, big-endian. */
export const HASH_BYTES = 16;
/** Most chunks in a manifest or a job log: 64 TiB in chunks of 1 MiB, 1 PiB in chunks of 16 MiB. */
export const MAX_CHUNKS = 2 ** 26;

const SMALLEST = 64 * 1024;
const LARGEST = 16 * 1024 ** 2;

/** True when `bytes` is a valid chunk size: a power of two from 64 KiB to 16 MiB. */
export const isChunkSize = (bytes: number): boolean =>
  Number.isInteger(bytes) && bytes >= SMALLEST && bytes <= LARGEST && (bytes & (bytes - 1)) === 0;

/** The number of chunks in `bytes`; the last one may be short. */
export const chunksOf = (bytes: number, chunkSize: number): number => Math.ceil(bytes / chunkSize);

/** Bytes of a bitmap for this many chunks. */
export const bitmapBytes = (chunks: number): number => Math.ceil(chunks / 8);

/** True when `chunk` is in the set. A chunk beyond the bitmap is not. */
export const hasChunk = (bitmap: Uint8Array, chunk: number): boolean =>
  ((bitmap[Math.floor(chunk / 8)] ?? 0) & (1 << (chunk % 8))) !== 0;

/** Adds `count` chunks from `first` on to the set, or removes them. They must be within the bitmap. */
export function markChunks(bitmap: Uint8Array, first: number, count: number, present: boolean): void {
  const end = first + count;
  if (end > bitmap.length * 8)
    throw new RangeError(`chunks ${first} to ${end - 1} are beyond a bitmap of ${bitmap.length} bytes`);
  const one = (chunk: number): void => {
    const byte = Math.floor(chunk / 8);
    const bit = 1 << (chunk % 8);
    bitmap[byte] = present ? bitmap[byte]! | bit : bitmap[byte]! & ~bit;
  };
  let chunk = first;
  while (chunk < end && chunk % 8 !== 0) one(chunk++);
  const whole = Math.floor((end - chunk) / 8);
  if (whole > 0) bitmap.fill(present ? 0xff : 0, chunk / 8, chunk / 8 + whole);
  for (chunk += Math.max(whole, 0) * 8; chunk < end; chunk += 1) one(chunk);
}

/** Number of bits in each byte. */
const BITS = new Uint8Array(256);
for (let byte = 1; byte < BITS.length; byte += 1) BITS[byte] = BITS[byte >> 1]! + (byte & 1);

/** The number of chunks in the set. */
export function countChunks(bitmap: Uint8Array): number {
  let count = 0;
  for (const byte of bitmap) count += BITS[byte]!;
  return count;
}

/**
 * The set as ranges, in order, each as long as possible. `inside` false: the chunks below `chunks` that are not in the
 * set.
 */
export function* chunkRanges(
  bitmap: Uint8Array,
  chunks: number,
  inside = true,
): Generator<{ first: number; count: number }, void, void> {
  const skipped = inside ? 0 : 0xff;
  for (let chunk = 0; chunk < chunks;) {
    if (chunk % 8 === 0 && bitmap[chunk / 8] === skipped) {
      chunk += 8;
    } else if (hasChunk(bitmap, chunk) === inside) {
      const first = chunk;
      while (chunk < chunks && hasChunk(bitmap, chunk) === inside)
        chunk += chunk % 8 === 0 && chunk + 8 <= chunks && bitmap[chunk / 8] === (skipped ^ 0xff) ? 8 : 1;
      yield { first, count: chunk - first };
    } else {
      chunk += 1;
    }
  }
}
