// The job log never claims more than was written, whether it is cut or changed anywhere, its writer is killed or its
// disk is full.
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { bitmapBytes, countChunks, hasChunk, markChunks } from '../../../app/engine/formats/chunks.ts';
import {
  JobLogError,
  JobLogWriter,
  readJobLog,
  timedId,
  type JobLog,
  type JobLogHeader,
} from '../../../app/engine/formats/job-log.ts';
import { decodeJobLog, encodeHeader, encodeRecord, type LogRecord } from '../../../app/engine/formats/job-records.ts';
import { seededBytes } from '../../lab/lab.ts';
import { hashes, headerOf, made, newDir, resultOf, root } from './job-log-support.ts';

const setOf = (bitmap: Uint8Array): number[] =>
  Array.from({ length: bitmap.length * 8 }, (_, chunk) => chunk).filter((chunk) => hasChunk(bitmap, chunk));
const claims = ({ durable }: JobLog): number => durable.reduce((sum, bitmap) => sum + countChunks(bitmap), 0);
const claimsNothing = (log: JobLog): boolean =>
  claims(log) === 0 &&
  countChunks(log.known) === 0 &&
  log.hashes.every((byte) => byte === 0) &&
  log.closed === null &&
  log.states.every((state) => state === null);

/** A log with records of every type, and the offset where each record ends. */
function sample(): { bytes: Buffer; ends: number[]; chains: number[] } {
  const records: LogRecord[] = [
    { type: 'durable', destination: 0, first: 0, count: 3, hashes: hashes.subarray(0, 48) },
    { type: 'durable', destination: 1, first: 0, count: 3, hashes: null },
    { type: 'state', destination: 1, state: 'failed', verified: null },
    { type: 'withdrawn', destination: 0, first: 1, count: 1 },
    { type: 'closed', result: resultOf(3) },
    { type: 'resumed', at: 12345 },
    { type: 'durable', destination: 0, first: 1, count: 9, hashes: hashes.subarray(16, 160) },
    { type: 'state', destination: 0, state: 'done', verified: true },
  ];
  const start = encodeHeader(headerOf(10));
  const pieces = [start.bytes];
  const chains = [start.chain];
  for (const record of records) {
    const { bytes, chain } = encodeRecord(record, chains.at(-1)!);
    pieces.push(bytes);
    chains.push(chain);
  }
  const ends = pieces.map((_, index) => pieces.slice(0, index + 1).reduce((sum, { length }) => sum + length, 0));
  return { bytes: Buffer.concat(pieces), ends, chains };
}

it('orders job ids by their times, also within one second', () => {
  const times = [0, 1, 2, 15, 16, 99, 500, 998, 999, 1000].map((ms) => Date.UTC(2026, 1, 3, 4, 5, 6) + ms);
  const ids = times.map(timedId);
  expect(ids.toSorted()).toEqual(ids);
  for (const id of ids) expect(id).toMatch(/^20260203-04050[67]-[0-9a-f]{6}$/u);
  expect(new Set(Array.from({ length: 20 }, () => timedId(times[0]!))).size, 'jobs of one moment').toBeGreaterThan(1);
});

