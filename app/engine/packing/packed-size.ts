// About how many bytes an image takes that is packed as zstd, by a sample of its chunks.
import { promisify } from 'node:util';
import * as zlib from 'node:zlib';
import { PACKED_FORMATS } from '../../contract/image-formats.ts';
import { bitmapBytes, chunkRanges, countChunks, HASH_BYTES } from '../formats/chunks.ts';
import { chunksIn, type Grid } from '../formats/chunk-sets.ts';
import type { NativeDevice } from '../native/addon.ts';

/** Chunks that are packed. */
const SAMPLE = 64;
/** Bytes for each frame in the seek table (seekable-zstd.ts). */
const ENTRY = 8;

/** Packs a frame as platter-unpack does; null where Node has no zstd. */
const pack = packer();

function packer(): ((bytes: Buffer) => Promise<Buffer>) | null {
  const { zstdCompress, constants } = zlib as Partial<typeof zlib>;
  if (zstdCompress === undefined || constants === undefined) return null;
  const params = {
    [constants.ZSTD_c_compressionLevel]: PACKED_FORMATS.zstd.usual,
    [constants.ZSTD_c_checksumFlag]: 1,
  };
  const act = promisify<Buffer, zlib.ZstdOptions, Buffer>(zstdCompress);
  return (bytes) => act(bytes, { params });
}

/**
 * About how many bytes an image takes with the chunks `set` of `device`, packed at the usual level, and zeros elsewhere.
 * null where Node cannot pack. Rejects with an errno when the sample cannot be read.
 */
export async function packedSize(device: NativeDevice, set: Uint8Array, grid: Grid): Promise<number | null> {
  if (pack === null) return null;
  const { chunkSize } = grid;
  const picked = spread(set, SAMPLE, grid);
  let [read, packed] = [0, 0];
  for (const chunk of picked) {
    const bytes = await device.peek(chunk * chunkSize, Math.min(chunkSize, grid.bytes - chunk * chunkSize));
    read += 1;
    packed += (await pack(bytes)).length;
  }
  const chunks = chunksIn(grid);
  const count = countChunks(set);
  const gap = (await pack(Buffer.alloc(chunkSize))).length;
  const manifest = bitmapBytes(chunks) + chunks * HASH_BYTES;
  const frames = (read === 0 ? 0 : (packed / read) * count) + gap * (chunks - count);
  return rounded(frames + manifest + ENTRY * chunks);
}

/** At most `most` chunks of `set`, as far from each other as they can be. */
export function spread(set: Uint8Array, most: number, grid: Grid): number[] {
  const count = countChunks(set);
  const wanted = Math.min(most, count);
  const picked: number[] = [];
  let before = 0;
  for (const range of chunkRanges(set, chunksIn(grid))) {
    for (; picked.length < wanted;) {
      const place = Math.floor(((picked.length + 0.5) * count) / wanted) - before;
      if (place >= range.count) break;
      picked.push(range.first + place);
    }
    before += range.count;
  }
  return picked;
}

/** Two figures count in what comes of a sample. */
const rounded = (bytes: number): number => Number(bytes.toPrecision(2));
