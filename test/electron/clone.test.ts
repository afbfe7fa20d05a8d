// From a click to three real block devices, one of which fails.
import { execFileSync } from 'node:child_process';
import { rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { canLab, labdisk, seededBytes, type LabDisk } from '../lab/lab.ts';
import { imageFolder, launchApp, picture, type App } from './support/app.ts';
import { chooseImage, holdToStart, review, tick, tileOf, tiles } from './support/steps.ts';

const MIB = 1024 * 1024;
/** Not a multiple of a sector. */
const IMAGE_SIZE = 24 * MIB + 100;
const DISK_SIZE = 32 * MIB;
const BAD_OFFSET = 12 * MIB;

const reason = canLab();

describe.skipIf(reason !== null)(`cloning in the window${reason === null ? '' : ` (${reason})`}`, () => {
  const folder = imageFolder();
  const image = join(folder, 'disk.img');
  let app: App;
  let disks: LabDisk[] = [];

  beforeAll(() => writeFileSync(image, seededBytes(IMAGE_SIZE, 1)));
  afterAll(() => rmSync(folder, { recursive: true }));
  beforeEach(async () => {
    disks = await Promise.all([0, 1, 2].map(() => labdisk({ size: DISK_SIZE })));
    app = await launchApp();
  });
  afterEach(async () => {
    await app[Symbol.asyncDispose]();
    await Promise.all(disks.map((disk) => disk.close()));
  });

  /** Throws unless the device begins with the image, byte for byte. */
  const compare = ({ backing }: LabDisk): Buffer =>
    execFileSync('cmp', ['--bytes', String(IMAGE_SIZE), image, backing]);

  it('says where and why one of three drives failed, and verifies the other two', async () => {
    const { page } = app;
    const [first, bad, last] = disks as [LabDisk, LabDisk, LabDisk];
    await bad.rule(`eio w ${BAD_OFFSET} 4K`);
    {
      // Plugged in and pulled out again while the window is open: the kernel announces both.
      await using late = await labdisk({ size: DISK_SIZE, plain: true });
      await page.getByRole('checkbox', { name: late.device }).waitFor();
    }
    for (const disk of disks) await disk.rule('rate w 4M');

    await chooseImage(app, image);
    await tick(app, first.device, bad.device, last.device);
    await picture(page, '1-choose');
    expect(
      await page.evaluate(() => document.documentElement.scrollHeight <= innerHeight),
      'the page fits its window',
    ).toBe(true);
    await review(app);
    for (const { device } of disks)
      await page
        .getByRole('list', { name: 'Will be erased' })
        .getByText(device.replace('/dev/', ''), { exact: true })
        .waitFor();
    await picture(page, '2-review');
    await holdToStart(app);
    await tileOf(page, first.device).getByText('Copying').waitFor();
    await tileOf(page, first.device)
      .getByText(/[1-9]\d*\s%/)
      .waitFor();
    await picture(page, '3-running');
    for (const disk of disks) await disk.rule('rate w 0');

    await page.getByRole('heading', { name: /2 of 3 verified, 1 failed/ }).waitFor();
    await picture(page, '4-ended');
    const failed = tiles(page, 'failed');
    expect(await failed.count()).toBe(1);
    expect(await tiles(page, 'verified').count()).toBe(2);
    const words = await tileOf(page, bad.device).innerText();
    expect(words).toContain('MEDIUM_ERROR');
    expect(words).toContain('sector 24,576');
    expect(words).toContain('Replace this drive');

    await tileOf(page, bad.device)
      .getByRole('button', { name: /Details/ })
      .click();
    const details = await page.getByRole('dialog').innerText();
    expect(details).toContain('EIO');
    expect(details).toContain(bad.device);
    await picture(page, '5-details');
    await page.keyboard.press('Escape');

    compare(first);
    compare(last);
    await page.getByRole('button', { name: 'New job' }).click();
    await page.getByRole('heading', { name: 'Source' }).waitFor();
  });

  it('finishes three drives, and then a second job in the same window', async () => {
    for (const round of [1, 2]) {
      await chooseImage(app, image);
      await tick(app, ...disks.map(({ device }) => device));
      await review(app);
      await holdToStart(app);
      await app.page.getByRole('heading', { name: '3 verified' }).waitFor();
      for (const disk of disks) {
        compare(disk);
        writeFileSync(disk.backing, Buffer.alloc(DISK_SIZE, round));
      }
      await app.page.getByRole('button', { name: 'New job' }).click();
      await app.page.getByRole('heading', { name: 'Source' }).waitFor();
    }
  });

  it('chooses by its path an image that is dropped on the window', async () => {
    const zone = await app.page.getByRole('region', { name: 'Source' }).boundingBox();
    const devtools = await app.page.context().newCDPSession(app.page);
    const at = { x: zone!.x + 50, y: zone!.y + 50, data: { items: [], files: [image], dragOperationsMask: 1 } };
    for (const type of ['dragEnter', 'dragOver', 'drop'] as const)
      await devtools.send('Input.dispatchDragEvent', { type, ...at });
    await app.page.getByRole('group', { name: `Image file ${image}` }).waitFor();
  });

  it('refuses with the device, the reason and advice, and writes nothing', async () => {
    const [small] = disks as [LabDisk];
    const growing = join(folder, 'growing.img');
    writeFileSync(growing, Buffer.alloc(DISK_SIZE));
    await chooseImage(app, growing);
    await tick(app, small.device);
    // The list locks a drive that is too small for what was chosen. This image grows later.
    truncateSync(growing, DISK_SIZE + 512);
    await app.page.getByRole('button', { name: 'Review' }).click();
    const alert = app.page.getByRole('alert');
    await alert.getByText('Not started: nothing was written.').waitFor();
    expect(await alert.innerText()).toContain('TOO_SMALL');
    expect(await alert.innerText()).toContain(small.device);
    expect((await small.counters()).writes).toBe(0);
    await picture(app.page, '6-refused');
  });
});
