// Beyond a plain copy, through the real host on devices with faults: control of a running job, manifests, repair,
// update, and resuming after every kind of end.
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, statSync, utimesSync } from 'node:fs';
import { appendFile, truncate, writeFile } from 'node:fs/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { DestinationProgress } from '../../../app/contract/jobs.ts';
import { readManifest } from '../../../app/engine/formats/manifest.ts';
import { canLab, seededBytes, type LabDisk } from '../../lab/lab.ts';
import {
  chunksWritten,
  head,
  interrupted,
  MiB,
  refused,
  requestOf,
  resultOf,
  resume,
  spoil,
  untilDurable,
  Workbench,
  type Session,
} from './support.ts';

const noLab = canLab();
let bench: Workbench;
beforeEach(() => {
  bench = new Workbench();
});
afterEach(() => bench.clear());

/** Waits until a sample shows it. */
const seen = async (session: Session, condition: (destinations: DestinationProgress[]) => boolean): Promise<void> => {
  const from = session.events.length;
  await session.until(
    (event) =>
      event.event === 'progress' && session.events.indexOf(event) >= from && condition(event.progress.destinations),
  );
};
/** Waits for `count` more samples. The host takes ten a second. */
async function moreSamples(session: Session, count: number): Promise<void> {
  const taken = (): number => session.events.filter(({ event }) => event === 'progress').length;
  const before = taken();
  await session.until(() => taken() >= before + count);
}

/** A copy of 16 MiB from a slow source to two disks; its last quarter waits until the source's rules are cleared. */
async function slowCopy(): Promise<{ session: Session; source: LabDisk; one: LabDisk; two: LabDisk; log: string }> {
  const source = await bench.disk({ size: 16 * MiB, file: await bench.image('disk.img', 16 * MiB) });
  const [one, two] = [await bench.disk({ size: 16 * MiB }), await bench.disk({ size: 16 * MiB })];
  await source.rule('rate r 6M', 'stall r 12M 1M');
  const session = bench.session();
  const plan = await session.engine.call(
    'prepare',
    requestOf({ source: source.device, destinations: [one.device, two.device] }),
  );
  await session.engine.call('start', {});
  await one.waitFor(({ bytesWritten }) => bytesWritten >= 2 * MiB);
  return { session, source, one, two, log: bench.log(plan.job!) };
}

/** Kills the host. It ends when its I/O in flight does. */
async function kill(session: Session, source: LabDisk): Promise<void> {
  session.host.kill('SIGKILL');
  await source.rule('clear');
  await session.exited;
}

