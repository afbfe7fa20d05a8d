// The job log as bytes: what is in it, and what of it can be believed. It only ever says less than is on the medium,
// never more: any damage but a last record that was cut short takes everything back.
//
//   offset   bytes   what (integers big-endian)
//   0        16      "PLATTER-JOB-LOG\n"
//   16       4       version: 1
//   20       ...     records, the header first:
//            4         length of the payload, 4 MiB at most
//            4         type
//            4         CRC-32 of these two, begun with the CRC before it (at the first record: that of bytes 0 to 19)
//            ...       payload
//            4         CRC-32 of the payload, begun with the CRC of the record's head
//
// Payloads: 1 header (JSON), 2 durable and 3 withdrawn (destination, 4 bytes; flags, 4: bit 0 says that hashes follow;
// first chunk, 8; count, 4; of a durable one 16 bytes of xxh3-128 for each chunk), 4 state, 5 closed, 6 resumed (JSON).
import { crc32 } from 'node:zlib';
import * as z from 'zod';
import type { Reason } from '../contract/facts.ts';
import { MAX_DESTINATIONS, type CopyRequest, type Endpoint, type JobResult } from '../contract/jobs.ts';
import { bitmapBytes, chunksOf, hasChunk, HASH_BYTES, isChunkSize, markChunks, MAX_CHUNKS } from './chunks.ts';
import { failure, Refusal } from './errors.ts';
import { keptResult } from './kept.ts';
import { copyRequest, hostMessage } from './schema.ts';

/** One end of a job, as it has to be found again. */
export interface LoggedEnd extends Pick<Endpoint, 'path' | 'realPath' | 'kind' | 'size' | 'model' | 'serial' | 'majorMinor'> {
  /** Identity of the device or file ("block:8:16", "file:8:1:1234"); null when it was not there yet. */
  id: string | null;
  /** Of a file, when it was last written, milliseconds since the epoch; null for a device. */
  modified: number | null;
}

/** What a log begins with. */
export interface JobLogHeader {
  request: CopyRequest;
  /** null when only a manifest was there to compare with. */
  source: LoggedEnd | null;
  destinations: LoggedEnd[];
  /** Bytes: a power of two from 64 KiB to 16 MiB. */
  chunkSize: number;
  /** Bytes that each destination gets. */
  bytes: number;
  /** Milliseconds since the epoch. */
  startedAt: number;
  /** What wrote it; this program when left out. */
  program?: string;
}

/** How a destination ended. */
export interface LoggedState {
  state: 'done' | 'failed' | 'cancelled';
  verified: boolean | null;
}

/** Chunks [first, first + count) of a destination. */
interface ChunksOf {
  destination: number;
  first: number;
  count: number;
}

/** One record after the header. */
export type LogRecord =
  /** They are on the medium, flushed. `hashes`: 16 bytes each, null when they are in the log already or there are none (holes). */
  | ({ type: 'durable'; hashes: Uint8Array | null } & ChunksOf)
  /** They are about to be written again, so nothing is known of them. */
  | ({ type: 'withdrawn' } & ChunksOf)
  | ({ type: 'state'; destination: number } & LoggedState)
  | { type: 'closed'; result: JobResult }
  /** The job goes on: it has no result any more, and no destination has ended. */
  | { type: 'resumed'; at: number };

/** What a log says. */
export interface JobLog {
  header: JobLogHeader;
  /** For each destination the chunks that are on its medium, a bitmap. */
  durable: Uint8Array[];
  /** 16 bytes for each chunk of the source; zeros where `known` (a bitmap) has none. */
  hashes: Uint8Array;
  known: Uint8Array;
  /** For each destination how it ended; null when it did not. */
  states: (LoggedState | null)[];
  /** null when the job was interrupted. */
  closed: JobResult | null;
  /** 'cut': the last append was under way; it is dropped. 'corrupt': nothing in the log but its header counts. */
  damage: null | 'cut' | 'corrupt';
}

/** A log that was read, and where the next record goes. */
export interface ReadLog {
  log: JobLog;
  /** Bytes up to the end of the last whole record. */
  end: number;
  /** CRC that the next record's begins with. */
  chain: number;
}

/** There is no job log there, or none that can be read or gone on with. */
export class JobLogError extends Refusal {
  constructor(reason: Reason, path: string | null = null) {
    super([failure({ code: 'BAD_FILE', op: 'read', device: path, reason, remedy: { kind: 'fromTheBeginning' } })]);
    this.name = 'JobLogError';
  }
}

