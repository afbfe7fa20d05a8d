// The map of the partitions of a disk or an image.
import { describe, expect, test } from 'vitest';
import type { ExaminedPartition } from '../../app/contract/disk-content.ts';
import type { Partition } from '../../app/contract/disks.ts';
import {
  mapInWords,
  partitionsOfDisk,
  partitionsOfImage,
  segmentsOf,
  type MappedPartition,
} from '../../renderer/partition-map.ts';
import { disk } from './support/fixtures.ts';
import { described, GiB, gptWith, MiB, partition } from './support/images.ts';

/** Per cent of the width, and the name of the partition. */
const shares = (partitions: MappedPartition[], whole: number): [number, string | null][] =>
  segmentsOf(partitions, whole).map(({ share, partition: at }) => [Math.round(share * 100), at?.name ?? null]);

describe('the map of an image', () => {
  const ofImage = (partitions: Partial<ExaminedPartition>[]): [number, string | null][] =>
    shares(
      partitionsOfImage(
        described({
          table: gptWith(partitions.map((more) => partition({ signatures: [], name: `p${more.number}`, ...more }))),
        }),
      ),
      100 * MiB,
    );

  test('has the partitions in their order, and what lies between them and behind', () => {
    const map = ofImage([
      { number: 2, start: 50 * MiB, size: 30 * MiB },
      { number: 1, start: 10 * MiB, size: 40 * MiB },
    ]);

    expect(map).toEqual([
      [10, null],
      [40, 'p1'],
      [30, 'p2'],
      [20, null],
    ]);
  });

  test('shows a tiny partition, and one that ends beyond the image', () => {
    const map = ofImage([
      { number: 1, start: 0, size: 512 },
      { number: 2, start: 50 * MiB, size: GiB },
    ]);

    expect(map.map(([, name]) => name)).toEqual(['p1', null, 'p2']);
    expect(map[0]![0]).toBeGreaterThan(0);
  });

  test('leaves out the space that only aligns partitions', () => {
    expect(ofImage([{ number: 1, start: MiB / 4, size: 99 * MiB }])).toEqual([
      [99, 'p1'],
      [1, null],
    ]);
  });

  test('leaves out an extended partition, and is empty without a table', () => {
    expect(ofImage([{ number: 4, place: 'extended' }])).toEqual([]);
    expect(partitionsOfImage(described({ table: null }))).toEqual([]);
  });
});

describe('the map of a disk', () => {
  const on = (size: number, more: Partial<Partition> = {}): Partition => ({
    path: '/dev/sdb1',
    size,
    label: null,
    fileSystem: 'ext4',
    mountedAt: [],
    ...more,
  });

  test('has its partitions one after the other, and what is left at the end', () => {
    const sizes = [on(20e9, { fileSystem: 'vfat', label: 'boot' }), on(60e9), on(10e9, { fileSystem: null })];

    expect(shares(partitionsOfDisk(disk('/dev/sdb', { partitions: sizes })), 100e9)).toEqual([
      [20, 'FAT “boot”'],
      [60, 'ext4'],
      [10, 'unformatted'],
      [10, null],
    ]);
  });

  test('is read out in one sentence', () => {
    const partitions = partitionsOfDisk(disk('/dev/sdb', { partitions: [on(34e6, { label: 'root' }), on(167e6)] }));

    expect(mapInWords(partitions).replaceAll('\u00A0', ' ')).toBe('2 partitions: ext4 “root” 34 MB, ext4 167 MB');
    expect(mapInWords(partitions.slice(1)).replaceAll('\u00A0', ' ')).toBe('1 partition: ext4 167 MB');
  });
});
