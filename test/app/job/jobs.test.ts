// Jobs through the real host and engine, on devices with faults.
import { existsSync, readFileSync } from 'node:fs';
import { lstat, mkdir, readFile, symlink, truncate, writeFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { canLab, seededBytes } from '../../lab/lab.ts';
import { MiB, refused, requestOf, resultOf, oneBench } from './support.ts';

const noLab = canLab();
const bench = oneBench();

const head = (path: string, length: number): Buffer => readFileSync(path).subarray(0, length);

describe.skipIf(noLab !== null)(`a copy${noLab === null ? '' : ` (${noLab})`}`, () => {
  it('copies to two disks and an image, verifies them, and sends about ten samples a second', async () => {
    const size = 24 * MiB + 512;
    const source = await bench.image('disk.img', size);
    const [one, two] = [await bench.disk({ size: 32 * MiB }), await bench.disk({ size: 32 * MiB, sector: 4096 })];
    await one.rule('rate w 24M');
    const copy = await bench.path('copy.img');
    const session = bench.session();

    const plan = await session.engine.call(
      'prepare',
      requestOf({ source, destinations: [one.device, two.device, copy] }),
    );
    expect(plan).toMatchObject({
      kind: 'copy',
      bytes: size,
      verify: true,
      memory: 32 * MiB,
      source: { path: source, kind: 'file', size },
      destinations: [
        {
          path: one.device,
          kind: 'block',
          overwrites: true,
          model: expect.stringMatching(/platter-lab.*disk$/) as string,
        },
        { path: two.device },
        { path: copy, kind: 'file', size, overwrites: false },
      ],
    });
    expect(existsSync(`${copy}.part`)).toBe(false); // prepare writes nothing
    expect(await one.counters()).toMatchObject({ writes: 0 });

    await session.engine.call('start', {});
    const last = await session.until((event) => event.event === 'result');
    expect(last).toMatchObject({ result: { readErr: 0, writeErr: 0, bytes: size, cancelled: false, errors: [] } });
    for (const destination of last.event === 'result' ? last.result.destinations : []) {
      expect(destination).toMatchObject({ state: 'done', verified: true, written: size, errors: [] });
    }
    for (const path of [one.backing, two.backing, copy])
      expect(head(path, size).equals(seededBytes(size, 1))).toBe(true);
    expect(existsSync(`${copy}.part`)).toBe(false);

    const samples = session.events.flatMap((event) => (event.event === 'progress' ? [event.progress] : []));
    const seconds = samples.at(-1)!.seconds;
    expect(seconds).toBeGreaterThan(0.8);
    expect(samples.length / seconds).toBeGreaterThan(2); // of a busy machine
    expect(samples.length / seconds).toBeLessThan(12);
    const slow = samples.filter(({ destinations }) => destinations[0]!.state === 'copying').at(-1)!.destinations[0]!;
    expect(slow.bytesPerSecond / MiB).toBeGreaterThan(8);
    expect(slow.bytesPerSecond / MiB).toBeLessThan(72);
    expect(session.events.at(-1)).toBe(last);
    expect(await session.engine.close()).toBeNull();
    expect(await session.exited).toEqual([0, null]);
  });

  it('names the sector where one destination fails, and finishes the others', async () => {
    const source = await bench.image('disk.img', 8 * MiB);
    const [good, bad] = [await bench.disk({ size: 8 * MiB }), await bench.disk({ size: 8 * MiB })];
    await bad.rule('eio w 10000s 1s');
    const copy = await bench.path('copy.img');
    const session = bench.session();
    const result = await session.run({ source, destinations: [good.device, bad.device, copy] });
    expect(result).toMatchObject({ readErr: 0, writeErr: 0b010, cancelled: false });
    expect(result.destinations.map(({ state, verified }) => [state, verified])).toEqual([
      ['done', true],
      ['failed', null],
      ['done', true],
    ]);
    const [error] = result.destinations[1]!.errors;
    expect(error).toMatchObject({
      side: 'write',
      op: 'write',
      destination: 1,
      device: bad.device,
      code: 'MEDIUM_ERROR',
      errno: 'EIO',
      message: expect.stringMatching(
        /^Write failed at 5\.\d MB \(sectors? [\d,]+.*\): the drive reported a medium error\.$/,
      ) as string,
    });
    expect(error!.offset! <= 10_000 * 512 && error!.offset! + error!.length! > 10_000 * 512).toBe(true);
    expect(session.errors()).toEqual(result.destinations[1]!.errors);
    expect(head(good.backing, 8 * MiB).equals(seededBytes(8 * MiB, 1))).toBe(true);
    expect(head(copy, 8 * MiB).equals(seededBytes(8 * MiB, 1))).toBe(true);
  });

  it('fails every destination with its own error when the source fails', async () => {
    const source = await bench.disk({ size: 8 * MiB });
    const disk = await bench.disk({ size: 8 * MiB });
    await source.rule('eio r 10000s 1s');
    const copy = await bench.path('copy.img');
    const session = bench.session();
    const result = await session.run({ source: source.device, destinations: [disk.device, copy] });
    expect(result).toMatchObject({
      readErr: 1,
      errors: [{ side: 'read', destination: null, device: source.device, code: 'MEDIUM_ERROR' }],
    });
    for (const destination of result.destinations) {
      expect(destination).toMatchObject({
        state: 'failed',
        verified: null,
        errors: [{ code: 'SOURCE_FAILED', device: destination.path }],
      });
    }
    expect(existsSync(copy)).toBe(false);
    expect(result.destinations[1]!.errors[0]!.message).toContain(`${copy}.part`);
    expect(session.errors()).toHaveLength(3);
  });

  it('names once the range that a drive wrote wrongly', async () => {
    const source = await bench.image('disk.img', 8 * MiB);
    const disk = await bench.disk({ size: 8 * MiB });
    await disk.rule('flip w 5000s');
    const session = bench.session();
    const result = await session.run({ source, destinations: [disk.device] });
    expect(result).toMatchObject({
      writeErr: 1,
      destinations: [{ state: 'failed', verified: false, written: 8 * MiB }],
    });
    const [error] = result.destinations[0]!.errors;
    expect(error).toMatchObject({ side: 'verify', code: 'VERIFY_MISMATCH', errno: null });
    expect(error!.offset! <= 5000 * 512 && error!.offset! + error!.length! > 5000 * 512).toBe(true);
    expect(session.errors()).toEqual([error]);
  });

  it('reports a copy without verification as not verified', async () => {
    const source = await bench.image('disk.img', MiB);
    const disk = await bench.disk({ size: MiB });
    expect(await bench.session().run({ source, destinations: [disk.device], verify: false })).toMatchObject({
      destinations: [{ state: 'done', verified: null }],
    });
    expect((await disk.counters()).flushes).toBeGreaterThan(0);
  });

  it('fails a destination whose flush fails', async () => {
    const source = await bench.image('disk.img', MiB);
    const disk = await bench.disk({ size: MiB });
    await disk.rule('flush-fails');
    const result = await bench.session().run({ source, destinations: [disk.device] });
    expect(result).toMatchObject({
      writeErr: 1,
      destinations: [{ state: 'failed', errors: [{ op: 'flush', offset: null, code: 'MEDIUM_ERROR' }] }],
    });
  });

  it.each(['uring', 'threads'] as const)('copies with %s when that is asked for', async (io) => {
    const source = await bench.image('disk.img', MiB);
    const session = bench.session();
    const plan = await session.engine.call(
      'prepare',
      requestOf({ source, destinations: [await bench.path('a.img')], io, memory: 1_000_000 }),
    );
    expect(plan).toMatchObject({ io, memory: 999_424 });
  });
});

describe.skipIf(noLab !== null)('a verification', () => {
  it('tells equal from different destinations, and writes nothing', async () => {
    const source = await bench.image('disk.img', 4 * MiB);
    const bytes = seededBytes(4 * MiB, 1);
    bytes[3 * MiB] = bytes[3 * MiB]! ^ 1;
    const different = await bench.path('different.img');
    await writeFile(different, bytes);
    const disk = await bench.disk({ size: 8 * MiB, readOnly: true, file: await bench.image('same.img', 8 * MiB) });
    const result = await bench.session().run({ kind: 'verify', source, destinations: [disk.device, different] });
    expect(result).toMatchObject({
      writeErr: 0b10,
      destinations: [
        { state: 'done', verified: true, written: 0 },
        { state: 'failed', verified: false },
      ],
    });
    const [error] = result.destinations[1]!.errors;
    expect(error).toMatchObject({
      code: 'VERIFY_MISMATCH',
      message: expect.stringContaining('it differs from the source') as string,
    });
    expect(error!.offset! <= 3 * MiB && error!.offset! + error!.length! > 3 * MiB).toBe(true);
  });
});

describe.skipIf(noLab !== null)('an image as destination', () => {
  it('gets its name only when it is complete; an older file keeps the name until then', async () => {
    const source = await bench.disk({ size: 8 * MiB, file: await bench.image('disk.img', 8 * MiB) });
    await source.rule('stall r 5M 1M');
    const copy = await bench.image('copy.img', 1000, 7);
    const session = bench.session();
    const plan = await session.engine.call('prepare', requestOf({ source: source.device, destinations: [copy] }));
    expect(plan.destinations[0]).toMatchObject({ overwrites: true });
    await session.engine.call('start', {});
    await session.until((event) => event.event === 'progress' && event.progress.bytes > 0);
    expect(head(copy, 1000).equals(seededBytes(1000, 7))).toBe(true);
    expect(existsSync(`${copy}.part`)).toBe(true);
    await source.rule('clear');
    await session.until((event) => event.event === 'result');
    expect(readFileSync(copy).equals(seededBytes(8 * MiB, 1))).toBe(true);
    expect(existsSync(`${copy}.part`)).toBe(false);
  });

  it('replaces what an interrupted job left, whatever its length', async () => {
    const source = await bench.image('disk.img', MiB);
    const longer = await bench.disk({ size: 4 * MiB });
    const copy = await bench.path('copy.img');
    await longer.rule('eio r 3M 512');
    const session = bench.session();
    expect(await session.run({ source: longer.device, destinations: [copy] })).toMatchObject({ readErr: 1 });
    await truncate(`${copy}.part`, 2 * MiB);
    expect(await session.run({ source, destinations: [copy] })).toMatchObject({ writeErr: 0 });
    expect(readFileSync(copy).equals(seededBytes(MiB, 1))).toBe(true);
  });

  it('does not write through a link in the place of NAME.part', async () => {
    const [source, victim] = [await bench.image('disk.img', MiB), await bench.image('victim', 100, 5)];
    const copy = await bench.path('copy.img');
    await symlink(victim, `${copy}.part`);
    expect(await refused(bench.session().run({ source, destinations: [copy] }))).toMatchObject([
      { code: 'IN_USE', device: copy },
    ]);
    expect(await readFile(victim)).toEqual(seededBytes(100, 5));
    expect((await lstat(`${copy}.part`)).isSymbolicLink()).toBe(true);
  });

  it.each([
    ['exactly', false, '4,194,304 bytes'],
    ['at most, where zeros are left out', true, 'up to 4,194,304 bytes'],
  ])('fails on a full file system, and says how much is missing: %s', async (_, sparse, missing) => {
    const source = await bench.image('disk.img', 8 * MiB);
    const target = await bench.smallFolder('12M');
    const copy = `${target}/copy.img`;
    const session = bench.session();
    await session.engine.call('prepare', requestOf({ source, destinations: [copy], sparse }));
    await writeFile(`${target}/other`, seededBytes(8 * MiB, 2));
    await session.engine.call('start', {});
    const {
      destinations: [ended],
    } = await resultOf(session);
    expect(ended).toMatchObject({
      state: 'failed',
    });
    // Several requests are under way, so more than one place can fail.
    for (const error of ended!.errors)
      expect(error).toMatchObject({
        code: 'NO_SPACE',
        op: 'write',
        errno: 'ENOSPC',
        advice: 'Free space where the image goes, or choose another place for it.',
      });
    expect(ended!.errors[0]!.message.replace(/^Write failed at .*?\): /u, '')).toBe(
      `the file system at ${target} is full, with 0 bytes free and ${missing} more needed (the incomplete ` +
        `image is kept as ${copy}.part).`,
    );
  });

  it('fails with a reason when an image cannot get its name', async () => {
    const source = await bench.disk({ size: 4 * MiB });
    await source.rule('stall r 3M 512');
    const copy = await bench.path('copy.img');
    const session = bench.session();
    const running = session.run({ source: source.device, destinations: [copy] });
    await session.until((event) => event.event === 'progress');
    await mkdir(copy);
    await writeFile(`${copy}/x`, '');
    await source.rule('clear');
    const result = await running;
    expect(result).toMatchObject({
      writeErr: 1,
      destinations: [{ state: 'failed', errors: [{ code: 'CHANGED', op: 'rename' }] }],
    });
    expect(result.destinations[0]!.errors[0]!.message).toContain(
      'The image is complete but could not be given its name',
    );
  });

  it('makes no image when another one of the job cannot be made', async () => {
    const source = await bench.image('disk.img', MiB);
    const [good, bad] = [await bench.path('good.img'), await bench.path('bad.img')];
    const session = bench.session();
    await session.engine.call('prepare', requestOf({ source, destinations: [good, bad] }));
    await mkdir(`${bad}.part`);
    expect(await refused(session.engine.call('start', {}))).toMatchObject([{ device: bad }]);
    expect(existsSync(`${good}.part`)).toBe(false);
    // Nothing is held after that: the same host runs the next job.
    expect(await session.run({ source, destinations: [good] })).toMatchObject({ writeErr: 0 });
  });
});
