// Files that do not answer, and folders that cannot be used. The file of a virtual disk, on its FUSE file system, can
// be made not to answer.
import { execFile } from 'node:child_process';
import { closeSync, constants, existsSync, openSync, readSync, writeSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, describe, expect, test } from 'vitest';
import { canLab } from '../../lab/lab.ts';
import { Bench, MiB, platter, start } from './support.ts';

const execute = promisify(execFile);

const bench = new Bench();
afterEach(() => bench.clear());

const noLab = canLab();
if (noLab !== null) console.warn(`skipped: ${noLab}`);

describe.skipIf(noLab !== null)('a file that does not answer', () => {
  /** A file whose reads are not answered until the test ends. */
  async function silentFile(): Promise<string> {
    const disk = await bench.disk({ size: 8 * MiB, loop: false });
    await disk.rule('stall r');
    bench.finally(() => disk.rule('clear'));
    return disk.device;
  }

  test('F12 names a source that does not answer, and gives it up after the stall timeout', async () => {
    const [silent, copy] = [await silentFile(), join(await bench.directory(), 'copy.img')];
    const run = start(['copy', silent, copy, '--yes', '--stall-timeout', '8']);
    await run.until((_, stderr) => stderr.includes('platter: still waiting for '));
    const { code, stdout, stderr } = await run.ended;
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toContain(`platter: still waiting for ${silent}\n`);
    expect(stderr).toContain(
      `platter: ${silent}: Its file system has not answered for 8 seconds. Check the server, the program or the drive`,
    );
    expect(existsSync(copy)).toBe(false);
  }, 300_000);

  test('F12 gives up a source that does not fit when its end does not answer', async () => {
    const [silent, disk] = [await silentFile(), await bench.disk({ size: 4 * MiB, plain: true })];
    const run = await platter(['copy', silent, disk.device, '--yes', '--json', '--stall-timeout', '2']);
    expect(run.code).toBe(2);
    expect(run.lines).toContainEqual(expect.objectContaining({ event: 'error', code: 'STALLED', path: silent }));
  }, 300_000);

  test('F12 ends on a signal while it waits for a source', async () => {
    const [silent, copy] = [await silentFile(), join(await bench.directory(), 'copy.img')];
    const run = start(['copy', silent, copy, '--yes', '--stall-timeout', '0']);
    await run.until((_, stderr) => stderr.includes('platter: still waiting for '));
    run.child.kill('SIGTERM');
    const { code, stderr } = await run.ended;
    expect(code).toBe(130);
    expect(stderr).toContain(`platter: still waiting for ${silent}\nplatter: stopped before anything was written\n`);
  }, 300_000);

  test('F12 gives up a manifest with a typed reason', async () => {
    const [silent, image] = [await silentFile(), await bench.image('disk.img', MiB)];
    const run = await platter(['verify', '--manifest', silent, image, '--json', '--stall-timeout', '2']);
    expect(run.code).toBe(2);
    expect(run.lines).toMatchObject([{ event: 'error', code: 'STALLED', path: silent }]);
  }, 300_000);

  test('F12 gives up a map with a typed reason', async () => {
    const [silent, image] = [await silentFile(), await bench.image('disk.img', MiB)];
    const run = await platter([
      'copy',
      image,
      join(await bench.directory(), 'copy.img'),
      '--map',
      silent,
      '--yes',
      '--json',
      '--stall-timeout',
      '2',
    ]);
    expect(run.code).toBe(2);
    expect(run.lines).toContainEqual(expect.objectContaining({ event: 'error', code: 'STALLED', path: silent }));
  }, 300_000);
});

