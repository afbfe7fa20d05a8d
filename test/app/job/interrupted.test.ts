// The remains of interrupted jobs on disks and in folders.
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { copyFile, stat, writeFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { assertOwnLoop, canLab, removePartition, seededBytes, type LabDisk } from '../../lab/lab.ts';
import {
  chunksWritten,
  head,
  interrupted,
  killAtStall,
  MiB,
  refused,
  requestOf,
  resultOf,
  resume,
  spoil,
  untilDurable,
  oneBench,
} from './support.ts';
import type { Facts } from '../../requests.ts';

const noLab = canLab();
const SIZE = 8 * MiB;
const BLANK = Buffer.alloc(MiB);
const bench = oneBench();

/** An image, and a disk with the same content but for two chunks. */
async function almostAlike(): Promise<{ source: string; disk: LabDisk }> {
  const source = await bench.image('disk.img', SIZE);
  const file = await bench.path('disk.old');
  await copyFile(source, file);
  await spoil(file, 2 * MiB + 7, 6 * MiB);
  return { source, disk: await bench.disk({ size: SIZE, file }) };
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
      await first.begin({ source, destinations: [disk.device], ...what });
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
    await first.begin({ source, destinations: [disk.device], ...what });
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
    await source.rule('after r 12M stall r'); // in the second reading, even if another program reads some of it
    const first = bench.session();
    const repair: Facts = { kind: 'repair', source: source.device, destinations: [image] };
    await first.begin(repair);
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
    await first.begin({ source, destinations: [disk.device], repair: true });
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
    await other.begin({ source: held.device, destinations: [taken] });
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
    await untilDurable((await running.begin({ source, destinations: [copy], throttle: MiB / 2 })).log);
    expect(await session.run({ kind: 'repair', source, destinations: [copy] })).toMatchObject({
      destinations: [{ state: 'done' }],
    });
    await running.kill();
    const [job] = await interrupted(session);
    expect(job).toMatchObject({ damaged: false, source });
    expect(job!.destinations[0]!.durable).toBeGreaterThan(0);
  });

  it('does not continue a copy onto a disk when another job has written one of its partitions since', async () => {
    const [source, small, disk] = [
      await bench.image('disk.img', SIZE),
      await bench.image('small.img', 65536, 2),
      await bench.disk({ size: SIZE, plain: true }),
    ];
    const first = bench.session();
    await untilDurable((await first.begin({ source, destinations: [disk.device], throttle: MiB })).log);
    await first.kill();
    const session = bench.session();
    const [before] = await interrupted(session);
    expect(before!.destinations[0]!.durable).toBeGreaterThan(0);
    assertOwnLoop(disk.device);
    execFileSync('addpart', [disk.device, '1', '2048', '2048']);
    bench.finally(() => removePartition(disk.device, 1));
    expect(await session.run({ source: small, destinations: [`${disk.device}p1`] })).toMatchObject({
      destinations: [{ state: 'done' }],
    });
    expect(await interrupted(session)).toEqual([]);
    expect(await refused(resume(session, before!.id))).toMatchObject([
      { code: 'NOTHING_TO_DO', reason: { kind: 'writtenByOthers', id: before!.id } },
    ]);
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
    await session.begin(again);
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

  it('keeps an image under another name until its update is finished', async () => {
    const source = await bench.image('disk.img', SIZE);
    const held = await bench.disk({ size: SIZE, file: source });
    const copy = await bench.image('copy.img', SIZE);
    await spoil(copy, 5 * MiB);
    await held.rule('stall r 3M 1M');
    const first = bench.session();
    await first.begin({ source: held.device, destinations: [copy], update: true });
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

describe('an interrupted image', () => {
  it('that ends with holes is resumed', async () => {
    const source = await bench.path('zeros.img');
    await writeFile(source, Buffer.concat([seededBytes(2 * MiB, 3), Buffer.alloc(20 * MiB), seededBytes(2 * MiB, 4)]));
    const copy = await bench.path('copy.img');
    const first = bench.session();
    const { job, log } = await first.begin({ source, destinations: [copy], throttle: 3 * MiB, memory: 4 * MiB });
    await untilDurable(log, 4);
    await first.kill();
    expect((await stat(`${copy}.part`)).size).toBeLessThan(24 * MiB);

    const result = await resume(bench.session(), job);

    expect(result).toMatchObject({ destinations: [{ state: 'done', verified: true }] });
    execFileSync('cmp', [source, copy]);
  });
});
