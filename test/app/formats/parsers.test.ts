// Foreign files that a host reads while it runs a job: S21 and S22 of the security review.
import { existsSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { LoggedEnd } from '../../../app/engine/formats/job-log.ts';
import type { LogRecord } from '../../../app/engine/formats/job-records.ts';
import { encodeManifest } from '../../../app/engine/formats/manifest.ts';
import { interrupted, MiB, refused, requestOf, resultOf, oneBench, Workbench, type Session } from '../job/support.ts';
import { forgedLog, leaveLog, keptHeader, type KeptHeader } from './forged-logs.ts';
import { headerOf } from './job-log-support.ts';
import { askedCopy } from '../../requests.ts';

const bench = oneBench();

const ID = '20260101-000000-00000a';

/** A job that copies an image to two others, slowly, until it is cancelled. */
async function slowJob(session: Session): Promise<void> {
  const source = await bench.image('slow.img', 64 * MiB);
  const destinations = [await bench.path('slow-1.img'), await bench.path('slow-2.img')];
  await session.begin({ source, destinations, throttle: 1e6 });
  await session.until(({ event }) => event === 'progress');
}

const samples = (session: Session): number => session.events.filter(({ event }) => event === 'progress').length;

/** The peak memory of a process, in bytes. */
const peak = (pid: number): number =>
  Number(/VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))![1]) * 1024;

describe('job logs of 2^26 chunks', () => {
  const all = { first: 0, count: 2 ** 26 };
  const onAll = (destinations: number): LogRecord[] =>
    Array.from({ length: destinations }, (_, destination) => ({ type: 'durable', destination, ...all, hashes: null }));

  it('S22 sends samples and cancels a destination while a log is read for seconds', async () => {
    const session = bench.session();
    await slowJob(session);
    const flips: LogRecord[] = Array.from({ length: 9000 }, (_, index) =>
      index % 2 === 0
        ? { type: 'withdrawn', destination: 0, ...all }
        : { type: 'durable', destination: 0, ...all, hashes: null },
    );
    leaveLog(bench.state, ID, forgedLog(keptHeader(headerOf(2 ** 26, 1)), flips));
    const order: string[] = [];
    const listed = interrupted(session).then((jobs) => {
      order.push('listed');
      return jobs;
    });
    const before = samples(session);
    await session.until(() => samples(session) >= before + 2 || order.length > 0);
    await session.engine.call('cancel', { destination: 0 });
    order.push('cancelled one');
    const jobs = await listed;
    expect(order).toEqual(['cancelled one', 'listed']);
    expect(jobs.map(({ id }) => id)).toEqual([ID]);
    await session.engine.call('cancel', {});
    expect((await resultOf(session)).destinations.map(({ state }) => state)).toEqual(['cancelled', 'cancelled']);
  });

  it('S22 lists twenty logs in less memory than the hashes of one take', async () => {
    const session = bench.session();
    await slowJob(session);
    const log = forgedLog(keptHeader(headerOf(2 ** 26, 4)), onAll(4));
    for (let index = 10; index < 30; index += 1) leaveLog(bench.state, `20260101-000000-0000${index}`, log);
    const jobs = await interrupted(session);
    expect(jobs).toHaveLength(20);
    expect(jobs[0]).toMatchObject({
      damaged: false,
      destinations: Array.from({ length: 4 }, () => ({ durable: jobs[0]!.bytes })),
    });
    expect(peak(session.host.pid!)).toBeLessThan(768 * MiB);
    await session.engine.call('cancel', {});
    await resultOf(session);
  });
});

