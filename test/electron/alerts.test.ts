// Notifications, the taskbar and the block against sleep, during a job and at its end.
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type {} from '../../renderer/bridge.ts'; // window.platter
import { canLab, labdisk, seededBytes, type LabDisk } from '../lab/lab.ts';
import { imageFolder, launchApp, type App } from './support/app.ts';
import { startJob } from './support/steps.ts';

const MIB = 1024 * 1024;
const reason = canLab();

/** The messages of main to the desktop. */
interface Told {
  notifications: { title: string; body: string }[];
  progress: { value: number; mode: string | undefined }[];
  sleep: string[];
  focused: boolean;
}

describe.skipIf(reason !== null)(`alerts on the desktop${reason === null ? '' : ` (${reason})`}`, () => {
  const folder = imageFolder();
  const image = join(folder, 'disk.img');
  let app: App;
  let disks: [LabDisk, LabDisk];

  beforeAll(async () => {
    writeFileSync(image, seededBytes(8 * MIB, 4));
    disks = [await labdisk({ size: 8 * MIB }), await labdisk({ size: 8 * MIB })];
    for (const disk of disks) await disk.rule('rate w 4M');
    app = await launchApp();
    await app.electron.evaluate(({ BrowserWindow, Notification, powerSaveBlocker }) => {
      const told: Told = { notifications: [], progress: [], sleep: [], focused: false };
      Object.assign(globalThis, { told });
      Notification.isSupported = () => true;
      Notification.prototype.show = function show(this: Electron.Notification) {
        told.notifications.push({ title: this.title, body: this.body });
      };
      powerSaveBlocker.start = (type) => told.sleep.push(type);
      powerSaveBlocker.stop = (id) => told.sleep.push(`stop ${id}`) > 0;
      const window = BrowserWindow.getAllWindows()[0]!;
      window.isFocused = () => told.focused;
      window.setProgressBar = (value, options) => void told.progress.push({ value, mode: options?.mode });
    });
  });
  afterAll(async () => {
    await app[Symbol.asyncDispose]();
    for (const disk of disks) await disk.close();
    rmSync(folder, { recursive: true });
  });

  const told = (): Promise<Told> => app.electron.evaluate(() => (globalThis as unknown as { told: Told }).told);
  const forget = (more: Partial<Told> = {}): Promise<void> =>
    app.electron.evaluate(
      (_electron, change) =>
        void Object.assign((globalThis as unknown as { told: Told }).told, {
          notifications: [],
          progress: [],
          sleep: [],
          ...change,
        }),
      more,
    );

  it('notifies which drive failed and how the job ended, shows the total, and keeps the system awake', async () => {
    const [good, bad] = disks;
    await bad.rule('eio w 1M 4K');
    await startJob(
      app,
      image,
      disks.map(({ device }) => device),
    );
    await app.page.getByRole('heading', { name: '1 of 2 verified, 1 failed' }).waitFor();
    await expect.poll(async () => (await told()).notifications.length).toBe(2);
    const { notifications, progress, sleep } = await told();
    expect(notifications[0]?.title).toMatch(/^\w+ failed$/);
    expect(notifications[1]?.title).toBe('1 of 2 verified, 1 failed');
    for (const { body } of notifications) {
      expect(body).toContain(bad.device.replace('/dev/', ''));
      expect(body).toMatch(/1\.05 MB|sector 2,048/);
      expect(body).not.toContain(good.device);
    }
    expect(sleep).toEqual(['prevent-app-suspension', 'stop 1']);
    expect(progress[0]).toEqual({ value: 0, mode: 'normal' });
    expect(progress.at(-1)).toEqual({ value: -1, mode: 'none' });
    expect(progress.some(({ value, mode }) => value > 0 && value < 1 && mode === 'error')).toBe(true);
    expect(progress.length, 'whole percents').toBeLessThanOrEqual(2 * 102);
  });

  it('notifies nothing while the window is in front, or when it is not wanted', async () => {
    const [good, bad] = disks;
    for (const disk of disks) await disk.rule('clear');
    for (const wanted of [true, false]) {
      await app.page.getByRole('button', { name: 'New job' }).click();
      await app.page.evaluate((notifications) => window.platter!.changeSettings({ notifications }), wanted);
      await forget({ focused: wanted });
      await startJob(app, image, [good.device, bad.device]);
      await app.page.getByRole('heading', { name: '2 verified' }).waitFor();
      await expect.poll(async () => (await told()).sleep.length).toBe(2);
      expect((await told()).notifications).toEqual([]);
    }
  });
});
