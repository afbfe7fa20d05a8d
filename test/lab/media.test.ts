// Faults of a medium or its place: bad sectors, chance, unplugging, no room; and the kernel's view of a disk.
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { assertOwnLoop, canLimitWrites, labdisk, withQueue, type LabDisk } from './lab.ts';
import { backing, dd, endsWithin, filledDisk, fresh, KiB, MiB, old, read, reason, run, write } from './support.ts';

/** Numbers of the sectors that GNU ddrescue's own tool finds bad in a mapfile. */
async function badSectorsOf(map: string): Promise<number[]> {
  const { code, stdout, stderr } = await run('ddrescuelog', ['--list-blocks=-', map]);
  if (code !== 0) throw new Error(stderr);
  return stdout.toString().split('\n').filter(Boolean).map(Number);
}

const limitMissing = reason ?? canLimitWrites();
if (limitMissing !== null) console.error(`the test of --write-rate is skipped: ${limitMissing}`);

async function folder(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'lab-test-'));
  onTestFinished(() => rm(path, { recursive: true }));
  return path;
}

/**
 * One character for each block of 4 KiB: does a direct write fail? All writes run at once, in any order. Reads would
 * not do, because programs that list disks read this one too and would use up random faults.
 */
async function failures(disk: LabDisk, blocks: readonly number[]): Promise<string> {
  const seen = await Promise.all(
    blocks.map((block) =>
      write(disk.device, block * 4096, fresh(4096)).then(
        () => '.',
        () => 'x',
      ),
    ),
  );
  return seen.join('');
}

const range = (length: number): number[] => Array.from({ length }, (_, i) => i);
const sysfs = (disk: LabDisk, name: string): Promise<string> =>
  readFile(`/sys/block/${basename(disk.device)}/queue/${name}`, 'utf8');
/** What the disk's device number is attached to now. Another disk may have taken it. */
const attachedTo = (disk: LabDisk): Promise<string> =>
  readFile(`/sys/block/${basename(disk.device)}/loop/backing_file`, 'utf8').catch(() => ''); // detached