describe('files that a request names', () => {
  const of = (map: string) => async (): Promise<ReturnType<typeof requestOf>> =>
    requestOf({
      source: await bench.image('disk.img', MiB),
      destinations: [await bench.path('copy.img')],
      rescue: { retries: 0, map },
    });

  it('S22 refuses a mapfile above 16 MiB, and names the limit', async () => {
    const map = await bench.path('long.map');
    writeFileSync(map, '# nothing\n');
    truncateSync(map, 16 * MiB + 1);
    const [error, ...more] = await refused(bench.session().engine.call('prepare', await of(map)()));
    expect(more).toEqual([]);
    expect(error).toMatchObject({
      code: 'BAD_FILE',
      device: map,
      reason: { kind: 'fileTooLong', bytes: 16 * MiB + 1, most: 16 * MiB },
    });
  });

  it.each<[string, string]>([
    ['one long line of words', 'a '.repeat(8 * MiB)],
    ['a long comment', `#${' '.repeat(16 * MiB - 1)}`],
    ['a long line behind a status line', `0 ? 1\n${'9'.repeat(16 * MiB - 6)}`],
  ])('S22 refuses a mapfile with %s, and names the line', async (_what, text) => {
    const map = await bench.path('line.map');
    writeFileSync(map, text);
    const [error] = await refused(bench.session().engine.call('prepare', await of(map)()));
    expect(error).toMatchObject({
      code: 'BAD_FILE',
      device: map,
      reason: { kind: 'mapLongLine', line: text.startsWith('0') ? '2' : '1' },
    });
  });

  it('S22 refuses a mapfile of 16 MiB of empty lines in bounded memory', async () => {
    const map = await bench.path('empty.map');
    writeFileSync(map, '\n'.repeat(16 * MiB));
    const session = bench.session();
    expect(await refused(session.engine.call('prepare', await of(map)()))).toMatchObject([
      { code: 'BAD_FILE', reason: { kind: 'mapEmpty' } },
    ]);
    expect(peak(session.host.pid!)).toBeLessThan(512 * MiB);
  });

  it('S22 refuses a manifest of another length than its header says, without reading it', async () => {
    const manifest = await bench.path('long.manifest');
    const chunks = 16;
    const small = encodeManifest({
      chunkSize: 65536,
      bytes: chunks * 65536,
      source: { path: '/dev/sda', model: null, serial: null, size: chunks * 65536 },
      createdAt: 1,
      known: new Uint8Array(2),
      hashes: new Uint8Array(16 * chunks),
    });
    writeFileSync(manifest, small);
    truncateSync(manifest, 2 ** 30); // it has hashes for 2^26 chunks, less a few bytes
    const source = await bench.image('disk.img', chunks * 65536);
    const session = bench.session();
    const [error] = await refused(
      session.engine.call('prepare', requestOf({ kind: 'verify', source: null, manifest, destinations: [source] })),
    );
    expect(error).toMatchObject({
      code: 'BAD_FILE',
      device: manifest,
      reason: { kind: 'manifestLength', has: String(2 ** 30), wants: String(small.length) },
    });
    expect(peak(session.host.pid!)).toBeLessThan(512 * MiB);
  });
});

