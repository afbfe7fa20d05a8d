// The job log as bytes, and how much of it can be trusted. It may claim less than is on the medium, never more: any
// damage except a truncated last record invalidates everything.
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
// first chunk, 8; count, 4; of a durable one 16 bytes of xxh3-128 for each chunk), 4 state, 5 closed, 6 resumed, 7 joined (JSON).
import { crc32 } from 'node:zlib';
import * as z from 'zod';
import type { Reason, Remedy } from '../../contract/facts.ts';
import { jobResult, type JobResult } from '../../contract/jobs.ts';
import { memorySource, type ByteSource } from '../../base/byte-source.ts';
import { bitmapBytes, chunksOf, hasChunk, HASH_BYTES, markChunks } from './chunks.ts';
import { complaints } from '../../contract/schema-complaint.ts';
import { failure, Refusal } from '../../base/errors.ts';
import { MAX_DESTINATIONS } from '../../contract/limits.ts';
import {
  contradictions,
  jobLogHeader,
  loggedEnd,
  withJoined,
  type JobLogHeader,
  type LoggedEnd,
} from './job-header.ts';
import { keep } from '../../base/kept-request.ts';
import { keptResult } from '../../base/older-files.ts';

/** How a destination ended. */
export interface LoggedState {
  /** 'replaced': another job has written it or put an image in its place, and nothing is left to continue. */
  state: 'done' | 'failed' | 'cancelled' | 'replaced';
  verified: boolean | null;
}

/** True when there is nothing left to do for a destination. */
export const isSettled = (state: LoggedState | null | undefined): boolean =>
  state?.state === 'done' || state?.state === 'replaced';

/** Chunks [first, first + count) of a destination. */
interface ChunksOf {
  destination: number;
  first: number;
  count: number;
}

/** One record after the header. */
export type LogRecord =
  /** Durable. `hashes`: 16 bytes each; null when they are in the log already or there are none (holes). */
  | ({ type: 'durable'; hashes: Uint8Array | null } & ChunksOf)
  /** About to be written again, so nothing is known of them. */
  | ({ type: 'withdrawn' } & ChunksOf)
  | ({ type: 'state'; destination: number } & LoggedState)
  | { type: 'closed'; result: JobResult }
  /** The job was continued: it has no result any more, and no destination has ended. */
  | { type: 'resumed'; at: number }
  /** A drive joined the running job: from here on the job has one more destination. */
  | { type: 'joined'; destination: LoggedEnd };

/** The content of a log. */
export interface JobLog {
  header: JobLogHeader;
  /** For each destination, a bitmap of its durable chunks. */
  durable: Uint8Array[];
  /** 16 bytes for each chunk of the source; zeros where `known` (a bitmap) is not set. */
  hashes: Uint8Array;
  known: Uint8Array;
  /** How each destination ended; null when it did not. */
  states: (LoggedState | null)[];
  /** null when the job was interrupted. */
  closed: JobResult | null;
  /** 'cut': the last append was interrupted; it is dropped. 'corrupt': only the header of the log counts. */
  damage: null | 'cut' | 'corrupt';
}

/** A decoded log, and where the next record goes. */
export interface ReadLog {
  log: JobLog;
  /** Bytes up to the end of the last whole record. */
  end: number;
  /** The CRC that the next record's CRC continues. */
  chain: number;
}

