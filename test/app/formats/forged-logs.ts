// Forged job logs: their checksums are right, their content is not.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { keep, type KeptRequest } from '../../../app/base/kept-request.ts';
import type { JobLogHeader } from '../../../app/engine/formats/job-log.ts';
import { encodeRecord, type LogRecord } from '../../../app/engine/formats/job-records.ts';

/** A header in the form that it has in the file. */
export type KeptHeader = Omit<JobLogHeader, 'request'> & { request: KeptRequest };

export const keptHeader = (header: JobLogHeader): KeptHeader => ({ ...header, request: keep(header.request) });

/** The bytes of a log with any header and these records. */
export function forgedLog(header: unknown, records: readonly LogRecord[] = []): Buffer {
  const start = Buffer.alloc(20);
  start.write('PLATTER-JOB-LOG\n');
  start.writeUInt32BE(1, 16);
  const payload = Buffer.from(JSON.stringify(header));
  const head = Buffer.alloc(12);
  head.writeUInt32BE(payload.length, 0);
  head.writeUInt32BE(1, 4);
  head.writeUInt32BE(crc32(head.subarray(0, 8), crc32(start)), 8);
  const end = Buffer.alloc(4);
  let chain = crc32(payload, head.readUInt32BE(8));
  end.writeUInt32BE(chain);
  const pieces: Buffer[] = [start, head, payload, end];
  for (const record of records) {
    const { bytes, chain: next } = encodeRecord(record, chain);
    pieces.push(bytes);
    chain = next;
  }
  return Buffer.concat(pieces);
}

/** Puts a log into the state folder `state` and gives the path. `id` is a job's: "20260101-000000-000001". */
export function leaveLog(state: string, id: string, bytes: Uint8Array): string {
  mkdirSync(join(state, 'jobs'), { recursive: true, mode: 0o700 });
  const path = join(state, 'jobs', `${id}.log`);
  writeFileSync(path, bytes);
  return path;
}
