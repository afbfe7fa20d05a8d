// Reads the frames at the end of a seekable zstd that decoders skip (packing/seekable-zstd.ts writes them).
import type { ImageSummary } from '../../contract/image-summary.ts';
import { decodeSummary, MOST_SUMMARY } from '../formats/image-summary.ts';
import { MOST_HEAD, readHead } from '../formats/manifest.ts';

/** The magic numbers of these frames, and of the seek table and its end (zstd's contrib/seekable_format). */
export const MANIFEST_MAGIC = 0x184d2a50;
export const SUMMARY_MAGIC = 0x184d2a51;
export const TABLE_MAGIC = 0x184d2a5e;
export const FOOTER_MAGIC = 0x8f92eab1;
/** Bytes of a skippable frame's header, of an entry of the table without and with a checksum, and of its end. */
export const FRAME_HEADER = 8;
export const ENTRY = 8;
const ENTRY_WITH_CHECKSUM = 12;
export const FOOTER = 9;
/** Bit of the flags: the entries have checksums. */
const CHECKSUMS = 0x80;
/** Most frames before the table to look at. There are two. */
const MOST_LOOKED_AT = 8;

/** Reads `length` bytes at `at`; fewer when they cannot be had. */
export type ReadAt = (at: number, length: number) => Promise<Buffer>;

/**
 * The summary of the copy in an image of `size` bytes. Of an image without one, what its manifest says; null when it
 * has neither.
 */
export async function summaryIn(read: ReadAt, size: number): Promise<ImageSummary | null> {
  let said: ImageSummary | null = null;
  for (const { magic, at, length } of await endFrames(read, size)) {
    if (magic === SUMMARY_MAGIC && length <= MOST_SUMMARY) {
      const summary = decodeSummary(await read(at, length));
      if (summary !== null) return summary;
    }
    if (magic === MANIFEST_MAGIC) said ??= ofManifest(await read(at, Math.min(length, MOST_HEAD)));
  }
  return said;
}

interface EndFrame {
  magic: number;
  /** Place and bytes of its content. */
  at: number;
  length: number;
}

/** The frames before the seek table that hold nothing of the image, the last one first. */
async function endFrames(read: ReadAt, size: number): Promise<EndFrame[]> {
  const footer = await read(Math.max(0, size - FOOTER), FOOTER);
  if (footer.length < FOOTER || footer.readUInt32LE(5) !== FOOTER_MAGIC) return [];
  const entry = (footer[4]! & CHECKSUMS) === 0 ? ENTRY : ENTRY_WITH_CHECKSUM;
  const count = footer.readUInt32LE(0);
  const looked = Math.min(count, MOST_LOOKED_AT);
  const entries = await read(Math.max(0, size - FOOTER - looked * entry), looked * entry);
  if (entries.length < looked * entry) return [];
  const found: EndFrame[] = [];
  let end = size - FOOTER - count * entry - FRAME_HEADER;
  for (let index = looked - 1; index >= 0; index -= 1) {
    const packed = entries.readUInt32LE(index * entry);
    const holds = entries.readUInt32LE(index * entry + 4);
    end -= packed;
    if (holds > 0 || packed < FRAME_HEADER || end < 0) break;
    const header = await read(end, FRAME_HEADER);
    if (header.length < FRAME_HEADER || header.readUInt32LE(4) !== packed - FRAME_HEADER) break;
    found.push({ magic: header.readUInt32LE(0), at: end + FRAME_HEADER, length: packed - FRAME_HEADER });
  }
  return found;
}

/** The summary that a manifest gives; null for bytes that are none. */
function ofManifest(bytes: Buffer): ImageSummary | null {
  const head = readHead(bytes);
  if (head === null) return null;
  const { createdAt, program, bytes: size, source } = head;
  const { path, model, serial } = source;
  return {
    createdAt,
    program,
    bytes: size,
    anonymous: false,
    source: { path, model, serial },
    table: null,
    parts: [],
    used: null,
  };
}
