// The computer is kept awake while a job of the command line runs, and only then.
import { existsSync, readFileSync } from 'node:fs';
import { chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { Bench, MiB, platter, start } from './support.ts';

const bench = new Bench();
afterEach(() => bench.clear());

/** A folder with a `systemd-inhibit` that runs `script`, as the first of PATH. */
async function withInhibit(script: string): Promise<{ folder: string; env: NodeJS.ProcessEnv }> {
  const folder = await bench.directory();
  const program = join(folder, 'systemd-inhibit');
  await writeFile(program, `#!/bin/sh\n${script}\n`);
  await chmod(program, 0o755);
  return { folder, env: { PATH: `${folder}:${process.env.PATH ?? ''}` } };
}

const copyOf = async (): Promise<string[]> => [
  'copy',
  await bench.image('disk.img', MiB),
  join(await bench.directory(), 'copy.img'),
  '--yes',
];

test('F16 holds off sleep from the start of a job to its end', async () => {
  const { folder, env } = await withInhibit('cd "$(dirname "$0")"; printf "%s\\n" "$@" > asked; cat; touch released');
  const run = await platter(await copyOf(), { env });
  expect(run).toMatchObject({ code: 0, stderr: '' });
  expect(readFileSync(join(folder, 'asked'), 'utf8').split('\n')).toEqual(
    expect.arrayContaining(['--what=sleep:idle', '--mode=block', 'cat']),
  );
  await expect.poll(() => existsSync(join(folder, 'released')), { timeout: 60_000 }).toBe(true);
});

test('F16 holds off sleep no longer when a job is killed', async () => {
  const { folder, env } = await withInhibit('cd "$(dirname "$0")"; touch asked; cat; touch released');
  const running = start([...(await copyOf()), '--throttle', '1K'], { env });
  await expect.poll(() => existsSync(join(folder, 'asked')), { timeout: 60_000 }).toBe(true);
  expect(existsSync(join(folder, 'released'))).toBe(false);
  running.child.kill('SIGKILL');
  await running.ended;
  await expect.poll(() => existsSync(join(folder, 'released')), { timeout: 60_000 }).toBe(true);
});

test('F16 does not hold off sleep in a command that only looks', async () => {
  const { folder, env } = await withInhibit('touch "$(dirname "$0")/asked"');
  expect((await platter(['list'], { env })).code).toBe(0);
  expect(existsSync(join(folder, 'asked'))).toBe(false);
});

test('F16 runs a job without a word where sleep cannot be held off; --verbose says why', async () => {
  const { env } = await withInhibit('echo "Failed to inhibit: Access denied" >&2; exit 1');
  expect(await platter(await copyOf(), { env })).toMatchObject({ code: 0, stderr: '' });
  const verbose = await platter([...(await copyOf()), '--verbose'], { env });
  expect(verbose.code).toBe(0);
  expect(verbose.stderr).toContain('sleep is not held off: Failed to inhibit: Access denied');
});
