// The manifest: one hash for each chunk of a source, in a file with a checksum of its own. With it a copy can be
// verified, repaired and renewed without the source. A manifest has exactly one spelling, so its digest names it.
//
//   offset       bytes                what (integers big-endian)
//   0            16                   "PLATTER-MANIFEST"
//   16           4                    version: 1
//   20           4                    H, length of the header
//   24           H                    header: JSON in UTF-8, members in the order of `header` below, no blanks
//   24 + H       ceil(chunks / 8)     bitmap of the chunks that have a hash: bit i % 8 of byte i / 8 is chunk i
//   then         16 * chunks          the hashes, as `xxhsum -H128` prints them; 16 zero bytes for a chunk that has none
//   at the end   32                   SHA-256 of everything before it:
//                                     head -c -32 FILE | sha256sum        is        tail -c 32 FILE | od -An -tx1
import { createHash } from 'node:crypto';
import * as z from 'zod';
import type { Reason } from '../contract/facts.ts';
import { bitmapBytes, chunksOf, hasChunk, HASH_BYTES, isChunkSize, MAX_CHUNKS } from './chunks.ts';
import { readPlainFile, replaceFile } from './durable-file.ts';
import { failure, Refusal } from './errors.ts';
import { thisProgram } from './program.ts';

/** The hashes of a source. */
export interface Manifest {
  /** Bytes: a power of two from 64 KiB to 16 MiB. */
  chunkSize: number;
  /** Bytes that the chunks cover, from offset 0 of the source on. */
  bytes: number;
  /** What was read. `size` in bytes. */
  source: { path: string; model: string | null; serial: string | null; size: number };
  /** When it was made, milliseconds since the epoch. */
  createdAt: number;
  /** What made it; this program when left out. */
  program?: string;
  /** The chunks that have a hash, a bitmap; one that could not be read has none. */
  known: Uint8Array;
  /** 16 bytes for each chunk; zeros for one that has none. */
  hashes: Uint8Array;
}

/** What was read is no manifest, or a damaged one; or what is to be written could not be read again. */
export class ManifestError extends Refusal {
  constructor(reason: Reason, path: string | null = null) {
    super([failure({ code: 'BAD_FILE', op: 'read', device: path, reason, remedy: { kind: 'otherManifest' } })]);
    this.name = 'ManifestError';
  }
}

const MAGIC = Buffer.from('PLATTER-MANIFEST');
const VERSION = 1;
const HEADER_AT = MAGIC.length + 8;
const DIGEST_BYTES = 32;
const MAX_HEADER_BYTES = 64 * 1024;
/** No manifest is longer. */
const MAX_BYTES = HEADER_AT + MAX_HEADER_BYTES + bitmapBytes(MAX_CHUNKS) + MAX_CHUNKS * HASH_BYTES + DIGEST_BYTES;

const count = z.int().nonnegative();
const header = z.strictObject({
  chunkSize: count.refine(isChunkSize, 'not a power of two from 64 KiB to 16 MiB'),
  bytes: count,
  source: z.strictObject({ path: z.string(), model: z.string().nullable(), serial: z.string().nullable(), size: count }),
  createdAt: count,
  program: z.string(),
}).refine(({ bytes, chunkSize }) => chunksOf(bytes, chunkSize) <= MAX_CHUNKS, 'too many chunks');
type Header = z.infer<typeof header>;

/** The file's bytes. Throws a ManifestError when the parts do not fit each other. Copies everything once. */
export function encodeManifest(manifest: Manifest): Uint8Array {
  const pieces = piecesOf(manifest);
  return Buffer.concat([...pieces, digestOf(pieces)]);
}

/** What a file's bytes say; `known` and `hashes` are views into `bytes`. Throws a ManifestError at anything that is not as above. */
export function decodeManifest(bytes: Uint8Array): Manifest {
  const file = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  if (file.length < HEADER_AT + DIGEST_BYTES) throw new ManifestError({ kind: 'manifestTooShort', bytes: String(file.length) });
  if (!file.subarray(0, MAGIC.length).equals(MAGIC)) throw new ManifestError({ kind: 'noManifest' });
  const version = file.readUInt32BE(MAGIC.length);
  if (version !== VERSION) throw new ManifestError({ kind: 'formatVersion', version: String(version), known: String(VERSION) });
  const length = file.readUInt32BE(MAGIC.length + 4);
  if (length > MAX_HEADER_BYTES || HEADER_AT + length + DIGEST_BYTES > file.length) {
    throw new ManifestError({ kind: 'manifestHeaderLength', length: String(length) });
  }
  const said = parseHeader(file.subarray(HEADER_AT, HEADER_AT + length));
  const chunks = chunksOf(said.bytes, said.chunkSize);
  const knownAt = HEADER_AT + length;
  const hashesAt = knownAt + bitmapBytes(chunks);
  const digestAt = hashesAt + chunks * HASH_BYTES;
  if (file.length !== digestAt + DIGEST_BYTES) {
    throw new ManifestError({ kind: 'manifestLength', has: String(file.length), wants: String(digestAt + DIGEST_BYTES) });
  }
  const manifest = { ...said, known: bytes.subarray(knownAt, hashesAt), hashes: bytes.subarray(hashesAt, digestAt) };
  if (!digestOf([file.subarray(0, digestAt)]).equals(file.subarray(digestAt))) {
    throw new ManifestError({ kind: 'manifestDigest', at: String(digestAt) });
  }
  checkParts(manifest, chunks);
  return manifest;
}

