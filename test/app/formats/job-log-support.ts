// A job log for tests: its header, its end, hashes for its chunks, and a state folder of its own.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import type { JobResult } from '../../../app/contract/jobs.ts';
import type { JobLogHeader, LoggedEnd } from '../../../app/engine/formats/job-log.ts';
import { seededBytes } from '../../lab/lab.ts';
import { askedCopy } from '../../requests.ts';

export const CHUNK = 65536;
export const root = mkdtempSync(join(tmpdir(), 'platter-log-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));
let folders = 0;
export const newDir = (): string => join(root, `state-${(folders += 1)}`);

const end = (path: string): LoggedEnd => ({
  path,
  realPath: path,
  kind: 'block',
  size: 2 ** 45,
  model: 'Stick ü',
  serial: null,
  majorMinor: '8:16',
  id: 'block:8:16',
  modified: null,
  born: null,
});
export const headerOf = (chunks: number, destinations = 3, chunkSize = CHUNK): JobLogHeader => ({
  request: askedCopy({
    source: '/dev/sda',
    destinations: Array.from({ length: destinations }, (_, index) => `/dev/sd${'bcdefghi'[index]!}`),
  }),
  source: {
    ...end('/dev/sda'),
    kind: 'file',
    size: chunks * chunkSize - 1,
    majorMinor: null,
    id: 'file:8:1:12',
    modified: 12.5,
    born: null,
  },
  destinations: Array.from({ length: destinations }, (_, index) => end(`/dev/sd${'bcdefghi'[index]!}`)),
  chunkSize,
  bytes: chunks * chunkSize - 1,
  startedAt: 1_795_478_399_000,
  maps: [],
  program: 'platter 9.9.9',
});
export const resultOf = (destinations: number): JobResult => ({
  readErr: 0,
  writeErr: 2,
  seconds: 1.5,
  bytes: 10,
  cancelled: false,
  errors: [],
  manifest: null,
  rescue: null,
  sourceWritten: false,
  notes: [],
  destinations: Array.from({ length: destinations }, (_, index) => ({
    path: `/dev/${index}`,
    state: 'done',
    verified: true,
    uncompared: 0,
    written: 1,
    kept: 0,
    seconds: 1,
    errors: [],
  })),
});

export const hashes = seededBytes(16 * 1000, 5);
/** Hashes of the chunks [first, first + count), except those that are not `known`. */
export const made = (first: number, count: number, known: (chunk: number) => boolean = () => true) => ({
  hashes: hashes.subarray(first * 16, (first + count) * 16),
  known: Uint8Array.from({ length: count }, (_, index) => (known(first + index) ? 1 : 0)),
});