describe.skipIf(reason !== null)('a medium of the lab', () => {
  test('rule bad: cannot be read until it is written, like a disk with spare sectors', async () => {
    const disk = await filledDisk();
    await disk.rule('bad r 33s 2s ENODATA', 'bad r 1M 512 ENODATA');
    expect((await disk.counters()).badSectors).toBe(3);
    await expect(read(disk.device, 33 * 512, 512)).rejects.toThrow('No data available');
    await expect(read(disk.device, 0, 64 * KiB)).rejects.toThrow('No data available');
    expect(await read(disk.device, 35 * 512, 512)).toEqual(old(512, 35 * 512));
    await write(disk.device, 32 * 512, fresh(1024));
    expect(await read(disk.device, 32 * 512, 1024)).toEqual(fresh(1024));
    await expect(read(disk.device, 34 * 512, 512)).rejects.toThrow();
    await disk.rule('clear');
    expect(await read(disk.device, MiB, 512)).toEqual(old(512, MiB));
  });

  test('rule bad w: writes what lies before the range, and stays bad', async () => {
    const disk = await filledDisk();
    await disk.rule('bad w 8K 1s');
    for (let i = 0; i < 2; i++)
      await expect(write(disk.device, 0, fresh(16 * KiB))).rejects.toThrow('Input/output error');
    expect(await backing(disk, 0, 16 * KiB)).toEqual(Buffer.concat([fresh(8 * KiB), old(8 * KiB, 8 * KiB)]));
    expect(await read(disk.device, 8 * KiB, 512)).toEqual(old(512, 8 * KiB));
  });

  test.each([512, 4096] as const)(
    'rule bad-percent: breaks a share of the sectors of %i bytes, the same ones for a seed',
    async (sector) => {
      const maps: string[] = [];
      for (const seed of [1, 1, 2]) {
        const disk = await filledDisk({ sector, rules: [`bad-percent r 5 EIO ${seed}`] });
        maps.push(await disk.map());
        const share = (await disk.counters()).badSectors / ((4 * MiB) / 512);
        expect(share).toBeGreaterThan(0.03);
        expect(share).toBeLessThan(0.07);
      }
      expect(maps[1]).toBe(maps[0]);
      expect(maps[2]).not.toBe(maps[0]);
      for (const line of maps[0]!.split('\n').filter((text) => text.endsWith('-') && text.startsWith('0x')))
        for (const number of line.split(/\s+/).slice(0, 2)) expect(Number(number) % sector).toBe(0);
    },
  );

  test("map: agrees with ddrescue's, and makes the same disk from ddrescue's map", async () => {
    const disk = await filledDisk({ rules: ['bad r 33s 1s', 'bad-percent r 0.2 EIO 7'] });
    const dir = await folder();
    await writeFile(join(dir, 'lab.map'), await disk.map());
    const rescued = await run('ddrescue', ['-q', '-d', disk.device, join(dir, 'image'), join(dir, 'ddrescue.map')]);
    expect(rescued.code).toBe(0);
    const bad = await badSectorsOf(join(dir, 'lab.map'));
    expect(bad).toContain(33);
    expect(await badSectorsOf(join(dir, 'ddrescue.map'))).toEqual(bad);
    const twin = await filledDisk({ rules: [`bad-map r ${join(dir, 'ddrescue.map')}`] });
    expect(await twin.map()).toBe(await disk.map());
    await expect(read(twin.device, 33 * 512, 512)).rejects.toThrow('Input/output error');
    await writeFile(join(dir, 'no.map'), 'not a map\n');
    await expect(twin.rule(`bad-map r ${join(dir, 'no.map')}`)).rejects.toThrow('EINVAL');
    await expect(twin.rule(`bad-map r ${join(dir, 'none.map')}`)).rejects.toThrow('ENOENT');
  });

  test('rule chance: fails a share of all I/O in any order, decided for every try', async () => {
    const disk = await filledDisk();
    const blocks = range(64);
    await disk.rule('chance w 30 EIO 5');
    const first = await failures(disk, blocks);
    expect(first).toMatch(/^([.]*x){8,30}[.]*$/);
    const second = await failures(disk, blocks);
    expect(second).not.toBe(first);
    await disk.rule('clear', 'chance w 30 EIO 5');
    expect(await failures(disk, blocks)).toBe(first);
    expect(await failures(disk, blocks)).toBe(second);
    await disk.rule('clear', 'chance w 30 EIO 6');
    expect(await failures(disk, blocks)).not.toBe(first);
    await read(disk.device, 0, MiB); // w means writes
  });

  test('rule delay: holds each I/O alone, so that a deep queue is no slower', async () => {
    const disk = await filledDisk({ rules: ['delay r 500000'] });
    const start = performance.now();
    // One after the other they would take eight seconds.
    expect(await endsWithin(7, () => Promise.all(range(16).map((i) => read(disk.device, i * 4096, 4096))))).toBe(true);
    expect(performance.now() - start).toBeGreaterThan(490);
  });

  test('rule hiccup: makes some I/O slow, the same for a seed', async () => {
    const slow: string[] = [];
    for (let i = 0; i < 2; i++) {
      // No loop device, because programs that list all of them would read it too.
      const disk = await filledDisk({ loop: false, rules: ['hiccup r 30 500000 3', 'log on r'] });
      for (const block of range(16)) await read(disk.device, block * 4096, 4096);
      slow.push((await disk.log()).map(({ delay }) => (delay === 500_000 ? 'x' : '.')).join(''));
    }
    expect(slow[0]).toMatch(/^([.]*x){2,10}[.]*$/);
    expect(slow[1]).toBe(slow[0]);
  });

  test('rule seek: moves the heads between distant sectors, one move after the other', async () => {
    const disk = await filledDisk({ size: 16 * MiB, rules: ['seek r 400000'] });
    const time = async (...offsets: number[]): Promise<number> => {
      const start = performance.now();
      await Promise.all(offsets.map((offset) => read(disk.device, offset, 4096)));
      return performance.now() - start;
    };
    const inOrder = (): Promise<Buffer> =>
      dd([`if=${disk.device}`, 'bs=64K', 'count=16', 'iflag=direct', 'of=/dev/null']);
    expect(await endsWithin(6, inOrder)).toBe(true); // sixteen moves would take longer
    expect(await time(8 * MiB)).toBeGreaterThan(390);
    expect(await time(0, 4 * MiB, 8 * MiB, 12 * MiB)).toBeGreaterThan(3 * 400 - 10); // the heads are at one of them
  });

  test('rule gone: fails every I/O, also on open files, and removes the device with its last user', async () => {
    const disk = await filledDisk({ rules: ['after w 1M gone'] });
    const writing = dd(['if=/dev/zero', `of=${disk.device}`, 'bs=64K', 'oflag=direct', 'conv=notrunc']);
    await expect(writing).rejects.toThrow('No such device');
    expect((await backing(disk, 0, 2 * MiB)).equals(Buffer.concat([Buffer.alloc(MiB), old(MiB, MiB)]))).toBe(true);
    expect((await disk.counters()).size).toBe(0);
    await expect.poll(() => attachedTo(disk)).not.toContain(disk.ctl.replace(/ctl$/, ''));
  });

  test.each([false, true])('rule room: fills the file system of the backing file (plain %s)', async (plain) => {
    const disk = await labdisk({ size: 8 * MiB, room: 2 * MiB, plain });
    onTestFinished(() => disk.close());
    assertOwnLoop(disk.device);
    await write(disk.device, 0, fresh(MiB));
    const filling = dd(['if=/dev/zero', `of=${disk.device}`, 'bs=64K', 'oflag=direct', 'conv=notrunc']);
    await expect(filling).rejects.toThrow('No space left on device');
    await write(disk.device, 0, fresh(MiB)); // what already has its place keeps it
    const buffered = dd(['if=/dev/zero', `of=${disk.device}`, 'bs=64K', 'seek=32', 'count=16', 'conv=notrunc,fsync']);
    await expect(buffered).rejects.toThrow(/fsync failed.*(Input\/output error|No space left)/s);
  });

  test('rotational: shows in the kernel, and not on the next disk', async () => {
    const disk = await labdisk({ size: MiB, rotational: true });
    expect(await sysfs(disk, 'rotational')).toBe('1\n');
    await disk.close();
    expect(await sysfs(await filledDisk(), 'rotational')).toBe('0\n');
  });

  test.skipIf(limitMissing !== null)(
    'write rate: slows writes in the kernel, and not those to the next device of that name',
    async () => {
      const limits = (): Promise<string> => readFile('/sys/fs/cgroup/blkio/blkio.throttle.write_bps_device', 'utf8');
      const disk = await labdisk({ size: 4 * MiB, plain: true, writeRate: 8 * MiB });
      assertOwnLoop(disk.device);
      const number = (await run('lsblk', ['-dno', 'MAJ:MIN', disk.device])).stdout.toString().trim();
      expect(await limits()).toContain(`${number} ${String(8 * MiB)}\n`);
      const start = performance.now();
      await write(disk.device, 0, fresh(4 * MiB));
      expect(performance.now() - start).toBeGreaterThan(350);
      process.kill(disk.pid, 'SIGKILL');
      await disk.close();
      await expect.poll(limits).not.toContain(`${number} `);
    },
  );

  test('queue.sh: shows a zoned disk to one program', async () => {
    const disk = await filledDisk();
    const command = withQueue(disk.device, { zoned: 'host-managed', optimal_io_size: '65536' }, [
      'lsblk',
      '-nd',
      '-o',
      'ZONED,OPT-IO',
      disk.device,
    ]);
    const { code, stdout, stderr } = await run(command[0]!, command.slice(1));
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout.toString().trim().split(/\s+/)).toEqual(['host-managed', '65536']);
    expect(await sysfs(disk, 'zoned')).toBe('none\n');
  });

  test.each([
    'bad',
    'bad r 0',
    'bad f 0 512',
    'bad-percent r 0',
    'bad-percent r 101',
    'bad-percent r',
    'bad-map r',
    'chance r',
    'chance q 1',
    'chance r 5x',
    'gone now',
    'hiccup r 1',
    'seek r',
  ])('refuses the rule "%s" of a medium', async (line) => {
    const disk = await filledDisk();
    await expect(disk.rule(line)).rejects.toThrow('EINVAL');
    expect(await disk.counters()).toMatchObject({ rules: 0, badSectors: 0 });
  });
});