describe.skipIf(noLab !== null)(`commands to a running job${noLab === null ? '' : ` (${noLab})`}`, () => {
  it('cancels one destination, and finishes the other', async () => {
    const { session, source, one } = await slowCopy();
    await session.engine.call('cancel', { destination: 1 });
    await source.rule('clear');
    const result = await resultOf(session);
    expect(result.destinations.map(({ state }) => state)).toEqual(['done', 'cancelled']);
    expect(head(one.backing, 16 * MiB).equals(seededBytes(16 * MiB, 1))).toBe(true);
    expect(result).toMatchObject({ cancelled: true, writeErr: 0b10 });
  });

  it('pauses one destination and then all of them, and continues', async () => {
    const { session, source, one, two } = await slowCopy();
    await session.engine.call('pause', { destination: 1, paused: true });
    await seen(
      session,
      ([first, second]) => first!.state === 'copying' && second!.state === 'paused' && second!.paused,
    );
    await session.engine.call('pause', { destination: null, paused: true });
    await seen(session, (all) => all.every(({ state }) => state === 'paused'));
    const before = (await one.counters()).bytesWritten;
    await moreSamples(session, 4);
    expect((await one.counters()).bytesWritten - before).toBeLessThanOrEqual(8 * MiB);
    await source.rule('clear');
    await session.engine.call('pause', { destination: null, paused: false });
    await session.engine.call('pause', { destination: 1, paused: false });
    expect(await resultOf(session)).toMatchObject({
      writeErr: 0,
      destinations: [
        { state: 'done', verified: true },
        { state: 'done', verified: true },
      ],
    });
    expect(head(two.backing, 16 * MiB).equals(seededBytes(16 * MiB, 1))).toBe(true);
  });

  it('S8 reports in the result a source file that was written to during the copy', async () => {
    const source = await bench.image('disk.img', 2 * MiB);
    const session = bench.session();
    await session.engine.call(
      'prepare',
      requestOf({ source, destinations: [await bench.path('copy.img')], throttle: 65536 }),
    );
    await session.engine.call('start', {});
    await appendFile(source, 'more');
    await session.engine.call('throttle', { destination: null, bytesPerSecond: null });
    expect(await resultOf(session)).toMatchObject({
      destinations: [{ state: 'done' }],
      sourceWritten: true,
      notes: [{ kind: 'sourceWritten', path: source }],
    });
  });

  it('S8 reports a source file that was written to when its time of modification was set back', async () => {
    const source = await bench.image('disk.img', 2 * MiB);
    const { atime, mtime } = statSync(source);
    const session = bench.session();
    await session.engine.call(
      'prepare',
      requestOf({ source, destinations: [await bench.path('copy.img')], throttle: 65536 }),
    );
    await session.engine.call('start', {});
    await spoil(source, MiB);
    utimesSync(source, atime, mtime);
    await session.engine.call('throttle', { destination: null, bytesPerSecond: null });
    expect(await resultOf(session)).toMatchObject({ sourceWritten: true });
  });

  it('reports a source file that was cut shorter as changed, not as a drive that is gone', async () => {
    const source = await bench.image('disk.img', 2 * MiB);
    const session = bench.session();
    await session.engine.call(
      'prepare',
      requestOf({ source, destinations: [await bench.path('copy.img')], throttle: 65536 }),
    );
    await session.engine.call('start', {});
    await truncate(source, 512 * 1024);
    await session.engine.call('throttle', { destination: null, bytesPerSecond: null });
    expect(await resultOf(session)).toMatchObject({
      errors: [{ code: 'SOURCE_CHANGED', reason: { cause: { kind: 'shorterThanBefore' } } }],
      destinations: [{ state: 'failed' }],
    });
  });

  it('accepts limits and times that are no whole numbers', async () => {
    const [source, copy] = [await bench.image('disk.img', MiB), await bench.path('copy.img')];
    const session = bench.session();
    expect(
      await refused(session.engine.call('prepare', requestOf({ source, destinations: [copy], throttle: 1e300 }))),
    ).toMatchObject([{ code: 'BAD_ARGUMENT' }]);
    const asked = {
      source,
      destinations: [copy],
      throttle: MiB + 0.5,
      destinationThrottles: [MiB + 0.5],
      stallTimeout: 60.0001,
    };
    await session.engine.call('prepare', requestOf(asked));
    await session.engine.call('start', {});
    await session.engine.call('throttle', { destination: 0, bytesPerSecond: 1e9 + 0.5 });
    await session.engine.call('throttle', { destination: null, bytesPerSecond: 1e9 + 0.5 });
    expect(await resultOf(session)).toMatchObject({ destinations: [{ state: 'done', verified: true }] });
  });

  it('changes the limit of a running job, and refuses a wrong limit or destination', async () => {
    const source = await bench.image('disk.img', 32 * MiB);
    const disk = await bench.disk({ size: 32 * MiB });
    const session = bench.session();
    await session.engine.call(
      'prepare',
      requestOf({ source, destinations: [disk.device], throttle: 1024, verify: false }),
    ); // nine hours
    await session.engine.call('start', {});
    await moreSamples(session, 10);
    expect((await disk.counters()).bytesWritten).toBeLessThan(32 * MiB);
    expect(await refused(session.engine.call('throttle', { destination: null, bytesPerSecond: 0 }))).toMatchObject([
      { code: 'BAD_ARGUMENT' },
    ]);
    expect(await refused(session.engine.call('pause', { destination: 1, paused: true }))).toMatchObject([
      { code: 'BAD_ARGUMENT' },
    ]);
    await session.engine.call('throttle', { destination: null, bytesPerSecond: null });
    expect(await resultOf(session)).toMatchObject({ destinations: [{ state: 'done' }] });
  });

  it('retries a failed destination, and writes only what is missing', async () => {
    const { session, source, one, two } = await slowCopy();
    await two.rule('eio w 8M 1M');
    await seen(session, ([, second]) => second!.state === 'failed');
    expect(await refused(session.engine.call('retry', { destination: 0 }))).toMatchObject([{ code: 'BAD_ARGUMENT' }]);
    await two.rule('clear');
    await two.rule('rate w 4M'); // so that the others are done long before it
    await session.engine.call('retry', { destination: 1 });
    await source.rule('clear');
    expect(await resultOf(session)).toMatchObject({
      writeErr: 0,
      destinations: [
        { state: 'done', errors: [] },
        { state: 'done', verified: true, errors: [] },
      ],
    });
    for (const disk of [one, two]) expect(head(disk.backing, 16 * MiB).equals(seededBytes(16 * MiB, 1))).toBe(true);
  });

  it('gives up a drive that stops answering, and ends the job while it still hangs', async () => {
    const source = await bench.image('disk.img', 8 * MiB);
    const [good, stuck] = [await bench.disk({ size: 8 * MiB }), await bench.disk({ size: 8 * MiB })];
    const session = bench.session();
    await stuck.rule('stall w 4M 1M');
    bench.finally(() => stuck.rule('go'));
    await session.engine.call(
      'prepare',
      requestOf({ source, destinations: [good.device, stuck.device], stallTimeout: 3 }),
    );
    await session.engine.call('start', {});
    const result = await resultOf(session);
    expect((await stuck.counters()).inFlight).toBeGreaterThan(0);
    expect(result).toMatchObject({
      destinations: [
        { state: 'done', verified: true },
        { state: 'failed', errors: [{ code: 'STALLED' }] },
      ],
    });
    await stuck.rule('go');
  });
});

