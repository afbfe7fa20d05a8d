// Rescues through the real host, compared with GNU ddrescue: the same data and map, and each continues from the other's
// map after every phase. And rescues that are resumed by the log: after a kill, and for a destination that failed.
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import type { JobResult, RescueProgress } from '../../../app/contract/jobs.ts';
import { bytesOf } from '../../../app/engine/formats/chunk-sets.ts';
import { readManifest } from '../../../app/engine/formats/manifest.ts';
import { bytesOf as bytesIn, readMapfile } from '../../../app/engine/formats/mapfile.ts';
import { countChunks, hasChunk } from '../../../app/engine/formats/chunks.ts';
import { canLab, type LabDisk } from '../../lab/lab.ts';
import {
  chunksWritten,
  head,
  interrupted,
  MiB,
  refused,
  requestOf,
  resultOf,
  resume,
  oneBench,
  type Session,
} from './support.ts';

const noLab = canLab() ?? (existsSync('/usr/bin/ddrescue') ? null : 'GNU ddrescue is missing');
const SIZE = 8 * MiB;
/** Bad ranges in chunks 1, 4 and 7: the first inside a chunk, the last too long for trimming alone. */
const BAD = ['eio r 3000s 3s', 'eio r 9000s 1s', 'eio r 15000s 40s'];
const HOLES = 44 * 512;
/** Rules that make a pass, or each retry, take two seconds. */
const SLOW = {
  copying: ['rate r 4M'],
  trimming: ['delay r 10000'],
  scraping: ['delay r 50000 15000s 40s'],
  retrying: ['delay r 20000 15000s 40s'],
};
const bench = oneBench();

const failing = async (...more: string[]): Promise<LabDisk> => {
  const source = await bench.disk({ size: SIZE, file: await bench.image('disk.img', SIZE) });
  await source.rule(...BAD, ...more);
  return source;
};
/** The bad blocks of a mapfile, as ddrescuelog lists them. It refuses anything but a mapfile. */
const badBlocks = (map: string): string => execFileSync('ddrescuelog', ['-b512', '-l-', map], { encoding: 'utf8' });
const ddrescue = (...args: string[]): Buffer => execFileSync('ddrescue', ['-q', '-d', '-b512', ...args]);
const inPass = (session: Session, pass: RescueProgress['pass']): Promise<unknown> =>
  session.until((event) => event.event === 'progress' && event.progress.rescue?.pass === pass);

describe.skipIf(noLab !== null)(`a rescue${noLab === null ? '' : ` (${noLab})`}`, () => {
  it('reads as much as ddrescue, and leaves a map that ddrescue accepts', async () => {
    const source = await failing();
    const disk = await bench.disk({ size: SIZE });
    await writeFile(disk.backing, Buffer.alloc(SIZE, 0xee));
    const [copy, map, theirs, theirMap] = [
      await bench.path('copy.img'),
      await bench.path('ours.map'),
      await bench.path('theirs.img'),
      await bench.path('theirs.map'),
    ];
    const result = await bench
      .session()
      .run({ source: source.device, destinations: [disk.device, copy], rescue: { retries: 1, map } });
    expect(result).toMatchObject({
      readErr: 1,
      destinations: [
        { state: 'done', verified: true },
        { state: 'done', verified: true },
      ],
    });
    ddrescue(source.device, theirs, theirMap);
    execFileSync('cmp', [theirs, copy]);
    execFileSync('cmp', ['-n', String(SIZE), theirs, disk.backing]);
    expect(badBlocks(map)).toBe(badBlocks(theirMap));
    expect(result.rescue).toEqual({ rescued: SIZE - HOLES, bad: HOLES });
  });

  it.each([
    ['copying', ['-N', '-n']],
    ['trimming', ['-n']],
    ['scraping', []],
  ] as const)('continues where ddrescue stopped after %s', async (_, options) => {
    const source = await failing();
    const [copy, map, theirs, theirMap, nothing] = [
      await bench.path('copy.img'),
      await bench.path('their.map'),
      await bench.path('theirs.img'),
      await bench.path('theirs.map'),
      await bench.path('nothing.img'),
    ];
    ddrescue(...options, source.device, copy, map);
    ddrescue(source.device, theirs, theirMap);
    await source.rule('log on r');
    const session = bench.session();
    const lost = requestOf({ source: source.device, destinations: [nothing], rescue: { retries: 0, map } });
    expect(await refused(session.engine.call('prepare', lost))).toMatchObject([{ code: 'NOT_FOUND', device: nothing }]);
    const asked = { source: source.device, destinations: [copy], rescue: { retries: 0, map } };
    expect(await session.run(asked)).toMatchObject({
      readErr: 1,
      rescue: { bad: HOLES },
      destinations: [{ state: 'done' }],
    });
    execFileSync('cmp', [theirs, copy]);
    expect(badBlocks(map)).toBe(badBlocks(theirMap));
    expect(
      (await source.log()).filter(({ error }) => error === null).reduce((sum, { length }) => sum + length, 0),
    ).toBeLessThan(4 * MiB);
    // Sectors that were given up are read at once when they are readable again.
    await source.rule('clear');
    expect(await session.run({ ...asked, rescue: { retries: 1, map } })).toMatchObject({
      readErr: 0,
      rescue: { rescued: SIZE, bad: 0 },
    });
    execFileSync('cmp', [source.backing, copy]);
    execFileSync('ddrescuelog', ['-D', map]);
  });

  it.each(['copying', 'trimming', 'scraping', 'retrying'] as const)(
    'leaves a map from which ddrescue continues when cancelled while %s',
    async (pass) => {
      const source = await failing(...SLOW[pass]);
      const [copy, map] = [await bench.path('copy.img'), await bench.path('ours.map')];
      const session = bench.session();
      await session.begin({ source: source.device, destinations: [copy], rescue: { retries: 1000, map } });
      await inPass(session, pass);
      await session.engine.call('cancel', {});
      expect(await resultOf(session)).toMatchObject({ destinations: [{ state: 'cancelled' }] });
      const phase = { copying: '?', trimming: '*', scraping: '/', retrying: '-' }[pass];
      expect(execFileSync('ddrescuelog', ['-t', map], { encoding: 'utf8' })).toContain('current pos');
      expect((await readMapfile(map)).status).toBe(phase);
      await source.rule('clear');
      ddrescue('-r100', source.device, `${copy}.part`, map);
      execFileSync('ddrescuelog', ['-D', map]);
      execFileSync('cmp', [source.backing, `${copy}.part`]);
    },
  );
});

