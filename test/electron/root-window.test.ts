// The window that root opens without sudo: its user, that user's rights, and what can reach it.
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { handOver, sudoCaller, usedIds } from '../../build/window-user.mjs';
import { canLab, labdisk, seededBytes } from '../lab/lab.ts';
import { imageFolder, launchApp, picture } from './support/app.ts';
import { uidOf } from './support/processes.ts';
import { chooseImage, holdToStart, review, tick } from './support/steps.ts';

const PYTHON = '/usr/bin/python3';
const ROOT = join(import.meta.dirname, '../..');
const NOBODY = 65_534;
/** Two user IDs that no account has. */
const [USER, OTHER] = [54_322, 54_323];
const MIB = 1024 * 1024;

const isRoot = process.getuid?.() === 0;
const as = (uid: number, ...argv: string[]): string[] => [
  'setpriv',
  `--reuid=${uid}`,
  `--regid=${uid}`,
  '--clear-groups',
  ...argv,
];

describe('the caller of sudo', () => {
  it.runIf(isRoot)('takes the user that sudo names, and nobody for root itself or without sudo', () => {
    expect(sudoCaller({ SUDO_UID: '1000', SUDO_GID: '1000' })).toEqual({ uid: 1000, gid: 1000 });
    expect(sudoCaller({ SUDO_UID: '1000', SUDO_GID: '0' })).toEqual({ uid: 1000, gid: 0 });
    expect(sudoCaller({ SUDO_UID: '0', SUDO_GID: '0' })).toBeNull();
    expect(sudoCaller({})).toBeNull();
  });

  it.runIf(isRoot).each([
    ['x', '1000'],
    ['1000', ''],
    ['-1', '1000'],
    ['1000', undefined],
    ['', '1000'],
  ])('never takes root for the caller when SUDO_UID is "%s" and SUDO_GID is "%s"', (uid, gid) => {
    expect(() => sudoCaller({ SUDO_UID: uid, SUDO_GID: gid })).toThrow('do not name a user');
  });
});

describe.runIf(isRoot)("the folder of a window's user", () => {
  let lab: string;
  beforeEach(() => {
    lab = mkdtempSync(join(tmpdir(), 'platter-handover-'));
    chmodSync(lab, 0o755);
  });
  afterEach(() => rmSync(lab, { recursive: true }));

  it('S2 writes no X cookie through a link that a process of that user plants while the folder is made', async () => {
    const victim = join(lab, 'victim');
    writeFileSync(victim, 'secret', { mode: 0o600 });
    writeFileSync(join(lab, 'cookie'), 'cookie', { mode: 0o600 });
    for (let attempt = 0; attempt < 20; attempt++) {
      const name = `window-${attempt}-`;
      const [program = '', ...args] = as(
        USER,
        PYTHON,
        join(import.meta.dirname, 'support/plant-link.py'),
        lab,
        name,
        'Xauthority',
        victim,
      );
      const attacker = spawn(program, args, { stdio: ['pipe', 'ignore', 'inherit'] });
      attacker.stdin.write(''); // the pipe is the attacker's reason to stay
      await watching(attacker.pid!);

      const folder = mkdtempSync(join(lab, name));
      handOver({ uid: USER, gid: USER }, folder, join(lab, 'cookie'));

      attacker.stdin.end();
      await once(attacker, 'exit');
      expect(readFileSync(victim, 'utf8')).toBe('secret');
      expect(statSync(victim)).toMatchObject({ uid: 0, mode: 0o100600 });
      expect(lstatSync(join(folder, 'Xauthority'))).toMatchObject({ uid: USER, gid: USER, mode: 0o100600 });
      expect(statSync(folder)).toMatchObject({ uid: USER, mode: 0o40700 });
    }
  });

  it('S2 does not follow a link that is already there', () => {
    const folder = mkdtempSync(join(lab, 'window-'));
    const victim = join(lab, 'victim');
    writeFileSync(victim, 'secret', { mode: 0o600 });
    writeFileSync(join(lab, 'cookie'), 'cookie');
    execFileSync('ln', ['-s', victim, join(folder, 'Xauthority')]);
    expect(() => handOver({ uid: USER, gid: USER }, folder, join(lab, 'cookie'))).toThrow('EEXIST');
    expect(readFileSync(victim, 'utf8')).toBe('secret');
    expect(statSync(folder).uid).toBe(0);
  });

  /** Waits until a process watches something by inotify. */
  async function watching(pid: number): Promise<void> {
    await expect
      .poll(
        () =>
          readdirSync(`/proc/${pid}/fdinfo`).some((fd) =>
            readFileSync(`/proc/${pid}/fdinfo/${fd}`, 'utf8').includes('inotify wd'),
          ),
        { interval: 5 },
      )
      .toBe(true);
  }
});

