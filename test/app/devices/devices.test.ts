// Drives that come and go, are mounted or ejected: real loop devices, through a real host.
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  constants,
  mkdirSync,
  openSync,
  readFileSync,
  symlinkSync,
  truncateSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { open } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Disk } from '../../../app/contract/disks.ts';
import type { PlatterError } from '../../../app/contract/errors.ts';
import type { DisksEvent } from '../../../app/contract/host.ts';
import { disksOf, refusalsOf } from '../../../app/engine/devices/disks.ts';
import { againstEjecting, eject } from '../../../app/engine/access/eject.ts';
import { LocalEngine } from '../../../app/engine/engine.ts';
import { readBlocks } from '../../../app/engine/devices/lsblk.ts';
import { loadAddon, type NativeUevent } from '../../../app/engine/native/addon.ts';
import { whenStuck } from '../../../app/engine/devices/drive-waits.ts';
import { parseBlkid } from '../../../app/engine/devices/probe.ts';
import { whyGone } from '../../../app/engine/job/removals.ts';
import { mountsOf, unmount } from '../../../app/engine/access/unmount.ts';
import { assertOwnLoop, canLab, type LabDisk } from '../../lab/lab.ts';
import { Workbench, MiB, refused, requestOf } from '../job/support.ts';
import { laptop, picture, server, type Machine } from './machines.ts';
import { changed } from '../../requests.ts';

const noLab = canLab();
const ADDON = new URL('../../../out/native/kcopyd.node', import.meta.url).pathname;
let bench: Workbench;

beforeEach(() => {
  bench = new Workbench();
});
afterEach(() => bench.clear());

/** Makes an ext4 with a label on a disk of the lab, mounts it and returns the mount point. */
async function mounted(disk: LabDisk, name = 'platter'): Promise<string> {
  assertOwnLoop(disk.device);
  execFileSync('mkfs.ext4', ['-q', '-L', name, disk.device]);
  const target = await bench.path(name);
  mkdirSync(target);
  execFileSync('mount', [disk.device, target]);
  bench.finally(async () => {
    if (readFileSync('/proc/mounts', 'utf8').includes(` ${target} `)) execFileSync('umount', [target]);
    return Promise.resolve();
  });
  return target;
}

/** A file of 16 MiB with partitions (first sector, sectors) in an MBR. */
async function partitioned(name: string, ...partitions: [first: number, count: number][]): Promise<string> {
  const path = await bench.path(name);
  const sector = Buffer.alloc(512);
  for (const [index, [first, count]] of partitions.entries()) {
    const entry = 446 + 16 * index;
    sector[entry + 4] = 0x83;
    sector.writeUInt32LE(first, entry + 8);
    sector.writeUInt32LE(count, entry + 12);
  }
  sector.writeUInt16LE(0xaa55, 510);
  writeFileSync(path, sector);
  truncateSync(path, 16 * MiB);
  return path;
}

/** The first list of disks after `begin` that satisfies `condition`. */
function listWith(
  engine: { onDisks(listener: (disks: DisksEvent['disks']) => void): () => void },
  condition: (disks: Disk[]) => boolean,
): Promise<Disk[]> {
  return new Promise((resolve, reject) => {
    const stop = engine.onDisks((disks) => {
      if (!disks.ok) reject(new Error(disks.errors[0]?.message));
      else if (condition(disks.value)) {
        stop();
        resolve(disks.value);
      }
    });
  });
}

describe.skipIf(noLab !== null)('the list of disks', () => {
  it('sends a new list of disks with their content when a drive comes or goes, without udev', async () => {
    const { engine } = bench.session();
    expect(await engine.call('watch', { all: true })).toEqual({});
    const file = await bench.path('stick.img');
    execFileSync('truncate', ['-s', '8M', file]);
    execFileSync('mkfs.ext4', ['-q', '-L', 'my stick', file]);
    const came = listWith(engine, (disks) => disks.some(({ backingFile }) => backingFile === file));
    const device = execFileSync('losetup', ['--find', '--show', file], { encoding: 'utf8' }).trim();
    let attached = true;
    const detach = (): void => {
      if (attached) execFileSync('losetup', ['--detach', device]);
      attached = false;
    };
    bench.finally(async () => {
      detach();
      return Promise.resolve();
    });
    expect((await came).find(({ path }) => path === device)).toMatchObject({
      fileSystem: 'ext4',
      label: 'my stick',
      locked: null,
      ejectable: false,
    });
    const went = listWith(engine, (disks) => disks.every(({ path }) => path !== device));
    detach();
    await went;
  });

  it('names a FAT file system in the review', async () => {
    const disk = await bench.disk({ size: 4 * MiB, plain: true });
    // The first sector of a FAT16, as mkfs.fat writes it.
    const sector = Buffer.alloc(512);
    sector.write('\xeb\x3c\x90mkfs.fat', 0, 'latin1');
    for (const [offset, value] of [
      [11, 512],
      [14, 4],
      [17, 512],
      [19, 8192],
      [22, 8],
    ] as const)
      sector.writeUInt16LE(value, offset);
    sector[13] = 4;
    sector[16] = 2;
    sector[21] = 0xf8;
    sector[38] = 0x29;
    sector.write('NO NAME    FAT16   ', 43, 'latin1');
    sector.writeUInt16LE(0xaa55, 510);
    assertOwnLoop(disk.device);
    writeFileSync(disk.backing, sector, { flag: 'r+' });
    const { engine } = bench.session();
    const plan = await engine.call(
      'prepare',
      requestOf({ source: await bench.image('a.img', MiB), destinations: [disk.device] }),
    );
    expect(plan.destinations[0]!.contents).toEqual([
      { kind: 'fileSystem', fileSystem: 'vfat', path: disk.device, size: 4 * MiB },
    ]);
  });
});