const MAGIC = Buffer.from('PLATTER-JOB-LOG\n');
const VERSION = 1;
const HEADER_AT = MAGIC.length + 4;
const HEAD_BYTES = 12;
const CRC_BYTES = 4;
const RANGE_BYTES = 20;
const MAX_PAYLOAD = 4 * 1024 ** 2;
/** Most chunks with hashes that one record holds. */
export const MAX_HASHED = 2 ** 17;
/** By number; the header is none of `LogRecord`. */
const TYPES = ['', 'header', 'durable', 'withdrawn', 'state', 'closed', 'resumed'] as const;

const count = z.int().nonnegative();
const maybeText = z.string().nullable();
const end = z.strictObject({
  path: z.string(), realPath: z.string(), kind: z.enum(['block', 'file']), size: count, model: maybeText, serial: maybeText, majorMinor: maybeText,
  id: maybeText, modified: z.number().nullable(),
}) satisfies z.ZodType<LoggedEnd>;
const header = z.strictObject({
  request: copyRequest, source: end.nullable(), destinations: z.array(end).min(1).max(MAX_DESTINATIONS),
  chunkSize: count.refine(isChunkSize, 'not a power of two from 64 KiB to 16 MiB'), bytes: count, startedAt: count, program: z.string().optional(),
}).refine(({ bytes, chunkSize }) => chunksOf(bytes, chunkSize) <= MAX_CHUNKS, 'too many chunks') satisfies z.ZodType<JobLogHeader>;
const state = z.strictObject({ destination: count, state: z.enum(['done', 'failed', 'cancelled']), verified: z.boolean().nullable() });
const closed = z.strictObject({ result: z.unknown() });
const resumed = z.strictObject({ at: count });

/** The first bytes of a log, and the CRC to go on with. Throws a JobLogError when `said` is no header that could be read again. */
export function encodeHeader(said: JobLogHeader): { bytes: Buffer; chain: number } {
  const checked = header.safeParse(said);
  if (!checked.success) throw new JobLogError({ kind: 'logUnwritable', said: z.prettifyError(checked.error) });
  const start = Buffer.alloc(HEADER_AT);
  MAGIC.copy(start);
  start.writeUInt32BE(VERSION, MAGIC.length);
  const first = encodePayload('header', Buffer.from(JSON.stringify(said)), crc32(start));
  return { bytes: Buffer.concat([start, first.bytes]), chain: first.chain };
}

/** One record, and the CRC to go on with. Throws a JobLogError when it is too long. */
export function encodeRecord(record: LogRecord, chain: number): { bytes: Buffer; chain: number } {
  const { type, ...rest } = record;
  return encodePayload(type, 'first' in record ? encodeRange(record) : Buffer.from(JSON.stringify(rest)), chain);
}

function encodeRange({ destination, first, count: many, ...rest }: ChunksOf & { hashes?: Uint8Array | null }): Buffer {
  const hashes = rest.hashes ?? null;
  const payload = Buffer.alloc(RANGE_BYTES + (hashes?.length ?? 0));
  payload.writeUInt32BE(destination, 0);
  payload.writeUInt32BE(hashes === null ? 0 : 1, 4);
  payload.writeBigUInt64BE(BigInt(first), 8);
  payload.writeUInt32BE(many, 16);
  if (hashes !== null) payload.set(hashes, RANGE_BYTES);
  return payload;
}

function encodePayload(type: (typeof TYPES)[number], payload: Buffer, chain: number): { bytes: Buffer; chain: number } {
  if (payload.length > MAX_PAYLOAD) throw new JobLogError({ kind: 'logRecordLong', type, length: String(payload.length), most: String(MAX_PAYLOAD) });
  const bytes = Buffer.alloc(HEAD_BYTES + payload.length + CRC_BYTES);
  bytes.writeUInt32BE(payload.length, 0);
  bytes.writeUInt32BE(TYPES.indexOf(type), 4);
  const head = crc32(bytes.subarray(0, 8), chain);
  bytes.writeUInt32BE(head, 8);
  payload.copy(bytes, HEAD_BYTES);
  const whole = crc32(payload, head);
  bytes.writeUInt32BE(whole, HEAD_BYTES + payload.length);
  return { bytes, chain: whole };
}

/** What a log's bytes say. Throws a JobLogError when not even its header can be read. */
export function decodeJobLog(bytes: Uint8Array): ReadLog {
  const file = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  if (!file.subarray(0, MAGIC.length).equals(MAGIC)) throw new JobLogError({ kind: 'noLog' });
  if (file.length < HEADER_AT) throw new JobLogError({ kind: 'logTooShort' });
  const version = file.readUInt32BE(MAGIC.length);
  if (version !== VERSION) throw new JobLogError({ kind: 'formatVersion', version: String(version), known: String(VERSION) });
  const first = nextRecord(file, HEADER_AT, crc32(file.subarray(0, HEADER_AT)));
  if (typeof first === 'string' || first.type !== 'header') throw new JobLogError({ kind: 'logHeaderDamaged' });
  const said = header.safeParse(jsonOf(first.payload));
  if (!said.success) throw new JobLogError({ kind: 'logHeaderOther', said: z.prettifyError(said.error) });

  const log = emptyLog(said.data);
  let read: ReadLog = { log, end: first.end, chain: first.chain };
  while (read.end < file.length) {
    const record = nextRecord(file, read.end, read.chain);
    if (record === 'cut') return { ...read, log: { ...log, damage: 'cut' } };
    if (record === 'corrupt' || !apply(record, log)) return { ...read, log: { ...emptyLog(said.data), damage: 'corrupt' } };
    read = { log, end: record.end, chain: record.chain };
  }
  return read;
}