describe('a stdout that nobody reads', () => {
  /** The writing end of a full pipe. */
  async function fullPipe(): Promise<number> {
    const path = join(await bench.directory(), 'pipe');
    await execute('mkfifo', [path]);
    const fd = openSync(path, constants.O_RDWR | constants.O_NONBLOCK);
    bench.finally(() => {
      closeSync(fd);
      return Promise.resolve();
    });
    expect(() => {
      for (;;) writeSync(fd, Buffer.alloc(4096));
    }).toThrow('EAGAIN');
    return fd;
  }

  /** The bytes that are in a pipe now. */
  function contents(fd: number): string {
    const buffer = Buffer.alloc(1024 ** 2);
    try {
      return buffer.toString('latin1', 0, readSync(fd, buffer));
    } catch (error) {
      expect(error).toMatchObject({ code: 'EAGAIN' });
      return '';
    }
  }

  test.each<[string, boolean]>([
    ['lines', false],
    ['JSON', true],
  ])('F12 the copy is made, and the reader of %s is given up after the stall timeout', async (_what, json) => {
    const [source, copy] = [await bench.image('disk.img', MiB), join(await bench.directory(), 'copy.img')];
    const run = start(['copy', source, copy, '--yes', '--stall-timeout', '3', ...(json ? ['--json'] : [])], {
      stdout: await fullPipe(),
    });
    const { code, stderr } = await run.ended;
    expect(stderr).toContain(
      'platter: waiting for the program that reads stdout\nplatter: nothing has read stdout for 3 seconds. ' +
        'Part of the output is lost.\n',
    );
    expect(code).toBe(3);
    await execute('cmp', [source, copy]);
  });

  test('F12 gives a late reader the whole output', async () => {
    const [source, copy] = [await bench.image('disk.img', MiB), join(await bench.directory(), 'copy.img')];
    const pipe = await fullPipe();
    const run = start(['copy', source, copy, '--yes', '--json', '--stall-timeout', '0'], { stdout: pipe });
    await run.until((_, stderr) => stderr.includes('platter: waiting for the program that reads stdout\n'));
    let text = '';
    await expect.poll(() => (text += contents(pipe))).toContain('"event":"result"');
    const { code, stderr } = await run.ended;
    expect([code, stderr]).toEqual([0, 'platter: waiting for the program that reads stdout\n']);
  });
});