it('parses the output of blkid', () => {
  expect(parseBlkid('DEVNAME=/dev/sdb\nLABEL=my\\ stick\\\\\nTYPE=ext4\nUSAGE=filesystem\n')).toEqual({
    fileSystem: 'ext4',
    label: 'my stick\\',
    partitionTable: null,
    signatures: ['ext4'],
  });
  expect(parseBlkid('DEVNAME=/dev/sdb\nPTTYPE=gpt\n')).toEqual({
    fileSystem: null,
    label: null,
    partitionTable: 'gpt',
    signatures: ['gpt'],
  });
  expect(parseBlkid('')).toBeNull();
});

describe('a mounted destination', () => {
  const blocks = picture(laptop);
  const codes = (path: string, unmount: boolean): string[] =>
    refusalsOf(
      blocks.all.find((block) => block.path === path)!,
      unmount,
    ).map(({ code }) => code);

  it("refuses a mounted destination without --unmount, and the system's disk even with it", () => {
    expect([codes('/dev/sda', false), codes('/dev/sda', true)]).toEqual([['MOUNTED'], []]);
    expect(codes('/dev/nvme0n1', true)).toEqual(expect.arrayContaining(['IS_SYSTEM', 'MOUNTED']));
    expect(disksOf(blocks, false).find(({ path }) => path === '/dev/sda')).toMatchObject({
      locked: null,
      mountedAt: ['/media/me/PHOTOS OLD'],
    });
  });

  it('unmounts nested mounts from the inside out', () => {
    const machine: Machine = {
      devices: [
        {
          name: 'sdb',
          number: '8:16',
          children: [
            { name: 'sdb1', number: '8:17', type: 'part' },
            { name: 'sdb2', number: '8:18', type: 'part' },
          ],
        },
      ],
      mounts: [
        ['8:18', '/media/a'],
        ['8:17', '/media/a/b'],
        ['8:17', '/media/c'],
      ],
    };
    const nested = picture(machine);
    expect(mountsOf(nested.numbered('8:16')!, nested)).toEqual([
      { device: '/dev/sdb1', target: '/media/c' },
      { device: '/dev/sdb1', target: '/media/a/b' },
      { device: '/dev/sdb2', target: '/media/a' },
    ]);
  });

  it.skipIf(noLab !== null)(
    'names a mount in the review, unmounts it at the start and not before, and writes the whole disk',
    async () => {
      const disk = await bench.disk({ size: 8 * MiB, plain: true });
      const target = await mounted(disk);
      const source = await bench.image('disk.img', 8 * MiB);
      const session = bench.session();
      const { engine } = session;
      expect(await refused(engine.call('prepare', requestOf({ source, destinations: [disk.device] })))).toMatchObject([
        { code: 'MOUNTED', device: disk.device },
      ]);
      const plan = await engine.call('prepare', requestOf({ source, destinations: [disk.device], unmount: true }));
      expect(plan.destinations).toMatchObject([
        {
          mounts: [{ device: disk.device, target }],
          contents: [{ kind: 'labelled', fileSystem: 'ext4', label: 'platter', path: disk.device, size: 8 * MiB }],
        },
      ]);
      expect(readFileSync('/proc/mounts', 'utf8')).toContain(target);
      await engine.call('start', {});
      const end = await session.until(({ event }) => event === 'result');
      expect(end).toMatchObject({ result: { destinations: [{ state: 'done', verified: true }] } });
      expect(readFileSync('/proc/mounts', 'utf8')).not.toContain(target);
      execFileSync('cmp', [source, disk.backing]);
    },
  );

  it.skipIf(noLab !== null)('writes nothing to a busy mounted disk, and names the process that uses it', async () => {
    const disk = await bench.disk({ size: 8 * MiB, plain: true });
    const target = await mounted(disk);
    const { engine } = bench.session();
    const request = requestOf({
      source: await bench.image('disk.img', 8 * MiB),
      destinations: [disk.device],
      unmount: true,
    });
    await engine.call('prepare', request);
    const user = spawn('sleep', ['600'], { cwd: target, stdio: 'ignore' });
    await once(user, 'spawn');
    const [error] = await refused(engine.call('start', {}));
    expect(error).toMatchObject({
      code: 'MOUNTED',
      op: 'unmount',
      device: disk.device,
      message: `${disk.device} cannot be unmounted from ${target}: it is in use by sleep (${user.pid}).`,
    });
    user.kill();
    await once(user, 'exit');
    execFileSync('umount', [target]);
    execFileSync('e2fsck', ['-fn', disk.device], { stdio: 'ignore' });
    // A file system that the job itself needs is not unmounted.
    execFileSync('mount', [disk.device, target]);
    const [needed] = await refused(
      engine.call('prepare', changed(request, { saveManifest: join(target, 'manifest') })),
    );
    expect(needed).toMatchObject({
      code: 'IN_USE',
      device: disk.device,
      message: `It cannot be unmounted, because ${target}/manifest is on it.`,
    });
  });
});

