// The end of a seekable zstd: what its frames do not say. Every zstd program skips it.
//
//   a skippable frame   0x184D2A50, its length, and a manifest of the image (formats/manifest.ts)
//   a skippable frame   0x184D2A51, its length, and a summary of the copy (formats/image-summary.ts)
//   a skippable frame   0x184D2A5E, its length, and the seek table: for each frame before it the bytes that it takes and
//                       the bytes that it holds; then the number of frames, a byte of flags, and 0x8F92EAB1
//
// All numbers are 32 bits long, little-endian. The format of the seek table is that of zstd's contrib/seekable_format
// (version 0.1.0).

import {
  ENTRY,
  FOOTER,
  FOOTER_MAGIC,
  FRAME_HEADER,
  MANIFEST_MAGIC,
  SUMMARY_MAGIC,
  TABLE_MAGIC,
} from '../unpacking/image-end.ts';

/** The frames of an image: `sizes` of each in the file, in bytes. Each holds `chunk` bytes of an image of `length`. */
export interface FrameTable {
  sizes: Uint32Array;
  chunk: number;
  length: number;
}

/** The facts about its copy that go into a finished image; null for one that it does not have. */
export interface CopyFacts {
  manifest: Uint8Array | null;
  /** `encodeSummary` makes it. */
  summary: Uint8Array | null;
}

/** What follows the last frame. */
export function endOfZstd({ sizes, chunk, length }: FrameTable, { manifest, summary }: CopyFacts): Buffer {
  const extra = [
    ...(manifest === null ? [] : [skippable(MANIFEST_MAGIC, manifest)]),
    ...(summary === null ? [] : [skippable(SUMMARY_MAGIC, summary)]),
  ];
  const entries = Buffer.alloc(ENTRY * (sizes.length + extra.length));
  sizes.forEach((size, index) => {
    entries.writeUInt32LE(size, ENTRY * index);
    entries.writeUInt32LE(Math.min(chunk, length - index * chunk), ENTRY * index + 4);
  });
  extra.forEach((frame, index) => entries.writeUInt32LE(frame.length, ENTRY * (sizes.length + index)));
  const footer = Buffer.alloc(FOOTER);
  footer.writeUInt32LE(sizes.length + extra.length, 0);
  footer.writeUInt32LE(FOOTER_MAGIC, 5);
  return Buffer.concat([...extra, skippable(TABLE_MAGIC, Buffer.concat([entries, footer]))]);
}

function skippable(magic: number, content: Uint8Array): Buffer {
  const header = Buffer.alloc(FRAME_HEADER);
  header.writeUInt32LE(magic, 0);
  header.writeUInt32LE(content.length, 4);
  return Buffer.concat([header, content]);
}