/** SHA-256 at the end of the manifest's file, in hex: the name of just these hashes of just this source. */
export const manifestDigest = (manifest: Manifest): string => digestOf(piecesOf(manifest)).toString('hex');

/** Hash of a chunk in hex, as `xxhsum -H128` prints it; null when it has none. */
export function hashOf({ known, hashes }: Pick<Manifest, 'known' | 'hashes'>, chunk: number): string | null {
  return hasChunk(known, chunk) ? Buffer.from(hashes.buffer, hashes.byteOffset + chunk * HASH_BYTES, HASH_BYTES).toString('hex') : null;
}

/**
 * Writes a manifest, durably, in place of what the file `path` held. Throws a ManifestError as `encodeManifest` does, and
 * a Refusal when `path` is something else than a plain file or cannot be written; then it is as it was.
 */
export async function writeManifest(path: string, manifest: Manifest): Promise<void> {
  const pieces = piecesOf(manifest);
  await replaceFile(path, [...pieces, digestOf(pieces)]);
}

/** Reads a manifest. Throws a ManifestError when it is none, a Refusal when the file cannot be read. */
export async function readManifest(path: string): Promise<Manifest> {
  const bytes = await readPlainFile(path, MAX_BYTES);
  try {
    return decodeManifest(bytes);
  } catch (error) {
    throw error instanceof ManifestError ? new ManifestError(error.errors[0]!.reason, path) : error;
  }
}

/** Everything before the digest. The hashes are not copied: there can be a gigabyte of them. */
function piecesOf(manifest: Manifest): Buffer[] {
  const { chunkSize, bytes, source: { path, model, serial, size }, createdAt, program = thisProgram(), known, hashes } = manifest;
  const said = header.safeParse({ chunkSize, bytes, source: { path, model, serial, size }, createdAt, program } satisfies Header);
  if (!said.success) throw new ManifestError({ kind: 'manifestUnwritable', said: complaints(said.error) });
  const chunks = chunksOf(bytes, chunkSize);
  if (known.length !== bitmapBytes(chunks) || hashes.length !== chunks * HASH_BYTES) {
    throw new ManifestError({ kind: 'manifestParts', bitmap: String(known.length), hashes: String(hashes.length), chunks: String(chunks) });
  }
  checkParts(manifest, chunks);
  const json = Buffer.from(JSON.stringify(said.data));
  if (json.length > MAX_HEADER_BYTES) throw new ManifestError({ kind: 'manifestHeaderLong', length: String(json.length), most: String(MAX_HEADER_BYTES) });
  const head = Buffer.alloc(HEADER_AT);
  MAGIC.copy(head);
  head.writeUInt32BE(VERSION, MAGIC.length);
  head.writeUInt32BE(json.length, MAGIC.length + 4);
  return [head, json, ...[known, hashes].map(({ buffer, byteOffset, length }) => Buffer.from(buffer, byteOffset, length))];
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

/** What there is only one spelling for: bits beyond the last chunk, and hashes of chunks that have none, are zero. */
function checkParts({ known, hashes }: Pick<Manifest, 'known' | 'hashes'>, chunks: number): void {
  if (chunks % 8 !== 0 && known.at(-1)! >> chunks % 8 !== 0) throw new ManifestError({ kind: 'manifestBeyond', last: String(chunks - 1) });
  for (let chunk = 0; chunk < chunks; chunk += 1) {
    if (chunk % 8 === 0 && known[chunk / 8] === 0xff) chunk += 7;
    else if (!hasChunk(known, chunk) && hashes.subarray(chunk * HASH_BYTES, (chunk + 1) * HASH_BYTES).some((byte) => byte !== 0)) {
      throw new ManifestError({ kind: 'manifestHash', chunk: String(chunk) });
    }
  }
}

function digestOf(pieces: readonly Uint8Array[]): Buffer {
  const digest = createHash('sha256');
  for (const piece of pieces) digest.update(piece);
  return digest.digest();
}

/** A schema's complaints in one line. */
const complaints = (error: z.ZodError): string =>
  error.issues.map(({ path, message }) => (path.length === 0 ? message : `${path.join('.')}: ${message}`)).join('; ');