describe('a drive that does not answer', () => {
  it.skipIf(noLab !== null)(
    'gives up unmounting and ejecting a drive that does not answer, and names who has it open',
    async () => {
      const disk = await bench.disk({ size: 8 * MiB });
      const target = await mounted(disk);
      const block = (await readBlocks()).all.find(({ path }) => path === disk.device)!;
      const user = spawn('sleep', ['600'], { stdio: [openSync(disk.device, 'r'), 'ignore', 'ignore'] });
      await once(user, 'spawn');
      bench.finally(() => disk.rule('go'));
      await disk.rule('stall w');
      writeFileSync(join(target, 'last words'), 'written later');
      const [error] = await refused(unmount({ path: disk.device, realPath: disk.device, block }, { patience: 400 }));
      expect(error).toMatchObject({ code: 'STALLED', op: 'unmount', device: disk.device });
      expect(error!.message).toContain(
        `${disk.device} has not been unmounted from ${target}: the drive has not answered`,
      );
      expect(error!.message).toMatch(new RegExp(`; open by .*sleep \\(${user.pid}\\)`));
      user.kill();
      await once(user, 'exit');
      await disk.rule('go');
      await expect
        .poll(async () => (await open(disk.device, constants.O_RDONLY | constants.O_EXCL)).close().then(() => 'free'))
        .toBe('free');
      execFileSync('e2fsck', ['-fn', disk.device], { stdio: 'ignore' });

      // Now the flush before ejecting hangs.
      const sys = await bench.path('sys');
      const file = await open(disk.device, 'r+');
      await file.write(Buffer.alloc(4096, 1), 0, 4096, 1024);
      await disk.rule('stall w');
      expect(await refused(eject(disk.device, block, { sys, patience: 400 }))).toMatchObject([
        { code: 'STALLED', op: 'eject' },
      ]);
      await disk.rule('go');
      await file.close();
    },
  );

  it('waits for a drive as long as it ends requests', async () => {
    let looks = 0;
    await new Promise<void>((resolve) => void whenStuck(() => String(Math.min(++looks, 20)), 40, resolve));
    expect(looks).toBeGreaterThan(20);
  });
});

it.skipIf(noLab !== null)('writes the reviewed drive when its name leads to another one after the review', async () => {
  const [meant, other] = [
    await bench.disk({ size: 8 * MiB, plain: true }),
    await bench.disk({ size: 8 * MiB, plain: true }),
  ];
  const target = await mounted(meant);
  const before = readFileSync(other.backing);
  const source = await bench.image('disk.img', 8 * MiB);
  const name = await bench.path('drive');
  symlinkSync(meant.device, name);
  const session = bench.session();
  const { engine } = session;
  const plan = await engine.call('prepare', requestOf({ source, destinations: [name], unmount: true }));
  expect(plan.destinations).toMatchObject([{ path: name, realPath: meant.device, mounts: [{ target }] }]);
  unlinkSync(name);
  symlinkSync(other.device, name);
  await engine.call('start', {});
  expect(await session.until(({ event }) => event === 'result')).toMatchObject({
    result: { destinations: [{ state: 'done', verified: true }] },
  });
  execFileSync('cmp', [source, meant.backing]);
  expect(readFileSync(other.backing).equals(before)).toBe(true);
});