describe.skipIf(noLab !== null)('manifests in a job', () => {
  it('makes a manifest in every job that reads its whole source, names it in the result and saves it', async () => {
    const source = await bench.image('disk.img', 4 * MiB + 512);
    const [disk, failing] = [await bench.disk({ size: 8 * MiB }), await bench.disk({ size: 8 * MiB })];
    const file = await bench.path('later.manifest');
    const session = bench.session();
    const { manifest: made } = await session.run({ source, destinations: [disk.device], verify: false });
    await session.engine.call('saveManifest', { manifest: made!, path: file });
    expect(execFileSync('sh', ['-c', 'head -c -32 "$1" | sha256sum', 'sh', file], { encoding: 'utf8' })).toContain(
      made,
    );
    // One that stands for the source is the job's manifest too.
    expect(
      await session.run({ kind: 'verify', source: null, manifest: file, destinations: [disk.device] }),
    ).toMatchObject({ manifest: made, destinations: [{ verified: true }] });
    const { hashes } = await readManifest(file);
    const { manifest: compared } = await session.run({ kind: 'verify', source, destinations: [disk.device] });
    await session.engine.call('saveManifest', { manifest: compared!, path: file });
    expect((await readManifest(file)).hashes).toEqual(hashes);

    await writeFile(await bench.path('letter'), 'kept');
    expect(
      await refused(session.engine.call('saveManifest', { manifest: compared!, path: await bench.path('letter') })),
    ).toMatchObject([{ code: 'BAD_FILE' }]);
    expect(await refused(session.engine.call('saveManifest', { manifest: 'ab'.repeat(32), path: file }))).toMatchObject(
      [{ code: 'NOTHING_TO_DO' }],
    );
    await failing.rule('eio r 7M 4K');
    expect(await session.run({ source: failing.device, destinations: [disk.device] })).toMatchObject({
      readErr: 1,
      manifest: null,
    });
  });

  it('verifies without the source by the manifest of a copy, names what changed, and guides the repair', async () => {
    const source = await bench.image('disk.img', 8 * MiB + 512);
    const manifest = await bench.path('disk.manifest');
    const disk = await bench.disk({ size: 12 * MiB });
    const session = bench.session();
    const { manifest: digest } = await session.run({ source, destinations: [disk.device], saveManifest: manifest });
    expect(execFileSync('sh', ['-c', 'head -c -32 "$1" | sha256sum', 'sh', manifest], { encoding: 'utf8' })).toContain(
      digest,
    );
    expect(await session.run({ kind: 'verify', source: null, manifest, destinations: [disk.device] })).toMatchObject({
      bytes: 0,
      destinations: [{ state: 'done', verified: true }],
    });

    await spoil(disk.backing, 3 * MiB + 7, 8 * MiB + 100);
    const bad = await session.run({ kind: 'verify', source: null, manifest, destinations: [disk.device] });
    expect(bad.destinations[0]).toMatchObject({ state: 'failed', verified: false });
    expect(bad.destinations[0]!.errors.map(({ offset }) => offset ?? -1).sort((a, b) => a - b)).toEqual([
      3 * MiB,
      8 * MiB,
    ]); // in the order of arrival

    await disk.rule('log on w');
    const repaired = await session.run({ kind: 'repair', source, manifest, destinations: [disk.device] });
    expect(repaired.destinations[0]).toMatchObject({
      state: 'done',
      verified: true,
      written: 2 * MiB + 512,
      kept: 6 * MiB,
      errors: [],
    });
    expect(chunksWritten(await disk.writes())).toEqual([0, 3, 8]); // the head too: zeros first, itself last
    expect(head(disk.backing, 8 * MiB + 512).equals(seededBytes(8 * MiB + 512, 1))).toBe(true);
  });

  it('S4 refuses a repair by a manifest of another source, writes nothing, and names the manifest', async () => {
    const [source, other] = [
      await bench.image('disk.img', 8 * MiB + 512),
      await bench.image('other.img', 8 * MiB + 512, 2),
    ];
    const [manifest, copy] = [await bench.path('disk.manifest'), await bench.path('copy.img')];
    const session = bench.session();
    await session.run({ source, destinations: [copy], saveManifest: manifest });
    await spoil(copy, 3 * MiB + 7);
    const before = readFileSync(copy);
    expect(
      await refused(
        session.engine.call('prepare', requestOf({ kind: 'repair', source: other, manifest, destinations: [copy] })),
      ),
    ).toMatchObject([
      {
        code: 'BAD_FILE',
        device: manifest,
        offset: 0,
        reason: { kind: 'manifestOfOtherData' },
        remedy: { kind: 'manifestOfSource' },
      },
    ]);
    expect(readFileSync(copy).equals(before)).toBe(true);
  });

  it('S4 ends a repair when the source differs from its manifest, so that no copy mixes two sources', async () => {
    const source = await bench.image('disk.img', 8 * MiB + 512);
    const manifest = await bench.path('disk.manifest');
    const [bad, good] = [await bench.path('bad.img'), await bench.path('good.img')];
    await bench.session().run({ source, destinations: [bad, good], saveManifest: manifest });
    await spoil(bad, 3 * MiB + 7);
    const before = readFileSync(bad);
    const session = bench.session();
    await session.engine.call('prepare', requestOf({ kind: 'repair', source, manifest, destinations: [bad, good] }));
    // Changed after the samples were compared, so only the repair itself finds it.
    await spoil(source, 3 * MiB + 100);
    await session.engine.call('start', {});
    expect(await resultOf(session)).toMatchObject({
      readErr: 1,
      errors: [
        {
          code: 'SOURCE_CHANGED',
          offset: 3 * MiB,
          reason: { kind: 'failedAt', cause: { kind: 'otherThanItsManifest' } },
          remedy: { kind: 'manifestOfSource' },
        },
      ],
      destinations: [
        { state: 'failed', verified: null, written: 0 },
        { state: 'failed', verified: null, errors: [{ code: 'SOURCE_FAILED' }] },
      ],
    });
    // This was found before anything was written, so the image has kept its name.
    expect(readFileSync(bad).equals(before)).toBe(true);
  });

  it('S4 leaves the head of a disk alone when a repair ends by an outdated manifest', async () => {
    const [source, disk] = [await bench.image('disk.img', 8 * MiB), await bench.disk({ size: 8 * MiB, plain: true })];
    const manifest = await bench.path('disk.manifest');
    await bench.session().run({ source, destinations: [disk.device], saveManifest: manifest });
    const session = bench.session();
    await session.engine.call('prepare', requestOf({ kind: 'repair', source, manifest, destinations: [disk.device] }));
    await spoil(source, 5 * MiB);
    await spoil(disk.backing, 5 * MiB + 9);
    const before = readFileSync(disk.backing);
    await session.engine.call('start', {});
    expect(await resultOf(session)).toMatchObject({ destinations: [{ state: 'failed', verified: null, written: 0 }] });
    expect(readFileSync(disk.backing).equals(before)).toBe(true);
  });

  it('leaves a repaired image its name when it is cancelled while comparing', async () => {
    const source = await bench.disk({ size: 8 * MiB, file: await bench.image('disk.img', 8 * MiB) });
    const copy = await bench.image('copy.img', 8 * MiB);
    await spoil(copy, 5 * MiB);
    await source.rule('rate r 2M');
    const session = bench.session();
    await session.engine.call('prepare', requestOf({ kind: 'repair', source: source.device, destinations: [copy] }));
    await session.engine.call('start', {});
    await session.until(({ event }) => event === 'progress');
    await session.engine.call('cancel', {});
    expect(await resultOf(session)).toMatchObject({ destinations: [{ state: 'cancelled', written: 0 }] });
    expect([existsSync(copy), existsSync(`${copy}.part`)]).toEqual([true, false]);
  });

  it('refuses a manifest of another size, a file that is none, and another file in its place', async () => {
    const [source, other, none] = [
      await bench.image('disk.img', MiB),
      await bench.image('other.img', 2 * MiB),
      await bench.image('none', 1000),
    ];
    const manifest = await bench.path('m');
    const session = bench.session();
    await session.run({ source: other, destinations: [await bench.path('copy.img')], saveManifest: manifest });
    const refusing = (request: object): Promise<unknown> =>
      refused(session.engine.call('prepare', requestOf({ source, destinations: [other], kind: 'verify', ...request })));
    expect(await refusing({ kind: 'copy', update: true, manifest })).toMatchObject([
      { code: 'BAD_FILE', device: manifest },
    ]);
    expect(await refusing({ source: null, manifest: none })).toMatchObject([{ code: 'BAD_FILE', device: none }]);
    expect(await refusing({ kind: 'copy', saveManifest: none })).toMatchObject([{ code: 'BAD_FILE', device: none }]);
    expect(readFileSync(none).equals(seededBytes(1000, 1))).toBe(true);
    const before = readFileSync(manifest);
    expect(
      await refusing({ kind: 'copy', destinations: [await bench.path('second.img')], saveManifest: manifest }),
    ).toMatchObject([
      { code: 'BAD_FILE', device: manifest, message: `It exists and is the manifest of another source: ${other}.` },
    ]);
    expect(readFileSync(manifest).equals(before)).toBe(true);
  });
});