/** The job log is missing, or cannot be read or continued. */
export class JobLogError extends Refusal {
  constructor(reason: Reason, path: string | null = null, remedy: Remedy = { kind: 'fromTheBeginning' }) {
    super([failure({ code: 'BAD_FILE', op: 'read', device: path, reason, remedy })]);
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
/** Most chunks with hashes in one record. */
export const MAX_HASHED = 2 ** 17;
/** How many times a log may mention every chunk of every destination, and how many chunks any log may mention. */
const MAX_ROUNDS = 100;
const LEAST_MARKS = 2 ** 26;
/** By number; the header is not a `LogRecord`. */
const TYPES = ['', 'header', 'durable', 'withdrawn', 'state', 'closed', 'resumed', 'joined'] as const;

const count = z.int().nonnegative();
const state = z.strictObject({
  destination: count,
  state: z.enum(['done', 'failed', 'cancelled', 'replaced']),
  verified: z.boolean().nullable(),
});
const closed = z.strictObject({ result: z.unknown() });
const resumed = z.strictObject({ at: count });
const joined = z.strictObject({ destination: loggedEnd });

/** The first bytes of a log, and the CRC to continue with. Throws a JobLogError when `said` could not be read back. */
export function encodeHeader(said: JobLogHeader): { bytes: Buffer; chain: number } {
  const kept = { ...said, request: keep(said.request) };
  const checked = jobLogHeader.safeParse(kept);
  const wrong = checked.success ? contradictions(said).join('; ') : complaints(checked.error);
  if (wrong !== '') throw new JobLogError({ kind: 'logUnwritable', said: wrong });
  const start = Buffer.alloc(HEADER_AT);
  MAGIC.copy(start);
  start.writeUInt32BE(VERSION, MAGIC.length);
  const first = encodePayload('header', Buffer.from(JSON.stringify(kept)), crc32(start));
  return { bytes: Buffer.concat([start, first.bytes]), chain: first.chain };
}

/** An encoded record, and the CRC for the next one. Throws a JobLogError when it is too long. */
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
  if (payload.length > MAX_PAYLOAD)
    throw new JobLogError({ kind: 'logRecordLong', type, length: String(payload.length), most: String(MAX_PAYLOAD) });
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

/** Decodes a log. Throws a JobLogError when its header cannot be read or contradicts itself. */
export const decodeJobLog = (bytes: Uint8Array): ReadLog => decodeLog(memorySource(bytes), 'all');

/**
 * Decodes a log record by record. `want` 'progress' keeps no hashes: `hashes` and `known` are empty, and two different
 * hashes for one chunk go unnoticed. Throws a JobLogError when its header cannot be read or contradicts itself.
 */
export function decodeLog(file: ByteSource, want: 'all' | 'progress'): ReadLog {
  const start = Buffer.from(file.at(0, HEADER_AT));
  if (!start.subarray(0, MAGIC.length).equals(MAGIC)) throw new JobLogError({ kind: 'noLog' });
  if (start.length < HEADER_AT) throw new JobLogError({ kind: 'logTooShort' });
  const version = start.readUInt32BE(MAGIC.length);
  if (version !== VERSION)
    throw new JobLogError({ kind: 'formatVersion', version: String(version), known: String(VERSION) });
  const first = nextRecord(file, HEADER_AT, crc32(start));
  if (typeof first === 'string' || first.type !== 'header')
    throw new JobLogError({ kind: 'logHeaderDamaged' }, null, { kind: 'forgetJob' });
  const header = checkedHeader(first.payload);

  const reading: Reading = { log: emptyLog(header, want), want, marks: 0 };
  let read: ReadLog = { log: reading.log, end: first.end, chain: first.chain };
  while (read.end < file.size) {
    const record = nextRecord(file, read.end, read.chain);
    if (record === 'cut') return { ...read, log: { ...reading.log, damage: 'cut' } };
    if (record === 'corrupt' || !apply(record, reading))
      return { ...read, log: { ...emptyLog(header, want), damage: 'corrupt' } };
    read = { log: reading.log, end: record.end, chain: record.chain };
  }
  return read;
}

function checkedHeader(payload: Buffer): JobLogHeader {
  const said = jobLogHeader.safeParse(jsonOf(payload));
  if (!said.success)
    throw new JobLogError({ kind: 'logHeaderOther', said: complaints(said.error) }, null, { kind: 'forgetJob' });
  const wrong = contradictions(said.data);
  if (wrong.length > 0)
    throw new JobLogError({ kind: 'logContradicts', said: wrong.join('; ') }, null, { kind: 'forgetJob' });
  return said.data;
}

/** A log while it is decoded. */
interface Reading {
  log: JobLog;
  want: 'all' | 'progress';
  /** Chunks mentioned by its records so far; repeated mentions count. */
  marks: number;
}

function emptyLog(header: JobLogHeader, want: 'all' | 'progress'): JobLog {
  const chunks = chunksOf(header.bytes, header.chunkSize);
  const hashed = want === 'all' ? chunks : 0;
  return {
    header,
    durable: header.destinations.map(() => new Uint8Array(bitmapBytes(chunks))),
    hashes: new Uint8Array(hashed * HASH_BYTES),
    known: new Uint8Array(bitmapBytes(hashed)),
    states: header.destinations.map(() => null),
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

/**
 * The record at `at`. Only the end of the file counts as truncation: a length is trusted only when its own CRC is
 * right.
 */
function nextRecord(file: ByteSource, at: number, chain: number): Raw | 'cut' | 'corrupt' {
  const start = file.at(at, HEAD_BYTES);
  if (start.length < HEAD_BYTES) return 'cut';
  const length = start.readUInt32BE(0);
  const head = start.readUInt32BE(8);
  if (crc32(start.subarray(0, 8), chain) !== head) return 'corrupt';
  const type = TYPES[start.readUInt32BE(4)] ?? '';
  if (type === '' || length > MAX_PAYLOAD) return 'corrupt';
  const rest = file.at(at + HEAD_BYTES, length + CRC_BYTES);
  if (rest.length < length + CRC_BYTES) return 'cut';
  const payload = rest.subarray(0, length);
  const whole = crc32(payload, head);
  return rest.readUInt32BE(length) === whole
    ? { type, payload, end: at + HEAD_BYTES + length + CRC_BYTES, chain: whole }
    : 'corrupt';
}

/** Applies a record to the log. False when the record is impossible. */
function apply({ type, payload }: Raw, reading: Reading): boolean {
  const { log } = reading;
  if (log.closed !== null && type !== 'resumed') return false;
  switch (type) {
    case 'durable':
    case 'withdrawn':
      return applyRange(type, payload, reading);
    case 'state': {
      const said = state.safeParse(jsonOf(payload));
      if (!said.success || said.data.destination >= log.states.length) return false;
      log.states[said.data.destination] = { state: said.data.state, verified: said.data.verified };
      return true;
    }
    case 'closed': {
      const said = closed.safeParse(jsonOf(payload));
      const result = jobResult.safeParse(keptResult(said.data?.result));
      if (!result.success) return false;
      log.closed = result.data;
      return log.closed.destinations.length === log.states.length;
    }
    case 'resumed':
      log.closed = null;
      log.states.fill(null);
      return resumed.safeParse(jsonOf(payload)).success;
    case 'joined': {
      const said = joined.safeParse(jsonOf(payload));
      if (!said.success) return false;
      log.header = withJoined(log.header, said.data.destination);
      log.durable.push(new Uint8Array(bitmapBytes(chunksOf(log.header.bytes, log.header.chunkSize))));
      log.states.push(null);
      return log.states.length <= MAX_DESTINATIONS && contradictions(log.header).length === 0;
    }
    case 'header':
    case '':
      return false;
  }
}

function applyRange(type: 'durable' | 'withdrawn', payload: Buffer, reading: Reading): boolean {
  const { log, want } = reading;
  if (payload.length < RANGE_BYTES) return false;
  const durable = log.durable[payload.readUInt32BE(0)];
  const flags = payload.readUInt32BE(4);
  const first = Number(payload.readBigUInt64BE(8));
  const many = payload.readUInt32BE(16);
  const hashes = payload.subarray(RANGE_BYTES);
  const chunks = chunksOf(log.header.bytes, log.header.chunkSize);
  if (durable === undefined || many === 0 || first + many > chunks) return false;
  reading.marks += many;
  if (reading.marks > MAX_ROUNDS * Math.max(LEAST_MARKS, chunks * log.durable.length)) return false;
  if (flags > (type === 'durable' ? 1 : 0) || hashes.length !== (flags === 1 ? many * HASH_BYTES : 0)) return false;
  const hashed = flags === 1 && want === 'all';
  for (let index = 0; index < many && hashed; index += 1) {
    const hash = hashes.subarray(index * HASH_BYTES, (index + 1) * HASH_BYTES);
    const at = (first + index) * HASH_BYTES;
    // A chunk has one hash: if the source changed, the job cannot continue.
    if (hasChunk(log.known, first + index) && !hash.equals(log.hashes.subarray(at, at + HASH_BYTES))) return false;
    log.hashes.set(hash, at);
  }
  if (hashed) markChunks(log.known, first, many, true);
  markChunks(durable, first, many, type === 'durable');
  return true;
}

/** undefined, which no schema accepts, when it is not JSON in UTF-8. */
function jsonOf(payload: Buffer): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(payload));
  } catch {
    return undefined;
  }
}
