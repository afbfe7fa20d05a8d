// Checking and repairing in the real app: two block devices, one of which differs from the source.
import { execFileSync } from 'node:child_process';
import { closeSync, openSync, readFileSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { canLab, labdisk, seededBytes, type LabDisk } from '../lab/lab.ts';
import { answerOpenDialog, answerSaveDialog, imageFolder, launchApp, picture, type App } from './support/app.ts';
import { chooseImage, holdToStart, review, tick, tileOf } from './support/steps.ts';

const MIB = 1024 * 1024;
const IMAGE_SIZE = 8 * MIB;
const DISK_SIZE = 16 * MIB;
/** In sector 10,248. Differences are found sector by sector. */
const DIFFERENT = 5 * MIB + 4096;

const reason = canLab();

describe.skipIf(reason !== null)(`a check in the window${reason === null ? '' : ` (${reason})`}`, () => {
  const folder = imageFolder();
  const image = join(folder, 'disk.img');
  const manifest = join(folder, 'disk.manifest');
  let app: App;
  let disks: LabDisk[] = [];

  beforeAll(async () => {
    const data = seededBytes(IMAGE_SIZE, 1);
    writeFileSync(image, data);
    disks = await Promise.all([0, 1].map(() => labdisk({ size: DISK_SIZE })));
    for (const { backing } of disks) put(backing, data, 0);
    put(disks[1]!.backing, Buffer.from('not the source'), DIFFERENT);
    app = await launchApp();
  });
  afterAll(async () => {
    await app[Symbol.asyncDispose]();
    await Promise.all(disks.map((disk) => disk.close()));
    rmSync(folder, { recursive: true });
  });

  it('shows which of two disks differs and where, then repairs it and checks it against the manifest', async () => {
    const { page } = app;
    const [good, bad] = disks as [LabDisk, LabDisk];
    const before = readFileSync(bad.backing);
    await page.getByText('Check only').click();
    await chooseImage(app, image);
    await tick(app, good.device, bad.device);
    await review(app);
    await page.getByRole('heading', { name: 'Check 2 drives?' }).waitFor();
    await page.getByRole('button', { name: 'Start' }).click();
    await page.getByRole('heading', { name: '1 of 2 verified, 1 failed' }).waitFor();
    expect(await tileOf(page, bad.device).innerText()).toMatch(
      /sector 10,248\): it differs from the source[^]*VERIFY_MISMATCH, sector 10,248/,
    );
    await picture(page, '13-checked');
    expect((await bad.counters()).writes).toBe(0);
    expect(readFileSync(bad.backing).equals(before)).toBe(true);

    await page.getByRole('button', { name: 'Repair what differs' }).click();
    await page.getByRole('heading', { name: 'Repair 1 drive?' }).waitFor();
    await holdToStart(app);
    await page.getByRole('heading', { name: '1 verified', exact: true }).waitFor();
    execFileSync('cmp', ['--bytes', String(IMAGE_SIZE), image, bad.backing]);
    expect(readFileSync(bad.backing).subarray(IMAGE_SIZE).equals(before.subarray(IMAGE_SIZE))).toBe(true);

    await answerSaveDialog(app, manifest);
    await page.getByRole('button', { name: 'Job details' }).click();
    await page.getByRole('button', { name: /^Save manifest of/ }).click();
    await page.getByRole('dialog').getByText(`Saved: ${manifest}`).waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('button', { name: 'New job' }).click();
    await page.getByText('Check only').click();
    await answerOpenDialog(app, manifest);
    await page.getByRole('button', { name: 'Change…' }).click();
    await page.getByRole('button', { name: 'Choose a manifest…' }).click();
    await page.getByRole('group', { name: `Manifest ${manifest}` }).waitFor();
    await tick(app, good.device, bad.device);
    await review(app);
    await page.getByRole('button', { name: 'Start' }).click();
    await page.getByRole('heading', { name: '2 verified', exact: true }).waitFor();
  });
});

/** Writes bytes into the backing file of a disk that has not been read yet. */
function put(backing: string, bytes: Buffer, offset: number): void {
  const file = openSync(backing, 'r+');
  writeSync(file, bytes, 0, bytes.length, offset);
  closeSync(file);
}
