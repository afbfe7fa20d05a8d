// The command line when its terminal closes or its job is suspended. `script` makes the terminal, bash the jobs.
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, test } from 'vitest';
import { Bench, digest, MiB, PLATTER, platter } from './support.ts';
import { inTerminal, onTerminal, quoted, type Session } from './terminal-support.ts';

const WRAPPER = fileURLToPath(new URL('../../../build/platter.mjs', import.meta.url));
const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
const PATIENCE = { timeout: 120_000, interval: 100 };

const bench = new Bench();
afterEach(() => bench.clear());

/** The system's Node when it is older than ours. It stays the parent of the command line. null: it is not older. */
const oldNode = ((): string | null => {
  const path = '/usr/bin/node';
  if (!existsSync(path)) return null;
  return execFileSync(path, ['-p', 'process.execve === undefined'], { encoding: 'utf8' }).trim() === 'true'
    ? path
    : null;
})();

interface SlowCopy {
  args: string[];
  source: string;
  copy: string;
}

/** A copy that takes some seconds, long enough to disturb it. */
async function slowCopy(): Promise<SlowCopy> {
  const [source, copy] = [await bench.image('disk.img', 8 * MiB), join(await bench.directory(), 'copy.img')];
  return { args: ['copy', source, copy, '--yes', '--throttle', '1M'], source, copy };
}

const untilBegun = ({ copy }: SlowCopy): Promise<void> =>
  expect.poll(() => existsSync(`${copy}.part`), PATIENCE).toBe(true);
const textOf = (path: string): string => (existsSync(path) ? readFileSync(path, 'utf8') : '');

/** How the jobs of this test ended, as the history has them. */
async function outcomes(): Promise<unknown[]> {
  const { stdout } = await platter(['history', '--json']);
  return (JSON.parse(stdout) as { outcome: unknown }[]).map(({ outcome }) => outcome);
}

/** bash with job control, on a terminal. */
async function inBash(): Promise<Session> {
  const session = inTerminal(bench, 'exec bash --norc --noprofile -i', { HISTFILE: '' });
  await session.see(/[#$] $/u);
  return session;
}

describe('a terminal that closes', () => {
  const commands: [string, string | null, string][] = [
    ['the command line', process.execPath, PLATTER],
    ['the wrapper on an old Node', oldNode, WRAPPER],
    ['npx', 'npx', 'platter'],
  ];
  test.each(commands)(
    'F9 nohup keeps a copy running: %s',
    async (_, program, script) => {
      if (program === null) return;
      const slow = await slowCopy();
      const said = join(await bench.directory(), 'said');
      const session = await inBash();
      session.type(
        `cd ${quoted(ROOT)}; nohup ${[program, script, ...slow.args].map(quoted).join(' ')} > ${quoted(said)} 2>&1 &\n`,
      );
      await untilBegun(slow);
      session.hangUp();
      await expect.poll(() => textOf(said), PATIENCE).toMatch(/1 verified|cancelled/u);
      expect(textOf(said)).toContain('1 verified');
      expect(await digest(slow.copy)).toBe(await digest(slow.source));
      await expect.poll(outcomes, PATIENCE).toEqual(['complete']);
    },
    300_000,
  );

  test('F9 cancels a copy in order without nohup', async () => {
    const slow = await slowCopy();
    const session = onTerminal(bench, slow.args);
    await untilBegun(slow);
    session.hangUp();
    await expect.poll(outcomes, PATIENCE).toEqual(['cancelled']);
    expect(existsSync(slow.copy)).toBe(false);
  }, 300_000);

  test('F9 cancels a background copy in order without nohup, even with its output in a file', async () => {
    const slow = await slowCopy();
    const said = join(await bench.directory(), 'said');
    const session = await inBash();
    session.type(`${[process.execPath, PLATTER, ...slow.args].map(quoted).join(' ')} > ${quoted(said)} 2>&1 &\n`);
    await untilBegun(slow);
    session.hangUp();
    await expect.poll(outcomes, PATIENCE).toEqual(['cancelled']);
    expect(textOf(said)).toContain('cancelled');
  }, 300_000);

  // The kernel signals only the shell, which leads the session and ignores that: the copy goes on without a terminal.
  test.skipIf(oldNode === null)(
    'F17 ends the wrapper on an old Node by SIGHUP, not by a crash, when its terminal closes',
    async () => {
      const slow = await slowCopy();
      const code = join(await bench.directory(), 'code');
      const session = inTerminal(
        bench,
        `trap '' HUP; ${[oldNode!, WRAPPER, ...slow.args].map(quoted).join(' ')}; echo $? > ${quoted(code)}`,
      );
      await untilBegun(slow);
      session.hangUp();
      await expect.poll(() => textOf(code), PATIENCE).toBe('129\n');
      expect(await outcomes()).toEqual(['complete']);
    },
    300_000,
  );
});

test('F9 finishes a copy that was suspended and continued', async () => {
  const slow = await slowCopy();
  const session = await inBash();
  session.type(`${[process.execPath, PLATTER, ...slow.args].map(quoted).join(' ')}\n`);
  await untilBegun(slow);
  session.type('\u001a');
  await session.see('Stopped');
  session.type('fg\n');
  await expect.poll(outcomes, PATIENCE).toEqual(['complete']);
  expect(await digest(slow.copy)).toBe(await digest(slow.source));
}, 300_000);
