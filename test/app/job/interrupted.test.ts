// What interrupted jobs leave on their disks, and how a resume finishes them.
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { copyFile, mkdir, rename, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { JobResult } from '../../../app/contract/jobs.ts';
import type { JobRequest } from '../../../app/contract/request.ts';
import { Refusal } from '../../../app/base/errors.ts';
import { assertOwnLoop, canLab, canMkfs, removePartition, seededBytes, type LabDisk } from '../../lab/lab.ts';
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
import type { Facts } from '../../requests.ts';

const noLab = canLab();
const noExfat =
  noLab ??
  (existsSync('/sbin/mount.exfat-fuse') && existsSync('/sbin/mkfs.exfat')
    ? null
    : 'exfat-fuse and exfatprogs are missing');
if (noExfat !== null) console.warn(`skipped: ${noExfat}`);
const SIZE = 8 * MiB;
const BLANK = Buffer.alloc(MiB);
let bench: Workbench;
beforeEach(() => {
  bench = new Workbench();
});
afterEach(() => bench.clear());

/** An image, and a disk with the same content but for two chunks. */
async function almostAlike(): Promise<{ source: string; disk: LabDisk }> {
  const source = await bench.image('disk.img', SIZE);
  const file = await bench.path('disk.old');
  await copyFile(source, file);
  await spoil(file, 2 * MiB + 7, 6 * MiB);
  return { source, disk: await bench.disk({ size: SIZE, file }) };
}

/** Starts a job, and gives the path of its log. */
async function begin(session: Session, request: Facts): Promise<string> {
  const { job } = await session.engine.call('prepare', requestOf(request));
  await session.engine.call('start', {});
  return bench.log(job!);
}

/** Kills the host while an I/O of `disk` is stalled, then lets that I/O continue. */
async function killAtStall(session: Session, disk: LabDisk): Promise<void> {
  await disk.waitFor(({ stalled }) => stalled > 0);
  session.host.kill('SIGKILL');
  await disk.rule('clear'); // a process with an I/O under way ends when that does
  await session.exited;
}

describe.skipIf(noLab !== null)(`an interrupted job${noLab === null ? '' : ` (${noLab})`}`, () => {
  it.each([
    ['an update', { update: true }],
    ['a repair', { kind: 'repair' }],
  ] as const)(
    '%s leaves a disk that looks empty, also after a power cut, and is finished by a resume',
    async (_, what) => {
      const { source, disk } = await almostAlike();
      await disk.rule('volatile on', 'stall w 6M 1M');
      const first = bench.session();
      await begin(first, { source, destinations: [disk.device], ...what });
      await killAtStall(first, disk);
      await disk.rule('powercut');
      expect(head(disk.backing, MiB).equals(BLANK)).toBe(true);

      const session = bench.session();
      const [job, ...more] = await interrupted(session);
      expect(more).toEqual([]);
      expect(job).toMatchObject({ damaged: false, destinations: [{ path: disk.device, finished: false }] });
      const { durable } = job!.destinations[0]!;
      expect([5 * MiB, 6 * MiB]).toContain(durable); // the first of the two can have been flushed in a step
      await disk.rule('log on w');
      const result = await resume(session, job!.id);
      expect(result).toMatchObject({ writeErr: 0, destinations: [{ state: 'done', verified: true }] });
      const { kept, written } = result.destinations[0]!;
      // A chunk can be on the medium before the log has it; the resume then finds it.
      expect([kept + written, kept >= durable]).toEqual([SIZE, true]);
      expect(chunksWritten(await disk.writes())).toEqual(kept === 5 * MiB ? [0, 2, 6] : [0, 6]);
      execFileSync('cmp', [source, disk.backing]);
      expect(await interrupted(session)).toEqual([]);
    },
  );

  it.each([
    ['an update', { update: true }],
    ['a repair', { kind: 'repair' }],
  ] as const)('%s that was still comparing has written nothing, and resumes comparing', async (_, what) => {
    const { source, disk } = await almostAlike();
    const before = readFileSync(disk.backing);
    await disk.rule('stall r 3M 1M', 'log on w');
    const first = bench.session();
    await begin(first, { source, destinations: [disk.device], ...what });
    await killAtStall(first, disk);
    expect(readFileSync(disk.backing).equals(before)).toBe(true);
    const session = bench.session();
    const [job] = await interrupted(session);
    expect(await resume(session, job!.id)).toMatchObject({
      destinations: [{ state: 'done', verified: true, kept: 5 * MiB, written: 3 * MiB }],
    });
    execFileSync('cmp', [source, disk.backing]);
  });

  it.each([
    ['an update', { update: true }],
    ['a repair', { kind: 'repair' }],
  ] as const)('%s with nothing to write writes nothing, not even a head', async (_, what) => {
    const { source, disk } = await almostAlike();
    await copyFile(source, disk.backing);
    await disk.rule('log on w');
    const session = bench.session();
    expect(await session.run({ source, destinations: [disk.device], ...what })).toMatchObject({
      destinations: [{ state: 'done', verified: true, kept: SIZE, written: 0 }],
    });
    expect(await disk.writes()).toEqual([]);
    expect(await interrupted(session)).toEqual([]);
  });

  it('renames an image while it is repaired, and gives its name back when the repair is finished', async () => {
    const source = await bench.disk({ size: SIZE, file: await bench.image('disk.img', SIZE) });
    const image = await bench.image('copy.img', SIZE, 2);
    const before = await stat(image);
    await source.rule('after r 12M stall r'); // in the second reading, whoever else reads from it
    const first = bench.session();
    const repair: Facts = { kind: 'repair', source: source.device, destinations: [image] };
    await begin(first, repair);
    await killAtStall(first, source);
    expect([existsSync(image), (await stat(`${image}.part`)).ino]).toEqual([false, before.ino]);

    const session = bench.session();
    const [missing] = await refused(session.engine.call('prepare', requestOf(repair)));
    expect(missing).toMatchObject({
      code: 'NOT_FOUND',
      device: image,
      message: `Only ${image}.part exists, the incomplete image of an unfinished job.`,
    });
    const [job] = await interrupted(session);
    expect(await resume(session, job!.id)).toMatchObject({
      writeErr: 0,
      notes: [],
      destinations: [{ path: image, state: 'done', verified: true }],
    });
    execFileSync('cmp', [source.backing, image]);
    const repaired = await stat(image);
    expect([existsSync(`${image}.part`), repaired.ino]).toEqual([false, before.ino]);

    // Nothing is renamed when nothing differs, and a file that has the other name is not replaced.
    expect(await session.run(repair)).toMatchObject({ destinations: [{ state: 'done', kept: SIZE }] });
    expect((await stat(image)).ctimeMs).toBe(repaired.ctimeMs);
    await spoil(image, 5);
    await writeFile(`${image}.part`, 'of another job');
    expect(await session.run(repair)).toMatchObject({
      notes: [{ kind: 'nameKept', path: image, part: `${image}.part`, errno: 'EBUSY' }],
      destinations: [{ state: 'done', verified: true }],
    });
    expect(readFileSync(`${image}.part`, 'utf8')).toBe('of another job');
    execFileSync('cmp', [source.backing, image]);
  });

  it('leaves an empty head when the repair at the end of a copy is interrupted, and resumes the repair', async () => {
    const source = await bench.image('disk.img', SIZE);
    const disk = await bench.disk({ size: SIZE });
    // Written wrongly once, then stalled in the second write: after nine chunks, the head's zeros included.
    await disk.rule('flip w 5000s 1s 1', 'after w 9M stall w 2M 1M');
    const first = bench.session();
    await begin(first, { source, destinations: [disk.device], repair: true });
    await killAtStall(first, disk);
    expect(head(disk.backing, MiB).equals(BLANK)).toBe(true);
    const session = bench.session();
    const [job] = await interrupted(session);
    expect(job!.destinations).toMatchObject([{ durable: 6 * MiB, finished: false }]);
    expect(await resume(session, job!.id)).toMatchObject({
      destinations: [{ state: 'done', verified: true, kept: 6 * MiB, written: 2 * MiB }],
    });
    execFileSync('cmp', [source, disk.backing]);
  });

  it('leaves all images alone when another job stands in the way of an update', async () => {
    const [source, held] = [await bench.image('disk.img', 2 * MiB), await bench.disk({ size: 2 * MiB })];
    const [longer, taken] = [await bench.image('longer.img', 3 * MiB, 2), await bench.image('taken.img', 3 * MiB, 3)];
    const [session, other] = [bench.session(), bench.session()];
    const update = requestOf({ source, destinations: [longer, taken], update: true });
    await session.engine.call('prepare', update);
    await held.rule('stall r 1M 512');
    await begin(other, { source: held.device, destinations: [taken] });
    expect(await refused(session.engine.call('start', {}))).toMatchObject([{ code: 'IN_USE', device: taken }]);
    expect(readFileSync(longer).equals(seededBytes(3 * MiB, 2))).toBe(true);
    expect(existsSync(`${longer}.part`)).toBe(false);
    expect(await refused(session.engine.call('prepare', update))).toMatchObject([{ code: 'IN_USE', device: taken }]);
    await held.rule('clear');
    expect(await resultOf(other)).toMatchObject({ destinations: [{ state: 'done' }] });
  });

  it('leaves the log of another running job whose destination looks the same', async () => {
    const source = await bench.image('disk.img', SIZE);
    const copy = await bench.image('copy.img', SIZE);
    const [running, session] = [bench.session(), bench.session()];
    // The image that this copy will replace is repaired meanwhile.
    await untilDurable(await begin(running, { source, destinations: [copy], throttle: MiB / 2 }));
    expect(await session.run({ kind: 'repair', source, destinations: [copy] })).toMatchObject({
      destinations: [{ state: 'done' }],
    });
    running.host.kill('SIGKILL');
    await running.exited;
    const [job] = await interrupted(session);
    expect(job).toMatchObject({ damaged: false, source });
    expect(job!.destinations[0]!.durable).toBeGreaterThan(0);
  });

  it('takes back what the log of a disk says when a partition of it is overwritten', async () => {
    const [source, small, disk] = [
      await bench.image('disk.img', SIZE),
      await bench.image('small.img', 65536, 2),
      await bench.disk({ size: SIZE, plain: true }),
    ];
    const first = bench.session();
    await untilDurable(await begin(first, { source, destinations: [disk.device], throttle: MiB }));
    first.host.kill('SIGKILL');
    await first.exited;
    const session = bench.session();
    const [before] = await interrupted(session);
    expect(before!.destinations[0]!.durable).toBeGreaterThan(0);
    assertOwnLoop(disk.device);
    execFileSync('addpart', [disk.device, '1', '2048', '2048']);
    bench.finally(() => removePartition(disk.device, 1));
    expect(await session.run({ source: small, destinations: [`${disk.device}p1`] })).toMatchObject({
      destinations: [{ state: 'done' }],
    });
    expect((await interrupted(session))[0]).toMatchObject({
      id: before!.id,
      damaged: false,
      destinations: [{ durable: 0 }],
    });
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
      await begin(first, { source, destinations: [copy], throttle: MiB, verify: false });
      first.host.kill('SIGKILL');
      await first.exited;
      const { dev } = await stat(source);
      execFileSync('umount', [disk.tree]);
      await mkdir(between);
      execFileSync('mount', ['-t', 'tmpfs', 'tmpfs', between]); // takes the number
      bench.finally(() => Promise.resolve(execFileSync('umount', [between])));
      execFileSync('mount', [disk.device, disk.tree]);
      expect((await stat(source)).dev).not.toBe(dev);
      const session = bench.session();
      const [job] = await interrupted(session);
      expect(await resume(session, job!.id)).toMatchObject({ destinations: [{ state: 'done' }] });
      execFileSync('cmp', [source, copy]);
    },
  );

  it.skipIf(noExfat !== null)('resumes after exFAT was mounted again and numbered its files anew', async () => {
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
    await untilDurable(await begin(first, { source, destinations: [copy], throttle: MiB / 2, verify: false }));
    first.host.kill('SIGKILL');
    await first.exited;
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
    // Many chunks, so that a sample hardly ever meets the changed one.
    const [size, small] = [32 * MiB, MiB / 4];
    const source = await bench.disk({ size, file: await bench.image('disk.img', size) });
    const disk = await bench.disk({ size });
    await disk.rule('stall w 31M 64K');
    const first = bench.session();
    await begin(first, { source: source.device, destinations: [disk.device], memory: small, throttle: 10 * MiB });
    await killAtStall(first, disk);
    await spoil(source.backing, 5 * MiB + 7);

    const session = bench.session();
    const [job] = await interrupted(session);
    expect(job!.destinations[0]!.durable).toBeGreaterThan(6 * MiB);
    const outcome = await resume(session, job!.id).catch((error: unknown) => error);
    const [error] = outcome instanceof Refusal ? outcome.errors : (outcome as JobResult).errors;
    expect(['SOURCE_CHANGED', 'CHANGED']).toContain(error!.code); // the second when a sample meets it
    if (error!.code === 'SOURCE_CHANGED')
      expect(outcome).toMatchObject({
        errors: [{ offset: 5 * MiB }],
        destinations: [{ state: 'failed', verified: null }],
      });
  });

  it('keeps the previous manifest when an update that was to replace it is cancelled', async () => {
    const [source, copy, manifest] = [
      await bench.image('disk.img', 2 * MiB),
      await bench.path('copy.img'),
      await bench.path('manifest'),
    ];
    const session = bench.session();
    await session.run({ source, destinations: [copy], saveManifest: manifest });
    const before = readFileSync(manifest);
    const [first, again] = [
      session.events.length,
      { source, destinations: [copy], update: true, manifest, saveManifest: manifest, throttle: MiB / 8 },
    ];
    await begin(session, again);
    await session.until(
      (event) => event.event === 'progress' && session.events.indexOf(event) >= first && event.progress.bytes >= MiB,
    );
    await session.engine.call('cancel', {});
    const end = await session.until((event) => event.event === 'result' && session.events.indexOf(event) >= first);
    expect(end).toMatchObject({
      result: { manifest: null, notes: [{ kind: 'manifestNotSaved', reason: { kind: 'cancelled' } }] },
    });
    expect(readFileSync(manifest).equals(before)).toBe(true);
    // The image has lost its name, though nothing was written. A resume gives it back.
    const other = bench.session();
    const [job] = await interrupted(other);
    expect(await resume(other, job!.id)).toMatchObject({
      destinations: [{ path: copy, state: 'done', kept: 2 * MiB, written: 0 }],
    });
    execFileSync('cmp', [source, copy]);
  });

  it('finishes the other images when one already had its name and one is gone', async () => {
    const source = await bench.image('disk.img', 2 * MiB);
    const [named, half, lost] = [
      await bench.path('named.img'),
      await bench.path('half.img'),
      await bench.path('lost.img'),
    ];
    const first = bench.session();
    await begin(first, { source, destinations: [named, half, lost], throttle: 65536 });
    first.host.kill('SIGKILL');
    await first.exited;
    await rename(`${named}.part`, named); // what comes before the log hears of it
    await rm(`${lost}.part`);
    const session = bench.session();
    const [job] = await interrupted(session);
    await session.engine.call('prepare', requestOf({ kind: 'resume', source: null, job: job!.id, throttle: 65536 }));
    await session.engine.call('start', {});
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
    await begin(first, { kind: 'repair', source, destinations: [copy], manifest, throttle: 65536 });
    first.host.kill('SIGKILL');
    await first.exited;
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
    await begin(first, { source, destinations: [copy], throttle: 65536 });
    first.host.kill('SIGKILL');
    await first.exited;
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

  it('keeps an image under another name until its update is finished', async () => {
    const source = await bench.image('disk.img', SIZE);
    const held = await bench.disk({ size: SIZE, file: source });
    const copy = await bench.image('copy.img', SIZE);
    await spoil(copy, 5 * MiB);
    await held.rule('stall r 3M 1M');
    const first = bench.session();
    await begin(first, { source: held.device, destinations: [copy], update: true });
    await killAtStall(first, held);
    expect(() => readFileSync(copy)).toThrow('ENOENT');
    const session = bench.session();
    const [job] = await interrupted(session);
    expect(await resume(session, job!.id)).toMatchObject({
      destinations: [{ state: 'done', verified: true, kept: 7 * MiB, written: MiB }],
    });
    execFileSync('cmp', [source, copy]);
  });
});

describe.skipIf(noLab !== null)('a damaged log of an interrupted copy', () => {
  /** A copy to a disk and an image, killed when something of both is on their media and in the log. */
  async function killed(): Promise<{ source: LabDisk; disk: LabDisk; copy: string; id: string; log: string }> {
    const source = await bench.disk({ size: SIZE, file: await bench.image('disk.img', SIZE) });
    const [disk, copy] = [await bench.disk({ size: SIZE }), await bench.path('copy.img')];
    await source.rule('stall r 6M 1M');
    const first = bench.session();
    const log = await begin(first, { source: source.device, destinations: [disk.device, copy] });
    await untilDurable(log);
    await killAtStall(first, source);
    return { source, disk, copy, id: basename(log, '.log'), log };
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
