// The manifest: one hash for each chunk of a source, in a file with a checksum of its own. With it a copy can be
// verified, repaired and renewed without the source. A manifest has exactly one spelling, so its digest names it.
//
//   offset       bytes                what (integers big-endian)
//   0            16                   "PLATTER-MANIFEST"
//   16           4                    version: 1
//   20           4                    H, length of the header
//   24           H                    header: JSON in UTF-8, members in the order of `header` below, no blanks
//   24 + H       ceil(chunks / 8)     bitmap of the chunks that have a hash: bit i % 8 of byte i / 8 is chunk i
//   then         16 * chunks          the hashes, as `xxhsum -H128` prints them; 16 zero bytes for a chunk without one
//   at the end   32                   SHA-256 of everything before it:
//                                     head -c -32 FILE | sha256sum        is        tail -c 32 FILE | od -An -tx1
import { createHash, type Hash } from 'node:crypto';
import { closeSync, constants, fstatSync, openSync } from 'node:fs';
import * as z from 'zod';
import type { Reason } from '../../contract/facts.ts';
import { fileSource, memorySource, type ByteSource } from '../../base/byte-source.ts';
import { complaints } from '../../contract/schema-complaint.ts';
import { bitmapBytes, chunksOf, hasChunk, HASH_BYTES, isChunkSize, MAX_CHUNKS } from './chunks.ts';
import { checkPlainFile, replaceFile } from '../../base/durable-file.ts';
import { errnoOf, failure, failureOf, Refusal } from '../../base/errors.ts';
import { asJson } from '../../base/json.ts';
import { thisProgram } from '../../base/program-name.ts';

/** The hashes of a source. */
export interface Manifest {
  /** Bytes: a power of two from 64 KiB to 16 MiB. */
  chunkSize: number;
  /** Bytes covered by the chunks, from offset 0 of the source. */
  bytes: number;
  /** The source that was read. `size` in bytes. */
  source: { path: string; model: string | null; serial: string | null; size: number };
  /** Time of creation, in milliseconds since the epoch. */
  createdAt: number;
  /** The program that made it; default: this one. */
  program?: string;
  /** A bitmap of the chunks with a hash; an unreadable chunk has none. */
  known: Uint8Array;
  /** 16 bytes for each chunk; zeros for a chunk without a hash. */
  hashes: Uint8Array;
}

/** The file is not a manifest or is damaged, or a new manifest could not be read back. */
export class ManifestError extends Refusal {
  constructor(reason: Reason, path: string | null = null) {
    super([failure({ code: 'BAD_FILE', op: 'read', device: path, reason, remedy: { kind: 'otherManifest' } })]);
    this.name = 'ManifestError';
  }
}

/** The path of a source that the manifest does not name. No path of a source looks like it. */
export const ANONYMOUS = '(anonymous)';

const MAGIC = Buffer.from('PLATTER-MANIFEST');
const VERSION = 1;
const HEADER_AT = MAGIC.length + 8;
const DIGEST_BYTES = 32;
const MAX_HEADER_BYTES = 64 * 1024;
/** Bytes that `readHead` takes at most. */
export const MOST_HEAD = HEADER_AT + MAX_HEADER_BYTES;
/** Bytes read and hashed at a time; a multiple of a hash. */
const SLICE_BYTES = 1024 ** 2;
/** The longest possible manifest. */
const MAX_BYTES = HEADER_AT + MAX_HEADER_BYTES + bitmapBytes(MAX_CHUNKS) + MAX_CHUNKS * HASH_BYTES + DIGEST_BYTES;

const count = z.int().nonnegative();
/** Milliseconds since 1970, as many as a Date can hold. */
export const moment = count.max(8.64e15);
const header = z
  .strictObject({
    chunkSize: count.refine(isChunkSize, 'not a power of two from 64 KiB to 16 MiB'),
    bytes: count,
    source: z.strictObject({
      path: z.string(),
      model: z.string().nullable(),
      serial: z.string().nullable(),
      size: count,
    }),
    createdAt: moment,
    program: z.string(),
  })
  .refine(({ bytes, chunkSize }) => chunksOf(bytes, chunkSize) <= MAX_CHUNKS, 'too many chunks');
type Header = z.infer<typeof header>;

/** The file's bytes. Throws a ManifestError when the parts do not fit together. Copies everything once. */
export function encodeManifest(manifest: Manifest): Uint8Array {
  const pieces = piecesOf(manifest);
  return Buffer.concat([...pieces, digestOf(pieces)]);
}

/** Decodes a manifest. Throws a ManifestError when it deviates from the format above. */
export const decodeManifest = (bytes: Uint8Array): Manifest => decode(memorySource(bytes), true);

/**
 * Reads a manifest slice by slice. Its length is compared with its header before anything of that length is allocated.
 * `keep` false: everything is checked, but `hashes` stays empty, and only the bitmap is held in memory.
 */
