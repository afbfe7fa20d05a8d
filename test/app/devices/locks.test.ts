// A copy locks what it does not hold exclusively, so that two copies see each other, and reports a source that is
// written to during the copy.
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { rename } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Block } from '../../../app/engine/devices/block-devices.ts';
import { isWrittenBetween, writeMark, type WriteMark } from '../../../app/engine/devices/write-counts.ts';
import { assertOwnLoop, canLab, removePartition, seededBytes } from '../../lab/lab.ts';
import { MiB, refused, requestOf, resultOf, spoil, oneBench, type Session } from '../job/support.ts';

const noLab = canLab();
const SIZE = 8 * MiB;
const bench = oneBench();

/** A copy that runs until its limit is lifted. */
async function running(source: string, destination: string): Promise<Session> {
  const session = bench.session();
  await session.begin({ source, destinations: [destination], throttle: 65536 });
  await session.until(({ event }) => event === 'progress');
  return session;
}

const finish = async (session: Session): Promise<unknown> => {
  await session.engine.call('throttle', { destination: null, bytesPerSecond: null });
  return resultOf(session);
};

describe.skipIf(noLab !== null)(`two copies at once${noLab === null ? '' : ` (${noLab})`}`, () => {
  it('S8 refuses the source of a running copy as destination, and names the program', async () => {
    const [one, two] = [await bench.disk({ size: SIZE, plain: true }), await bench.disk({ size: SIZE, plain: true })];
    const first = await running(one.device, two.device);
    const image = await bench.image('disk.img', SIZE);
    const [error] = await refused(
      bench.session().engine.call('prepare', requestOf({ source: image, destinations: [one.device] })),
    );
    expect(error).toMatchObject({
      code: 'IN_USE',
      device: one.device,
      reason: { kind: 'inLoggedJob', pid: String(first.host.pid), how: 'read' },
    });
    await finish(first);
  });

  it('S8 refuses the destination of a running copy as source', async () => {
    const [one, two] = [await bench.disk({ size: SIZE, plain: true }), await bench.disk({ size: SIZE, plain: true })];
    const first = await running(one.device, two.device);
    const [error] = await refused(
      bench
        .session()
        .engine.call('prepare', requestOf({ source: two.device, destinations: [await bench.path('copy.img')] })),
    );
    expect(error).toMatchObject({ code: 'IN_USE', device: two.device, reason: { kind: 'inLoggedJob', how: 'write' } });
    await finish(first);
  });

  it('S8 refuses a disk while its partition is being copied', async () => {
    const [one, two] = [await bench.disk({ size: SIZE, plain: true }), await bench.disk({ size: SIZE, plain: true })];
    assertOwnLoop(one.device);
    execFileSync('addpart', [one.device, '1', '2048', '8192']);
    bench.finally(() => removePartition(one.device, 1));
    const first = await running(`${one.device}p1`, two.device);
    expect(
      await refused(
        bench
          .session()
          .engine.call(
            'prepare',
            requestOf({ source: await bench.image('disk.img', SIZE), destinations: [one.device] }),
          ),
      ),
    ).toMatchObject([{ code: 'IN_USE' }]);
    await finish(first);
  });

  it('S8 copies one source twice at once, and leaves nothing locked', async () => {
    const [one, two] = [await bench.disk({ size: SIZE, plain: true }), await bench.disk({ size: SIZE, plain: true })];
    const first = await running(one.device, two.device);
    expect(
      await bench.session().run({ source: one.device, destinations: [await bench.path('copy.img')] }),
    ).toMatchObject({ writeErr: 0, sourceWritten: false });
    expect(await finish(first)).toMatchObject({ writeErr: 0, sourceWritten: false });
    expect(await first.run({ source: two.device, destinations: [one.device] })).toMatchObject({ writeErr: 0 });
  });

  it('S8 reports a source device that is written to during the copy', async () => {
    // A deleted file cannot be inspected and a real drive has no file, so only the kernel counts the write.
    const folder = mkdtempSync(join(tmpdir(), 'platter-lab-'));
    writeFileSync(join(folder, 'disk'), seededBytes(SIZE, 1));
    const device = execFileSync('losetup', ['--find', '--show', join(folder, 'disk')], { encoding: 'utf8' }).trim();
    bench.finally(() => Promise.resolve(execFileSync('losetup', ['--detach', device])));
    rmSync(folder, { recursive: true });
    const session = await running(device, (await bench.disk({ size: SIZE, plain: true })).device);
    assertOwnLoop(device);
    execFileSync(
      'dd',
      ['if=/dev/urandom', `of=${device}`, 'bs=4096', 'count=1', 'seek=100', 'oflag=direct', 'conv=notrunc'],
      { stdio: 'ignore' },
    );
    expect(await finish(session)).toMatchObject({
      sourceWritten: true,
      notes: [{ kind: 'sourceWritten', path: device }],
    });
  });

  it('S8 reports a write to the file behind a loop device that is being copied', async () => {
    const [one, two] = [await bench.disk({ size: SIZE, plain: true }), await bench.disk({ size: SIZE, plain: true })];
    const session = await running(one.device, two.device);
    execFileSync('dd', ['if=/dev/urandom', `of=${one.backing}`, 'bs=4096', 'count=1', 'seek=100', 'conv=notrunc'], {
      stdio: 'ignore',
    });
    expect(await finish(session)).toMatchObject({ sourceWritten: true });
  });

  it.each([
    ['and replaced by another file', (source: string, other: string) => renameSync(other, source)],
    ['and removed', (source: string) => rmSync(source)],
    ['and renamed', (source: string) => renameSync(source, `${source}.old`)],
  ])('S8 reports a source file that is written to %s', async (_, lose) => {
    const [source, other] = [await bench.image('source.img', SIZE), await bench.image('other.img', SIZE, 2)];
    const session = await running(source, (await bench.disk({ size: SIZE, plain: true })).device);
    await spoil(source, SIZE - 1);
    lose(source, other);
    expect(await finish(session)).toMatchObject({
      sourceWritten: true,
      notes: [{ kind: 'sourceWritten', path: source }],
    });
  });

  it.each(['1601-01-01', '1969-12-31 23:59:59.000123456', '2300-01-01'])(
    'S8 does not report a source file of %s that nobody writes to',
    async (time) => {
      const source = await bench.image('source.img', SIZE);
      execFileSync('touch', ['-d', time, source]);
      const session = await running(source, (await bench.disk({ size: SIZE, plain: true })).device);
      expect(await finish(session)).toMatchObject({ sourceWritten: false });
    },
  );

  it('S8 reports as unwatched a source file that lost its name', async () => {
    const source = await bench.image('source.img', SIZE);
    const session = await running(source, (await bench.disk({ size: SIZE, plain: true })).device);
    rmSync(source);
    expect(await finish(session)).toMatchObject({
      sourceWritten: true,
      notes: [{ kind: 'sourceUnwatched', path: source }],
    });
  });

  it('S8 reports as unwatched a loop device when another file takes the place of its backing file', async () => {
    const [one, two] = [await bench.disk({ size: SIZE, plain: true }), await bench.disk({ size: SIZE, plain: true })];
    const session = await running(one.device, two.device);
    renameSync(one.backing, `${one.backing}.old`);
    bench.finally(async () => rename(`${one.backing}.old`, one.backing));
    writeFileSync(one.backing, seededBytes(SIZE, 1));
    expect(await finish(session)).toMatchObject({
      sourceWritten: true,
      notes: [{ kind: 'sourceUnwatched', path: one.device }],
    });
  });

  it('S18 refuses to copy between two loop devices over one deleted file', async () => {
    const disk = await bench.disk({ size: SIZE, plain: true });
    const name = join(mkdtempSync(join(tmpdir(), 'platter-deleted-')), 'image');
    writeFileSync(name, seededBytes(SIZE, 1));
    const loops = [name, name].map((file) =>
      execFileSync('losetup', ['--find', '--show', file], { encoding: 'utf8' }).trim(),
    );
    bench.finally(() => Promise.resolve(loops.map((loop) => execFileSync('losetup', ['--detach', loop]))));
    rmSync(join(name, '..'), { recursive: true });
    const session = bench.session();
    expect(
      await refused(session.engine.call('prepare', requestOf({ source: loops[0]!, destinations: [loops[1]!] }))),
    ).toMatchObject([{ code: 'IS_SOURCE', device: loops[1] }]);
    expect(
      await refused(session.engine.call('prepare', requestOf({ source: disk.device, destinations: loops }))),
    ).toMatchObject([{ code: 'DUPLICATE', device: loops[1] }]);
  });

  it('S18 recognises the disk under a loop device by any of its nodes', async () => {
    const disk = await bench.disk({ size: SIZE, plain: true });
    const folder = mkdtempSync(join(tmpdir(), 'platter-node-'));
    const node = join(folder, 'node');
    const number = execFileSync('lsblk', ['--noheadings', '--nodeps', '--output', 'MAJ:MIN', disk.device], {
      encoding: 'utf8',
    }).trim();
    execFileSync('mknod', [node, 'b', ...number.split(':')]);
    const above = execFileSync('losetup', ['--find', '--show', node], { encoding: 'utf8' }).trim();
    bench.finally(() => Promise.resolve(execFileSync('losetup', ['--detach', above])));
    // The node can be in another mount namespace, where its path leads nowhere here.
    rmSync(folder, { recursive: true });
    assertOwnLoop(disk.device);
    execFileSync('mkfs.ext4', ['-q', above], { stdio: 'ignore' });
    const { engine } = bench.session();
    expect(
      await refused(engine.call('prepare', requestOf({ source: above, destinations: [disk.device] }))),
    ).toContainEqual(expect.objectContaining({ code: 'IS_SOURCE', device: disk.device }));
    const target = mkdtempSync(join(tmpdir(), 'platter-mount-'));
    execFileSync('mount', [above, target]);
    try {
      const image = await bench.image('disk.img', MiB);
      expect(
        await refused(engine.call('prepare', requestOf({ source: image, destinations: [disk.device] }))),
      ).toContainEqual(expect.objectContaining({ code: 'MOUNTED', device: disk.device }));
    } finally {
      execFileSync('umount', [target]);
      rmSync(target, { recursive: true });
    }
  });

  it('S11 refuses to retry onto another medium in the same reader', async () => {
    const source = await bench.image('disk.img', SIZE);
    const [slow, card] = [await bench.disk({ size: SIZE }), await bench.disk({ size: SIZE, plain: true })];
    await slow.rule('stall w 6M 1M'); // the job goes on while the card is changed
    const session = bench.session();
    await session.begin({
      source,
      destinations: [slow.device, card.device],
      verify: false,
      destinationThrottles: [null, 2 * MiB],
    });
    await session.until((event) => event.event === 'progress' && event.progress.destinations[1]!.written >= 4 * MiB);
    await session.engine.call('cancel', { destination: 1 });
    await session.until((event) => event.event === 'progress' && event.progress.destinations[1]!.state === 'cancelled');
    const other = seededBytes(SIZE, 9);
    writeFileSync(card.backing, other, { flag: 'r+' });
    expect(await refused(session.engine.call('retry', { destination: 1 }))).toMatchObject([
      { code: 'CHANGED', device: card.device, reason: { kind: 'anotherMedium' } },
    ]);
    expect(readFileSync(card.backing).equals(other)).toBe(true);
    await slow.rule('go');
    expect(await resultOf(session)).toMatchObject({ destinations: [{ state: 'done' }, { state: 'cancelled' }] });
  });
});

