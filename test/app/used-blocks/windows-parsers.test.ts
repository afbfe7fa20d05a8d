// What is read of NTFS, exFAT and swap.
import { describe, expect, test } from 'vitest';
import { ClusterBitmap } from '../../../app/parsers/used-blocks/bitmap.ts';
import { exfatBitmap, exfatLayout, isContiguous } from '../../../app/parsers/used-blocks/exfat.ts';
import { isHibernated, LOG_BYTES, NtfsInfoReader, ntfsLogUnrest } from '../../../app/parsers/used-blocks/ntfs.ts';
import { swapMap } from '../../../app/parsers/used-blocks/swap.ts';
import { MOST_RANGES } from '../../../app/parsers/used-blocks/used-map.ts';
import { exfatBoot } from './exfat-boot.ts';

describe('a bitmap of clusters', () => {
  test('gives the free ranges, whatever its pieces, and ignores bits behind the last cluster', () => {
    const bits = Buffer.from([0b0000_0011, 0x00, 0xff, 0b1110_0001]);
    for (const step of [1, 2, 3, 4]) {
      const bitmap = new ClusterBitmap(1000, 10, 29);
      for (let at = 0; at < bits.length; at += step) bitmap.take(bits.subarray(at, at + step));
      expect(bitmap.free).toEqual([
        { offset: 1020, length: 140 },
        { offset: 1250, length: 40 },
      ]);
    }
  });

  test('keeps no more free ranges than may be, and says so', () => {
    const bits = Buffer.alloc((MOST_RANGES + 8) / 4, 0b0101_0101);
    const bitmap = new ClusterBitmap(0, 512, bits.length * 8);

    bitmap.take(bits.subarray(2));
    expect(bitmap.areTooMany).toBe(false);
    bitmap.take(bits.subarray(0, 2));

    expect(bitmap.areTooMany).toBe(true);
    expect(bitmap.free).toHaveLength(MOST_RANGES);
  });

  test('gives nothing before it is complete', () => {
    const bitmap = new ClusterBitmap(0, 512, 100);
    bitmap.take(Buffer.alloc(12));
    expect(bitmap.free).toBeNull();
  });
});

const INFO = [
  'Volume Information ',
  '\tVolume Flags: 0x0000',
  '\tCluster Size: 4096',
  '\tVolume Size in Clusters: 25599',
  '\tFree Clusters: 24974 (97.6%)',
];

const ntfs = (lines: readonly string[]): NtfsInfoReader['answer'] => {
  const reader = new NtfsInfoReader();
  for (const line of lines) reader.line(line);
  return reader.answer;
};

/** A journal with two restart pages: its clients and its flags. */
function journal(inUse: number, flags: number, magic = 'RSTR'): Buffer {
  const log = Buffer.alloc(LOG_BYTES);
  for (const at of [0, 4096]) {
    log.write(magic, at, 'latin1');
    log.writeUInt16LE(0x30, at + 24);
    log.writeUInt16LE(inUse, at + 0x30 + 12);
    log.writeUInt16LE(flags, at + 0x30 + 14);
  }
  return log;
}

describe('NTFS', () => {
  test('reads the figures that ntfsinfo prints', () => {
    expect(ntfs(INFO)).toEqual({ cluster: 4096, clusters: 25_599, free: 24_974, isDirty: false });
    expect(ntfs(INFO.toSpliced(1, 1, '\tVolume Flags: 0x0001 DIRTY'))?.isDirty).toBe(true);
    expect(ntfs(INFO.slice(0, -1))).toBeNull();
  });

  test.for([
    ['an empty journal', Buffer.alloc(LOG_BYTES, 0xff), null],
    ['a journal that no client uses', journal(0xffff, 0), null],
    ['a journal of a volume that is clean', journal(0, 2), null],
    ['a journal that a client uses', journal(0, 0), 'journal'],
    ['a journal that chkdsk has to look at', journal(0xffff, 0, 'CHKD'), 'journal'],
    ['half a journal', journal(0xffff, 0).subarray(0, 4096), 'journal'],
    ['a journal of zeros', Buffer.alloc(LOG_BYTES), 'journal'],
  ] as const)('judges %s', ([, log, unrest]) => {
    expect(ntfsLogUnrest(log)).toBe(unrest);
  });

  test('knows a file that Windows wakes up from', () => {
    expect(isHibernated(Buffer.from('hibr0000'))).toBe(true);
    expect(isHibernated(Buffer.from('HIBR'))).toBe(true);
    expect(isHibernated(Buffer.from('wake'))).toBe(false);
    expect(isHibernated(Buffer.alloc(0))).toBe(false);
  });
});

const EXFAT = { length: 20_000, fatAt: 100, fatLength: 20, heapAt: 200, clusters: 2000, root: 5 };

function bitmapEntry(first: number, bytes: number): Buffer {
  const directory = Buffer.alloc(4096);
  directory[0] = 0x83;
  directory[32] = 0x81;
  directory.writeUInt32LE(first, 52);
  directory.writeBigUInt64LE(BigInt(bytes), 56);
  return directory;
}

describe('exFAT', () => {
  test('reads where its parts are', () => {
    expect(exfatLayout(exfatBoot(EXFAT))).toEqual({
      fatAt: 51_200,
      heapAt: 102_400,
      cluster: 4096,
      clusters: 2000,
      root: 5,
      end: 10_240_000,
      isDirty: false,
    });
  });

  test.for([
    ['two tables', (boot: Buffer) => boot.writeUInt8(2, 110)],
    ['more clusters than there is room for', (boot: Buffer) => boot.writeUInt32LE(3000, 92)],
    ['a table that is too short', (boot: Buffer) => boot.writeUInt32LE(1, 84)],
    ['a root directory in no cluster', (boot: Buffer) => boot.writeUInt32LE(2002, 96)],
  ] as const)('reads nothing with %s', ([, change]) => {
    const boot = exfatBoot(EXFAT);
    change(boot);
    expect(exfatLayout(boot)).toBeNull();
  });

  test('finds its bitmap, when that has a bit for each cluster', () => {
    const layout = exfatLayout(exfatBoot(EXFAT))!;
    expect(exfatBitmap(bitmapEntry(2, 250), layout)).toEqual({ first: 2, bytes: 250 });
    expect(exfatBitmap(bitmapEntry(2, 249), layout)).toBeNull();
    expect(exfatBitmap(bitmapEntry(2002, 250), layout)).toBeNull();
    expect(exfatBitmap(Buffer.alloc(4096), layout)).toBeNull();
  });

  test('tells clusters that follow each other from others', () => {
    const entries = Buffer.alloc(12);
    for (const [index, value] of [8, 9, 0xffffffff].entries()) entries.writeUInt32LE(value, index * 4);
    expect(isContiguous(entries, 7, 3)).toBe(true);
    expect(isContiguous(entries, 7, 2)).toBe(false);
    expect(isContiguous(entries, 6, 3)).toBe(false);
    expect(isContiguous(entries, 7, 4)).toBe(false);
  });
});

describe('swap', () => {
  test('keeps its first page', () => {
    const head = Buffer.alloc(65_536);
    head.write('SWAPSPACE2', 4086, 'latin1');
    head.writeUInt32LE(1, 1024);
    head.writeUInt32LE(99, 1028);
    expect(swapMap(head)).toMatchObject({ end: 409_600, free: [{ offset: 4096, length: 405_504 }], unrest: null });
    head.writeUInt32LE(2, 1024);
    expect(swapMap(head)).toBeNull();
  });
});
