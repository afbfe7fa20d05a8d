// Images as files: opened from the source, the end of a job and the history, listed until they are closed.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type axe from 'axe-core';
import { expect, test } from 'vitest';
import type { OpenedFile, OpenedFolder } from '../../app/contract/opened-images.ts';
import { failure } from '../../app/base/errors.ts';
import { record } from '../app/records/records.ts';
import * as make from './support/fixtures.ts';
import { described } from './support/images.ts';
import { oneWindow } from './support/one-window.ts';

const open = oneWindow();
const axeSource = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const button = (name: string) => open.page.getByRole('button', { name, exact: true });

async function violations(): Promise<string[]> {
  await open.page.evaluate(axeSource);
  const { violations: found } = await open.page.evaluate(() => (window as unknown as { axe: typeof axe }).axe.run());
  return found.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' | ')}`);
}

const file = (partition: number | null, more: Partial<OpenedFile>): OpenedFile => ({
  partition,
  path: `/run/user/1000/platter/mounts/disk-a1/images/p${partition}.img`,
  bytes: 536_870_912,
  type: null,
  label: null,
  mounted: null,
  refused: null,
  ...more,
});
const opened: OpenedFolder = {
  folder: '/run/user/1000/platter/mounts/raspios.img.xz-a1b2c3',
  files: [
    file(null, { bytes: 5.9e9 }),
    file(1, { type: 'vfat', label: 'bootfs', mounted: '/run/media/me/bootfs' }),
    file(2, { type: 'ext4', label: 'rootfs', bytes: 5.3e9, mounted: '/run/media/me/rootfs' }),
  ],
  canShow: true,
  problem: null,
};
const chooseImage = async (): Promise<void> => {
  open.main.image = '/home/me/raspios.img.xz';
  open.main.described = { ok: true, value: described() };
  await open.page.getByRole('button', { name: /^(Choose an image|Abbild wählen)/ }).click();
};

test.each([
  ['light', 1200, 800, 'en'],
  ['dark', 1200, 800, 'en'],
  ['light', 800, 600, 'de'],
] as const)('lists an opened image until it is closed (%s, %d x %d, %s)', async (scheme, width, height, language) => {
  await open.start({ state: { disks: make.sticks(2), language }, scheme, width, height });
  open.main.opened = opened;
  await chooseImage();

  await open.page.getByRole('button', { name: /^(Open raspios|raspios.img.xz öffnen)/ }).click();
  const list = open.page.getByRole('region', { name: /^(Open images|Geöffnete Abbilder)$/ });
  await list.waitFor();
  await open.picture(`opened-${scheme}-${width}-${language}`);
  expect(await violations()).toEqual([]);
  await list.getByRole('button', { name: /rootfs/ }).click();
  await list.getByRole('button', { name: /^(Close|raspios.img.xz schließen)/ }).click();
  await list.waitFor({ state: 'detached' });

  expect(open.main.asked('openImage')).toEqual([['/home/me/raspios.img.xz', null]]);
  expect(open.main.asked('showFiles')).toEqual([[opened.folder, 2]]);
  expect(open.main.asked('closeImage')).toEqual([[opened.folder]]);
});

test('says which package shows file systems, and where the contents are', async () => {
  await open.start({ state: { disks: make.sticks(2) } });
  open.main.opened = { ...opened, canShow: false, files: opened.files.map((each) => ({ ...each, mounted: null })) };
  await chooseImage();

  await button('Open raspios.img.xz').click();

  await open.page.getByText(/install the package udisks2/).waitFor();
  await open.page.getByText(new RegExp(`${opened.folder}/images`)).waitFor();
  await open.picture('opened-no-udisks');
});

test('says why an image cannot be opened, beside the button', async () => {
  await open.start({ state: { disks: make.sticks(2) } });
  await chooseImage();
  const error = failure({
    code: 'NOT_PERMITTED',
    op: 'open',
    reason: { kind: 'notServed', said: 'fusermount3: not found' },
    remedy: { kind: 'installFuse' },
  });
  open.main.controlled = { ok: false, errors: [error] };

  await button('Open raspios.img.xz').click();

  await open.page
    .getByRole('alert')
    .getByText(/Install the package fuse3/)
    .waitFor();
  await open.picture('opened-no-fuse');
});

test('opens the image that a job has written', async () => {
  const plan = make.plan([make.imageEndpoint('/home/me/copy.img.zst', 32e9)]);
  const ended = make.job(plan, [], { phase: 'ended', result: make.result(plan, [make.end(plan, 0)]) });
  await open.start({ state: { job: ended } });

  await button('Open copy.img.zst').click();
  await open.picture('open-written');

  expect(await violations()).toEqual([]);
  expect(open.main.asked('openImage')).toEqual([['/home/me/copy.img.zst', null]]);
});

test('opens an image of the history that still exists, and no other', async () => {
  await open.start();
  const job = record(['/home/me/old.img', '/home/me/gone.img']);
  const destinations = job.destinations.map((end) => ({
    ...end,
    kind: 'file' as const,
    model: null,
    serial: null,
    port: null,
  }));
  open.main.history = [{ ...job, destinations }];
  open.main.existing = [0];
  await button('History').click();
  await open.page.getByRole('button', { name: /^Details of/ }).click();

  await button('Open old.img').click();
  await open.picture('open-recorded');

  expect(await button('Open gone.img').count()).toBe(0);
  expect(open.main.asked('openRecorded')).toEqual([[job.id, 0]]);
  expect(await violations()).toEqual([]);
});
