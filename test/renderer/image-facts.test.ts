// The source card's text about an image.
import { describe, expect, test } from 'vitest';
import type { Described, LookedAt } from '../../app/contract/disk-content.ts';
import { formatOf, mapOf, partitionName, sizesOf } from '../../renderer/image-facts.ts';
import { described, GiB, gptWith, MiB, partition } from './support/images.ts';
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
    ['exact', {}, '5.9 GB, packed 1.1 GB'],
    ['at least', { sizeIs: 'atLeast' }, 'at least 5.9 GB, packed 1.1 GB'],
    ['not known', { size: null, sizeIs: 'unknown' }, 'packed 1.1 GB'],
    ['that of the file', { packed: null }, '1.1 GB'],
  ])('says that its size is %s', (_what, more, words) => {
    expect(sizesOf(described(more)).replaceAll('\u00A0', ' ')).toBe(words);
  });

  test.each<[string, Partial<LookedAt>, string]>([
    ['its file system and label', {}, 'FAT32 “bootfs”'],
    ['its file system and name', { name: 'EFI', signatures: [signature] }, 'FAT32 “EFI”'],
    ['its name', { name: 'EFI', signatures: [] }, 'EFI'],
    ['its type', { signatures: null }, 'EFI system'],
    ['the number of its type', { signatures: null, typeName: null }, '0xc'],
  ])('names a partition by %s', (_what, more, words) => {
    expect(partitionName(partition(more))).toBe(words);
  });
});

describe('the map of its partitions', () => {
  /** Per cent of the width, and the number of the partition. */
  const stretches = (partitions: Partial<LookedAt>[]): [number, number | null][] =>
    mapOf(described({ table: gptWith(partitions.map(partition)), size: 100 * MiB })).map((stretch) => [
      Math.round(stretch.share * 100),
      stretch.partition?.number ?? null,
    ]);

  test('has the partitions in their order, and what lies between them and behind', () => {
    const map = stretches([
      { number: 2, start: 50 * MiB, size: 30 * MiB },
      { number: 1, start: 10 * MiB, size: 40 * MiB },
    ]);

    expect(map).toEqual([
      [10, null],
      [40, 1],
      [30, 2],
      [20, null],
    ]);
  });

  test('shows a tiny partition, and one that ends beyond the image', () => {
    const map = stretches([
      { number: 1, start: 0, size: 512 },
      { number: 2, start: 50 * MiB, size: GiB },
    ]);

    expect(map.map(([, number]) => number)).toEqual([1, null, 2]);
    expect(map[0]![0]).toBeGreaterThan(0);
  });

  test('leaves out an extended partition, and is empty without a table', () => {
    expect(stretches([{ number: 4, place: 'extended' }])).toEqual([]);
    expect(mapOf(described({ table: null }))).toEqual([]);
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
  const partitions = open.page.getByRole('list', { name: 'Partitions' }).getByRole('listitem');
  expect(await partitions.allInnerTexts()).toEqual([
    expect.stringContaining('FAT32 “bootfs”'),
    expect.stringContaining('ext4 “rootfs”'),
  ]);
  await open.page.getByText('SHA256SUMS has the sha256 of this file.').waitFor();
});