describe('a state folder that cannot be used', () => {
  test.skipIf(noLab !== null)(
    'F12 makes the copy when old job logs cannot be read, and jobs says what it waits for',
    async () => {
      const [source, copy] = [await bench.image('disk.img', MiB), join(await bench.directory(), 'copy.img')];
      const [home, state] = [await bench.disk({ size: 32 * MiB }), join(await bench.directory(), 'home')];
      await mkdir(state);
      await execute('mkfs.ext4', ['-q', home.device]);
      const mount = (): Promise<unknown> => execute('mount', [home.device, state]);
      await mount();
      bench.finally(async () => {
        await home.rule('clear');
        await execute('umount', [state]);
      });
      const env = { PLATTER_STATE: state };
      for (const again of [[], ['--update']]) await platter(['copy', source, copy, '--yes', ...again], { env });
      await execute('umount', [state]);
      await mount();
      await execute('ls', ['-lR', state]); // names are in the cache, contents are not
      await home.rule('stall r');
      bench.finally(() => home.rule('clear'));

      const listed = start(['jobs'], { env });
      await listed.until((_, stderr) => stderr.includes(`platter: still waiting for ${state}\n`));
      const run = start(['copy', source, copy, '--yes', '--stall-timeout', '8'], { env });
      await run.until((stdout) => stdout.includes('verified'));
      await run.until((_, stderr) => stderr.includes('platter: still waiting for '));
      await execute('cmp', [source, copy]);
      await home.rule('clear');
      expect((await run.ended).code).toBe(0);
      expect((await listed.ended).code).toBe(0);
    },
  );

  test.skipIf(noLab !== null)(
    'F12 says what history waits for when the disk of the state folder does not answer',
    async () => {
      const [home, state] = [await bench.disk({ size: 32 * MiB }), join(await bench.directory(), 'home')];
      await mkdir(state);
      await execute('mkfs.ext4', ['-q', home.device]);
      await execute('mount', [home.device, state]);
      bench.finally(async () => {
        await home.rule('clear');
        await execute('umount', [state]);
      });
      await mkdir(join(state, 'history'));
      await execute('umount', [state]);
      await execute('mount', [home.device, state]); // so that nothing of it is in the cache
      await home.rule('stall r');
      const run = start(['history'], { env: { PLATTER_STATE: state } });
      bench.finally(() => home.rule('clear'));
      await run.until((_, stderr) => stderr.includes(`platter: still waiting for ${state}\n`));
      await home.rule('clear');
      const { code, stdout } = await run.ended;
      expect([code, stdout]).toEqual([0, 'No job has ended yet.\n']);
    },
  );

  test.skipIf(noLab !== null)(
    'F12 ends a copy with its verdict when the state folder hangs, and names what is not kept',
    async () => {
      const [source, copy] = [await bench.image('disk.img', 8 * MiB), join(await bench.directory(), 'copy.img')];
      const [home, state] = [await bench.disk({ size: 32 * MiB }), join(await bench.directory(), 'home')];
      await mkdir(state);
      await execute('mkfs.ext4', ['-q', home.device]);
      await execute('mount', ['-o', 'sync', home.device, state]); // so that every write waits for the disk
      bench.finally(async () => {
        await home.rule('clear');
        await execute('umount', [state]);
      });
      const run = start(['copy', source, copy, '--yes', '--json', '--throttle', '4M', '--stall-timeout', '2'], {
        env: { PLATTER_STATE: state },
      });
      bench.finally(() => home.rule('clear'));
      await run.until((stdout) => stdout.includes('"event":"progress"'));
      await home.rule('stall w', 'stall f');
      await run.until((_, stderr) => stderr.includes('Platter has nothing left to do'));
      await home.rule('clear');
      const { code, stdout, stderr } = await run.ended;
      expect(code).toBe(0);
      expect(stdout).toMatch(/"event":"result".*"verdict":"verified"/u);
      expect(stderr).toMatch(/^platter: this job is not in the history: .* for 2 seconds\. /mu);
      expect(stderr).toMatch(/^platter: the log is not whole: .* for 2 seconds\./mu);
      await execute('cmp', [source, copy]);
    },
  );

  test('F23 finishes the copy when a file is in the way of the state folder, and names it', async () => {
    const [source, copy] = [await bench.image('disk.img', MiB), join(await bench.directory(), 'copy.img')];
    const file = join(await bench.directory(), 'file');
    await writeFile(file, '');
    const env = { PLATTER_STATE: join(file, 'below', 'state') };
    const run = await platter(['copy', source, copy, '--yes'], { env });
    expect(run.code, run.stderr).toBe(0);
    expect(run.stdout).toContain(`${file} is not a folder that can be used.`);
    expect(run.stderr).toContain('Set PLATTER_STATE to a folder that Platter can write.');
    expect(run.stdout + run.stderr).not.toContain('There is nothing at this path');
    const history = await platter(['history'], { env });
    expect(history.code).toBe(2);
    expect(history.stderr).toContain(
      'is not a folder that can be used. Set PLATTER_STATE to a folder that Platter can write.',
    );
  });

  test.skipIf(noLab !== null)('F23 names a read-only file system of the state folder as the reason', async () => {
    const [source, copy] = [await bench.image('disk.img', MiB), join(await bench.directory(), 'copy.img')];
    const folder = join(await bench.directory(), 'read-only');
    await mkdir(folder);
    await execute('mount', ['-t', 'tmpfs', '-o', 'ro', 'tmpfs', folder]);
    bench.finally(async () => {
      await execute('umount', [folder]);
    });
    const run = await platter(['copy', source, copy, '--yes'], { env: { PLATTER_STATE: join(folder, 'a', 'b') } });
    expect(run.code, run.stderr).toBe(0);
    expect(run.stdout).toContain('It is read-only.');
    expect(run.stderr).toContain('this job is not in the history: It is read-only. Set PLATTER_STATE');
  });
});
