// The help of the command line, and how it refuses what it does not understand.
import { spawnSync } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { Bench, digest, engineLacks, MiB, PLATTER, platter, start, stateDirectory } from './support.ts';

const bench = new Bench();
afterEach(() => bench.clear());

describe('help', () => {
  test.each([
    [['--help']],
    [['copy', '--help']],
    [['verify', '--help']],
    [['repair', '--help']],
    [['resume', '--help']],
  ])('%j has options, examples and exit codes, on stdout', async (args) => {
    const run = await platter(args);
    expect(run.code).toBe(0);
    expect(run.stderr).toBe('');
    for (const word of ['Usage: platter', 'Options:', 'Examples:', 'Exit codes:', '130'])
      expect(run.stdout).toContain(word);
    for (const line of run.stdout.split('\n')) expect(line.length, line).toBeLessThanOrEqual(80);
  });

  test.each([['copy'], ['mount']])('help %s prints what its --help prints', async (name) => {
    const [of, own] = [await platter(['help', name]), await platter([name, '--help'])];

    expect([of.code, of.stderr, of.stdout]).toEqual([0, '', own.stdout]);
  });

  test('help prints what --help prints', async () => {
    expect((await platter(['help'])).stdout).toBe((await platter(['--help'])).stdout);
  });

  test('names in list --help its options', async () => {
    const run = await platter(['list', '--help']);
    expect(run.code).toBe(0);
    expect(run.stdout).toMatch(/--all[^]*--json/u);
  });

  test('names in copy --help every option of the command', async () => {
    const { stdout } = await platter(['copy', '--help']);
    for (const option of [
      '--name',
      '--no-verify',
      '--io',
      'uring',
      'threads',
      '--memory',
      '--yes',
      '--json',
      '--update',
      '--manifest-from',
      '--manifest',
      '--repair',
      '--keep-going',
      '--rescue',
      '--retries',
      '--map',
      '--no-sparse',
      '--assume-blank',
      '--throttle',
      '--throttle-dest',
      '--stall-timeout',
    ])
      expect(stdout).toContain(option);
  });

  test('prints with --version the version of package.json', async () => {
    const { version } = JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8')) as {
      version: string;
    };
    expect(await platter(['--version'])).toMatchObject({ code: 0, stdout: `${version}\n`, stderr: '' });
  });

  test('prints the help on stderr without a command, and fails', async () => {
    const run = await platter([]);
    expect(run).toMatchObject({ code: 2, stdout: '' });
    expect(run.stderr).toContain('Usage: platter');
  });
});