describe('reading a job log', () => {
  it('reads what was logged after any number of appends in any order', async () => {
    const dir = newDir();
    const chunks = 500;
    const dice = seededBytes(4000, 13);
    const holes = (chunk: number): boolean => chunk % 50 !== 7;
    const writer = await JobLogWriter.create(dir, headerOf(chunks));
    const model = [0, 1, 2].map(() => new Set<number>());
    const known = new Set<number>();
    const appends: Promise<void>[] = [];
    for (let roll = 0; roll < 300; roll += 1) {
      const [destination, kind, a, b] = [
        dice[roll * 4]! % 3,
        dice[roll * 4 + 1]! % 5,
        dice[roll * 4 + 2]!,
        dice[roll * 4 + 3]! % 30,
      ];
      const first = a * 2 - (a * 2 >= chunks ? 20 : 0);
      const count = Math.min(b, chunks - first);
      appends.push(
        kind === 0
          ? writer.withdraw(destination, first, count)
          : writer.durable(destination, first, count, kind === 1 ? null : made(first, count, holes)),
      );
      for (let chunk = first; chunk < first + count; chunk += 1) {
        if (kind === 0) model[destination]!.delete(chunk);
        else model[destination]!.add(chunk);
        if (kind > 1 && holes(chunk)) known.add(chunk);
      }
    }
    await Promise.all(appends);
    await writer.state(2, { state: 'cancelled', verified: null });
    const log = await readJobLog(writer.path);
    expect(log.header).toEqual(headerOf(chunks));
    expect(log.durable.map(setOf)).toEqual(model.map((set) => [...set].sort((x, y) => x - y)));
    expect(setOf(log.known)).toEqual([...known].sort((x, y) => x - y));
    for (const chunk of known)
      expect(log.hashes.subarray(chunk * 16, chunk * 16 + 16)).toEqual(
        new Uint8Array(hashes.subarray(chunk * 16, chunk * 16 + 16)),
      );
    expect(log).toMatchObject({
      states: [null, null, { state: 'cancelled', verified: null }],
      closed: null,
      damage: null,
    });
    await writer.close(resultOf(3));
    expect((await readJobLog(writer.path)).closed).toEqual(resultOf(3));
  });

  it('reads each hash once, whichever destination logged the chunk first', async () => {
    const writer = await JobLogWriter.create(newDir(), headerOf(900));
    const size = async (): Promise<number> => (await stat(writer.path)).size;
    await writer.durable(0, 0, 800, made(0, 800));
    const before = await size();
    await writer.durable(1, 0, 800, made(0, 800));
    expect((await size()) - before).toBeLessThan(60);
    await writer.durable(2, 700, 200, made(700, 200));
    expect((await size()) - before).toBeLessThan(100 * 16 + 200);
    await writer.abandon();
    const log = await readJobLog(writer.path);
    expect(log.durable.map(countChunks)).toEqual([800, 800, 200]);
    expect(countChunks(log.known)).toBe(900);
  });

  it('logs a TB to eight destinations, with an append per 10 GB each, in 20 MiB', async () => {
    const chunks = 953_675;
    const writer = await JobLogWriter.create(newDir(), headerOf(chunks, 8, 1024 ** 2));
    const all = { hashes: seededBytes(16 * chunks, 1), known: new Uint8Array(chunks).fill(1) };
    for (let first = 0; first < chunks; first += 9537) {
      const count = Math.min(9537, chunks - first);
      const part = {
        hashes: all.hashes.subarray(first * 16, (first + count) * 16),
        known: all.known.subarray(first, first + count),
      };
      await Promise.all(Array.from({ length: 8 }, (_, destination) => writer.durable(destination, first, count, part)));
    }
    await writer.close(resultOf(8));
    const log = await readJobLog(writer.path);
    expect(log.durable.map(countChunks)).toEqual(Array.from({ length: 8 }, () => chunks));
    expect(Buffer.from(log.hashes).equals(all.hashes)).toBe(true);
    expect((await stat(writer.path)).size).toBeLessThan(20 * 1024 ** 2);
  });

  it('reads an append that is longer than a record may be', async () => {
    const chunks = 400_000;
    const writer = await JobLogWriter.create(newDir(), headerOf(chunks));
    const all = { hashes: seededBytes(16 * chunks, 2), known: new Uint8Array(chunks).fill(1) };
    await writer.durable(0, 0, chunks, all);
    await writer.abandon();
    const log = await readJobLog(writer.path);
    expect(countChunks(log.durable[0]!)).toBe(chunks);
    expect(Buffer.from(log.hashes).equals(all.hashes)).toBe(true);
  });
});

