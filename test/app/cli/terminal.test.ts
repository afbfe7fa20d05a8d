// On a terminal: it shows what would be lost, asks, and draws one line per destination. `script` gives the terminal.
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { canLab } from '../../lab/lab.ts';
import { Bench, digest, firstDifference, MiB, PLATTER } from './support.ts';
import { inTerminal, onTerminal, quoted } from './terminal-support.ts';

const SIZE = 16 * MiB;

const bench = new Bench();
afterEach(() => bench.clear());

const noLab = canLab();
if (noLab !== null) console.warn(`skipped: ${noLab}`);

describe.skipIf(noLab !== null)('the question', () => {
  test.each(['no', 'y', '', 'YES', 'yes please'])(
    'takes %j for no, writes nothing and exits with 2',
    async (answer) => {
      const source = await bench.image('disk.img', MiB);
      const disk = await bench.disk({ size: SIZE, plain: true });
      const before = await digest(disk.backing);
      const session = onTerminal(bench, ['copy', source, disk.device]);
      await session.see('Type yes to go on: ');
      session.type(`${answer}\r`);
      const { code, screen } = await session.end();
      expect(code).toBe(2);
      expect(screen).toContain('Nothing was written.');
      expect(await digest(disk.backing)).toBe(before);
    },
  );

  test('shows path, model, serial, size and contents before the question', async () => {
    const source = await bench.image('disk.img', MiB);
    const disk = await bench.disk({ size: SIZE, plain: true });
    const session = onTerminal(bench, ['copy', source, disk.device]);
    await session.see('Type yes to go on: ');
    session.type('no\r');
    const { screen } = await session.end();
    expect(screen).toContain('Everything on this destination will be lost');
    expect(screen).toMatch(new RegExp(`${disk.device} {2}.*no serial, 16\\.8 MB`, 'u'));
  });

  test('takes the end of the input for no', async () => {
    const source = await bench.image('disk.img', MiB);
    const disk = await bench.disk({ size: SIZE, plain: true });
    const session = onTerminal(bench, ['copy', source, disk.device]);
    await session.see('Type yes to go on: ');
    session.type('\u0004');
    expect(await session.end()).toMatchObject({ code: 2 });
  });

  test('exits with 130 on Ctrl-C at the question, and writes nothing', async () => {
    const source = await bench.image('disk.img', MiB);
    const disk = await bench.disk({ size: SIZE, plain: true });
    const before = await digest(disk.backing);
    const session = onTerminal(bench, ['copy', source, disk.device]);
    await session.see('Type yes to go on: ');
    session.type('\u0003');
    const { code, screen } = await session.end();
    expect(code).toBe(130);
    expect(screen).toContain('platter: stopped before anything was written');
    expect(await digest(disk.backing)).toBe(before);
  });

  test('takes nothing that was typed before the question for an answer', async () => {
    const source = await bench.image('disk.img', MiB);
    const disk = await bench.disk({ size: SIZE, plain: true });
    const before = await digest(disk.backing);
    const session = onTerminal(bench, ['copy', source, disk.device]);
    session.type('yes\r');
    await session.see('Type yes to go on: ');
    session.type('no\r');
    expect(await session.end()).toMatchObject({ code: 2 });
    expect(await digest(disk.backing)).toBe(before);
  });

  test('never asks with --json, so that stdout stays JSON', async () => {
    const source = await bench.image('disk.img', MiB);
    const disk = await bench.disk({ size: SIZE, plain: true });
    const { code, screen } = await onTerminal(bench, ['copy', source, disk.device, '--json']).end();
    expect(code).toBe(2);
    for (const line of screen.trim().split(/\r?\n/u)) JSON.parse(line);
    expect(screen).toContain('"code":"CONFIRM"');
  });
});

describe.skipIf(noLab !== null)('the live view', () => {
  test('copies after yes, draws in place, and leaves the last state on the screen', async () => {
    const source = await bench.image('disk.img', SIZE);
    const disk = await bench.disk({ size: SIZE });
    await disk.rule('rate w 8M');
    const session = onTerminal(bench, ['copy', source, disk.device]);
    await session.see('Type yes to go on: ');
    session.type('yes\r');
    await session.see(/copying .* \d+ % /u);
    const { code, screen } = await session.end();
    expect(code, screen).toBe(0);
    expect(screen).toMatch(new RegExp(`✓ ${disk.device} +verified .*100 %`, 'u'));
    expect(screen).toContain('1 verified: 16.8 MB in ');
    expect(await firstDifference(source, disk.backing, SIZE)).toBeNull();
    expect(screen.endsWith('\u001b[?25h')).toBe(true); // the cursor is shown again
    const redraws = screen.split('\u001b[?2026h').length - 1;
    const [, seconds] = /MB in (\d+\.\d) s\./u.exec(screen) ?? [];
    expect(redraws).toBeLessThan(5 * Number(seconds) + 20);
  });

  test('says once that it stops on Ctrl-C during the job, and exits with 130', async () => {
    const source = await bench.image('disk.img', SIZE);
    const disk = await bench.disk({ size: SIZE });
    await disk.rule('rate w 4M');
    const session = onTerminal(bench, ['copy', source, disk.device, '--yes']);
    await session.see(/copying .* \d+ % /u);
    session.type('\u0003');
    const { code, screen } = await session.end();
    expect(code, screen).toBe(130);
    expect(screen.split('platter: stopping: ')).toHaveLength(2);
    expect(screen).not.toContain('already stopping');
    expect(screen).toMatch(/– .*cancelled/u);
  });
});

describe('F32 a terminal with few abilities', () => {
  async function screenOf(env: NodeJS.ProcessEnv): Promise<string> {
    const [source, copy] = [await bench.image('disk.img', 2 * MiB), `${await bench.directory()}/${'a'.repeat(60)}.img`];
    const { code, screen } = await inTerminal(
      bench,
      `exec ${[process.execPath, PLATTER, 'copy', source, copy, '--throttle', '2M'].map(quoted).join(' ')}`,
      env,
    ).end();
    expect(code, screen).toBe(0);
    return screen;
  }

  test('prints lines and no escape sequence when TERM is dumb', async () => {
    const screen = await screenOf({ TERM: 'dumb', NO_COLOR: undefined, LC_ALL: 'C.UTF-8' });
    expect(screen).toMatch(/1 s {2}.*(?:copying|verifying)/u);
    expect(screen).not.toContain('\u001b');
  });

  test('takes a terminal without a size for one of 80 columns', async () => {
    const missing = join(await bench.directory(), 'missing.img');
    const { code, screen } = await inTerminal(
      bench,
      `stty cols 0 rows 0; ${[process.execPath, PLATTER, 'copy', missing, missing].map(quoted).join(' ')}`,
    ).end();
    expect(code).toBe(2);
    expect(screen).toContain('There is nothing at this path.');
  });

  test('prints nothing but ASCII when LANG is C', async () => {
    const screen = await screenOf({ LC_ALL: '', LC_CTYPE: '', LANG: 'C' });
    expect(screen).toContain('+ ~aaa');
    expect(screen).not.toMatch(/[^\u0000-\u007f]/u);
  });

  test('draws the glyphs in a UTF-8 locale', async () => {
    expect(await screenOf({ LC_ALL: 'C.UTF-8' })).toContain('✓ …aaa');
  });
});