describe.skipIf(noLab !== null)('differences in a job', () => {
  it('writes in an update only what differs, on a disk and in an image', async () => {
    const source = await bench.image('disk.img', 8 * MiB);
    const [disk, copy] = [await bench.disk({ size: 8 * MiB }), await bench.path('copy.img')];
    const session = bench.session();
    await session.run({ source, destinations: [disk.device, copy] });
    await spoil(source, 2 * MiB, 6 * MiB + 5);
    await disk.rule('log on w');
    const result = await session.run({ source, destinations: [disk.device, copy], update: true });
    // The disk's head counts twice: zeros first, its content last.
    expect(result.destinations).toMatchObject([
      { state: 'done', verified: true, written: 3 * MiB, kept: 5 * MiB, errors: [] },
      { state: 'done', verified: true, written: 2 * MiB, kept: 6 * MiB, errors: [] },
    ]);
    expect(chunksWritten(await disk.writes())).toEqual([0, 2, 6]);
    execFileSync('cmp', [source, copy]);
    execFileSync('cmp', ['-n', String(8 * MiB), source, disk.backing]);
  });

  it.each(['update', 'repair'] as const)(
    'keeps in a %s the bytes behind a source whose last sector is a partial one',
    async (how) => {
      const bytes = 700_001;
      const [source, disk] = [await bench.image('odd.img', bytes), await bench.disk({ size: 4 * MiB, plain: true })];
      await writeFile(disk.backing, Buffer.alloc(4 * MiB, 0xaa));
      const request = how === 'update' ? { update: true } : { kind: 'repair' as const };
      expect(await bench.session().run({ source, destinations: [disk.device], ...request })).toMatchObject({
        destinations: [{ state: 'done', verified: true }],
      });
      const after = readFileSync(disk.backing);
      expect(after.subarray(0, bytes).equals(readFileSync(source))).toBe(true);
      expect(after.subarray(bytes).equals(Buffer.alloc(4 * MiB - bytes, 0xaa))).toBe(true);
    },
  );

  it('writes again what differs after a copy when repair was asked for', async () => {
    const source = await bench.image('disk.img', 8 * MiB);
    const disk = await bench.disk({ size: 8 * MiB });
    await disk.rule('flip w 5000s 1s 1', 'log on w');
    const result = await bench.session().run({ source, destinations: [disk.device], repair: true });
    expect(result).toMatchObject({
      writeErr: 0,
      destinations: [{ state: 'done', verified: true, written: 10 * MiB, errors: [] }],
    });
    expect(head(disk.backing, 8 * MiB).equals(seededBytes(8 * MiB, 1))).toBe(true);
  });

  it.each(['repair', 'copy'] as const)(
    'reports what a drive does not keep as written again, after a %s',
    async (kind) => {
      const source = await bench.image('disk.img', 4 * MiB);
      const disk = await bench.disk({ size: 4 * MiB });
      await disk.rule('drop w 5000s 1s');
      const result = await bench.session().run({ kind, source, destinations: [disk.device], repair: kind === 'copy' });
      const [first] = result.destinations[0]!.errors;
      expect(result.destinations[0]).toMatchObject({
        state: 'failed',
        verified: false,
        errors: [{ code: 'VERIFY_MISMATCH', op: 'verify', offset: 2 * MiB, length: MiB }],
      });
      expect(first!.message).toBe(
        'Verification failed at 2.1 MB (sectors 4,096 to 6,143): it was written again and still differs.',
      );
      expect(first!.advice).toBe(
        'Do not use this drive: it does not keep what is written to it, or does not give it back. If you trust it, try another port or cable first.',
      );
    },
  );

  it('does not report a failed second write as data that the drive does not keep', async () => {
    const source = await bench.image('disk.img', 8 * MiB);
    const disk = await bench.disk({ size: 8 * MiB });
    await disk.rule('eio w 6M 64K', 'drop w 5000s 1s');
    const result = await bench.session().run({ source, destinations: [disk.device], keepGoing: true, repair: true });
    const { errors, ...end } = result.destinations[0]!;
    expect(end).toMatchObject({ state: 'failed', verified: false });
    const causes = errors.map(({ op, offset, remedy }) => [op, Math.floor(offset! / MiB), remedy.kind]);
    expect(causes).toContainEqual(['write', 6, 'MEDIUM_ERROR']);
    // What was written the second time, and differs.
    expect(causes).toContainEqual(['verify', 2, 'losesData']);
    expect(causes.filter(([op, chunk]) => op !== 'write' && chunk === 6)).toEqual([['verify', 6, 'VERIFY_MISMATCH']]);
  });

  it('lists every range that differs for good when the job is to keep going', async () => {
    const source = await bench.image('disk.img', 8 * MiB);
    const disk = await bench.disk({ size: 8 * MiB });
    await disk.rule('eio w 3000s 1s', 'eio w 12000s 2s');
    const result = await bench.session().run({ source, destinations: [disk.device], keepGoing: true, verify: false });
    expect(result.destinations[0]).toMatchObject({ state: 'failed' });
    expect(
      result.destinations[0]!.errors.map(({ offset, length }) => [
        offset! <= 3000 * 512 || offset! <= 12_000 * 512,
        length! <= 4096,
      ]),
    ).toEqual([
      [true, true],
      [true, true],
    ]);
    const medium = head(disk.backing, 8 * MiB);
    expect(medium.subarray(7 * MiB).equals(seededBytes(MiB, 1, 7 * MiB))).toBe(true);
  });
});