function decode(file: ByteSource, keep: boolean): Manifest {
  const head = Buffer.from(file.at(0, HEADER_AT));
  if (file.size < HEADER_AT + DIGEST_BYTES)
    throw new ManifestError({ kind: 'manifestTooShort', bytes: String(file.size) });
  if (!head.subarray(0, MAGIC.length).equals(MAGIC)) throw new ManifestError({ kind: 'noManifest' });
  const version = head.readUInt32BE(MAGIC.length);
  if (version !== VERSION)
    throw new ManifestError({ kind: 'formatVersion', version: String(version), known: String(VERSION) });
  const length = head.readUInt32BE(MAGIC.length + 4);
  if (length > MAX_HEADER_BYTES || HEADER_AT + length + DIGEST_BYTES > file.size) {
    throw new ManifestError({ kind: 'manifestHeaderLength', length: String(length) });
  }
  const json = Buffer.from(file.at(HEADER_AT, length));
  const said = parseHeader(json);
  const chunks = chunksOf(said.bytes, said.chunkSize);
  const knownAt = HEADER_AT + length;
  const hashesAt = knownAt + bitmapBytes(chunks);
  const digestAt = hashesAt + chunks * HASH_BYTES;
  if (file.size !== digestAt + DIGEST_BYTES) {
    throw new ManifestError({ kind: 'manifestLength', has: String(file.size), wants: String(digestAt + DIGEST_BYTES) });
  }
  const digest = createHash('sha256').update(head).update(json);
  const known = new Uint8Array(bitmapBytes(chunks));
  slices(file, knownAt, hashesAt, digest, (slice, at) => known.set(slice, at));
  const hashes = new Uint8Array(keep ? chunks * HASH_BYTES : 0);
  const strays: number[] = [];
  slices(file, hashesAt, digestAt, digest, (slice, at) => {
    strays.push(...strayHash(known, slice, at / HASH_BYTES));
    if (keep) hashes.set(slice, at);
  });
  if (!digest.digest().equals(file.at(digestAt, DIGEST_BYTES)))
    throw new ManifestError({ kind: 'manifestDigest', at: String(digestAt) });
  checkBitmap(known, chunks);
  if (strays[0] !== undefined) throw new ManifestError({ kind: 'manifestHash', chunk: String(strays[0]) });
  return { ...said, known, hashes };
}

/**
 * Passes the bytes of [from, to) to `take`, each slice with its offset from `from`, and adds them to `digest`. Passes
 * less when the file has become shorter.
 */
function slices(
  file: ByteSource,
  from: number,
  to: number,
  digest: Hash,
  take: (slice: Buffer, at: number) => void,
): void {
  for (let at = from; at < to; at += SLICE_BYTES) {
    const slice = file.at(at, Math.min(SLICE_BYTES, to - at));
    digest.update(slice);
    take(slice, at - from);
  }
}

/**
 * The head of the manifest that begins with `bytes`: what it says of its source. null when it is none. It does not tell
 * whether the hashes are whole.
 */
export function readHead(bytes: Buffer): Header | null {
  if (bytes.length < HEADER_AT || !bytes.subarray(0, MAGIC.length).equals(MAGIC)) return null;
  const length = bytes.readUInt32BE(MAGIC.length + 4);
  if (bytes.readUInt32BE(MAGIC.length) !== VERSION || length > bytes.length - HEADER_AT) return null;
  return header.safeParse(asJson(bytes.toString('utf8', HEADER_AT, HEADER_AT + length))).data ?? null;
}

/** SHA-256 at the end of the manifest's file, in hex. It identifies these hashes of this source. */
export const manifestDigest = (manifest: Manifest): string => digestOf(piecesOf(manifest)).toString('hex');

/** Hash of a chunk in hex, as `xxhsum -H128` prints it; null without one. */
export function hashOf({ known, hashes }: Pick<Manifest, 'known' | 'hashes'>, chunk: number): string | null {
  return hasChunk(known, chunk)
    ? Buffer.from(hashes.buffer, hashes.byteOffset + chunk * HASH_BYTES, HASH_BYTES).toString('hex')
    : null;
}

/**
 * Writes a manifest durably, replacing the file `path`. Throws a ManifestError as `encodeManifest` does, or a Refusal
 * when `path` is not a plain file or cannot be written; the file is then unchanged.
 */
export async function writeManifest(path: string, manifest: Manifest): Promise<void> {
  const pieces = piecesOf(manifest);
  await replaceFile(path, [...pieces, digestOf(pieces)]);
}

/**
 * Reads a manifest in this thread, which takes a second for 1 GiB, so a host uses the reading thread (`read-aside.ts`).
 * Rejects with a ManifestError when it is not a manifest, a Refusal when the file cannot be read.
 */
