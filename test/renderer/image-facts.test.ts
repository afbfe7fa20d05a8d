// The source card's text about an image.
import type { Locator } from 'playwright-core';
import { describe, expect, test } from 'vitest';
import type { BmapFacts, Described, ExaminedPartition } from '../../app/contract/disk-content.ts';
import { formatOf, sizesOf } from '../../renderer/image-facts.ts';
import { partitionName } from '../../renderer/partition-map.ts';
import { described, partition } from './support/images.ts';
import { oneWindow } from './support/one-window.ts';
import { drives } from './support/running-job.ts';

const open = oneWindow();
const signature = { type: 'vfat', version: 'FAT32', label: null, uuid: null };

describe('what an image is, in words', () => {
  test.each<[string, Partial<Described>, string]>([
    ['a packed disk', {}, 'xz → GPT'],
    ['a disk', { packed: null }, 'GPT'],
    [
      'a file system',
      { packed: null, table: null, content: { kind: 'image', format: 'ext', trailer: null, sure: true } },
      'ext',
    ],
    [
      'a file system by its signature, which recognition can take for an MBR',
      {
        packed: null,
        table: null,
        content: { kind: 'image', format: 'MBR', trailer: null, sure: true },
        signatures: [{ ...signature, label: 'STICK' }],
      },
      'FAT32 “STICK”',
    ],
    ['an unknown file', { packed: null, table: null, content: { kind: 'unknown' } }, 'nothing that is recognised'],
    ['a packed file that was not looked into', { content: null }, 'xz'],
  ])('names %s', (_what, more, words) => {
    expect(formatOf(described(more))).toBe(words);
  });

  test.each<[string, Partial<Described>, string]>([
    ['exact', {}, '1.1 GB, unpacked 5.9 GB'],
    ['at least', { sizeIs: 'atLeast' }, '1.1 GB, unpacked at least 5.9 GB'],
    ['not known', { size: null, sizeIs: 'unknown' }, '1.1 GB, unpacked size not known yet'],
    ['that of the file', { packed: null }, '1.1 GB'],
  ])('says that its size is %s', (_what, more, words) => {
    expect(sizesOf(described(more)).replaceAll('\u00A0', ' ')).toBe(words);
  });

  test.each<[string, Partial<ExaminedPartition>, string]>([
    ['its file system and label', {}, 'FAT32 “bootfs”'],
    ['its file system and name', { name: 'EFI', signatures: [signature] }, 'FAT32 “EFI”'],
    ['its name', { name: 'EFI', signatures: [] }, 'EFI'],
    ['its type', { signatures: null }, 'EFI system'],
    ['the number of its type', { signatures: null, typeName: null }, '0xc'],
  ])('names a partition by %s', (_what, more, words) => {
    expect(partitionName(partition(more))).toBe(words);
  });
});

test.each(['light', 'dark'] as const)('shows what is in the chosen image (%s)', async (scheme) => {
  await open.start({ state: { disks: drives }, scheme });
  open.main.image = '/home/me/raspios.img.xz';
  open.main.described = { ok: true, value: described() };

  await open.page.getByRole('button', { name: 'Choose an image…' }).click();
  await open.page.getByText('xz → GPT').waitFor();
  await open.picture(`image-facts-${scheme}`);

  expect(open.main.asked('describeImage')).toEqual([['/home/me/raspios.img.xz', null]]);
  const map = await open.page.getByRole('img', { name: '2 partitions' }).getAttribute('aria-label');
  expect(map?.replaceAll('\u00A0', ' ')).toBe('2 partitions: FAT32 “bootfs” 537 MB, ext4 “rootfs” 5.36 GB');
  await open.page.getByText('537 MB', { exact: true }).waitFor();
  await open.page.getByText('SHA256SUMS has the sha256 of this file.').waitFor();
});

describe('a bmap beside the image', () => {
  const bmap: BmapFacts = {
    name: 'raspios.bmap',
    version: '2.0',
    mapped: 1.2e9,
    imageSize: 5.9e9,
    hash: 'sha256',
    reason: null,
  };

  /** Chooses an image with this bmap and the first drive. Gives the group of choices. */
  async function choose(facts: BmapFacts, name: string): Promise<Locator> {
    open.main.image = '/home/me/raspios.img.xz';
    open.main.described = { ok: true, value: described({ bmap: facts }) };
    await open.page.getByRole('checkbox').first().click();
    await open.page.getByRole('button', { name: 'Choose an image…' }).click();
    const group = open.page.getByRole('group', { name });
    await group.waitFor();
    return group;
  }

  async function reviewed(): Promise<unknown> {
    await open.page.getByRole('button', { name: 'Review' }).click();
    return open.main.lastRequest();
  }

  test.each([
    ['What it maps', { bmap: 'beside', zeroUnmapped: false }, ''],
    ['And zeros elsewhere', { bmap: 'beside', zeroUnmapped: true }, '--zero-unmapped'],
    ['The whole image', { bmap: 'none', zeroUnmapped: false }, '--ignore-bmap'],
  ])('lets the user take “%s”', async (label, request, option) => {
    await open.start({ state: { disks: drives } });
    const group = await choose(bmap, 'raspios.bmap maps 1.2 GB of 5.9 GB');

    await group.getByText(label).click();
    await open.picture(`bmap-${option.replace('--', '') || 'mapped'}`);

    if (option !== '') await open.page.getByText(`platter copy ${option}`).waitFor({ state: 'attached' });
    expect(await reviewed()).toMatchObject(request);
  });

  test('that cannot be used can be ignored', async () => {
    await open.start({ state: { disks: drives }, width: 800, height: 600 });
    const facts: BmapFacts = { name: 'raspios.bmap', reason: { kind: 'checksumUnavailable' } };
    const group = await choose(facts, 'raspios.bmap cannot be used');

    await group.getByText('The whole image').click();
    await open.picture('bmap-unusable');

    expect(await reviewed()).toMatchObject({ bmap: 'none' });
  });

  test('has no effect on a rescue, so its choices are not shown', async () => {
    await open.start({ state: { disks: drives } });
    const group = await choose(bmap, 'raspios.bmap maps 1.2 GB of 5.9 GB');
    await group.getByText('And zeros elsewhere').click();

    await open.page.getByRole('button', { name: 'More options' }).click();
    await open.page.getByRole('switch', { name: 'Skip unreadable sectors' }).click();

    expect(await group.count()).toBe(0);
    expect(await reviewed()).toMatchObject({ zeroUnmapped: false });
  });
});