describe.skipIf(noLab !== null)('retrying a destination of a rescue', () => {
  /** A rescue whose source stalls after the second destination has failed, until its rules are cleared. */
  async function held(...destinations: LabDisk[]): Promise<{ session: Session; source: LabDisk; map: string }> {
    const source = await failing('stall r 6M 512');
    await destinations[1]!.rule('eio w 2M 1M');
    const [session, map] = [bench.session(), await bench.path('ours.map')];
    await session.begin({
      source: source.device,
      destinations: destinations.map(({ device }) => device),
      rescue: { retries: 0, map },
    });
    await session.until((event) => event.event === 'error' && event.error.destination === 1);
    await session.until((event) => event.event === 'progress' && event.progress.destinations[1]!.state === 'failed');
    return { session, source, map };
  }

  it('copies to the retried destination from another one, holes too, without reading the source again', async () => {
    // Larger than the source, as sticks are. The rest of it stays as it was.
    const [larger, behind] = [SIZE + 64 * MiB, Buffer.alloc(64 * MiB, 0xee)];
    const [good, bad] = [await bench.disk({ size: larger }), await bench.disk({ size: larger })];
    for (const disk of [good, bad]) await writeFile(disk.backing, Buffer.alloc(larger, 0xee));
    const { session, source, map } = await held(good, bad);
    await bad.rule('clear');
    await session.engine.call('retry', { destination: 1 });
    await source.rule('clear', ...BAD, 'log on r');
    const result = await resultOf(session);
    expect(result).toMatchObject({
      readErr: 1,
      writeErr: 0,
      rescue: { bad: HOLES },
      manifest: null,
      destinations: [
        { state: 'done', verified: true },
        { state: 'done', verified: true, errors: [] },
      ],
    });
    expect(result.notes).toEqual([]);
    execFileSync('cmp', [good.backing, bad.backing]);
    const [theirs, theirMap] = [await bench.path('theirs.img'), await bench.path('theirs.map')];
    const readOnce = (await source.log())
      .filter(({ error }) => error === null)
      .reduce((sum, { length }) => sum + length, 0);
    expect(readOnce).toBeLessThanOrEqual(SIZE);
    ddrescue(source.device, theirs, theirMap);
    execFileSync('cmp', [`--bytes=${SIZE}`, theirs, bad.backing]);
    expect((await readFile(bad.backing)).subarray(SIZE).equals(behind)).toBe(true);
    expect(badBlocks(map)).toBe(badBlocks(theirMap));
    expect(await interrupted(session)).toEqual([]);
  });

  it('reads the source again when no other destination has the data, and can be cancelled while it waits', async () => {
    const disks = [
      await bench.disk({ size: SIZE }),
      await bench.disk({ size: SIZE }),
      await bench.disk({ size: SIZE }),
    ];
    const [other, bad, third] = disks as [LabDisk, LabDisk, LabDisk];
    const { session, source } = await held(other, bad, third);
    await bad.rule('clear');
    await session.engine.call('retry', { destination: 1 });
    await session.until((event) => event.event === 'progress' && event.progress.rescue?.waiting.join() === '1');
    await session.engine.call('cancel', { destination: 1 });
    const stopped = session.events.length;
    await session.until(
      (event) =>
        event.event === 'progress' &&
        session.events.indexOf(event) >= stopped &&
        event.progress.destinations[1]!.state === 'cancelled' &&
        event.progress.rescue?.waiting.length === 0,
    );
    await session.engine.call('retry', { destination: 1 });
    for (const disk of [other, third]) await disk.rule(`eio w 0 ${SIZE}`);
    await source.rule('clear', ...BAD);
    const result = await resultOf(session);
    expect(result).toMatchObject({
      rescue: { bad: HOLES },
      destinations: [{ state: 'failed' }, { state: 'done', verified: true, errors: [] }, { state: 'failed' }],
    });
    const [theirs, theirMap] = [await bench.path('theirs.img'), await bench.path('theirs.map')];
    ddrescue(source.device, theirs, theirMap);
    execFileSync('cmp', [theirs, bad.backing]);
  });
});