export const readManifest = (path: string): Promise<Manifest> => Promise.resolve().then(() => decodeFile(path, true));

/** Checks a whole manifest as `readManifest` does, in this thread, but keeps only its source. */
export const checkManifest = (path: string): Promise<Manifest['source']> =>
  Promise.resolve().then(() => decodeFile(path, false).source);

/**
 * True when they are the same drive or the same file. A drive without a serial number is identified by its path. Sizes
 * may differ, because an image can be updated. Of anonymous sources nobody knows.
 */
export function isSameSource(one: Manifest['source'], other: Manifest['source']): boolean {
  if (one.path === ANONYMOUS || other.path === ANONYMOUS) return false;
  if (one.serial === null && other.serial === null) return one.path === other.path;
  return one.serial === other.serial && one.model === other.model;
}

function decodeFile(path: string, keep: boolean): Manifest {
  try {
    const descriptor = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      const stats = fstatSync(descriptor);
      checkPlainFile(stats, path, MAX_BYTES);
      return decode(fileSource(descriptor, stats.size, SLICE_BYTES), keep);
    } finally {
      closeSync(descriptor);
    }
  } catch (error) {
    if (error instanceof ManifestError) throw new ManifestError(error.errors[0]!.reason, path);
    throw errnoOf(error) === null ? error : new Refusal([failureOf(error, 'read', path, 'file')]);
  }
}

/** Everything before the digest. The hashes are not copied, because there can be a gigabyte of them. */
function piecesOf(manifest: Manifest): Buffer[] {
  const {
    chunkSize,
    bytes,
    source: { path, model, serial, size },
    createdAt,
    program = thisProgram(),
    known,
    hashes,
  } = manifest;
  const said = header.safeParse({
    chunkSize,
    bytes,
    source: { path, model, serial, size },
    createdAt,
    program,
  } satisfies Header);
  if (!said.success) throw new ManifestError({ kind: 'manifestUnwritable', said: complaints(said.error) });
  const chunks = chunksOf(bytes, chunkSize);
  if (known.length !== bitmapBytes(chunks) || hashes.length !== chunks * HASH_BYTES) {
    throw new ManifestError({
      kind: 'manifestParts',
      bitmap: String(known.length),
      hashes: String(hashes.length),
      chunks: String(chunks),
    });
  }
  checkBitmap(known, chunks);
  const [stray] = strayHash(known, hashes, 0);
  if (stray !== undefined) throw new ManifestError({ kind: 'manifestHash', chunk: String(stray) });
  const json = Buffer.from(JSON.stringify(said.data));
  if (json.length > MAX_HEADER_BYTES)
    throw new ManifestError({
      kind: 'manifestHeaderLong',
      length: String(json.length),
      most: String(MAX_HEADER_BYTES),
    });
  const head = Buffer.alloc(HEADER_AT);
  MAGIC.copy(head);
  head.writeUInt32BE(VERSION, MAGIC.length);
  head.writeUInt32BE(json.length, MAGIC.length + 4);
  return [
    head,
    json,
    ...[known, hashes].map(({ buffer, byteOffset, length }) => Buffer.from(buffer, byteOffset, length)),
  ];
}

function parseHeader(json: Buffer): Header {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(json));
  } catch {
    throw new ManifestError({ kind: 'manifestHeaderNotJson' });
  }
  const said = header.safeParse(value);
  if (!said.success) throw new ManifestError({ kind: 'manifestHeaderWrong', said: complaints(said.error) });
  if (!Buffer.from(JSON.stringify(said.data)).equals(json)) throw new ManifestError({ kind: 'manifestHeaderSpelling' });
  return said.data;
}

/** The bits beyond the last chunk must be zero, because a manifest has only one spelling. */
function checkBitmap(known: Uint8Array, chunks: number): void {
  if (chunks % 8 !== 0 && known.at(-1)! >> (chunks % 8) !== 0)
    throw new ManifestError({ kind: 'manifestBeyond', last: String(chunks - 1) });
}

/**
 * The first chunk without a hash whose place holds bytes other than zero; empty when there is none. `hashes` begins
 * with chunk `first`.
 */
function strayHash(known: Uint8Array, hashes: Uint8Array, first: number): number[] {
  const end = first + hashes.length / HASH_BYTES;
  for (let chunk = first; chunk < end; chunk += 1) {
    if (chunk % 8 === 0 && known[chunk / 8] === 0xff) chunk += 7;
    else if (
      !hasChunk(known, chunk) &&
      hashes.subarray((chunk - first) * HASH_BYTES, (chunk - first + 1) * HASH_BYTES).some((byte) => byte !== 0)
    )
      return [chunk];
  }
  return [];
}

function digestOf(pieces: readonly Uint8Array[]): Buffer {
  const digest = createHash('sha256');
  for (const piece of pieces) digest.update(piece);
  return digest.digest();
}