describe('a damaged job log', () => {
  const { bytes, ends, chains } = sample();

  it('reads the undamaged log of these tests whole', () => {
    const { log, end: last } = decodeJobLog(bytes);
    expect(log).toMatchObject({ damage: null, closed: null, states: [{ state: 'done', verified: true }, null, null] });
    expect(log.durable.map(setOf)).toEqual([[0, 1, 2, 3, 4, 5, 6, 7, 8, 9], [0, 1, 2], []]);
    expect(last).toBe(bytes.length);
  });

  it('drops a last record that is cut short, and nothing else', () => {
    const whole = ends.map((length) => decodeJobLog(bytes.subarray(0, length)).log);
    for (let length = 0; length < bytes.length; length += 1) {
      const cut = bytes.subarray(0, length);
      if (length < ends[0]!) {
        expect(() => decodeJobLog(cut), `${length} bytes`).toThrow(JobLogError);
        continue;
      }
      const records = ends.filter((at) => at <= length).length;
      const { log, end: last } = decodeJobLog(cut);
      expect(log, `${length} bytes`).toEqual({ ...whole[records - 1]!, damage: ends.includes(length) ? null : 'cut' });
      expect(last).toBe(ends[records - 1]);
    }
  });

  it('claims nothing when any bit is changed', () => {
    for (let bit = 0; bit < bytes.length * 8; bit += 1) {
      const changed = Buffer.from(bytes);
      changed[bit >> 3]! ^= 1 << (bit % 8);
      if (bit >> 3 < ends[0]!) {
        expect(() => decodeJobLog(changed), `bit ${bit}`).toThrow(JobLogError);
      } else {
        const { log } = decodeJobLog(changed);
        expect(log.damage, `bit ${bit}`).toBe('corrupt');
        expect(claimsNothing(log)).toBe(true);
      }
    }
  });

  const piece = (index: number): Buffer => bytes.subarray(index === 0 ? 0 : ends[index - 1], ends[index]);
  const all = ends.map((_, index) => index);
  const of = (...order: number[]): Buffer => Buffer.concat(order.map(piece));
  it.each([
    ['a record left out', of(0, 1, 3, 4, 5, 6, 7, 8)],
    ['a record twice', of(0, 1, 1, 2, 3)],
    ['two records exchanged', of(0, 2, 1, 3)],
    ['the last record twice', of(...all, 8)],
    ["zeros behind it, as many as a record's head", Buffer.concat([bytes, Buffer.alloc(12)])],
    ['a block of zeros behind it', Buffer.concat([bytes, Buffer.alloc(4096)])],
    [
      'a block of zeros in it',
      Buffer.concat([bytes.subarray(0, ends[2]), Buffer.alloc(4096), bytes.subarray(ends[2]! + 4096)]),
    ],
  ])('claims nothing with %s', (_what, damaged) => {
    const { log } = decodeJobLog(damaged);
    expect(log.damage).toBe('corrupt');
    expect(claimsNothing(log)).toBe(true);
  });

  const range = { destination: 0, first: 0, count: 1 };
  it.each<[string, LogRecord]>([
    ['a destination that there is not', { type: 'durable', ...range, destination: 3, hashes: null }],
    ['no chunks', { type: 'durable', ...range, count: 0, hashes: null }],
    ['chunks beyond the end', { type: 'durable', ...range, first: 9, count: 2, hashes: null }],
    ['chunks far beyond the end', { type: 'withdrawn', ...range, first: Number.MAX_SAFE_INTEGER, count: 1 }],
    ['fewer hashes than chunks', { type: 'durable', ...range, first: 8, count: 2, hashes: hashes.subarray(0, 16) }],
    ['another hash for a chunk that has one', { type: 'durable', ...range, hashes: hashes.subarray(16, 32) }],
    ['the end of a destination that there is not', { type: 'state', destination: 3, state: 'done', verified: true }],
    ['a result of another job', { type: 'closed', result: resultOf(2) }],
  ])('claims nothing when an intact record has %s', (_what, record) => {
    const { log } = decodeJobLog(Buffer.concat([bytes, encodeRecord(record, chains.at(-1)!).bytes]));
    expect(log.damage).toBe('corrupt');
    expect(claimsNothing(log)).toBe(true);
  });

  it('claims nothing when records follow the end and do not resume the job', () => {
    const close = encodeRecord({ type: 'closed', result: resultOf(3) }, chains.at(-1)!);
    const more = encodeRecord({ type: 'withdrawn', ...range }, close.chain);
    expect(decodeJobLog(Buffer.concat([bytes, close.bytes])).log.closed).toEqual(resultOf(3));
    expect(decodeJobLog(Buffer.concat([bytes, close.bytes, more.bytes])).log.damage).toBe('corrupt');
  });

  it.each<[string, Partial<JobLogHeader>]>([
    ['no destinations', { destinations: [] }],
    ['more chunks than there may be', { bytes: 2 ** 53 - 1 }],
    ['a chunk size that is none', { chunkSize: 100 }],
  ])('refuses to begin a log with %s', async (_what, change) => {
    await expect(JobLogWriter.create(newDir(), { ...headerOf(10), ...change })).rejects.toThrow(JobLogError);
  });
});

