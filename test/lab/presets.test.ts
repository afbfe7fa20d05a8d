// labdisk for people: presets that do what they say, typed rules, and a help that lists everything.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { open } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { describe, expect, onTestFinished, test } from 'vitest';
import { assertOwnLoop, buildLabdisk, labdisk, type LabDisk } from './lab.ts';
import { backing, dd, filledDisk, flipped, fresh, KiB, MiB, old, read, reason, run, write } from './support.ts';

const SIZE = 4 * MiB;

/** Writes the whole disk, then flushes it. Gives what went wrong, or ''. */
const writeAll = (disk: LabDisk): Promise<string> =>
  dd([`of=${disk.device}`, 'bs=64K', 'iflag=fullblock', 'oflag=direct', 'conv=notrunc,fsync'], fresh(SIZE)).then(
    () => '',
    String,
  );
/** Reads the whole disk. */
const readAll = (disk: LabDisk): Promise<string> =>
  dd([`if=${disk.device}`, 'bs=64K', 'iflag=direct', 'of=/dev/null']).then(() => '', String);
const blockdev = async (disk: LabDisk, option: string): Promise<string> =>
  (await run('blockdev', [option, disk.device])).stdout.toString().trim();

/** For each preset: checks that it does what it says. */
const shows: Record<string, (disk: LabDisk) => Promise<void>> = {
  async healthy(disk) {
    expect([await readAll(disk), await writeAll(disk)]).toEqual(['', '']);
    expect((await backing(disk, 0, SIZE)).equals(fresh(SIZE))).toBe(true);
  },
  async 'bad-sectors'(disk) {
    expect(await readAll(disk)).toContain('Input/output error');
    expect([await writeAll(disk), await readAll(disk)]).toEqual(['', '']);
  },
  async failing(disk) {
    expect(await readAll(disk)).toContain('Input/output error');
    expect((await disk.counters()).badSectors).toBeGreaterThan(0);
  },
  async 'worn-out'(disk) {
    expect([await readAll(disk), await writeAll(disk)]).toEqual(['', expect.stringContaining('Input/output error')]);
  },
  async flaky(disk) {
    const { stderr } = await run('dd', [`if=${disk.device}`, 'of=/dev/null', 'bs=4K', 'iflag=direct', 'conv=noerror']);
    const failed = stderr.split('error reading').length - 1;
    expect(failed).toBeGreaterThan(1);
    expect(failed).toBeLessThan(30); // of 1024
    expect((await disk.counters()).errors).toBe(failed);
  },
  async slow(disk) {
    const start = performance.now();
    expect(await readAll(disk)).toBe('');
    expect(performance.now() - start).toBeGreaterThan(350);
  },
  async latency(disk) {
    const start = performance.now();
    expect(await readAll(disk)).toBe('');
    expect(performance.now() - start).toBeGreaterThan((SIZE / 65536) * 5 - 20);
  },
  async 'sd-card'(disk) {
    const start = performance.now();
    expect(await writeAll(disk)).toBe(''); // 64 writes at 20 MiB/s; with this seed some hiccup
    expect(performance.now() - start).toBeGreaterThan(190);
    const { rules } = await disk.counters();
    expect(rules).toBe(1); // the rates are not rules
  },
  async 'slow-flush'(disk) {
    const start = performance.now();
    expect(await writeAll(disk)).toBe('');
    expect(performance.now() - start).toBeGreaterThan(2900);
  },
  async stalls(disk) {
    const writing = writeAll(disk);
    await disk.waitFor(({ inFlight, bytesWritten }) => inFlight === 1 && bytesWritten > SIZE / 4);
    await disk.rule('go');
    expect(await writing).toBe('');
  },
  async dies(disk) {
    expect(await writeAll(disk)).toContain('Input/output error');
    expect(await readAll(disk)).toContain('Input/output error');
  },
  async unplugged(disk) {
    expect(await writeAll(disk)).toContain('No such device');
  },
  async shrinks(disk) {
    expect(await writeAll(disk)).toContain('No space left on device');
    expect(await blockdev(disk, '--getsize64')).toBe(String(SIZE / 4));
  },
  async corrupts(disk) {
    expect(await writeAll(disk)).toBe('');
    const want = Buffer.concat([fresh(SIZE * 0.75), old(4096, SIZE * 0.75), fresh(SIZE).subarray(SIZE * 0.75 + 4096)]);
    expect((await backing(disk, 0, SIZE)).equals(flipped(want, SIZE / 4, 1))).toBe(true);
  },
  async 'fake-capacity'(disk) {
    expect(await writeAll(disk)).toBe('');
    expect((await backing(disk, 0, SIZE)).equals(Buffer.concat([fresh(SIZE / 2), old(SIZE / 2, SIZE / 2)]))).toBe(true);
  },
  async full(disk) {
    expect(await writeAll(disk)).toContain('No space left on device');
  },
  async 'flush-fails'(disk) {
    expect(await writeAll(disk)).toContain('fsync failed');
  },
  async 'power-cut'(disk) {
    await write(disk.device, 0, fresh(MiB));
    await disk.rule('powercut');
    expect((await read(disk.device, 0, MiB)).equals(old(MiB))).toBe(true);
  },
  async 'read-only'(disk) {
    expect([await readAll(disk), await writeAll(disk)]).toEqual(['', expect.stringMatching(/not permitted|Read-only/)]);
  },
  async '4kn'(disk) {
    expect(await blockdev(disk, '--getss')).toBe('4096');
  },
  async rotating(disk) {
    expect((await run('lsblk', ['-ndo', 'ROTA', disk.device])).stdout.toString().trim()).toBe('1');
    const file = await open(disk.device);
    const start = performance.now();
    // Never cached.
    for (let i = 0; i < 16; i++) await file.read(Buffer.alloc(512), 0, 512, (i % 2) * SIZE * 0.75 + i * 32 * KiB);
    expect(performance.now() - start).toBeGreaterThan(15 * 8);
    await file.close();
  },
};

