// Copying used blocks only: the switch and what it saves, the review, and what was verified.
import { expect, test } from 'vitest';
import type { Locator } from 'playwright-core';
import type { PartUse, Usage } from '../../app/contract/jobs.ts';
import { failure } from '../../app/base/errors.ts';
import * as make from './support/fixtures.ts';
import { described } from './support/images.ts';
import { oneWindow } from './support/one-window.ts';
import { chooseDisk } from './support/source.ts';
import { changed } from '../requests.ts';

const open = oneWindow();

const laptop = make.disk('/dev/sda', {
  model: 'Samsung SSD 870 EVO',
  size: 256e9,
  transport: 'sata',
  removable: false,
  partitionTable: 'gpt',
  partitions: [
    { path: '/dev/sda1', size: 0.5e9, label: 'EFI', fileSystem: 'vfat', mountedAt: [] },
    { path: '/dev/sda2', size: 200e9, label: null, fileSystem: 'ntfs', mountedAt: [] },
    { path: '/dev/sda3', size: 55e9, label: 'data', fileSystem: 'ext4', mountedAt: [] },
  ],
});
const [stick] = make.sticks(1);
const drive = { ...stick!, size: 500e9 };
const disks = [laptop, drive];
const part = (partition: number, size: number, more: Partial<PartUse>): PartUse => ({
  partition,
  signatures: ['ext4'],
  offset: partition * 1e9,
  size,
  used: size,
  whole: null,
  saves: 0,
  ...more,
});
const parts = [
  part(1, 0.5e9, { signatures: ['vfat'], used: 0.1e9 }),
  part(2, 200e9, { signatures: ['ntfs'], whole: { kind: 'usedHibernated' }, saves: 140e9 }),
  part(3, 55e9, { used: 9.4e9 }),
];
const found: Usage = { size: 256e9, used: 210e9, copied: 210e9, image: 90e9, parts };
const used = (): Locator => open.page.getByRole('switch', { name: 'Copy used blocks only' });
const chooseDisks = async (): Promise<void> => {
  await chooseDisk(open.page, '/dev/sda');
  await open.page.getByRole('checkbox', { name: '/dev/sdb' }).click();
};

test.each([
  ['light', 1200, 800, 'en'],
  ['dark', 1200, 800, 'en'],
  ['light', 800, 600, 'en'],
  ['light', 1200, 800, 'de'],
] as const)('shows what used blocks save, by partition (%s, %d x %d, %s)', async (scheme, width, height, language) => {
  await open.start({ state: { disks, language }, scheme, width, height });
  open.main.usageFound = { ok: true, value: found };
  await chooseDisks();
  const toggle = open.page.getByRole('switch', { name: /used blocks only|benutzte Blöcke/ });
  await open.picture(`used-off-${scheme}-${width}-${language}`);
  expect(open.main.asked('findUsage')).toEqual([]);

  await toggle.click();
  await open.page
    .getByText(/^(Saves 46.GB of 256.GB. 1 partition is copied whole|Spart 46.GB von 256.GB. 1 Partition)/u)
    .waitFor();
  await open.page.getByRole('button', { name: /^(By|Nach) [Pp]artition$/ }).click();
  await open.picture(`used-found-${scheme}-${width}-${language}`);

  expect(open.main.asked('findUsage')).toEqual([['/dev/sda']]);
  if (language === 'en')
    expect(await open.page.getByRole('list', { name: 'Partitions' }).getByRole('listitem').allInnerTexts()).toEqual([
      expect.stringMatching(/Partition 1, vfat\s+100.MB of 500.MB/u),
      expect.stringMatching(/Partition 2, ntfs\s+all 200.GB\s+.*hibernated Windows.*140.GB of it look free/u),
      expect.stringMatching(/Partition 3, ext4\s+9\.4.GB of 55.GB/u),
    ]);
});

test('asks for used blocks in the request and the command line', async () => {
  await open.start({ state: { disks } });
  open.main.usageFound = { ok: true, value: found };
  await chooseDisks();
  await used().click();
  await open.page.getByText('platter copy --used /dev/sda /dev/sdb').waitFor({ state: 'attached' });
  await open.page.getByRole('switch', { name: 'Fill the rest with zeros' }).click();
  await open.page.getByRole('button', { name: 'Review' }).click();

  expect(open.main.lastRequest()).toMatchObject({ used: true, zeroUnmapped: true });
});