describe.runIf(isRoot)('a user ID for a window', () => {
  it('S3 takes no user ID that has a process, or a file in a shared folder', async () => {
    const [program = '', ...args] = as(USER, 'sleep', '60');
    const sleeper = spawn(program, args, { stdio: 'ignore' });
    const file = join(tmpdir(), `platter-used-${process.pid}`);
    try {
      await expect.poll(() => uidOf(sleeper.pid!)).toBe(USER);
      writeFileSync(file, '');
      execFileSync('chown', [String(OTHER), file]);
      const used = usedIds();
      expect([0, USER, OTHER].filter((uid) => !used.has(uid))).toEqual([]);
    } finally {
      sleeper.kill();
      rmSync(file);
    }
  });
});

describe.runIf(isRoot)('the terminal on which root opens the window', () => {
  it("S3 keeps root's terminal out of reach of the window's user, who could type into it", () => {
    const lab = mkdtempSync(join(tmpdir(), 'platter-terminal-'));
    try {
      chmodSync(lab, 0o755);
      const electron = join(lab, 'electron');
      writeFileSync(
        electron,
        `#!${PYTHON}
import os
try:
    os.close(os.open('/dev/tty', os.O_RDWR))
    print('a terminal')
except OSError:
    print('no terminal', [os.isatty(fd) for fd in range(3)])
`,
        { mode: 0o755 },
      );
      const options = JSON.stringify({ electron, appDir: ROOT, env: { PATH: process.env.PATH, DISPLAY: ':0' } });
      const program =
        `const { openWindow } = await import(${JSON.stringify(join(ROOT, 'build/window.mjs'))}); ` +
        `process.exitCode = await openWindow(${options});`;
      const onTerminal = [
        '-c',
        'import pty, sys; sys.exit(pty.spawn(sys.argv[1:]) >> 8)',
        process.execPath,
        '--input-type=module',
        '--eval',
        program,
      ];

      const { status, stdout } = spawnSync(PYTHON, onTerminal, { encoding: 'utf8' });

      expect(stdout.trim()).toBe('no terminal [False, False, False]');
      expect(status).toBe(0);
    } finally {
      rmSync(lab, { recursive: true });
    }
  });
});

describe.runIf(isRoot)("root's window without sudo", () => {
  it('S3 runs window and engine host under a user ID of their own that no other user reaches', async () => {
    await using app = await launchApp({ root: true });
    const main = await app.electron.evaluate(() => process.pid);
    const uid = uidOf(main);
    expect(uid).toBeGreaterThanOrEqual(61_184);
    expect(uid).toBeLessThanOrEqual(65_519);
    expect(spawnSync('getent', ['passwd', String(uid)]).status).toBe(2);
    const processes = [
      main,
      app.hostPid(),
      ...(await app.electron.evaluate(({ app: of }) => of.getAppMetrics().map(({ pid }) => pid))),
    ];
    for (const pid of processes) {
      expect(uidOf(pid)).toBe(uid);
      for (const attacker of [NOBODY, OTHER]) {
        const [program = '', ...args] = as(
          attacker,
          PYTHON,
          join(import.meta.dirname, 'support/reach.py'),
          String(pid),
        );
        expect(execFileSync(program, args, { encoding: 'utf8' }), `${attacker} at ${pid}`).toBe('tried\n');
      }
    }
    const folder = `/run/platter-window-${uid}`;
    expect(statSync(folder)).toMatchObject({ uid, mode: 0o40700 });
    await app.electron.close();
    await app.gone;
    expect(existsSync(folder)).toBe(false);
  });

  it("S3 does not open root's files, and says so", async () => {
    const folder = mkdtempSync(join(tmpdir(), 'platter-roots-'));
    try {
      const image = join(folder, 'root.img');
      writeFileSync(image, seededBytes(MIB, 1), { mode: 0o600 });
      await using disk = await labdisk({ size: 8 * MIB });
      await using app = await launchApp({ root: true });
      await chooseImage(app, image);
      await tick(app, disk.device);
      await app.page.getByRole('button', { name: 'Review' }).click();
      const alert = app.page.getByRole('alert');
      await alert.getByText('NOT_PERMITTED').waitFor();
      expect(await alert.innerText()).toContain(image);
      expect(await alert.innerText()).toContain('no matter who started it');
      expect((await disk.counters()).writes).toBe(0);
      await picture(app.page, 'root-window-refused');
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it.skipIf(canLab() !== null)('S3 opens disks through the broker, and writes them', async () => {
    const folder = imageFolder();
    try {
      const image = join(folder, 'disk.img');
      writeFileSync(image, seededBytes(4 * MIB, 2), { mode: 0o644 });
      await using disk = await labdisk({ size: 4 * MIB });
      await using app = await launchApp({ root: true });
      await chooseImage(app, image);
      await tick(app, disk.device);
      await review(app);
      await holdToStart(app);
      await app.page.getByRole('heading', { name: '1 verified' }).waitFor();
      execFileSync('cmp', [image, disk.backing]);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