describe("the kernel's count of writes", () => {
  it("S8 counts for a partition a write through the disk's node, and none to its neighbour", () => {
    const sys = mkdtempSync(join(tmpdir(), 'platter-sys-'));
    try {
      mkdirSync(join(sys, 'dev/block'), { recursive: true });
      const stat = (device: string, written: number): void =>
        writeFileSync(join(sys, device, 'stat'), `1 0 8 0 1 0 ${written} 0 0 0 0 0 0 0 0 0 0\n`);
      for (const part of ['sda1', 'sda2']) {
        mkdirSync(join(sys, 'sda', part), { recursive: true });
        writeFileSync(join(sys, 'sda', part, 'partition'), part.slice(-1));
        stat(`sda/${part}`, 10);
      }
      stat('sda', 20);
      symlinkSync('../../sda/sda1', join(sys, 'dev/block/8:1'));
      const mark = (): WriteMark =>
        writeMark(
          { majorMinor: '8:1', partition: '1', type: 'part', backingFile: null, parents: [] as Block[] } as Block,
          sys,
        )!;
      const before = mark();
      stat('sda/sda2', 18);
      stat('sda', 28);
      expect(isWrittenBetween(before, mark())).toBe(false);
      stat('sda', 36);
      expect(isWrittenBetween(before, mark())).toBe(true);
    } finally {
      rmSync(sys, { recursive: true });
    }
  });

  it("S8 does not take a neighbour's write while the counters are read for one to the partition", () => {
    const mark = (least: number, most: number): WriteMark => ({ own: 0, beside: { least, most }, file: null });
    expect(isWrittenBetween(mark(2, 10), mark(2, 2))).toBe(false);
    expect(isWrittenBetween(mark(2, 2), mark(-8, 2))).toBe(false);
    expect(isWrittenBetween(mark(2, 10), mark(11, 20))).toBe(true);
  });

  it('S8 counts a partition as not written while its neighbour is written without a pause', async () => {
    const sys = mkdtempSync(join(tmpdir(), 'platter-sys-'));
    const write = `const { writeFileSync, renameSync } = require('node:fs');
      const stat = (device, written) => {
        writeFileSync(device + '/new', '1 0 8 0 1 0 ' + written + ' 0 0 0 0 0 0 0 0 0 0\\n');
        renameSync(device + '/new', device + '/stat');
      };
      for (let written = 0; ; written += 8) {
        stat('sda/sda2', written);
        stat('sda', written);
        if (written === 0) console.log('ready');
      }`;
    mkdirSync(join(sys, 'dev/block'), { recursive: true });
    for (const part of ['sda1', 'sda2']) {
      mkdirSync(join(sys, 'sda', part), { recursive: true });
      writeFileSync(join(sys, 'sda', part, 'partition'), part.slice(-1));
    }
    writeFileSync(join(sys, 'sda/sda1/stat'), '1 0 8 0 1 0 0 0 0 0 0 0 0 0 0 0 0\n');
    symlinkSync('../../sda/sda1', join(sys, 'dev/block/8:1'));
    const writer = spawn(process.execPath, ['-e', write], { cwd: sys, stdio: ['ignore', 'pipe', 'inherit'] });
    try {
      await once(writer.stdout, 'data');
      const mark = (): WriteMark =>
        writeMark(
          { majorMinor: '8:1', partition: '1', type: 'part', backingFile: null, parents: [] as Block[] } as Block,
          sys,
        )!;
      // The kernel counts for both at once. This writer does not, so the first mark is a known one.
      const before = { ...mark(), beside: { least: 0, most: 0 } };
      const written = Array.from({ length: 500 }, () => isWrittenBetween(before, mark()));
      expect(written).not.toContain(true);
    } finally {
      const ended = once(writer, 'exit');
      writer.kill();
      await ended;
      rmSync(sys, { recursive: true });
    }
  });
});