function emptyLog(said: JobLogHeader): JobLog {
  const chunks = chunksOf(said.bytes, said.chunkSize);
  return {
    header: said,
    durable: said.destinations.map(() => new Uint8Array(bitmapBytes(chunks))),
    hashes: new Uint8Array(chunks * HASH_BYTES),
    known: new Uint8Array(bitmapBytes(chunks)),
    states: said.destinations.map(() => null),
    closed: null,
    damage: null,
  };
}

interface Raw {
  type: (typeof TYPES)[number];
  payload: Buffer;
  end: number;
  chain: number;
}

/** The record at `at`. What is cut short is the end of the file and nothing else: a length is believed when its own CRC is right. */
function nextRecord(file: Buffer, at: number, chain: number): Raw | 'cut' | 'corrupt' {
  if (file.length - at < HEAD_BYTES) return 'cut';
  const length = file.readUInt32BE(at);
  const head = file.readUInt32BE(at + 8);
  if (crc32(file.subarray(at, at + 8), chain) !== head) return 'corrupt';
  const type = TYPES[file.readUInt32BE(at + 4)] ?? '';
  if (type === '' || length > MAX_PAYLOAD) return 'corrupt';
  const crcAt = at + HEAD_BYTES + length;
  if (file.length < crcAt + CRC_BYTES) return 'cut';
  const payload = file.subarray(at + HEAD_BYTES, crcAt);
  const whole = crc32(payload, head);
  return file.readUInt32BE(crcAt) === whole ? { type, payload, end: crcAt + CRC_BYTES, chain: whole } : 'corrupt';
}

/** Adds a record to the log. False when it says what cannot be. */
function apply({ type, payload }: Raw, log: JobLog): boolean {
  if (log.closed !== null && type !== 'resumed') return false;
  switch (type) {
    case 'durable':
    case 'withdrawn':
      return applyRange(type, payload, log);
    case 'state': {
      const said = state.safeParse(jsonOf(payload));
      if (!said.success || said.data.destination >= log.states.length) return false;
      log.states[said.data.destination] = { state: said.data.state, verified: said.data.verified };
      return true;
    }
    case 'closed': {
      const said = closed.safeParse(jsonOf(payload));
      const event = hostMessage.safeParse({ event: 'result', result: keptResult(said.data?.result) });
      if (!event.success || !('event' in event.data) || event.data.event !== 'result') return false;
      log.closed = event.data.result;
      return log.closed.destinations.length === log.states.length;
    }
    case 'resumed':
      log.closed = null;
      log.states.fill(null);
      return resumed.safeParse(jsonOf(payload)).success;
    case 'header':
    case '':
      return false;
  }
}

function applyRange(type: 'durable' | 'withdrawn', payload: Buffer, log: JobLog): boolean {
  if (payload.length < RANGE_BYTES) return false;
  const durable = log.durable[payload.readUInt32BE(0)];
  const flags = payload.readUInt32BE(4);
  const first = Number(payload.readBigUInt64BE(8));
  const many = payload.readUInt32BE(16);
  const hashes = payload.subarray(RANGE_BYTES);
  if (durable === undefined || many === 0 || first + many > chunksOf(log.header.bytes, log.header.chunkSize)) return false;
  if (flags > (type === 'durable' ? 1 : 0) || hashes.length !== (flags === 1 ? many * HASH_BYTES : 0)) return false;
  for (let index = 0; index < many && flags === 1; index += 1) {
    const hash = hashes.subarray(index * HASH_BYTES, (index + 1) * HASH_BYTES);
    const at = (first + index) * HASH_BYTES;
    // One chunk, one hash: a source that changed is no source to go on with.
    if (hasChunk(log.known, first + index) && !hash.equals(log.hashes.subarray(at, at + HASH_BYTES))) return false;
    log.hashes.set(hash, at);
  }
  if (flags === 1) markChunks(log.known, first, many, true);
  markChunks(durable, first, many, type === 'durable');
  return true;
}

/** undefined, which no schema takes, when it is not JSON in UTF-8. */
function jsonOf(payload: Buffer): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(payload));
  } catch {
    return undefined;
  }
}