describe('reopening a job log', () => {
  it('keeps what is durable when a log is reopened, drops a cut record and clears the ends', async () => {
    const dir = newDir();
    const writer = await JobLogWriter.create(dir, headerOf(10));
    await writer.durable(0, 0, 5, made(0, 5));
    await writer.state(1, { state: 'failed', verified: null });
    await writer.close(resultOf(3));
    await writeFile(writer.path, Buffer.of(0, 0, 0), { flag: 'a' });
    expect((await readJobLog(writer.path)).damage).toBe('cut');

    const again = await JobLogWriter.reopen(dir, writer.id);
    expect(again.log).toMatchObject({ damage: null, closed: null, states: [null, null, null] });
    expect(setOf(again.log.durable[0]!)).toEqual([0, 1, 2, 3, 4]);
    const before = (await stat(writer.path)).size;
    await again.writer.durable(1, 0, 5, made(0, 5));
    expect((await stat(writer.path)).size - before).toBeLessThan(60);
    await again.writer.durable(0, 5, 5, made(5, 5));
    await again.writer.abandon();
    const log = await readJobLog(writer.path);
    expect(log).toMatchObject({ damage: null, closed: null });
    expect(log.durable.map(countChunks)).toEqual([10, 5, 0]);
    expect(Buffer.from(log.hashes).equals(hashes.subarray(0, 160))).toBe(true);
  });

  it('refuses to reopen a log that claims nothing', async () => {
    const dir = newDir();
    const writer = await JobLogWriter.create(dir, headerOf(10));
    await writer.durable(0, 0, 5, null);
    await writer.abandon();
    await writeFile(writer.path, Buffer.alloc(20), { flag: 'a' });
    const before = await readFile(writer.path);
    await expect(JobLogWriter.reopen(dir, writer.id)).rejects.toThrow(JobLogError);
    expect(await readFile(writer.path)).toEqual(before);
    await expect(JobLogWriter.reopen(dir, '20000101-000000-000000')).rejects.toMatchObject({
      errors: [{ code: 'NOT_FOUND' }],
    });
  });
});

/** A program that prints its log's path, then logs chunks of destination 0 and prints each one when it is logged. */
const writerScript = (dir: string, chunks: number): string => `
  import { JobLogWriter } from './app/engine/formats/job-log.ts';
  const writer = await JobLogWriter.create(${JSON.stringify(dir)}, ${JSON.stringify(headerOf(chunks))});
  console.log(writer.path);
  try {
    for (let chunk = 0; chunk < ${chunks}; chunk += 1) {
      await writer.durable(0, chunk, 1, { hashes: new Uint8Array(16).fill(chunk % 256), known: Uint8Array.of(1) });
      console.log(chunk);
    }
  } catch (error) {
    console.log(error.errors[0].code);
    console.log(await writer.durable(0, 0, 1, null).catch((second) => second.errors[0].code));
  }`;
const nodeArgs = (script: string): string[] => ['--input-type=module-typescript', '-e', script];

