// Which users may open a window, and what an ordinary user gets.
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { openWindow } from '../../build/window.mjs';
import { canLab, labdisk } from '../lab/lab.ts';
import { CALLER, imageFolder, launchApp, type App } from './support/app.ts';
import { descendants, uidOf } from './support/processes.ts';
import { chooseImage, tick } from './support/steps.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const ELECTRON = join(ROOT, 'node_modules/electron/dist/electron');
const isRoot = process.getuid?.() === 0;

/** The target of a link. Empty when the link is gone. */
function linkOf(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return '';
  }
}

describe('the launcher without a screen', () => {
  it('opens no window without a screen', async () => {
    expect(await openWindow({ electron: ELECTRON, appDir: ROOT, env: {} })).toBe(2);
  });
});

describe.runIf(isRoot)('the launcher as root', () => {
  it('refuses to open a window as root', () => {
    const { status, stderr } = spawnSync(ELECTRON, ['--no-sandbox', ROOT], { encoding: 'utf8', timeout: 240_000 });
    expect(status).toBe(2);
    expect(stderr).toContain('does not run as root');
  });

  it('refuses a checkout that the ordinary user cannot read, and does not open it as root', async () => {
    const hidden = mkdtempSync(join(tmpdir(), 'platter-hidden-'));
    try {
      mkdirSync(join(hidden, 'out/main'), { recursive: true });
      writeFileSync(join(hidden, 'package.json'), '{}');
      writeFileSync(join(hidden, 'out/main/main.js'), '');
      chmodSync(hidden, 0o700);
      expect(await openWindow({ electron: ELECTRON, appDir: hidden, env: { ...process.env, DISPLAY: ':0' } })).toBe(2);
    } finally {
      rmSync(hidden, { recursive: true });
    }
  });
});

describe.runIf(isRoot)('the launcher with sudo', () => {
  it('S1 runs window and engine host as the user who called sudo, without capabilities', async () => {
    await using app = await launchApp();
    for (const pid of [await app.electron.evaluate(() => process.pid), app.hostPid()]) {
      expect(uidOf(pid)).toBe(CALLER);
      expect(readFileSync(`/proc/${pid}/status`, 'utf8')).toMatch(/^CapPrm:\t0+\nCapEff:\t0+$/m);
    }
  });

  it('S1 gives the control socket of the broker to main and the engine host only', async () => {
    await using app = await launchApp();
    const main = await app.electron.evaluate(() => process.pid);
    const control = readlinkSync(`/proc/${main}/fd/3`);
    expect(control).toMatch(/^socket:/);
    const holders = descendants(app.launcher.pid!).filter((pid) =>
      readdirSync(`/proc/${pid}/fd`).some((fd) => linkOf(`/proc/${pid}/fd/${fd}`) === control),
    );
    expect(holders.sort()).toEqual([main, app.hostPid()].sort());
  });
});

describe.runIf(isRoot)('the launcher as an ordinary user', () => {
  let app: App | null = null;
  afterEach(async () => {
    await app?.[Symbol.asyncDispose]();
    app = null;
  });

  it('runs window and engine host as that user', async () => {
    app = await launchApp({ unprivileged: true });
    expect(uidOf(app.hostPid())).not.toBe(0);
  });

  it.skipIf(canLab() !== null)('refuses with advice a disk that only root may open', async () => {
    const folder = imageFolder();
    await using disk = await labdisk({ size: 8 * 1024 * 1024 });
    try {
      const image = join(folder, 'disk.img');
      writeFileSync(image, Buffer.alloc(1024 * 1024, 7));
      app = await launchApp({ unprivileged: true });
      await chooseImage(app, image);
      await tick(app, disk.device);
      await app.page.getByRole('button', { name: 'Review' }).click();
      const alert = app.page.getByRole('alert');
      await alert.waitFor();
      expect(await alert.innerText()).toContain('NOT_PERMITTED');
      expect(await alert.innerText()).toContain(disk.device);
      expect((await disk.counters()).writes).toBe(0);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('brings the first window to the front when it is started again, and ends', async () => {
    app = await launchApp({ unprivileged: true });
    const env = await app.electron.evaluate(({ BrowserWindow }) => {
      const seen: string[] = [];
      const window = BrowserWindow.getAllWindows()[0]!;
      window.isMinimized = () => true;
      window.restore = () => void seen.push('restored');
      window.focus = () => void seen.push('focused');
      Object.assign(globalThis, { seen });
      return process.env;
    });
    const { status } = spawnSync(ELECTRON, [ROOT], { env, uid: 65534, gid: 65534, timeout: 240_000 });
    expect(status).toBe(0);
    await expect
      .poll(() => app!.electron.evaluate(() => (globalThis as unknown as { seen: string[] }).seen))
      .toEqual(['restored', 'focused']);
  });

  it('restarts with Refresh an engine host that was killed between jobs', async () => {
    app = await launchApp({ unprivileged: true });
    const before = app.hostPid();
    process.kill(before, 'SIGKILL');
    await app.page.getByText('Press Refresh').waitFor();
    await app.page.getByRole('button', { name: 'Refresh' }).click();
    await app.page.getByText('Press Refresh').waitFor({ state: 'detached' });
    expect(app.hostPid()).toBeGreaterThan(0);
    expect(app.hostPid()).not.toBe(before);
  });
});