it.skipIf(noLab !== null)(
  'rereads the partition table after a copy, and refuses to write while a partition is open',
  async () => {
    const attach = (file: string): string => {
      const device = execFileSync('losetup', ['--find', '--show', '--partscan', file], { encoding: 'utf8' }).trim();
      bench.finally(() => Promise.resolve(execFileSync('losetup', ['--detach', device])));
      return device;
    };
    const partitions = async (device: string): Promise<number[]> =>
      disksOf(await readBlocks(), true)
        .find(({ path }) => path === device)!
        .partitions.map(({ size }) => size);
    const source = await partitioned('disk.img', [2048, 8192], [10240, 22528]);
    const device = attach(await partitioned('target.img'));
    execFileSync('addpart', [device, '1', '4096', '8192']);
    const session = bench.session();
    const { engine } = session;
    const user = await open(`${device}p1`, 'r');
    try {
      expect(await refused(engine.call('prepare', requestOf({ source, destinations: [device] })))).toMatchObject([
        { code: 'IN_USE', device, reason: { kind: 'openIn', device: `${device}p1` } },
      ]);
    } finally {
      await user.close();
    }
    expect(await partitions(device)).toEqual([4 * MiB]);
    expect(await session.run({ source, destinations: [device] })).toMatchObject({
      destinations: [{ state: 'done', verified: true }],
      notes: [],
    });
    // Compared with a device that was attached with this table, because not every kernel reads tables.
    expect(await partitions(device)).toEqual(await partitions(attach(source)));
  },
);

describe.skipIf(noLab !== null)('the error of a drive that fails or goes away', () => {
  const endOf = async (...rules: string[]): Promise<{ codes: string[]; message: string }> => {
    const disk = await bench.disk({ size: 8 * MiB });
    await disk.rule(...rules);
    const result = await bench
      .session()
      .run({ source: await bench.image('disk.img', 8 * MiB), destinations: [disk.device] });
    const [end] = result.destinations;
    expect(end!.state).toBe('failed');
    return { codes: end!.errors.map(({ code }) => code), message: end!.errors.at(-1)!.message };
  };

  it('reports EIO in the middle of the medium as MEDIUM_ERROR', async () =>
    expect((await endOf('eio w 2M 4K')).codes).toEqual(['MEDIUM_ERROR']));
  it('reports EIO for everything from a drive that is still there as MEDIUM_ERROR', async () =>
    expect(new Set((await endOf('after w 2M dead')).codes)).toEqual(new Set(['MEDIUM_ERROR'])));
  it('reports ENOSPC of a block device as NO_SPACE', async () =>
    expect(new Set((await endOf('eio w 2M end ENOSPC')).codes)).toEqual(new Set(['NO_SPACE'])));
  it('reports a drive that is unplugged while it is written as DEVICE_GONE', async () =>
    expect((await endOf('after w 2M gone')).codes).toContain('DEVICE_GONE'));
  it('reports a disk whose server was killed as DEVICE_GONE and never as MEDIUM_ERROR', async () => {
    const disk = await bench.disk({ size: 16 * MiB });
    await disk.rule('rate w 4M');
    const session = bench.session();
    await session.engine.call(
      'prepare',
      requestOf({ source: await bench.image('disk.img', 16 * MiB), destinations: [disk.device] }),
    );
    await session.engine.call('start', {});
    await session.until((event) => event.event === 'progress' && event.progress.destinations[0]!.written > 0);
    const server = Number(execFileSync('pgrep', ['--parent', String(disk.pid)], { encoding: 'utf8' }));
    process.kill(disk.pid, 'SIGSTOP'); // it would clean up behind its server
    for (const pid of [server, disk.pid]) process.kill(pid, 'SIGKILL');
    const end = await session.until(({ event }) => event === 'result');
    if (end.event !== 'result') throw new Error('impossible');
    expect(end.result.destinations[0]).toMatchObject({
      state: 'failed',
      errors: expect.arrayContaining([expect.objectContaining({ code: 'DEVICE_GONE' })]) as unknown,
    });
    expect(end.result.destinations[0]!.errors.map(({ code }) => code)).not.toContain('MEDIUM_ERROR');
  });

  it('reports a drive that shrinks to nothing as DEVICE_GONE', async () =>
    expect((await endOf('after w 2M resize 0')).codes).toContain('DEVICE_GONE'));

  it('ends a paused drive at once when the kernel removes it, and finishes the others', async () => {
    const source = await bench.image('disk.img', 4 * MiB);
    const [one, two] = [
      await bench.disk({ size: 4 * MiB, plain: true }),
      await bench.disk({ size: 4 * MiB, plain: true }),
    ];
    // No loop device can be removed while it is open, so this uevent is made up. Everything else is real.
    const addon = loadAddon(ADDON);
    let tell: (news: NativeUevent) => void = () => undefined;
    const ends: unknown[] = [];
    let ended: () => void = () => undefined;
    const end = new Promise<void>((resolve) => (ended = resolve));
    const engine = new LocalEngine(
      () => ({
        ...addon,
        watchUevents: (listener) => {
          tell = listener;
          return { close: () => undefined };
        },
      }),
      (event) => {
        if (event.event !== 'result') return;
        ends.push(...event.result.destinations);
        ended();
      },
      () => undefined,
      (error) => expect.unreachable(String(error)),
    );
    bench.finally(() => engine.stop());
    await engine.prepare(requestOf({ source, destinations: [one.device, two.device] }));
    await engine.start();
    engine.pause(0, true);
    tell({ action: 'remove', name: basename(one.device), number: `7:${basename(one.device).slice('loop'.length)}` });
    await end;
    expect(ends).toMatchObject([
      {
        state: 'failed',
        errors: [
          { code: 'DEVICE_GONE', message: 'The drive was removed during the job: the system no longer has it.' },
        ],
      },
      { state: 'done', verified: true, errors: [] },
    ]);
  });

  it('tells by sysfs whether a drive is gone, not by the errno of a request', async () => {
    const disk = await bench.disk({ size: MiB });
    const number = `7:${basename(disk.device).slice('loop'.length)}`;
    expect(whyGone(number)).toBeNull();
    await disk.rule('resize 0');
    execFileSync('losetup', ['--set-capacity', disk.device]);
    expect(whyGone(number)).toBe('noSize');
    expect(whyGone('4095:77')).toBe('removed');
  });
});

