// An image as files in the real window: served, shown in the file manager, closed by the person or by quitting.
import { execFileSync } from 'node:child_process';
import { chownSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type {} from '../../renderer/bridge.ts'; // window.platter
import { serverLacks } from '../../build/native.mjs';
import { lacks } from '../app/parsers/source-files.ts';
import { seededBytes } from '../lab/lab.ts';
import { imageFolder, launchApp, picture, type App } from './support/app.ts';
import { chooseImage, chooseNewImage, runToVerified } from './support/steps.ts';

const MIB = 1024 ** 2;
/** fusermount3 serves users with an account only. */
const NOBODY = 65_534;
const missing = serverLacks();
const cannot =
  (missing.length > 0 ? `without ${missing.join(', ')}` : null) ?? lacks('mkfs.ext4') ?? lacks('fusermount3');

/** The folders in which the user of the window has images open. */
const opened = (): string[] =>
  readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .filter((line) => line.includes(' - fuse.platter platter-folder ') && line.includes(`user_id=${NOBODY}`))
    .map((line) => line.split(' ')[4]!);

describe.skipIf(cannot !== null || process.getuid?.() !== 0)('images as files in the window', () => {
  const folder = imageFolder();
  const image = join(folder, 'disk.img');
  beforeAll(() => {
    const files = join(folder, 'files');
    mkdirSync(files);
    writeFileSync(join(files, 'letter'), seededBytes(3 * MIB, 1));
    writeFileSync(image, Buffer.alloc(32 * MIB));
    chownSync(folder, NOBODY, NOBODY);
    execFileSync('mkfs.ext4', ['-q', '-F', '-L', 'root', '-d', files, image]);
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  /** Keeps what the file manager would show. */
  const watchFileManager = ({ electron }: App): Promise<void> =>
    electron.evaluate(({ shell }) => {
      const shown: string[] = [];
      Object.assign(globalThis, { shown });
      shell.openPath = (path) => {
        shown.push(path);
        return Promise.resolve('');
      };
    });

  it('opens what is chosen and what a job has written, and closes both', async () => {
    const before = opened();
    const copy = join(folder, 'copy.img.zst');
    await using app = await launchApp({ unprivileged: true });
    const { page } = app;
    await watchFileManager(app);
    await chooseImage(app, image);
    await page.getByRole('button', { name: 'Open disk.img' }).click();
    await page.getByText('disk.img is open, read-only.').waitFor();
    await picture(page, 'open-1-source');
    const [served] = opened().filter((one) => !before.includes(one));
    const read = ['--reuid', String(NOBODY), '--regid', String(NOBODY), '--clear-groups', 'cat', `${served}/disk.img`];
    expect(execFileSync('setpriv', read, { maxBuffer: 64 * MIB }).equals(readFileSync(image))).toBe(true);
    await page.getByRole('button', { name: 'Close disk.img' }).click();
    await page.getByText('disk.img is open, read-only.').waitFor({ state: 'detached' });
    expect([opened(), existsSync(served!)]).toEqual([before, false]);

    await chooseNewImage(app, copy);
    await runToVerified(app);
    await page.getByRole('button', { name: 'Open copy.img.zst' }).click();
    await page.getByText('copy.img.zst is open, read-only.').waitFor();
    await picture(page, 'open-2-written');
    expect(opened()).toHaveLength(before.length + 1);

    await page.getByRole('button', { name: 'New job' }).click();
    await page.getByRole('button', { name: 'History' }).click();
    await page.getByRole('button', { name: /^Details of/ }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Open copy.img.zst' }).waitFor();
    await picture(page, 'open-3-history');
  });

  it('has closed every image when it has quit', () => {
    expect(opened()).toEqual([]);
  });

  it('opens no file that the person did not give', async () => {
    await using app = await launchApp({ unprivileged: true });

    const answer = await app.page.evaluate((path) => window.platter!.openImage(path, null), image);

    expect(answer).toMatchObject({ ok: false });
    expect(opened()).toEqual([]);
  });
});
