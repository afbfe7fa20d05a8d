// Who holds a drive, and what keeps it mounted: real loop devices, mounts and processes, through a real host.
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdirSync, openSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { diskTable } from '../../../app/cli/output/disk-table.ts';
import type { PlatterError } from '../../../app/contract/errors.ts';
import { FOLLOWING } from '../../../build/own-mounts.mjs';
import { assertOwnLoop, canLab, type LabDisk } from '../../lab/lab.ts';
import { MiB, refused, requestOf, resultOf, oneBench } from '../job/support.ts';

const noLab = canLab();
if (noLab !== null) console.warn(`skipped: ${noLab}`);

const bench = oneBench();

/** A loop device with an ext4 on it. */
async function formatted(): Promise<LabDisk> {
  const disk = await bench.disk({ size: 8 * MiB, plain: true });
  assertOwnLoop(disk.device);
  execFileSync('mkfs.ext4', ['-q', disk.device]);
  return disk;
}

/** Mounts a device. After the test, what is still mounted is unmounted, the last mount first. */
function mount(device: string, target: string): void {
  mkdirSync(target, { recursive: true });
  execFileSync('mount', [device, target]);
  bench.finally(() => {
    if (isMounted(device, target)) execFileSync('umount', [target]);
    return Promise.resolve();
  });
}

const isMounted = (device: string, target: string): boolean =>
  readFileSync('/proc/mounts', 'utf8').includes(`${device} ${target} `);

describe.skipIf(noLab !== null)('what --unmount takes off', () => {
  it.each([
    ['another device mounted over it', '', 'over'],
    ['another device mounted in a folder of it', '/lost+found', 'in'],
  ])('F10 names %s in a refusal, and leaves it mounted', async (_, folder, where) => {
    const [disk, other] = [await formatted(), await formatted()];
    const target = await bench.path('m');
    mount(disk.device, target);
    mount(other.device, target + folder);
    const errors = await refused(
      bench
        .session()
        .engine.call(
          'prepare',
          requestOf({ source: await bench.image('a.img', MiB), destinations: [disk.device], unmount: true }),
        ),
    );
    expect(errors).toMatchObject([
      {
        code: 'MOUNTED',
        device: disk.device,
        reason: { kind: 'mountedOver', device: disk.device, target, where, other: other.device, at: target + folder },
        advice: `Unmount ${target + folder} first, then try again.`,
      },
    ]);
    expect([isMounted(disk.device, target), isMounted(other.device, target + folder)]).toEqual([true, true]);
  });

  it('F10 names another device mounted over a folder above the mount point, and leaves it mounted', async () => {
    const [disk, other] = [await formatted(), await formatted()];
    const above = await bench.path('m');
    const target = `${above}/lost+found`;
    mount(disk.device, target);
    mount(other.device, above);
    const errors = await refused(
      bench
        .session()
        .engine.call(
          'prepare',
          requestOf({ source: await bench.image('a.img', MiB), destinations: [disk.device], unmount: true }),
        ),
    );
    expect(errors).toMatchObject([
      {
        code: 'MOUNTED',
        device: disk.device,
        reason: { kind: 'mountedOver', where: 'over', other: other.device, at: above },
      },
    ]);
    expect(isMounted(other.device, above)).toBe(true);
  });

  it('F10 leaves another device mounted over it after the review, and writes nothing', async () => {
    const [disk, other] = [await formatted(), await formatted()];
    const target = await bench.path('m');
    mount(disk.device, target);
    const { engine } = bench.session();
    const plan = await engine.call(
      'prepare',
      requestOf({ source: await bench.image('a.img', MiB), destinations: [disk.device], unmount: true }),
    );
    expect(plan.destinations).toMatchObject([{ mounts: [{ device: disk.device, target }] }]);
    mount(other.device, target);
    expect(await refused(engine.call('start', {}))).toMatchObject([
      { code: 'MOUNTED', op: 'unmount', reason: { kind: 'mountedOver', other: other.device } },
    ]);
    expect([isMounted(disk.device, target), isMounted(other.device, target)]).toEqual([true, true]);
  });

  it('F10 takes off the mounts of a drive, and leaves another device mounted below it at the same place', async () => {
    const [disk, other] = [await formatted(), await formatted()];
    const [target, second] = [await bench.path('m'), await bench.path('n')];
    mount(other.device, target);
    mount(disk.device, target);
    mount(disk.device, second);
    const session = bench.session();
    await session.begin({ source: await bench.image('a.img', MiB), destinations: [disk.device], unmount: true });
    expect(await resultOf(session)).toMatchObject({ destinations: [{ state: 'done', verified: true }] });
    expect([isMounted(other.device, target), isMounted(disk.device, target), isMounted(disk.device, second)]).toEqual([
      true,
      false,
      false,
    ]);
  });
});

