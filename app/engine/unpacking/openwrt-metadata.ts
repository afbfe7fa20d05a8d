// The metadata that OpenWrt's fwtool appends to the file of an image, behind what gzip packed.
import type { SourceBytes } from './source-files.ts';

/** The last bytes of each piece: a magic number, a CRC, a type with three zeros, and the length of the piece. */
const TRAILER_BYTES = 16;
const MAGIC = 'FWx0';
/** OpenWrt appends a description and a signature. */
const MOST_PIECES = 16;

/** Bytes of OpenWrt's metadata at the end of a file. The decoder refuses a file that has anything else there. */
export async function openWrtMetadata(file: SourceBytes): Promise<number> {
  let bytes = 0;
  for (let piece = 0; piece < MOST_PIECES; piece += 1) {
    const at = file.size - bytes - TRAILER_BYTES;
    const trailer = at < 0 ? Buffer.alloc(0) : await file.read(at, TRAILER_BYTES);
    if (trailer.length < TRAILER_BYTES || trailer.toString('latin1', 0, 4) !== MAGIC) break;
    const length = trailer.readUInt32BE(12);
    if (length < TRAILER_BYTES || length > at + TRAILER_BYTES) break;
    bytes += length;
  }
  return bytes;
}
