// The job log: a file is refused with a JobLogError, or read as exactly what was logged. Records are read in any order.
import { crc32 } from 'node:zlib';
import { chunkRanges, countChunks, HASH_BYTES, hasChunk } from '../../app/engine/formats/chunks.ts';
import type { JobLogHeader } from '../../app/engine/formats/job-header.ts';
import {
  decodeJobLog,
  encodeHeader,
  encodeRecord,
  JobLogError,
  type JobLog,
  type LogRecord,
} from '../../app/engine/formats/job-records.ts';
import { allowing, Dice, must } from './property.ts';
import { askedCopy } from '../requests.ts';

const CHUNKS = 40;
const end = {
  path: '/dev/sdb',
  realPath: '/dev/sdb',
  kind: 'block' as const,
  size: CHUNKS * 65536,
  model: null,
  serial: null,
  majorMinor: '8:16',
  id: 'block:8:16',
  modified: null,
  born: null,
};

/** A small job: 40 chunks, two destinations. */
export const header: JobLogHeader = {
  request: askedCopy({ source: '/dev/sda', destinations: ['/dev/sdb', '/dev/sdc'] }),
  source: end,
  destinations: [end, end],
  chunkSize: 65536,
  bytes: CHUNKS * 65536,
  startedAt: 1,
  maps: [],
  program: 'p',
};

/** The file with its CRCs corrected as far as its lengths are right, because a fuzzer does not guess a CRC. */
function chained(data: Buffer): Buffer {
  const file = Buffer.from(data);
  let chain = crc32(file.subarray(0, 20));
  for (let at = 20; at + 12 <= file.length;) {
    const crcAt = at + 12 + file.readUInt32BE(at);
    chain = crc32(file.subarray(at, at + 8), chain);
    file.writeUInt32BE(chain, at + 8);
    if (crcAt + 4 > file.length) break;
    chain = crc32(file.subarray(at + 12, crcAt), chain);
    file.writeUInt32BE(chain, crcAt);
    at = crcAt + 4;
  }
  return file;
}

/** Records that give this log. */
function recordsOf(log: JobLog): LogRecord[] {
  const chunks = Math.ceil(log.header.bytes / log.header.chunkSize);
  const said: LogRecord[] = [];
  for (const { first, count } of chunkRanges(log.known, chunks)) {
    said.push({
      type: 'durable',
      destination: 0,
      first,
      count,
      hashes: log.hashes.subarray(first * HASH_BYTES, (first + count) * HASH_BYTES),
    });
    said.push({ type: 'withdrawn', destination: 0, first, count });
  }
  for (const [destination, bitmap] of log.durable.entries()) {
    for (const { first, count } of chunkRanges(bitmap, chunks))
      said.push({ type: 'durable', destination, first, count, hashes: null });
  }
  for (const [destination, state] of log.states.entries())
    if (state !== null) said.push({ type: 'state', destination, ...state });
  if (log.closed !== null) said.push({ type: 'closed', result: log.closed });
  return said;
}

/** A log as it would be on the disk. */
export function encoded(said: JobLogHeader, records: readonly LogRecord[]): Buffer {
  const first = encodeHeader(said);
  const pieces = [first.bytes];
  let { chain } = first;
  for (const record of records) {
    const { bytes, chain: next } = encodeRecord(record, chain);
    pieces.push(bytes);
    chain = next;
  }
  return Buffer.concat(pieces);
}

const same = (one: JobLog, other: JobLog): boolean =>
  JSON.stringify([one.header, one.states, one.closed]) === JSON.stringify([other.header, other.states, other.closed]) &&
  [one.known, one.hashes, ...one.durable].every((bytes, index) =>
    Buffer.from(bytes).equals([other.known, other.hashes, ...other.durable][index]!),
  );

function check(file: Buffer): void {
  const read = allowing(JobLogError, () => decodeJobLog(file));
  if (read === null) return;
  const { log } = read;
  must(read.end <= file.length, 'it ends within the file');
  must(log.damage !== null || read.end === file.length, 'what is whole is read to its end');
  if (log.damage === 'corrupt') {
    const claims = [log.known, ...log.durable].reduce((sum, bitmap) => sum + countChunks(bitmap), 0);
    must(
      claims === 0 && log.closed === null && log.states.every((state) => state === null),
      'a corrupt log claims nothing',
    );
  }
  if (log.hashes.length > 2 ** 20) return; // the rest takes time
  const again = decodeJobLog(encoded(log.header, recordsOf(log)));
  must(again.log.damage === null && same(again.log, log), 'what is encoded is decoded');
}

const hashOf = (chunk: number): Uint8Array => new Uint8Array(HASH_BYTES).fill(chunk + 1);

/** Records that a job could have written, compared with sets of numbers, then cut at a random place. */
function checkModel(dice: Dice): void {
  const records: LogRecord[] = [];
  const model = [new Set<number>(), new Set<number>()];
  const known = new Set<number>();
  while (!dice.isEmpty && records.length < 50) {
    const [kind, destination, first] = [dice.below(4), dice.below(2), dice.below(CHUNKS)];
    const count = 1 + dice.below(CHUNKS - first);
    const chunks = Array.from({ length: count }, (_, index) => first + index);
    if (kind === 0) records.push({ type: 'withdrawn', destination, first, count });
    else if (kind === 1) records.push({ type: 'state', destination, state: 'failed', verified: null });
    else
      records.push({
        type: 'durable',
        destination,
        first,
        count,
        hashes: kind === 2 ? null : Buffer.concat(chunks.map(hashOf)),
      });
    for (const chunk of chunks) {
      if (kind === 0) model[destination]!.delete(chunk);
      if (kind >= 2) model[destination]!.add(chunk);
      if (kind === 3) known.add(chunk);
    }
  }
  const file = encoded(header, records);
  const { log } = decodeJobLog(file);
  must(log.damage === null, 'what a job writes is whole');
  for (let chunk = 0; chunk < CHUNKS; chunk += 1) {
    for (const destination of [0, 1])
      must(hasChunk(log.durable[destination]!, chunk) === model[destination]!.has(chunk), 'what is durable');
    const hash = log.hashes.subarray(chunk * HASH_BYTES, (chunk + 1) * HASH_BYTES);
    must(
      hasChunk(log.known, chunk) === known.has(chunk) &&
        Buffer.from(hash).equals(known.has(chunk) ? hashOf(chunk) : Buffer.alloc(HASH_BYTES)),
      'its hash',
    );
  }
  const length = Math.max(encoded(header, []).length, file.length - dice.below(256));
  must(decodeJobLog(file.subarray(0, length)).log.damage !== 'corrupt', 'what is cut is not taken for damage');
}

export function fuzz(data: Buffer): void {
  check(data);
  check(chained(data));
  checkModel(new Dice(data));
}