describe('the writer of job logs', () => {
  it.each([3, 40, 90, 200, 300])(
    'logs every append when killed after %i of them, and at most one more',
    async (appends) => {
      const dir = newDir();
      // Print to a file: the output is there at once, unlike in a pipe that is read late.
      const printed = join(root, `printed-${appends}`);
      const fd = openSync(printed, 'w');
      const child = spawn(process.execPath, nodeArgs(writerScript(dir, 100_000)), { stdio: ['ignore', fd, 'inherit'] });
      closeSync(fd);
      const closed = once(child, 'close');
      await expect.poll(() => readFileSync(printed, 'utf8'), { interval: 5 }).toContain(`\n${appends}\n`);
      child.kill('SIGKILL');
      await closed;
      const output = readFileSync(printed, 'utf8');
      const [path, ...lines] = output.trim().split('\n');
      const acknowledged = lines.filter((line) => output.includes(`\n${line}\n`)).map(Number);
      const log = await readJobLog(path!);
      const logged = setOf(log.durable[0]!);
      expect(log.damage).not.toBe('corrupt');
      expect(logged).toEqual(logged.map((_, index) => index));
      expect(logged.length).toBeGreaterThanOrEqual(acknowledged.length);
      // One append is not printed yet, and printing may be one behind.
      expect(logged.length).toBeLessThanOrEqual(acknowledged.length + 2);
      for (const chunk of logged) expect(log.hashes[chunk * 16]).toBe(chunk % 256);
    },
  );

  it('makes one write and one fdatasync per append, and makes the file name durable first', () => {
    const dir = newDir();
    execFileSync('strace', [
      '-f',
      '-s',
      '20',
      '-e',
      'trace=write,pwrite64,fdatasync,fsync',
      '-o',
      join(root, 'trace'),
      process.execPath,
      ...nodeArgs(writerScript(dir, 3)),
    ]);
    const lines = execFileSync(
      'sh',
      [
        '-c',
        `grep -oE '^[0-9]+ +(p?write(64)?|fdatasync|fsync)\\(([0-9]+)' ${join(root, 'trace')} | sed -E 's/^[0-9]+ +//'`,
      ],
      { encoding: 'utf8' },
    )
      .trim()
      .split('\n');
    const file = /fdatasync\((\d+)/.exec(lines.join(' '))![1]!;
    const sequence = lines.flatMap((line) =>
      line.startsWith('fsync')
        ? 'name'
        : line.endsWith(`(${file}`)
          ? /^[a-z]+/.exec(line)![0].replace('pwrite', 'write')
          : line === 'write(1'
            ? 'told'
            : [],
    );
    // First the folder "jobs" in the new state folder, then the file in it, then its name.
    expect(sequence).toEqual([
      'name',
      'name',
      'write',
      'fdatasync',
      'name',
      'told',
      ...[0, 1, 2].flatMap(() => ['write', 'fdatasync', 'told']),
    ]);
  });

  it('reports a full disk, writes no more, and leaves a log that can be read', async () => {
    const dir = newDir();
    const script = join(root, 'full.mjs');
    await writeFile(script, writerScript(dir, 1000).replace('./app', join(process.cwd(), 'app')));
    // The shell's limit counts blocks of 512 bytes. With SIGXFSZ ignored a write is cut there, as on a full file
    // system.
    const output = execFileSync('sh', ['-c', `trap '' XFSZ; ulimit -f 8; exec "$0" "$1"`, process.execPath, script], {
      encoding: 'utf8',
    });
    const lines = output.trim().split('\n');
    expect(lines.slice(-2)).toEqual(['NO_SPACE', 'NO_SPACE']);
    const log = await readJobLog(lines[0]!);
    expect(log.damage).toBe('cut');
    expect(countChunks(log.durable[0]!)).toBe(lines.length - 3);
  });

  it('refuses numbers that the job does not have', async () => {
    const writer = await JobLogWriter.create(newDir(), headerOf(10));
    expect(() => writer.durable(3, 0, 1, null)).toThrow(RangeError);
    expect(() => writer.durable(0, 9, 2, null)).toThrow(RangeError);
    expect(() => writer.durable(0, -1, 2, null)).toThrow(RangeError);
    expect(() => writer.durable(0, 0.5, 1, null)).toThrow(RangeError);
    expect(() => writer.durable(0, 0, 2, made(0, 1))).toThrow(RangeError);
    expect(() => writer.withdraw(0, 10, 1)).toThrow(RangeError);
    await writer.withdraw(0, 10, 0);
    await writer.durable(0, 10, 0, null);
    await writer.abandon();
    expect((await readJobLog(writer.path)).damage).toBeNull();
  });
});

it('F6 reads the log of a job from before --as-is', () => {
  const header = headerOf(2);
  const { asIs, ...request } = header.request;
  const { log } = decodeJobLog(encodeHeader({ ...header, request: request as JobLogHeader['request'] }).bytes);
  expect([asIs, log.header]).toEqual([false, header]);
});

it('uses memory for what a log needs, not for what its header says', () => {
  const { bytes } = encodeHeader(headerOf(2 ** 26, 8));
  const before = process.memoryUsage().rss;
  const { log } = decodeJobLog(bytes);
  expect(log.hashes.length).toBe(2 ** 30);
  expect(process.memoryUsage().rss - before).toBeLessThan(64 * 1024 ** 2);
  expect(bitmapBytes(2 ** 26)).toBe(log.known.length);
  markChunks(log.known, 0, 1, true);
});