describe.skipIf(noLab !== null)('resuming an interrupted job', () => {
  it('writes the zeros of a disk that was wrongly taken for blank', async () => {
    const content = Buffer.concat([seededBytes(MiB, 1), Buffer.alloc(3 * MiB)]);
    const [source, disk] = [await bench.path('disk.img'), await bench.disk({ size: 4 * MiB })];
    await writeFile(source, content);
    await spoil(disk.backing, 2 * MiB);
    const session = bench.session();
    expect(await session.run({ source, destinations: [disk.device], assumeBlank: true })).toMatchObject({
      destinations: [{ state: 'failed', errors: [{ offset: 2 * MiB, length: MiB, remedy: { kind: 'notBlank' } }] }],
    });
    const [job] = await interrupted(session);
    const second = bench.session();
    expect(await resume(second, job!.id)).toMatchObject({
      destinations: [{ state: 'done', verified: true, errors: [] }],
    });
    expect(head(disk.backing, 4 * MiB).equals(content)).toBe(true);
  });

  it.each(['SIGKILL', 'a cancellation'] as const)(
    'resumes after %s, and writes only what is missing, to a disk and an image',
    async (how) => {
      const source = await bench.disk({ size: 16 * MiB, file: await bench.image('disk.img', 16 * MiB) });
      const [disk, copy] = [await bench.disk({ size: 16 * MiB }), await bench.path('copy.img')];
      await source.rule('stall r 12M 1M');
      const first = bench.session();
      const plan = await first.engine.call(
        'prepare',
        requestOf({ name: 'Room 12', source: source.device, destinations: [disk.device, copy] }),
      );
      await first.engine.call('start', {});
      await untilDurable(bench.log(plan.job!));
      const second = bench.session();
      expect(await interrupted(second)).toEqual([]); // it runs
      if (how === 'SIGKILL') await kill(first, source);
      else {
        await first.engine.call('cancel', {});
        await source.rule('clear');
        await resultOf(first);
      }
      const [job] = await interrupted(second);
      expect(job).toMatchObject({
        id: plan.job,
        name: 'Room 12',
        bytes: 16 * MiB,
        damaged: false,
        destinations: [{ path: disk.device, finished: false }, { path: copy }],
      });
      const durable = job!.destinations[0]!.durable;
      expect(durable).toBeGreaterThan(0);
      await disk.rule('log on w');
      const result = await resume(second, job!.id);
      expect(result).toMatchObject({
        writeErr: 0,
        destinations: [
          { state: 'done', verified: true, kept: durable, written: 16 * MiB - durable },
          { state: 'done', verified: true },
        ],
      });
      execFileSync('cmp', [source.backing, disk.backing]);
      execFileSync('cmp', [source.backing, copy]);
      expect(await interrupted(second)).toEqual([]);
      expect(
        await refused(
          second.engine.call('prepare', requestOf({ kind: 'resume', source: null, destinations: [], job: job!.id })),
        ),
      ).toMatchObject([{ code: 'NOTHING_TO_DO' }]);
    },
  );

  it('resumes after a power cut, and has lost nothing that was logged as durable', async () => {
    const source = await bench.disk({ size: 16 * MiB, file: await bench.image('disk.img', 16 * MiB) });
    const disk = await bench.disk({ size: 16 * MiB });
    await source.rule('stall r 12M 1M');
    await disk.rule('volatile on');
    const first = bench.session();
    const plan = await first.engine.call('prepare', requestOf({ source: source.device, destinations: [disk.device] }));
    await first.engine.call('start', {});
    await untilDurable(bench.log(plan.job!));
    first.host.kill('SIGKILL');
    await disk.rule('powercut 7');
    await source.rule('clear');
    await first.exited;
    const session = bench.session();
    const [job] = await interrupted(session);
    expect(job!.destinations[0]!.durable).toBeGreaterThan(0);
    expect(await resume(session, job!.id)).toMatchObject({
      destinations: [{ state: 'done', verified: true, kept: job!.destinations[0]!.durable }],
    });
    execFileSync('cmp', [source.backing, disk.backing]);
  });

  it('resumes a drive that was unplugged, and leaves it out while it is not there', async () => {
    const source = await bench.disk({ size: 16 * MiB, file: await bench.image('disk.img', 16 * MiB) });
    const [one, two] = [await bench.disk({ size: 16 * MiB }), await bench.disk({ size: 16 * MiB })];
    await source.rule('stall r 12M 1M');
    const session = bench.session();
    const plan = await session.engine.call(
      'prepare',
      requestOf({ source: source.device, destinations: [one.device, two.device] }),
    );
    await session.engine.call('start', {});
    await untilDurable(bench.log(plan.job!));
    await two.rule('dead ENXIO');
    await source.rule('clear');
    expect((await resultOf(session)).destinations.map(({ state }) => state)).toEqual(['done', 'failed']);
    const [job] = await interrupted(session);
    expect(job!.destinations).toMatchObject([
      { finished: true, durable: 16 * MiB },
      { path: two.device, finished: false },
    ]);
    expect(job!.destinations[1]!.durable).toBeGreaterThan(0);
    await two.rule('clear');
    await one.rule('reset');
    const next = bench.session();
    const result = await resume(next, job!.id);
    expect(result.destinations).toMatchObject([
      { path: two.device, state: 'done', verified: true, kept: job!.destinations[1]!.durable },
    ]);
    execFileSync('cmp', [source.backing, two.backing]);
    expect((await one.counters()).writes).toBe(0);
    expect(await interrupted(next)).toEqual([]);
  });

  it('does not count what another job has overwritten since', async () => {
    const { session, source, one, log } = await slowCopy();
    await untilDurable(log);
    await session.engine.call('cancel', {});
    await source.rule('clear');
    await resultOf(session);
    const durable = async (): Promise<number[]> =>
      (await interrupted(session))[0]!.destinations.map((destination) => destination.durable);
    const [, before] = await durable();
    expect(before).toBeGreaterThan(0);
    await session.run({ source: await bench.image('other.img', MiB, 9), destinations: [one.device] });
    expect(await durable()).toEqual([0, before]);
  });

  it('refuses to resume when source or destination were written to since, and can forget the job', async () => {
    const { session, source, one, two, log } = await slowCopy();
    await untilDurable(log);
    await kill(session, source);
    const next = bench.session();
    const [job] = await interrupted(next);
    const asked = requestOf({ kind: 'resume', source: null, destinations: [], job: job!.id });
    await writeFile(one.backing, Buffer.alloc(16 * MiB, 5));
    expect(await refused(next.engine.call('prepare', asked))).toMatchObject([{ code: 'CHANGED', device: one.device }]);
    expect(head(two.backing, MiB).equals(Buffer.alloc(MiB))).toBe(true);
    await writeFile(source.backing, seededBytes(16 * MiB, 3));
    const both = await refused(next.engine.call('prepare', asked));
    expect(both).toMatchObject([
      { code: 'CHANGED', device: source.device },
      { code: 'CHANGED', device: one.device },
    ]);
    await next.engine.call('forget', { job: job!.id });
    expect(await interrupted(next)).toEqual([]);
  });
});
