// After a job in the real app: history, report, repetition; log and diagnostics say what support needs, and no more.
import { execFileSync } from 'node:child_process';
import { chmodSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readManifest } from '../../app/engine/formats/manifest.ts';
import { recordSchema } from '../../app/records/record.ts';
import { canLab, labdisk, seededBytes, type LabDisk } from '../lab/lab.ts';
import { answerSaveDialog, imageFolder, launchApp, picture, type App } from './support/app.ts';
import { review, startJob } from './support/steps.ts';

const MIB = 1024 * 1024;
const reason = canLab();

describe.skipIf(reason !== null)(`after a job in the window${reason === null ? '' : ` (${reason})`}`, () => {
  const folder = imageFolder();
  const image = join(folder, 'disk.img');
  let app: App;
  let disks: LabDisk[] = [];

  beforeAll(async () => {
    chmodSync(folder, 0o777); // reports are saved by the ordinary user
    writeFileSync(image, seededBytes(8 * MIB, 1));
    // In the order of the list, because two disks that are made at the same time get numbers in either order.
    disks = (await Promise.all([0, 1].map(() => labdisk({ size: 16 * MIB })))).sort((one, other) =>
      one.device.localeCompare(other.device, 'en', { numeric: true }),
    );
    app = await launchApp();
  });
  afterAll(async () => {
    await app[Symbol.asyncDispose]();
    await Promise.all(disks.map((disk) => disk.close()));
    rmSync(folder, { recursive: true });
  });

  it('saves the report of a job from the job and from the history, and repeats the job', async () => {
    const { page } = app;
    const [good, bad] = disks as [LabDisk, LabDisk];
    await bad.rule(`eio w ${2 * MIB} 4K`);
    await startJob(app, image, [good.device, bad.device]);
    await page.getByRole('heading', { name: /1 of 2 verified, 1 failed/ }).waitFor();

    await answerSaveDialog(app, join(folder, 'report.pdf'));
    await page.getByRole('button', { name: 'Save as PDF: report on disk.img' }).click();
    await page.getByText(`Saved: ${join(folder, 'report.pdf')}`).waitFor();
    await answerSaveDialog(app, join(folder, 'disk.manifest'));
    await page.getByRole('button', { name: 'Job details' }).click();
    await page.getByRole('button', { name: 'Save manifest of disk.img' }).click();
    await page
      .getByRole('dialog')
      .getByText(`Saved: ${join(folder, 'disk.manifest')}`)
      .waitFor();
    await page.keyboard.press('Escape');
    const { bytes } = await readManifest(join(folder, 'disk.manifest'));
    expect(bytes).toBe(8 * MIB);
    await picture(page, '7-report');
    const text = execFileSync('pdftotext', ['-layout', join(folder, 'report.pdf'), '-'], { encoding: 'utf8' });
    for (const part of [
      'disk.img',
      '1 verified',
      '1 failed',
      good.device,
      bad.device,
      'MEDIUM_ERROR',
      'sector 4,096',
      'Replace this drive',
    ])
      expect(text).toContain(part);

    await page.getByRole('button', { name: 'History', exact: true }).click();
    const drawer = page.getByRole('dialog', { name: 'History' });
    await drawer.getByRole('searchbox').fill('medium_error failed');
    await drawer.getByText('1 job', { exact: true }).waitFor();
    await drawer.getByRole('button', { name: /^Details of/ }).click();
    await drawer.getByText(bad.device).first().waitFor();
    await answerSaveDialog(app, join(folder, 'report.json'));
    await drawer.getByRole('button', { name: /^Save as JSON/ }).click();
    await drawer.getByText(`Saved: ${join(folder, 'report.json')}`).waitFor();
    const record = recordSchema.parse(JSON.parse(readFileSync(join(folder, 'report.json'), 'utf8')));
    expect(record).toMatchObject({
      outcome: 'partial',
      source: { path: image },
      destinations: [
        { path: good.device, verified: true },
        { path: bad.device, state: 'failed' },
      ],
    });
    await answerSaveDialog(app, join(folder, 'table.csv'));
    await drawer.getByRole('button', { name: 'Save these as CSV' }).click();
    await drawer.getByText(`Saved: ${join(folder, 'table.csv')}`).waitFor();
    expect(readFileSync(join(folder, 'table.csv'), 'utf8').split('\r\n')).toHaveLength(4);
    await picture(page, '8-history');

    await drawer.getByRole('searchbox').fill('nothing like it');
    await drawer.getByText('No job contains all of these words.').waitFor();
    await drawer.getByRole('searchbox').fill('');
    await drawer.getByRole('button', { name: /^Details of/ }).click();
    await drawer.getByRole('button', { name: /^Repeat/ }).click();
    await page.getByRole('group', { name: `Image file ${image}` }).waitFor();
    for (const { device } of disks)
      await page.getByRole('checkbox', { name: new RegExp(`, ${device}$`), checked: true }).waitFor();
    await review(app);
    await page.getByRole('button', { name: 'Back' }).click();
  });

  it('shows where the log is, and copies diagnostics without names', async () => {
    const { page, electron } = app;
    await electron.evaluate(({ shell }) => {
      shell.showItemInFolder = (path) => void Object.assign(globalThis, { shown: path });
    });
    await page.getByRole('button', { name: 'History', exact: true }).click();
    const drawer = page.getByRole('dialog', { name: 'History' });
    await drawer.getByRole('button', { name: 'Show log' }).click();
    await drawer.getByText(/The log is .*platter\.log/).waitFor();
    const path = await electron.evaluate(() => (globalThis as unknown as { shown: string }).shown);
    const log = readFileSync(path, 'utf8');
    expect(log).toContain('Platter 0.1.0 starts');
    expect(log).toContain('MEDIUM_ERROR (EIO) write');

    await drawer.getByRole('button', { name: 'Copy diagnostics' }).click();
    await drawer.getByText(/^Copied:/).waitFor();
    const text = await electron.evaluate(({ clipboard }) => clipboard.readText());
    const { home, user } = await electron.evaluate(() => ({
      home: process.env.HOME ?? '',
      user: process.env.USER ?? '',
    }));
    for (const part of [
      '## Platter',
      'Electron',
      'Chrome',
      'Node',
      'kernel',
      '## Session',
      'io ',
      '## Disks',
      disks[0]!.device,
      '## Last job',
      'partial',
      'MEDIUM_ERROR',
      '## Log',
      'starts: Electron',
    ])
      expect(text).toContain(part);
    expect(text).not.toContain(home);
    // The user behind sudo may have no account, and then no name.
    for (const name of [user, hostname()].filter(Boolean))
      expect(text).not.toMatch(new RegExp(`(?<![\\w-])${name}(?![\\w-])`));
    const serials = await page.evaluate(() =>
      (window as unknown as { platter: { getState(): Promise<{ disks: { serial: string | null }[] }> } }).platter
        .getState()
        .then((state) => state.disks.map(({ serial }) => serial)),
    );
    for (const serial of serials) if (serial !== null && serial.length > 6) expect(text).not.toContain(serial);
    expect(text.split('\n').filter((line) => /^\d{4}-\d\d-\d\dT/.test(line)).length).toBeLessThanOrEqual(200);
  });
});
