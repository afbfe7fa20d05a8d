// The images used last: offered while there is no source, chosen by one click, and not read before that.
import type { Locator } from 'playwright-core';
import { expect, test } from 'vitest';
import { failure } from '../../app/base/errors.ts';
import { described, recentImage as image } from './support/images.ts';
import { oneWindow } from './support/one-window.ts';
import { drives } from './support/running-job.ts';
import { sourceCard } from './support/source.ts';

const open = oneWindow();
const rows = (): Locator => open.page.getByRole('list', { name: 'Recent images' }).getByRole('listitem');
const LINK = 'https://downloads.example.org/raspios.img.xz';
const recent = [
  image('station-42.img', 0, { size: 31.9e9 }),
  image('classroom.zip', 24, { entry: 'images/student.img', size: 3.1e9 }),
  image('2026-11-24-raspios-bookworm-arm64-full.img.xz', 48),
  image('raspios.img.xz', 72, { origin: LINK, isThere: false }),
  image('debian-13.2.0-amd64-netinst.iso', 96, { size: 784e6 }),
];

test.each([
  ['light', 1200, 800],
  ['dark', 1200, 800],
  ['light', 800, 600],
] as const)('are offered, and taken by a click (%s, %d x %d)', async (scheme, width, height) => {
  await open.start({ state: { disks: drives, recent }, scheme, width, height });
  await open.page.getByRole('list', { name: 'Recent images' }).waitFor();
  await open.picture(`recent-${scheme}-${width}`);
  const row = open.page.getByRole('button', { name: /^station-42\.img: 31\.9.GB · used today/ });
  expect(open.main.asked('describeImage')).toEqual([]);

  await row.click();
  await sourceCard(open.page, 'Image file /home/me/images/station-42.img').waitFor();
  expect(await open.page.getByText('Recent images').count()).toBe(0);
  await open.picture(`recent-taken-${scheme}-${width}`);
  expect(open.main.asked('chooseRecent')).toEqual([[recent[0]!.job]]);
  expect(open.main.asked('describeImage')).toEqual([['/home/me/images/station-42.img', null]]);
});

test('chooses the same file of an archive again', async () => {
  await open.start({ state: { disks: drives, recent } });
  open.main.described = { ok: true, value: described() };
  await open.page.getByRole('checkbox').first().click();
  await open.page.getByRole('button', { name: /^classroom\.zip → student\.img/ }).click();
  await open.page.getByRole('button', { name: 'Review' }).click();
  expect(open.main.lastRequest()).toMatchObject({
    source: '/home/me/images/classroom.zip',
    entry: 'images/student.img',
  });
});

test('chooses a recent image with the keyboard and moves the focus to the source', async () => {
  await open.start({ state: { disks: drives, recent } });
  await open.page.getByRole('heading', { name: 'Recent images' }).focus();
  await open.page.keyboard.press('Tab');
  await open.page.keyboard.press('Tab');
  await open.page.keyboard.press('Enter');
  await sourceCard(open.page, /classroom\.zip/).waitFor();
  await expect
    .poll(() => open.page.evaluate(() => document.activeElement?.getAttribute('aria-label')))
    .toBe('Image file /home/me/images/classroom.zip');
});

test('says why a recent image that is gone cannot be chosen', async () => {
  await open.start({ state: { disks: drives, recent } });
  open.main.recentTaken = {
    ok: false,
    errors: [failure({ code: 'NOT_FOUND', op: 'open', device: recent[0]!.path, reason: { kind: 'nothingThere' } })],
  };
  await open.page.getByRole('button', { name: /^station-42/ }).click();
  await open.page.getByRole('alert').getByText('station-42.img').first().waitFor();
  await open.main.push({ recent: recent.slice(1) });
  await expect.poll(() => rows().count()).toBe(4);
  await open.picture('recent-gone');
  expect(await sourceCard(open.page, /^Image file/).count()).toBe(0);
});

test('offers to download a removed recent image and downloads nothing by itself', async () => {
  await open.start({ state: { disks: drives, recent } });
  const removed = open.page.getByRole('button', { name: /^raspios\.img\.xz: used .* then removed/ });
  await removed.click();
  expect(open.main.names()).toEqual(['chooseRecent']);
  expect(await sourceCard(open.page, /^Image file/).count()).toBe(0);
});

test('does not offer a removed recent image while another download runs', async () => {
  const progress = { origin: LINK, bytes: 473e6, length: 1.1e9, bytesPerSecond: 35.2e6, secondsLeft: 18 };
  const download = { at: 1, origin: LINK, state: 'running', progress, error: null, path: null } as const;
  await open.start({ state: { disks: drives, recent, download: { ...download, isKept: false, hasLink: true } } });
  await rows().first().waitFor();
  expect(await open.page.getByRole('button', { name: /^raspios\.img\.xz/ }).isDisabled()).toBe(true);
  expect(await open.page.getByRole('button', { name: /^station-42/ }).isDisabled()).toBe(false);
});

test('offers a download that was stopped, and continues or discards it', async () => {
  const [one, other] = ['1'.repeat(32), '2'.repeat(32)] as [string, string];
  const left = [
    { id: one, origin: LINK, bytes: 1.2e9, length: 3.4e9, canContinue: true },
    { id: other, origin: 'https://example.org/disk.img?...', bytes: 5e6, length: null, canContinue: false },
  ];
  await open.start({ state: { disks: drives, left } });
  await expect.poll(() => rows().count()).toBe(2);
  await open.page.getByText(/^1\.2.GB of 3\.4.GB downloaded$/).waitFor();
  await open.picture('recent-left');
  // Its link had a key, which is not stored.
  expect(await open.page.getByRole('button', { name: /^Continue/ }).count()).toBe(1);
  await open.page.getByRole('button', { name: 'Discard the download of disk.img' }).click();
  await expect.poll(() => rows().count()).toBe(1);
  expect(open.main.asked('discardDownload')).toEqual([[other]]);

  await open.page.getByRole('button', { name: 'Continue the download of raspios.img.xz' }).click();
  expect(open.main.asked('resumeDownload')).toEqual([[one]]);
});

test('shows no list when there are no recent images', async () => {
  await open.start({ state: { disks: drives } });
  expect(await open.page.getByText(/^Recent images/).count()).toBe(0);
});