/** Runs a program until the test ends. Resolves when it has printed something. */
async function running(program: string, args: readonly string[]): Promise<number> {
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  bench.finally(async () => {
    const ended = once(child, 'exit');
    if (child.exitCode === null && child.kill()) await ended;
  });
  await once(child.stdout, 'data');
  return child.pid!;
}

const MOUNT_AND_STAY = 'mount "$0" "$1" && echo mounted && exec sleep 600';

/** A process with a mount namespace of its own, in which the device is mounted. */
const mountingApart = (device: string, target: string): Promise<number> =>
  running('unshare', [...FOLLOWING, 'sh', '-c', MOUNT_AND_STAY, device, target]);

const refusedFor = async (...destinations: string[]): Promise<PlatterError[]> =>
  refused(bench.session().engine.call('prepare', requestOf({ source: await bench.image('a.img', MiB), destinations })));

/** A loop device with a partition of 4 MiB, which is a device of its own. */
async function parted(): Promise<{ disk: string; partition: string }> {
  const file = await bench.path('parted.img');
  writeFileSync(file, '');
  truncateSync(file, 8 * MiB);
  const device = execFileSync('losetup', ['--find', '--show', '--partscan', file], { encoding: 'utf8' }).trim();
  bench.finally(() => Promise.resolve(execFileSync('losetup', ['--detach', device])));
  execFileSync('addpart', [device, '1', '2048', '8192']);
  return { disk: device, partition: `${device}p1` };
}