describe.skipIf(reason !== null)('the lab for a person at a terminal', () => {
  test.each(Object.keys(shows))('makes by the preset %s the disk that it describes', async (preset) => {
    // Filled from behind: a full disk has no room for old().
    const disk = preset === 'full' ? await labdisk({ preset, size: SIZE }) : await filledDisk({ preset, size: SIZE });
    onTestFinished(() => disk.close());
    assertOwnLoop(disk.device);
    await shows[preset]!(disk);
  });

  test('lists every preset in its help, and each has a test here', async () => {
    const { stdout } = await run(await buildLabdisk(), ['--help']);
    const [, list] = stdout.toString().split('Presets');
    const names = [...list!.matchAll(/^ {2}(\S+) {2}/gm)].map(([, name]) => name);
    expect(names.toSorted()).toEqual(Object.keys(shows).toSorted());
  });

  test.each([
    [['nonsense'], 'no such preset'],
    [['flaky', 'slow'], 'one preset at a time'],
    [['--plain', '--size', '1M', '--rule', 'dead'], 'no rules'],
    [['healthy', '--rule', 'nonsense'], 'nonsense'],
    [['healthy', '--wrong'], 'wrong'],
    [['healthy', '--room', '0'], '--room'],
  ])('refuses the arguments %j', async (args, why) => {
    const { code, stderr } = await run(await buildLabdisk(), args);
    expect(code).toBeGreaterThan(0);
    expect(stderr).toContain(why);
  });

  test('describes a disk in words at a terminal', async () => {
    const { stdout } = await run(
      'script',
      ['-qec', `${await buildLabdisk()} flaky --size 1M`, '/dev/null'],
      Buffer.from('\x04'),
    );
    const text = stdout.toString();
    expect(text).toContain('1048576 bytes, sectors of 512: one read or write in a hundred fails');
    expect(text).toMatch(/in force: chance rw 1\r\n.*\^D removes the disk/s);
  });

  test('takes lines typed at it as rules, and shows the counters on an empty one', async () => {
    const child = spawn(await buildLabdisk(), ['flaky', '--size', '1M'], { stdio: ['pipe', 'pipe', 'pipe'] });
    const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
    const next = async (): Promise<unknown> => JSON.parse(String((await lines.next()).value));
    const { device } = (await next()) as { device: string };
    assertOwnLoop(device);
    child.stdin.write('clear\nbad r 8K 1s\n');
    child.stdin.write('\n');
    expect(await next()).toMatchObject({ rules: 0, badSectors: 1 });
    await expect(read(device, 8192, 512)).rejects.toThrow('Input/output error');
    let said = '';
    child.stderr.on('data', (data: Buffer) => (said += data.toString()));
    child.stdin.end('perhaps\n');
    const [code] = (await once(child, 'close')) as [number];
    expect([code, said]).toEqual([0, 'labdisk: perhaps: Invalid argument\n']);
  });
});
