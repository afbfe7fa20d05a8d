// Mounted and partitioned drives as destinations: what unmounts them, what is in the way, and the table afterwards.
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, symlinkSync, truncateSync, unlinkSync, writeFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { refusalsOf } from '../../../app/engine/devices/disk-refusals.ts';
import { disksOf } from '../../../app/engine/devices/disks.ts';
import { readBlocks } from '../../../app/engine/devices/lsblk.ts';
import { mountsOf } from '../../../app/engine/access/unmount.ts';
import { canLab } from '../../lab/lab.ts';
import { oneBench, MiB, refused, requestOf } from '../job/support.ts';
import { mounted } from './mounted.ts';
import { laptop, picture, type Machine } from './machines.ts';
import { changed } from '../../requests.ts';

const noLab = canLab();
const bench = oneBench();

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
      const target = await mounted(bench, disk);
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
    const target = await mounted(bench, disk);
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

it.skipIf(noLab !== null)('writes the reviewed drive when its name leads to another one after the review', async () => {
  const [meant, other] = [
    await bench.disk({ size: 8 * MiB, plain: true }),
    await bench.disk({ size: 8 * MiB, plain: true }),
  ];
  const target = await mounted(bench, meant);
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