describe.skipIf(noLab !== null)('who holds a drive', () => {
  it('F18 names the process of a mount in another mount namespace, and how to end it', async () => {
    const { device } = await formatted();
    const target = await bench.path('m');
    mkdirSync(target);
    const pid = await mountingApart(device, target);
    expect(await refusedFor(device)).toMatchObject([
      {
        code: 'IN_USE',
        device,
        message: `${device} is mounted at ${target} in another mount namespace, that of sleep (${pid}).`,
        remedy: { kind: 'unmountThere', command: `nsenter --target ${pid} --mount umount ${target}` },
      },
    ]);
    execFileSync('nsenter', ['--target', String(pid), '--mount', 'umount', target]);
    await bench.session().run({ source: await bench.image('a.img', MiB), destinations: [device] });
  });

  it('F18 finds a mount of a partition in another mount namespace', async () => {
    const { disk, partition } = await parted();
    execFileSync('mkfs.ext4', ['-q', partition]);
    const target = await bench.path('m');
    mkdirSync(target);
    const pid = await mountingApart(partition, target);
    expect(await refusedFor(disk)).toMatchObject([
      {
        code: 'IN_USE',
        device: disk,
        reason: { kind: 'mountedElsewhere', device: partition, target, user: `sleep (${pid})` },
      },
    ]);
  });

  it.each(['the drive', 'a partition of it'])('waits for a program that has %s open for a moment', async (what) => {
    const { disk, partition } = await parted();
    const path = what === 'the drive' ? disk : partition;
    const flags = what === 'the drive' ? 'fs.constants.O_RDONLY | fs.constants.O_EXCL' : 'fs.constants.O_RDONLY';
    await running(process.execPath, [
      '-e',
      `const fs = require('fs'); fs.openSync('${path}', ${flags}); console.log('open'); ` +
        'setTimeout(() => process.exit(), 1500);',
    ]);
    const result = await bench.session().run({ source: await bench.image('a.img', MiB), destinations: [disk] });
    expect(result.destinations).toMatchObject([{ state: 'done', verified: true }]);
  });

  it('F18 names a program that has the drive open exclusively', async () => {
    const { device } = await bench.disk({ size: 8 * MiB, plain: true });
    const pid = await running(process.execPath, [
      '-e',
      `const fs = require('fs'); fs.openSync('${device}', fs.constants.O_RDONLY | fs.constants.O_EXCL); ` +
        `console.log('open'); setInterval(() => 0, 1000);`,
    ]);
    const [error] = await refusedFor(device);
    expect(error).toMatchObject({
      code: 'IN_USE',
      device,
      reason: { kind: 'openIn', device },
      remedy: { kind: 'endPrograms' },
    });
    expect(error!.message).toContain(`(${pid})`);
  });

  it('F18 names a program that has a partition of the drive open', async () => {
    const { disk, partition } = await parted();
    const fd = openSync(partition, 'r');
    const user = spawn('sleep', ['600'], { stdio: [fd, 'ignore', 'ignore'] });
    await once(user, 'spawn');
    closeSync(fd);
    const errors = await refusedFor(disk);
    user.kill();
    await once(user, 'exit');
    expect(errors).toMatchObject([
      { code: 'IN_USE', device: disk, message: `${partition} is open in sleep (${user.pid}).` },
    ]);
  });

  it('F18 names another job of Platter by its id, in the refusal and in the list', async () => {
    const [one, two] = [
      await bench.disk({ size: 8 * MiB, plain: true }),
      await bench.disk({ size: 8 * MiB, plain: true }),
    ];
    const first = bench.session();
    const { job } = await first.begin({ source: one.device, destinations: [two.device], throttle: 65536 });
    await first.until((event) => event.event === 'progress' && event.progress.bytes > 0);
    const pid = String(first.host.pid);
    expect(await refusedFor(two.device)).toMatchObject([
      {
        code: 'IN_USE',
        device: two.device,
        reason: { kind: 'inLoggedJob', id: job, pid, how: 'write' },
        remedy: { kind: 'endJob' },
      },
    ]);
    const disks = await bench.session().engine.call('list', { all: true });
    const listed = disks.filter(({ path }) => path === one.device || path === two.device);
    expect(listed.map(({ path, locked }) => [path, locked?.reason]).sort()).toEqual(
      [
        [one.device, { kind: 'inLoggedJob', id: job, pid, how: 'read' }],
        [two.device, { kind: 'inLoggedJob', id: job, pid, how: 'write' }],
      ].sort(),
    );
    const table = diskTable(listed, Infinity, (_, text) => text);
    expect(table.filter((line) => line.includes('in a job of Platter'))).toHaveLength(2);
    expect(table.join('\n')).not.toContain('nothing recognised');
    // The host that runs the job still lists its disks as before.
    expect((await first.engine.call('list', { all: true })).find(({ path }) => path === two.device)).toMatchObject({
      locked: null,
    });
    await first.engine.call('cancel', {});
    await resultOf(first);
  });
});

it.skipIf(noLab !== null)('F20 gives a command that releases a drive from a loop device', async () => {
  const { device } = await bench.disk({ size: 8 * MiB, plain: true });
  assertOwnLoop(device);
  const over = execFileSync('losetup', ['--find', '--show', device], { encoding: 'utf8' }).trim();
  const [error] = await refusedFor(device);
  const command = `losetup --detach ${over}`;
  expect(error).toMatchObject({
    code: 'IN_USE',
    reason: { kind: 'heldBy', holders: [`${over} (loop)`] },
    remedy: { kind: 'release', command },
  });
  execFileSync('sh', ['-c', command]);
  expect(await bench.session().run({ source: await bench.image('a.img', MiB), destinations: [device] })).toMatchObject({
    destinations: [{ state: 'done' }],
  });
});

it.skipIf(noLab !== null)(
  'V5 names a drive that a program holds exclusively together with all other refusals',
  async () => {
    const [held, small] = [
      await bench.disk({ size: 8 * MiB, plain: true }),
      await bench.disk({ size: MiB / 2, plain: true }),
    ];
    const pid = await running(process.execPath, [
      '-e',
      `const fs = require('fs'); fs.openSync('${held.device}', fs.constants.O_RDONLY | ` +
        `fs.constants.O_EXCL); console.log('open'); setInterval(() => 0, 1000);`,
    ]);
    const errors = await refusedFor(held.device, small.device);
    expect(errors.map(({ code, device }) => [code, device])).toEqual([
      ['TOO_SMALL', small.device],
      ['IN_USE', held.device],
    ]);
    expect(errors[1]!.message).toContain(`(${pid})`);
  },
);
