// How a resume finishes an interrupted job, and when it refuses to: by its log, the content and the files.
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { copyFile, mkdir, rename, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import type { JobResult } from '../../../app/contract/jobs.ts';
import type { JobRequest } from '../../../app/contract/request.ts';
import { Refusal } from '../../../app/base/errors.ts';
import { assertOwnLoop, canLab, canMkfs, seededBytes, type LabDisk } from '../../lab/lab.ts';
import {
  head,
  interrupted,
  killAtStall,
  killedCopy,
  MiB,
  refused,
  requestOf,
  resultOf,
  resume,
  spoil,
  slowCopy,
  untilDurable,
  oneBench,
} from './support.ts';

const noLab = canLab();
const noExfat =
  noLab ??
  (existsSync('/sbin/mount.exfat-fuse') && existsSync('/sbin/mkfs.exfat')
    ? null
    : 'exfat-fuse and exfatprogs are missing');
if (noExfat !== null) console.warn(`skipped: ${noExfat}`);
const SIZE = 8 * MiB;
const bench = oneBench();

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
      if (how === 'SIGKILL') await first.kill(source);
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
    const { log } = await first.begin({ source: source.device, destinations: [disk.device] });
    await untilDurable(log);
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
    const { log } = await session.begin({ source: source.device, destinations: [one.device, two.device] });
    await untilDurable(log);
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

  it('leaves a drive alone that a later job has written, and continues the others', async () => {
    const { session, source, one, two, log } = await slowCopy(bench);
    await untilDurable(log);
    await session.engine.call('cancel', {});
    await source.rule('clear');
    await resultOf(session);
    const other = await bench.image('other.img', MiB, 9);
    await session.run({ source: other, destinations: [one.device] });
    const [job] = await interrupted(session);
    expect(job!.destinations.map(({ path }) => path)).toEqual([two.device]);
    await one.rule('log on w');
    const next = bench.session();
    const asked = requestOf({ kind: 'resume', source: null, destinations: [], job: job!.id });
    const plan = await next.engine.call('prepare', asked);
    expect(plan.notes).toContainEqual({ kind: 'writtenByOther', path: one.device });
    expect(plan.destinations.map(({ path }) => path)).toEqual([two.device]);
    await next.engine.call('cancel', {});
    expect(head(one.backing, MiB).equals(readFileSync(other))).toBe(true);
  });

  it('refuses to resume a job when later jobs have written all of its drives, and names the latest', async () => {
    const { session, source, one, two, log } = await slowCopy(bench);
    await untilDurable(log);
    await session.engine.call('cancel', {});
    await source.rule('clear');
    await resultOf(session);
    const id = basename(log, '.log');
    const other = await bench.image('other.img', MiB, 9);
    await session.run({ source: other, destinations: [one.device] });
    const second = bench.session();
    const { job: by } = await second.begin({ source: other, destinations: [two.device] });
    await resultOf(second);
    const next = bench.session();
    expect(await interrupted(next)).toEqual([]);
    expect(await refused(resume(next, id))).toMatchObject([
      { code: 'NOTHING_TO_DO', reason: { kind: 'writtenByJob', id, by }, remedy: { kind: 'copyAgain' } },
    ]);
    for (const drive of [one, two]) expect(head(drive.backing, MiB).equals(readFileSync(other))).toBe(true);
  });

  it('does not offer a job whose source has the wrong checksum, and says why it cannot be resumed', async () => {
    const [source, disk] = [await bench.image('disk.img', 4 * MiB), await bench.disk({ size: 4 * MiB })];
    const first = bench.session();
    const { job } = await first.begin({
      source,
      destinations: [disk.device],
      checksum: `sha256:${'0'.repeat(64)}`,
    });
    expect(await resultOf(first)).toMatchObject({ errors: [{ code: 'BAD_IMAGE' }] });
    const session = bench.session();
    expect(await interrupted(session)).toEqual([]);
    expect(await refused(resume(session, job))).toMatchObject([
      { code: 'NOTHING_TO_DO', reason: { kind: 'sourceWasWrong', id: job } },
    ]);
  });

  it('refuses to resume when source or destination were written to since, and can forget the job', async () => {
    const { session, source, one, two, log } = await slowCopy(bench);
    await untilDurable(log);
    await session.kill(source);
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

  it.skipIf(canMkfs('btrfs') !== null)(
    'resumes after the file system was mounted again under another device number',
    async () => {
      const disk = await bench.disk({ size: 128 * MiB, mkfs: 'btrfs', plain: true });
      const [source, copy, between] = [
        join(disk.tree, 'disk.img'),
        join(disk.tree, 'copy.img'),
        await bench.path('between'),
      ];
      await writeFile(source, seededBytes(2 * MiB, 1));
      const first = bench.session();
      await first.begin({ source, destinations: [copy], throttle: MiB, verify: false });
      await first.kill();
      const { dev } = await stat(source);
      execFileSync('umount', [disk.tree]);
      await mkdir(between);
      // A new file system takes the lowest free device number. Others may have freed lower ones, or taken this one.
      for (let mounts = 0; mounts < 32 && (mounts === 0 || (await stat(between)).dev !== dev); mounts += 1) {
        execFileSync('mount', ['-t', 'tmpfs', 'tmpfs', between]);
        bench.finally(() => Promise.resolve(execFileSync('umount', [between])));
      }
      execFileSync('mount', [disk.device, disk.tree]);
      expect((await stat(source)).dev).not.toBe(dev);
      const session = bench.session();
      const [job] = await interrupted(session);
      expect(await resume(session, job!.id)).toMatchObject({ destinations: [{ state: 'done' }] });
      execFileSync('cmp', [source, copy]);
    },
  );

  it.skipIf(noExfat !== null)('resumes after exFAT was mounted again and gave its files new numbers', async () => {
    const disk = await bench.disk({ size: 64 * MiB, plain: true });
    const folder = await bench.path('exfat');
    await mkdir(folder);
    assertOwnLoop(disk.device);
    execFileSync('mkfs.exfat', [disk.device]);
    const mount = (): void => void execFileSync('mount.exfat-fuse', [disk.device, folder], { stdio: 'pipe' });
    // The files of a killed process are closed a little after its end.
    const unmount = (): Promise<unknown> =>
      vi.waitFor(() => execFileSync('umount', [folder], { stdio: 'pipe' }), 20_000);
    mount();
    bench.finally(unmount);
    const [source, copy] = [join(folder, 'disk.img'), join(folder, 'copy.img')];
    await writeFile(source, seededBytes(4 * MiB, 1));
    const first = bench.session();
    await untilDurable((await first.begin({ source, destinations: [copy], throttle: MiB / 2, verify: false })).log);
    await first.kill();
    const { ino } = await stat(source);
    await unmount();
    mount();
    await stat(`${copy}.part`);
    expect((await stat(source)).ino, 'or this shows nothing').not.toBe(ino);
    const session = bench.session();
    const [job] = await interrupted(session);
    expect(await resume(session, job!.id)).toMatchObject({ destinations: [{ state: 'done' }] });
    execFileSync('cmp', [source, copy]);
  });

  it('does not verify a copy whose source drive changed where it had been copied', async () => {
    // Many chunks, so that a sample seldom includes the changed one.
    const [size, small] = [32 * MiB, MiB / 4];
    const source = await bench.disk({ size, file: await bench.image('disk.img', size) });
    const disk = await bench.disk({ size });
    await disk.rule('stall w 31M 64K');
    const first = bench.session();
    await first.begin({ source: source.device, destinations: [disk.device], memory: small, throttle: 10 * MiB });
    await killAtStall(first, disk);
    await spoil(source.backing, 5 * MiB + 7);

    const session = bench.session();
    const [job] = await interrupted(session);
    expect(job!.destinations[0]!.durable).toBeGreaterThan(6 * MiB);
    const outcome = await resume(session, job!.id).catch((error: unknown) => error);
    const [error] = outcome instanceof Refusal ? outcome.errors : (outcome as JobResult).errors;
    expect(['SOURCE_CHANGED', 'CHANGED']).toContain(error!.code); // CHANGED when the sample includes it
    if (error!.code === 'SOURCE_CHANGED')
      expect(outcome).toMatchObject({
        errors: [{ offset: 5 * MiB }],
        destinations: [{ state: 'failed', verified: null }],
      });
  });

  it('finishes the other images when one already had its name and one is gone', async () => {
    const source = await bench.image('disk.img', 2 * MiB);
    const [named, half, lost] = [
      await bench.path('named.img'),
      await bench.path('half.img'),
      await bench.path('lost.img'),
    ];
    const first = bench.session();
    await first.begin({ source, destinations: [named, half, lost], throttle: 65536 });
    await first.kill();
    await rename(`${named}.part`, named); // this happens before the log records it
    await rm(`${lost}.part`);
    const session = bench.session();
    const [job] = await interrupted(session);
    await session.begin({ kind: 'resume', source: null, job: job!.id, throttle: 65536 });
    expect([existsSync(named), existsSync(`${named}.part`)]).toEqual([false, true]);
    await session.engine.call('throttle', { destination: null, bytesPerSecond: null });
    const result = await resultOf(session);
    expect(result.destinations).toMatchObject([
      { path: named, state: 'done', verified: true },
      { path: half, state: 'done', verified: true },
    ]);
    for (const image of [named, half]) execFileSync('cmp', [source, image]);
    const [left] = await interrupted(session);
    expect(left!.destinations.map(({ finished }) => finished)).toEqual([true, true, false]);
    expect(await refused(resume(session, left!.id))).toMatchObject([
      { code: 'CHANGED', device: lost, message: 'Its incomplete image no longer exists.' },
    ]);
  });

  it("refuses to resume a repair with a manifest of other chunks than the log's", async () => {
    const [source, copy, manifest, other] = [
      await bench.image('disk.img', MiB),
      await bench.image('copy.img', MiB, 2),
      await bench.path('manifest'),
      await bench.path('other'),
    ];
    const first = bench.session();
    await first.run({ source, destinations: [await bench.path('one.img')], saveManifest: manifest });
    await first.run({ source, destinations: [await bench.path('two.img')], saveManifest: other, memory: MiB / 4 });
    await first.begin({ kind: 'repair', source, destinations: [copy], manifest, throttle: 65536 });
    await first.kill();
    await copyFile(manifest, `${manifest}.then`);
    await copyFile(other, manifest);
    const session = bench.session();
    const [job] = await interrupted(session);
    expect(await refused(resume(session, job!.id))).toMatchObject([
      { code: 'CHANGED', device: manifest, message: 'It is not the file that the job began with.' },
    ]);
    await copyFile(`${manifest}.then`, manifest);
    expect(await resume(session, job!.id)).toMatchObject({ destinations: [{ state: 'done' }] });
    execFileSync('cmp', [source, copy]);
  });

  it('F28 refuses to resume when the source image was written to or replaced, and advises a new copy', async () => {
    const [source, copy] = [await bench.image('disk.img', MiB), await bench.path('copy.img')];
    const first = bench.session();
    await first.begin({ source, destinations: [copy], throttle: 65536 });
    await first.kill();
    const session = bench.session();
    const [job] = await interrupted(session);
    const advice = 'Start a new copy.';
    await writeFile(source, seededBytes(MiB, 2), { flag: 'r+' });
    expect(await refused(resume(session, job!.id))).toMatchObject([
      { code: 'CHANGED', device: source, reason: { kind: 'writtenSince' }, advice },
    ]);
    await rename(await bench.image('other.img', MiB), source);
    expect(await refused(resume(session, job!.id))).toMatchObject([
      { code: 'CHANGED', device: source, reason: { kind: 'anotherFile' }, advice },
    ]);
  });
});

describe.skipIf(noLab !== null)('a damaged log of an interrupted copy', () => {
  /** A copy to a disk and an image, killed when chunks of both are durable and logged. */
  async function killed(): Promise<{ source: LabDisk; disk: LabDisk; copy: string; id: string; log: string }> {
    const source = await bench.disk({ size: SIZE, file: await bench.image('disk.img', SIZE) });
    const [disk, copy] = [await bench.disk({ size: SIZE }), await bench.path('copy.img')];
    await source.rule('stall r 6M 1M');
    const ask = { source: source.device, destinations: [disk.device, copy] };
    const { job, log } = await killedCopy(bench, source, ask);
    return { source, disk, copy, id: job, log };
  }
  const resumed = (id: string): JobRequest => requestOf({ kind: 'resume', source: null, destinations: [], job: id });

  it('copies everything again, and says so before, when the log is damaged', async () => {
    const { source, disk, copy, id, log } = await killed();
    const bytes = readFileSync(log);
    bytes[bytes.length - 20]! ^= 1;
    await writeFile(log, bytes);
    const [session, other] = [bench.session(), bench.session()];
    expect(await interrupted(session)).toMatchObject([
      { id, damaged: true, destinations: [{ durable: 0 }, { durable: 0 }] },
    ]);
    await disk.rule('stall w 3M 1M');
    const plan = await session.engine.call('prepare', resumed(id));
    expect(plan.notes).toContainEqual({ kind: 'logDamaged' });
    await session.engine.call('start', {});
    await disk.waitFor(({ stalled }) => stalled > 0);
    // The new log in its place belongs to a running job.
    expect(await interrupted(other)).toEqual([]);
    await disk.rule('clear');
    const end = await session.until(({ event }) => event === 'result');
    expect(end).toMatchObject({
      result: {
        writeErr: 0,
        destinations: [1, 2].map(() => ({ state: 'done', verified: true, kept: 0, written: SIZE })),
      },
    });
    execFileSync('cmp', [source.backing, disk.backing]);
    execFileSync('cmp', [source.backing, copy]);
    expect(await interrupted(session)).toEqual([]);
  });

  it('drops a torn record at the end of a log, and refuses a log without a beginning', async () => {
    const { source, disk, copy, id, log } = await killed();
    const bytes = readFileSync(log);
    await truncate(log, 100);
    const session = bench.session();
    expect(await interrupted(session)).toEqual([]);
    expect(await refused(session.engine.call('prepare', resumed(id)))).toMatchObject([
      { code: 'BAD_FILE', device: log },
    ]);

    await writeFile(log, bytes.subarray(0, -5));
    const [job] = await interrupted(session);
    expect(job).toMatchObject({ id, damaged: false });
    const kept = job!.destinations.map(({ durable }) => durable);
    expect(await resume(session, id)).toMatchObject({
      destinations: kept.map((there) => ({ state: 'done', verified: true, kept: there, written: SIZE - there })),
    });
    execFileSync('cmp', [source.backing, disk.backing]);
    execFileSync('cmp', [source.backing, copy]);
  });
});