describe('a job log that contradicts itself', () => {
  let shared: Workbench;
  let session: Session;
  beforeAll(() => {
    shared = new Workbench();
    shared.open();
    session = shared.session();
  });
  afterAll(() => shared.clear());

  /** The header of a job that was interrupted before it wrote anything. All its files exist. */
  async function honest(): Promise<KeptHeader> {
    const source = await bench.image('disk.img', 4 * MiB);
    const copy = await bench.path('copy.img');
    const stats = statSync(source, { bigint: true });
    const end = (path: string): LoggedEnd => ({
      path,
      realPath: path,
      kind: 'file',
      size: 4 * MiB,
      model: null,
      serial: null,
      majorMinor: null,
      id: null,
      modified: null,
      born: null,
    });
    const [major, minor] = [Number(stats.dev >> 8n), Number(stats.dev & 0xffn)];
    return keptHeader({
      request: askedCopy({ source, destinations: [copy] }),
      source: { ...end(source), id: `file:${major}:${minor}:${stats.ino}`, modified: Number(stats.mtimeMs) },
      destinations: [end(copy)],
      chunkSize: MiB,
      bytes: 4 * MiB,
      startedAt: 1_795_478_399_000,
      maps: [],
    });
  }

  const forged: [string, (header: KeptHeader) => unknown][] = [
    ['more bytes than its source has', (header) => ({ ...header, bytes: 8 * MiB })],
    ['fewer bytes than its source has', (header) => ({ ...header, bytes: MiB + 1 })],
    ['no bytes at all', (header) => ({ ...header, bytes: 0 })],
    [
      'a job that continues a job',
      (header) => ({
        ...header,
        request: { ...header.request, kind: 'resume', source: null, destinations: [], job: ID },
      }),
    ],
    ['a check, which keeps no log', (header) => ({ ...header, request: { ...header.request, kind: 'verify' } })],
    ['the name of another job', (header) => ({ ...header, request: { ...header.request, job: ID } })],
    ['no source', (header) => ({ ...header, source: null })],
    ['no source in the request', (header) => ({ ...header, request: { ...header.request, source: null } })],
    [
      'fewer destinations than were asked for',
      (header) => ({ ...header, request: { ...header.request, destinations: ['/tmp/a', '/tmp/b'] } }),
    ],
    [
      'more destinations than were asked for',
      (header) => ({ ...header, destinations: [...header.destinations, ...header.destinations] }),
    ],
    ['no destination', (header) => ({ ...header, destinations: [], request: { ...header.request, destinations: [] } })],
    ['a chunk size that is no power of two', (header) => ({ ...header, chunkSize: MiB + 1 })],
    [
      'more chunks than there can be',
      (header) => ({
        ...header,
        chunkSize: 65536,
        bytes: 2 ** 53 - 1,
        source: { ...header.source, size: 2 ** 53 - 1 },
      }),
    ],
    ['a time that no calendar has', (header) => ({ ...header, startedAt: Number.MAX_SAFE_INTEGER })],
    [
      'a time of change that no calendar has',
      (header) => ({ ...header, source: { ...header.source, modified: 1e300 } }),
    ],
    [
      'a source that is a device with the identity of a file',
      (header) => ({ ...header, source: { ...header.source, kind: 'block' } }),
    ],
    [
      'a device that is too small',
      (header) => ({
        ...header,
        destinations: [{ ...header.destinations[0]!, kind: 'block', majorMinor: '8:16', id: 'block:8:16', size: MiB }],
      }),
    ],
    [
      'a path that leads from somewhere',
      (header) => ({ ...header, destinations: [{ ...header.destinations[0]!, realPath: 'copy.img' }] }),
    ],
    [
      'a rescue that is an update',
      (header) => ({ ...header, request: { ...header.request, update: true, rescue: { retries: 1, map: null } } }),
    ],
    [
      'retries without end',
      (header) => ({ ...header, request: { ...header.request, rescue: { retries: 1e9, map: null } } }),
    ],
    ['something that is no header', () => ({ platter: true })],
  ];

  it.each(forged)('S21 refuses to resume or list a log with %s, and can forget it', async (_what, forge) => {
    const header = await honest();
    const path = leaveLog(shared.state, ID, forgedLog(forge(header)));
    const [error] = await refused(
      session.engine.call('prepare', requestOf({ kind: 'resume', source: null, destinations: [], job: ID })),
    );
    expect(error).toMatchObject({ code: 'BAD_FILE', device: path, remedy: { kind: 'forgetJob' } });
    expect(await interrupted(session)).toEqual([]);
    expect(existsSync(`${header.destinations[0]!.path}.part`)).toBe(false);
    await session.engine.call('forget', { job: ID });
    expect(existsSync(path)).toBe(false);
    expect(session.stderr()).toBe('');
  });

  it('S21 lists the same log without a contradiction, and looks for its files', async () => {
    const header = await honest();
    leaveLog(shared.state, ID, forgedLog(header));
    expect((await interrupted(session)).map(({ id }) => id)).toEqual([ID]);
    const [error] = await refused(
      session.engine.call('prepare', requestOf({ kind: 'resume', source: null, destinations: [], job: ID })),
    );
    expect(error).toMatchObject({ code: 'CHANGED', reason: { kind: 'partMissing' } }); // nothing was made yet
  });
});