describe('command lines that are refused with exit code 2, on stderr only', () => {
  test.each([
    [['nonsense'], 'nonsense'],
    [['copy'], 'SOURCE'],
    [['copy', 'a'], 'DEST'],
    [['verify', 'a'], 'DEST'],
    [['copy', 'a', 'b', '--fast'], '--fast'],
    [['verify', 'a', 'b', '--yes'], '--yes'],
    [['copy', 'a', 'b', '--io', 'mmap'], 'uring, threads'],
    [['copy', 'a', 'b', '--memory', '1K'], '64 KiB to 1 GiB of memory'],
    [['copy', 'a', 'b', '--memory', '65535'], '64 KiB to 1 GiB of memory'],
    [['copy', 'a', 'b', '--memory', '1025M'], '64 KiB to 1 GiB of memory'],
    [['copy', 'a', 'b', '--memory', 'lots'], 'from 64K to 1G'],
    [['copy', 'a', 'b', '--memory', '-1'], 'from 64K to 1G'],
    [['copy', 'a', 'b', '--name', ' two\nlines'], 'one line'],
    [['copy', 'a', 'b', '--name', 'x'.repeat(81)], '80 characters'],
    [['list', 'extra'], 'too many arguments'],
    [['jobs', 'extra'], 'too many arguments'],
    [['verify', '--manifest', 'm'], 'SOURCE'],
    [['copy', 'a', 'b', '--map', 'm', '--update'], '--map'],
    [['copy', 'a', 'b', '--throttle-dest', 'c=1M'], "'c'"],
    [['resume', 'no/job'], 'no/job'],
  ])('%j', async (args, named) => {
    const run = await platter(args);
    expect(run).toMatchObject({ code: 2, stdout: '' });
    expect(run.stderr).toMatch(/^platter: /u);
    expect(run.stderr).toContain(named);
  });

  test('exits with 2 when there is no job to continue, and says what to do', async () => {
    const run = await platter(['resume']);
    expect(run).toMatchObject({ code: 2, stdout: '' });
    expect(run.stderr).toMatch(/^platter: There is no interrupted job to continue\. /u);
    expect(await platter(['jobs'])).toMatchObject({
      code: 0,
      stdout: 'No interrupted job: nothing is waiting to be continued.\n',
    });
    expect(await platter(['jobs', '--json'])).toMatchObject({ code: 0, stdout: '[]\n' });
  });

  test.for(['forget', 'resume'])('exits with 2 from %s of an unknown job', async (command, { skip }) => {
    const reason = engineLacks();
    if (reason !== null) skip(reason);
    const refused = await platter([command, '20000101-000000-000000', '--json']);
    expect(refused.code).toBe(2);
    expect(refused.lines).toMatchObject([{ event: 'error', side: null, code: 'NOTHING_TO_DO' }]);
  });

  test('prints a refusal as JSON with --json', async () => {
    const run = await platter(['copy', 'a', 'b', '--json', '--memory', '1K']);
    expect(run.code).toBe(2);
    expect(run.lines).toEqual([
      {
        event: 'error',
        side: null,
        path: null,
        code: 'BAD_ARGUMENT',
        errno: null,
        offset: null,
        length: null,
        message: expect.stringContaining('64 KiB to 1 GiB of memory') as string,
        advice: expect.any(String) as string,
      },
    ]);
  });
});

describe('stdout that cannot be written', () => {
  /** Runs platter with stdout on a device that is always full. */
  const onFullDisk = (args: string[]): { status: number | null; stderr: string } => {
    const full = openSync('/dev/full', 'w');
    const { status, stderr } = spawnSync(process.execPath, [PLATTER, ...args], {
      stdio: ['ignore', full, 'pipe'],
      encoding: 'utf8',
      env: { ...process.env, PLATTER_STATE: stateDirectory() },
    });
    closeSync(full);
    return { status, stderr };
  };
  const SAID = 'platter: cannot write to stdout: ENOSPC: no space left on device, write\n';

  test.each([
    [['list', '--json']],
    [['jobs']],
    [['history', '--csv']],
    [['--help']],
    [['copy', '--help']],
    [['--version']],
  ])('F4 %j exits with 3 and says why', (args) => {
    expect(onFullDisk(args)).toEqual({ status: 3, stderr: SAID });
  });

  test.each([[[]], [['--json']]])('F4 finishes a copy with %j, exits with 3 and says why once', async (options) => {
    const [source, copy] = [await bench.image('disk.img', 4 * MiB), join(await bench.directory(), 'copy.img')];
    expect(onFullDisk(['copy', source, copy, '--yes', '--throttle', '2M', ...options])).toEqual({
      status: 3,
      stderr: SAID,
    });
    expect(await digest(copy)).toBe(await digest(source));
  });

  test('F4 exits with 2 from a refused copy, because nothing was written', async () => {
    const source = await bench.image('disk.img', MiB);
    expect(onFullDisk(['copy', source, source, '--yes', '--json'])).toEqual({ status: 2, stderr: SAID });
  });

  test.each([[['--help']], [['list', '--all']], [['list', '--json']]])(
    'F4 %j into a pipe that nobody reads ends with exit code 0 and says nothing',
    async (args) => {
      const run = start(args);
      run.child.stdout!.destroy();
      expect(await run.ended).toMatchObject({ code: 0, signal: null, stderr: '' });
    },
  );
});
