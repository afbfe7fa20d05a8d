// What a job survives (reload, a crashed page), and how it ends otherwise (cancel, quit, signals, a killed host).
import { execFileSync } from 'node:child_process';
import { closeSync, constants, openSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Bridge } from '../../app/contract/window.ts';
import { canLab, labdisk, seededBytes, type LabDisk } from '../lab/lab.ts';
import { imageFolder, launchApp, picture, type App } from './support/app.ts';
import { holdToStart, startJob, tileOf, tiles } from './support/steps.ts';

const SIZE = 32 * 1024 * 1024;
const reason = canLab();

describe.skipIf(reason !== null)(`a job and its window${reason === null ? '' : ` (${reason})`}`, () => {
  const folder = imageFolder();
  const image = join(folder, 'disk.img');
  let app: App;
  let disk: LabDisk;

  beforeAll(() => writeFileSync(image, seededBytes(SIZE, 2)));
  afterAll(() => rmSync(folder, { recursive: true }));
  beforeEach(async () => {
    disk = await labdisk({ size: SIZE });
    app = await launchApp();
    await disk.rule('rate w 2M'); // sixteen seconds of writing, or until `hurry`
    await startJob(app, image, [disk.device]);
    await tileOf(app.page, disk.device)
      .getByText(/[1-9]\d*\s%/)
      .waitFor();
  });
  afterEach(async () => {
    await app[Symbol.asyncDispose]();
    await disk.close();
  });

  /** Lifts the limit of the device. */
  const hurry = (): Promise<void> => disk.rule('rate w 0');

  /** Answers the question whether to stop a running job. Returns how often it was asked. */
  const answerQuit = async (button: 'Keep running' | 'Stop and quit'): Promise<() => Promise<number>> => {
    await app.electron.evaluate(({ dialog }, wanted) => {
      const asked = Object.assign(globalThis, { asked: 0 });
      dialog.showMessageBox = (...args: unknown[]) => {
        asked.asked++;
        const { buttons = [] } = args.at(-1) as Electron.MessageBoxOptions;
        return Promise.resolve({ response: buttons.indexOf(wanted), checkboxChecked: false });
      };
    }, button);
    return () => app.electron.evaluate(() => (globalThis as unknown as { asked: number }).asked);
  };

  /** Throws EBUSY while the device is held. The kernel releases an io_uring a moment after its process ends. */
  const takeDevice = async (): Promise<void> => {
    for (let left = 100; ; left--) {
      try {
        closeSync(openSync(disk.device, constants.O_RDWR | constants.O_EXCL));
        return;
      } catch (error) {
        if (left === 0) throw error;
        await sleep(100);
      }
    }
  };

  const alive = (pid: number): boolean => {
    try {
      return process.kill(pid, 0);
    } catch {
      return false;
    }
  };

  it('stops the job on Cancel, says so, and releases the device', async () => {
    await app.page.getByRole('button', { name: 'Cancel' }).click();
    await app.page.getByRole('button', { name: 'Stop', exact: true }).click();
    await tiles(app.page, 'cancelled').waitFor();
    await picture(app.page, '7-cancelled');
    const { writes, inFlight } = await disk.counters();
    expect(inFlight).toBe(0);
    await takeDevice();
    await sleep(300);
    expect((await disk.counters()).writes).toBe(writes);
  });

  it('keeps the job when the page is reloaded', async () => {
    await app.page.reload();
    await tileOf(app.page, disk.device).getByText('Copying').waitFor();
    const { startedAt, seconds, speeds } = await app.page.evaluate(() =>
      (window as unknown as { platter: Bridge }).platter.getSpeeds(),
    );
    expect(startedAt).not.toBeNull();
    expect(seconds.length).toBeGreaterThan(0);
    expect(speeds.map(({ length }) => length)).toEqual([seconds.length]);
    await hurry();
    await app.page.getByRole('heading', { name: '1 verified' }).waitFor();
  });

  it('loads a crashed page again, and keeps the job', async () => {
    const headline = (): Promise<string> =>
      app.electron.evaluate(
        ({ BrowserWindow }) =>
          BrowserWindow.getAllWindows()[0]!.webContents.executeJavaScript(
            'document.querySelector("h2")?.textContent ?? ""',
          ) as Promise<string>,
      );
    await app.electron.evaluate(
      ({ BrowserWindow }) =>
        new Promise<void>((resolve) => {
          const { webContents } = BrowserWindow.getAllWindows()[0]!;
          webContents.once('did-finish-load', () => resolve());
          webContents.forcefullyCrashRenderer();
        }),
    );
    await expect.poll(headline).toMatch(/copying/);
    await hurry();
    await expect.poll(headline).toMatch(/1 verified/);
  });

  it('asks before the window closes, and "Keep running" keeps window and job', async () => {
    const asked = await answerQuit('Keep running');
    await app.electron.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows()[0]!.close());
    await expect.poll(asked).toBe(1);
    await hurry();
    await app.page.getByRole('heading', { name: '1 verified' }).waitFor();
  });

  it('keeps the job when the window is lost, and shows it at the next start', async () => {
    await app.electron.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows()[0]!.destroy());
    const opened = app.electron.waitForEvent('window');
    await app.electron.evaluate(({ app: main }) =>
      main.emit('second-instance', {}, ['electron', main.getAppPath()], '/'),
    );
    const page = await opened;
    await tileOf(page, disk.device).getByText('Copying').waitFor();
    await hurry();
    await page.getByRole('heading', { name: '1 verified' }).waitFor();
  });

  it('asks before quitting, stops the job safely, and ends window, host and launcher', async () => {
    const host = app.hostPid();
    await answerQuit('Stop and quit');
    await app.electron.evaluate(({ app: main }) => main.quit());
    expect(await app.gone).toBe(0);
    await expect.poll(() => alive(host)).toBe(false);
    expect((await disk.counters()).inFlight).toBe(0);
    await takeDevice();
  });

  it('stops the job safely on SIGTERM without a question', async () => {
    const host = app.hostPid();
    app.launcher.kill('SIGTERM');
    expect(await app.gone).toBe(0);
    await expect.poll(() => alive(host)).toBe(false);
    expect((await disk.counters()).inFlight).toBe(0);
    await takeDevice();
  });

  it('ends the host with a killed window, and the job stops safely', async () => {
    const host = app.hostPid();
    const main = await app.electron.evaluate(() => process.pid);
    process.kill(main, 'SIGKILL');
    expect(await app.gone).toBe(137);
    await expect.poll(() => alive(host)).toBe(false);
    await takeDevice();
  });

  it('reports an engine host that was killed, and continues in the window what it left', async () => {
    process.kill(app.hostPid(), 'SIGKILL');
    const alert = app.page.getByRole('alert').filter({ hasText: 'engine host' });
    await alert.waitFor();
    expect(await alert.innerText()).toContain('HOST_FAILED');
    expect(await alert.innerText()).toContain('Continue the job: it checks what is on the drives, and finishes them.');
    await picture(app.page, '8-host-killed');
    await takeDevice();
    await hurry();
    await app.page.getByRole('button', { name: 'Continue', exact: true }).click();
    await app.page.getByRole('heading', { name: 'Continue 1 copy?' }).waitFor();
    await holdToStart(app);
    await app.page.getByRole('heading', { name: '1 verified' }).waitFor();
    execFileSync('cmp', [image, disk.backing]);
  });
});