describe('ejecting', () => {
  const machine: Machine = { ...laptop, ejectable: ['sda', 'sdb', 'nvme0n1'] };
  const codes = (of: Machine, path: string, held = new Set<string>()): PlatterError['code'][] =>
    againstEjecting(path, picture(of).all.find((block) => block.path === path) ?? null, held).map(({ code }) => code);

  it("ejects removable drives only: not the system's, none in use or in a job, no loop device", () => {
    expect([codes(machine, '/dev/sda'), codes(machine, '/dev/sdb')]).toEqual([[], []]);
    expect(codes(machine, '/dev/nvme0n1')).toContain('IS_SYSTEM');
    expect(codes(server, '/dev/sdc')).toEqual(['IN_USE']);
    expect(codes(machine, '/dev/sdb', new Set(['8:16']))).toEqual(['IN_USE']);
    expect(codes(laptop, '/dev/sdb')).toEqual(['NOT_EJECTABLE']);
    expect(codes(laptop, '/dev/nothing')).toEqual(['NOT_EJECTABLE']);
    expect(disksOf(picture(machine), false).map(({ path, ejectable }) => [path, ejectable])).toEqual([
      ['/dev/nvme0n1', false],
      ['/dev/sda', true],
      ['/dev/sdb', true],
      ['/dev/sr0', false],
    ]);
  });

  it.skipIf(noLab !== null)(
    'unmounts and flushes before ejecting, and reports a drive that the system keeps',
    async () => {
      const disk = await bench.disk({ size: 8 * MiB, plain: true });
      const target = await mounted(disk);
      writeFileSync(join(target, 'last words'), 'kept');
      expect(await refused(bench.session().engine.call('eject', { path: disk.device }))).toMatchObject([
        { code: 'NOT_EJECTABLE', message: 'It is a loop device, so there is nothing to take out.' },
      ]);
      const name = basename(disk.device);
      const sys = await bench.path('sys');
      mkdirSync(join(sys, 'block', name, 'device'), { recursive: true });
      const block = (await readBlocks()).all.find(({ path }) => path === disk.device)!;
      await eject(disk.device, block, { sys });
      expect(readFileSync(join(sys, 'block', name, 'device/delete'), 'utf8')).toBe('1');
      expect(readFileSync('/proc/mounts', 'utf8')).not.toContain(target);
      execFileSync('e2fsck', ['-fn', disk.device], { stdio: 'ignore' });
      mkdirSync(join(sys, 'dev/block', block.majorMinor), { recursive: true });
      expect(await refused(eject(disk.device, block, { sys }))).toMatchObject([{ code: 'IO_ERROR', op: 'eject' }]);
    },
  );
});
