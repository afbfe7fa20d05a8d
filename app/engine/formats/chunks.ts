// Chunks: the pieces that a disk is hashed, verified and resumed by, numbered from 0; and sets of them, as bitmaps in
// which bit i % 8 (the lowest is 0) of byte i / 8 is chunk i.

/** Bytes of a chunk when nothing else is asked for. */
export const DEFAULT_CHUNK_SIZE = 1024 ** 2;
/** Bytes of a chunk's hash: xxh3-128 as `xxhsum -H128` prints it, high 64 bits first, big-endian. */
export const HASH_BYTES = 16;
/** Most chunks that a manifest or a job log may speak of: 64 TiB in chunks of 1 MiB, 1 PiB in chunks of 16 MiB. */
export const MAX_CHUNKS = 2 ** 26;

const SMALLEST = 64 * 1024;
const LARGEST = 16 * 1024 ** 2;

/** Is `bytes` a size that chunks can have: a power of two from 64 KiB to 16 MiB? */
export const isChunkSize = (bytes: number): boolean =>
  Number.isInteger(bytes) && bytes >= SMALLEST && bytes <= LARGEST && (bytes & (bytes - 1)) === 0;

/** How many chunks `bytes` are; the last one may be short. */
export const chunksOf = (bytes: number, chunkSize: number): number => Math.ceil(bytes / chunkSize);

/** Bytes of a bitmap for so many chunks. */
export const bitmapBytes = (chunks: number): number => Math.ceil(chunks / 8);

/** Is `chunk` in the set? One that is beyond the bitmap is not. */
export const hasChunk = (bitmap: Uint8Array, chunk: number): boolean =>
  ((bitmap[Math.floor(chunk / 8)] ?? 0) & (1 << (chunk % 8))) !== 0;

/** Puts `count` chunks from `first` on into the set, or takes them out. They have to be within the bitmap. */
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

/** How many chunks are in the set. */
export function countChunks(bitmap: Uint8Array): number {
  let count = 0;
  for (const byte of bitmap) count += BITS[byte]!;
  return count;
}

/** The set as ranges, in order, each as long as it can be. `inside` false: the chunks below `chunks` that are not in it. */
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
