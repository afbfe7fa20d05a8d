// Reads bytes piece by piece, so that a parser holds one piece and not the whole file.
import { readSync } from 'node:fs';

/** Something to read from, of known size. */
export interface ByteSource {
  /** Total bytes, as found when it was opened. */
  readonly size: number;
  /**
   * The bytes at [offset, offset + length); fewer when the source ends before. They are valid until the next call.
   * Throws with an errno as pread(2) does.
   */
  at(offset: number, length: number): Buffer;
}

/** Bytes in memory as a source. */
export function memorySource(bytes: Uint8Array): ByteSource {
  const whole = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  return { size: whole.length, at: (offset, length) => whole.subarray(offset, offset + length) };
}

/**
 * An open file of `size` bytes as a source. Reading blocks on the disk, so use it in the reading thread. It reads
 * `window` bytes at a time and allocates no more than that, or than the longest piece requested.
 */
export function fileSource(descriptor: number, size: number, window = 1024 ** 2): ByteSource {
  let buffer: Buffer = Buffer.allocUnsafe(window);
  let [begin, end] = [0, 0];
  const fill = (offset: number, length: number): void => {
    if (length > buffer.length) buffer = Buffer.allocUnsafe(length);
    [begin, end] = [offset, offset];
    const wanted = Math.min(buffer.length, Math.max(0, size - offset));
    while (end - begin < wanted) {
      const count = readSync(descriptor, buffer, end - begin, wanted - (end - begin), end);
      if (count === 0) return;
      end += count;
    }
  };
  return {
    size,
    at(offset, length) {
      if (offset < begin || offset + length > end) fill(offset, length);
      return buffer.subarray(offset - begin, Math.min(offset + length, end) - begin);
    },
  };
}