describe.skipIf(noLab !== null)('resuming a rescue by its log', () => {
  /** The map records what an incomplete copy has, so a second run copies only the rest. */
  async function goesOn(source: LabDisk, copy: string, map: string): Promise<void> {
    const rescued = bytesIn(await readMapfile(map), '+');
    expect(rescued).toBeGreaterThanOrEqual(2 * MiB);
    expect(rescued).toBeLessThan(SIZE);
    await source.rule('clear');
    const session = bench.session();
    const [job] = await interrupted(session);
    expect(job!.destinations).toMatchObject([{ path: copy, durable: rescued }]);
    const result = await resume(session, job!.id);
    expect(result).toMatchObject({
      readErr: 0,
      rescue: { rescued: SIZE, bad: 0 },
      destinations: [{ state: 'done', kept: rescued, written: SIZE - rescued }],
    });
    execFileSync('cmp', [source.backing, copy]);
  }

  it('counts what the first pass copied before it was cancelled', async () => {
    const source = await bench.disk({ size: SIZE, file: await bench.image('disk.img', SIZE) });
    await source.rule('rate r 2M');
    const [session, copy, map] = [bench.session(), await bench.path('copy.img'), await bench.path('ours.map')];
    await session.begin({ source: source.device, destinations: [copy], rescue: { retries: 0, map } });
    await session.until((event) => event.event === 'progress' && event.progress.destinations[0]!.written >= 4 * MiB);
    await session.engine.call('cancel', {});
    expect(await resultOf(session)).toMatchObject({ destinations: [{ state: 'cancelled' }] });
    await goesOn(source, copy, map);
  });

  it('counts what the first pass copied before the source stopped answering', async () => {
    const source = await bench.disk({ size: SIZE, file: await bench.image('disk.img', SIZE) });
    await source.rule('stall r 6M 512');
    const [session, copy, map] = [bench.session(), await bench.path('copy.img'), await bench.path('ours.map')];
    const result = await session.run({
      source: source.device,
      destinations: [copy],
      rescue: { retries: 0, map },
      stallTimeout: 2,
    });
    expect(result).toMatchObject({ errors: [{ code: 'STALLED' }] });
    await goesOn(source, copy, map);
  });

  it.each(['with its map', 'without a map'])(
    'resumes a killed rescue %s, and makes a manifest of what was read',
    async (how) => {
      // The log has something by the end of the first pass.
      const source = await failing(...SLOW.trimming, ...SLOW.scraping);
      const disk = await bench.disk({ size: SIZE });
      await writeFile(disk.backing, Buffer.alloc(SIZE, 0xee));
      const [map, saveManifest] = [
        how === 'with its map' ? await bench.path('ours.map') : null,
        await bench.path('manifest'),
      ];
      const first = bench.session();
      await first.begin({
        source: source.device,
        destinations: [disk.device],
        rescue: { retries: 0, map },
        saveManifest,
      });
      await inPass(first, 'scraping');
      await first.kill();
      expect(head(disk.backing, MiB).equals(Buffer.alloc(MiB))).toBe(true);
      await source.rule('clear', 'eio r 15000s 40s', 'log on r'); // two of the three places can be read by now
      const session = bench.session();
      const [job] = await interrupted(session);
      expect(job).toMatchObject({ damaged: false, destinations: [{ path: disk.device, finished: false }] });
      expect(job!.destinations[0]!.durable).toBeGreaterThanOrEqual(4 * MiB);
      const result = await resume(session, job!.id);
      // This run did not read back what the first one wrote, so it is not called verified.
      const [{ uncompared, verified }] = result.destinations as [JobResult['destinations'][number]];
      expect(result).toMatchObject({ readErr: 1, destinations: [{ state: 'done' }] });
      expect(verified).toBeNull();
      expect(uncompared).toBeGreaterThan(0);
      expect(result.notes).toContainEqual({ kind: 'manifestWritten', path: saveManifest });
      expect((await source.log()).reduce((sum, { length }) => sum + length, 0)).toBeLessThan(16 * MiB);
      const [theirs, theirMap] = [await bench.path('theirs.img'), await bench.path('theirs.map')];
      ddrescue(source.device, theirs, theirMap);
      // Without a retry, a sector that was bad when it was tried stays a hole.
      const holes = how === 'with its map' ? HOLES : 40 * 512;
      expect(result.rescue!.bad).toBeLessThanOrEqual(holes);
      expect(result.rescue!.bad).toBeGreaterThanOrEqual(40 * 512);
      const manifest = await readManifest(saveManifest);
      expect(hasChunk(manifest.known, 7)).toBe(false);
      expect(countChunks(manifest.known)).toBeGreaterThanOrEqual(5);
      expect(
        await session.run({ kind: 'verify', source: null, manifest: saveManifest, destinations: [disk.device] }),
      ).toMatchObject({
        destinations: [
          {
            state: 'done',
            verified: null,
            uncompared: SIZE - bytesOf(manifest.known, { bytes: SIZE, chunkSize: MiB }),
          },
        ],
      });
      expect(await interrupted(session)).toEqual([]);
    },
  );

  it.each(['without a map', 'with an older map'])('reads again what may be zeros when resumed %s', async (how) => {
    const source = await failing(...SLOW.retrying);
    const disk = await bench.disk({ size: SIZE });
    await writeFile(disk.backing, Buffer.alloc(SIZE, 0xee));
    const map = how === 'with an older map' ? await bench.path('ours.map') : null;
    const first = bench.session();
    await first.begin({ source: source.device, destinations: [disk.device], rescue: { retries: 20, map } });
    await inPass(first, 'retrying');
    await first.kill();
    await source.rule('clear', ...BAD);
    if (map !== null) await writeFile(map, `0 ? 1\n0 ${SIZE} ?\n`); // it is written once a second at the most
    const session = bench.session();
    const [job] = await interrupted(session);
    const result = await resume(session, job!.id);
    expect(result).toMatchObject({
      readErr: 1,
      rescue: { rescued: SIZE - HOLES, bad: HOLES },
      destinations: [{ state: 'done', verified: null }],
    });
    const [theirs, theirMap] = [await bench.path('theirs.img'), await bench.path('theirs.map')];
    ddrescue(source.device, theirs, theirMap);
    execFileSync('cmp', [theirs, disk.backing]);
  });

  it('reads and writes again only what a failed destination missed, and leaves a right map for both', async () => {
    const source = await failing();
    const [good, bad] = [await bench.disk({ size: SIZE }), await bench.disk({ size: SIZE })];
    await bad.rule('eio w 3M 512');
    const map = await bench.path('ours.map');
    const session = bench.session();
    const result = await session.run({
      source: source.device,
      destinations: [good.device, bad.device],
      rescue: { retries: 0, map },
      keepGoing: true,
    });
    expect(result.destinations).toMatchObject([
      { state: 'done', verified: true },
      { state: 'failed', errors: [{ offset: 3 * MiB, length: 512 }, {}] },
    ]);
    expect(result.notes).toEqual([{ kind: 'mapOfDone' }]);
    const before = badBlocks(map);
    const [job] = await interrupted(session);
    expect(job!.destinations).toMatchObject([{ finished: true }, { finished: false, durable: 7 * MiB }]);

    await bad.rule('clear', 'log on w');
    await source.rule('log on r');
    await good.rule('reset');
    expect((await resume(bench.session(), job!.id)).destinations).toMatchObject([
      { path: bad.device, state: 'done', verified: null, errors: [] },
    ]);
    expect(chunksWritten(await bad.writes())).toEqual([3]);
    expect((await good.counters()).writes).toBe(0);
    execFileSync('cmp', [good.backing, bad.backing]);
    expect(badBlocks(map)).toBe(before);
    await rm(map);
  });
});
