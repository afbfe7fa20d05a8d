// The end of a disk: whatever happens to its processes, no loop device, mount or hanging I/O is left.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, onTestFinished, test } from 'vitest';
import { assertOwnLoop, buildLabdisk, canMkfs, labdisk, type LabDisk } from './lab.ts';
import { dd, filledDisk, MiB, read, reason, run } from './support.ts';

async function eventually(condition: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 60_000;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error(`still not: ${condition.toString()}`);
    await sleep(10);
  }
}

/** True when any loop device, mount or directory still names `directory`. */
async function isLeft(directory: string): Promise<boolean> {
  if (existsSync(directory) || (await readFile('/proc/mounts', 'utf8')).includes(directory)) return true;
  for (const block of await readdir('/sys/block')) {
    const file = `/sys/block/${block}/loop/backing_file`;
    if (block.startsWith('loop') && existsSync(file)) {
      const lies = await readFile(file, 'utf8').catch(() => ''); // detached between the two looks
      if (lies.includes(directory)) return true;
    }
  }
  return false;
}

/** The disk's second process. */
async function serverOf(disk: LabDisk): Promise<number> {
  const server = Number((await run('pgrep', ['-P', String(disk.pid)])).stdout.toString());
  expect(server).toBeGreaterThan(1);
  return server;
}

/** When both processes were killed, only the next disk can clean up. */
async function expectGone(directory: string, killed: string): Promise<void> {
  if (killed === 'keeper and server') {
    // Another test's disk may have cleaned up by now. The lock is free when the last thread of both processes has
    // ended; a kill does not wait for that.
    await eventually(async () => {
      await (await labdisk({ size: MiB, plain: true })).close();
      return !(await isLeft(directory));
    });
  }
  await eventually(async () => !(await isLeft(directory)));
}

const directoryOf = (disk: LabDisk): string => dirname(disk.backing);

describe.skipIf(reason !== null)('the end of a disk', () => {
  test('gives many disks a device each, and leaves none of them', async () => {
    const disks = await Promise.all(Array.from({ length: 12 }, (_, i) => labdisk({ size: MiB, plain: i % 2 === 0 })));
    expect(new Set(disks.map(({ device }) => device)).size).toBe(12);
    await Promise.all(disks.map((disk) => disk.close()));
    for (const disk of disks) expect(await isLeft(directoryOf(disk))).toBe(false);
  });

  test('releases stalled I/O when it is closed', async () => {
    const disk = await filledDisk();
    await disk.rule('stall');
    const reading = expect(read(disk.device, 0, 512)).rejects.toThrow('Input/output error');
    await disk.waitFor(({ inFlight }) => inFlight === 1);
    await disk.close();
    await reading;
    await eventually(async () => !(await isLeft(directoryOf(disk))));
  });

  test('does not show a left partition on the next disk of that device', async () => {
    const disk = await labdisk({ size: 4 * MiB, plain: true });
    assertOwnLoop(disk.device);
    await run('addpart', [disk.device, '1', '2048', '2048']);
    await disk.close();
    const partition = `/sys/block/${basename(disk.device)}/${basename(disk.device)}p1`;
    const next: LabDisk[] = [];
    onTestFinished(() => Promise.all(next.map((each) => each.close())).then(() => undefined));
    while (existsSync(partition) && next.length < 32) next.push(await labdisk({ size: MiB, plain: true }));
    expect(existsSync(partition)).toBe(false);
  });

  // Each process is killed at the worst moment: with dirty pages in the cache and a stalled I/O.
  test.each(['keeper', 'server', 'keeper and server'])(
    'leaves nothing that hangs after kill -9 of the %s',
    async (which) => {
      const disk = await filledDisk();
      await dd(['if=/dev/zero', `of=${disk.device}`, 'bs=1M', 'count=2', 'conv=notrunc']);
      await disk.rule('stall');
      const reading = expect(read(disk.device, 3 * MiB, 512)).rejects.toThrow(/Input\/output error|No such device/);
      await disk.waitFor(({ inFlight }) => inFlight > 0);
      const server = await serverOf(disk);
      if (which.includes('keeper')) process.kill(disk.pid, 'SIGKILL');
      if (which.includes('server')) process.kill(server, 'SIGKILL');
      await reading;
      await expectGone(directoryOf(disk), which);
    },
  );

  // A mounted file system with dirty pages: the remaining process unmounts it, and none waits for itself.
  test.skipIf(canMkfs('ext4') !== null).each([
    ['keeper', false],
    ['server', false],
    ['keeper and server', false],
    ['keeper', true],
    ['server', true],
    ['keeper and server', true],
  ])('leaves no mounted file system after kill -9 of the %s (plain %s)', async (which, plain) => {
    const disk = await labdisk({ size: 16 * MiB, mkfs: 'ext4', room: 20 * MiB, plain });
    onTestFinished(() => disk.close());
    await dd(['if=/dev/zero', `of=${disk.tree}/file`, 'bs=1M', 'count=4']);
    const directory = dirname(disk.tree);
    const server = await serverOf(disk);
    if (which.includes('keeper')) process.kill(disk.pid, 'SIGKILL');
    if (which.includes('server')) process.kill(server, 'SIGKILL');
    await expectGone(directory, which);
  });

  test.each(['', '--plain', '--mkfs ext4'])(
    'leaves nothing after kill -9 of the program that started it (%s)',
    async (option) => {
      const args = JSON.stringify(['--size', '16M', ...option.split(' ').filter(Boolean)]);
      const stdio = "{ stdio: ['pipe', 'inherit', 'inherit'] }";
      const script = `require('child_process').spawn(process.argv[1], ${args}, ${stdio})`;
      const parent = spawn(process.execPath, ['-e', script, await buildLabdisk()], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      const [line] = (await once(createInterface(parent.stdout), 'line')) as [string];
      const directory = dirname((JSON.parse(line) as { backing: string }).backing);
      expect(await isLeft(directory)).toBe(true);
      parent.kill('SIGKILL');
      await eventually(async () => !(await isLeft(directory)));
    },
  );

  test('does not mistake a living disk for a dead one', async () => {
    const [first, second] = [await filledDisk(), await filledDisk({ plain: true })];
    expect([await isLeft(directoryOf(first)), await isLeft(directoryOf(second))]).toEqual([true, true]);
    expect(await read(first.device, 0, 512)).toEqual(await read(second.device, 0, 512));
  });

  test('assertOwnLoop refuses a device that the lab did not make', () => {
    for (const path of ['/dev/null', '/dev/loop-control', '/etc/passwd'])
      expect(() => assertOwnLoop(path)).toThrow('not a device of the lab');
  });
});