test('says that it looks, and ends the search when it is turned off', async () => {
  await open.start({ state: { disks } });
  await chooseDisks();

  await used().click();
  await open.page.getByRole('status').getByText('Looking for what the file systems use…').waitFor();
  await open.picture('used-looking');
  expect(await open.page.getByRole('button', { name: 'Review' }).isEnabled()).toBe(true);
  await used().click();

  await open.page.getByText('All of the source is copied, free space too.').waitFor();
  await expect.poll(() => open.main.names()).toEqual(['findUsage', 'stopUsage']);
});

test('goes on looking when main sends another state', async () => {
  await open.start({ state: { disks } });
  await chooseDisks();
  await used().click();
  await open.page.getByRole('status').getByText('Looking for what the file systems use…').waitFor();

  await open.main.push({ disks: disks.map((disk) => ({ ...disk })), elevating: true });
  await open.page.getByText(/Your desktop is asking for a password/).waitFor();

  expect(open.main.names()).toEqual(['findUsage']);
});

test('is turned off by a rescue and a checksum, and turns them off', async () => {
  await open.start({ state: { disks } });
  open.main.usageFound = { ok: true, value: found };
  await chooseDisks();
  await used().click();
  await open.page.getByRole('button', { name: 'More options' }).click();

  await open.page.getByRole('switch', { name: 'Skip unreadable sectors' }).click();

  await used().waitFor({ state: 'detached' });
  await open.page.getByRole('button', { name: 'Review' }).click();
  expect(open.main.lastRequest()).toMatchObject({ used: false, rescue: { retries: 1 } });
});

test('waits for the review where the disk may not be read yet', async () => {
  await open.start({ state: { disks } });
  const refused = failure({ code: 'NOT_PERMITTED', op: 'open', device: '/dev/sda', reason: { kind: 'accessRefused' } });
  open.main.usageFound = { ok: false, errors: [refused] };
  await chooseDisks();

  await used().click();

  await open.page.getByText(/Platter may not read this disk yet/).waitFor();
  expect(await used().isChecked()).toBe(true);
});

test.each([
  ['a packed image', described(), 0],
  ['a raw image with file systems', described({ packed: null }), 1],
  ['a raw image without any', described({ packed: null, table: null, signatures: [] }), 0],
])('is offered for %s as it should be', async (_name, content, count) => {
  await open.start({ state: { disks } });
  open.main.image = '/home/me/disk.img';
  open.main.described = { ok: true, value: content };
  await open.page.getByRole('button', { name: 'Choose an image…' }).click();
  await open.page.locator('.image-facts').waitFor();

  expect(await used().count()).toBe(count);
});

const usedPlan = make.plan([make.endpoint(drive)], {
  source: make.endpoint(laptop),
  bytes: 256e9,
  mapped: 210e9,
  parts,
  notes: [{ kind: 'usedOnly', path: '/dev/sda', used: 210e9, left: 46e9, on: 'drives' }],
  request: changed(make.plan([make.endpoint(drive)]).request, { source: '/dev/sda', used: true }),
});

test.each([
  ['light', 1200, 'en'],
  ['dark', 1200, 'en'],
  ['light', 800, 'de'],
] as const)('reviews what is left out, and what becomes of it (%s, %d, %s)', async (scheme, width, language) => {
  await open.start({
    state: { disks, review: make.review(usedPlan), language },
    scheme,
    width,
    height: width === 800 ? 600 : 800,
  });
  const section = open.page.getByRole('region', { name: /Used blocks only|Nur benutzte Blöcke/ });
  await section.waitFor();
  await open.picture(`used-review-${scheme}-${width}-${language}`);
  if (language === 'de') return;

  const words = await section.innerText();
  expect(words).toMatch(/46.GB of 256.GB are free and left out/u);
  expect(words).toContain('A drive keeps most of what it has there. That is not compared.');
  await open.page.getByText('then verified: used blocks').waitFor();
  expect(await open.page.getByText('--zero-unmapped').count()).toBe(0);
  // The hidden switch has the answer of the review.
  await open.page.getByText(/^Saves 46.GB of 256.GB/u).waitFor({ state: 'attached' });
});

test('says on tile, header and summary that only used blocks were verified', async () => {
  const ended = make.job(usedPlan, [], {
    phase: 'ended',
    result: make.result(usedPlan, [make.end(usedPlan, 0)], { mapped: 210e9 }),
  });
  await open.start({ state: { disks, job: ended } });

  await open.page.getByRole('heading', { name: '1 verified: used blocks' }).waitFor();
  await open.page.locator('.tile').getByText('Verified: used blocks', { exact: true }).waitFor();
  await open.page.getByText(/, used blocks only/).waitFor();
  await open.picture('used-ended');
});
