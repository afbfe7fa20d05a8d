// The parsers of what programs print about file systems, and the reader of FAT: right figures, and nothing but null for
// what contradicts itself.
import { describe, expect, test } from 'vitest';
import { BtrfsChunkReader, BtrfsExtentReader, BtrfsSuperReader } from '../../../app/parsers/used-blocks/btrfs.ts';
import { ExtReader } from '../../../app/parsers/used-blocks/ext.ts';
import { fatInfo, fatLayout, FatTable } from '../../../app/parsers/used-blocks/fat.ts';
import {
  complement,
  isWithin,
  joined,
  MOST_RANGES,
  type LineReader,
  reasonAgainst,
  type MapAnswer,
} from '../../../app/parsers/used-blocks/used-map.ts';
import { XfsFreeReader, XfsLogReader, XfsSuperReader } from '../../../app/parsers/used-blocks/xfs.ts';
import { BTRFS_CHUNKS, BTRFS_EXTENTS, BTRFS_SUPER, EXT, XFS_FREE, XFS_SUPER } from './printed.ts';

function reading<R extends LineReader>(reader: R, text: string): R {
  for (const line of text.split('\n')) reader.line(line);
  return reader;
}

const ext = (text: string): MapAnswer => reading(new ExtReader(), text).answer;

function xfs(head: string, free: string, isDirty = false): MapAnswer {
  const found = reading(new XfsSuperReader(), head).answer;
  return found === null ? null : reading(new XfsFreeReader(found), free).answer(isDirty);
}

function btrfs(head: string, chunks: string, extents: string): MapAnswer {
  const found = reading(new BtrfsSuperReader(), head).answer;
  const places = reading(new BtrfsChunkReader(), chunks).answer;
  return found === null || places === null ? null : reading(new BtrfsExtentReader(found, places), extents).answer;
}

describe('ext', () => {
  test('gives the free ranges of all groups in bytes, and the sum of the superblock', () => {
    expect(ext(EXT)).toEqual({
      end: 4_096_000,
      free: [
        { offset: 40_960, length: 40_960 },
        { offset: 122_880, length: 4096 },
        { offset: 1_638_400, length: 409_600 },
        { offset: 4_087_808, length: 8192 },
      ],
      counted: 462_848,
      said: 462_848,
      unrest: null,
    });
  });

  test.for([
    ['a journal to replay', 'extent', 'extent needs_recovery', 'journal'],
    ['a mount that goes on', 'clean', 'not clean', 'notUnmounted'],
    ['errors', 'clean', 'clean with errors', 'notUnmounted'],
    ['blocks that files share', 'extent', 'shared_blocks', 'features'],
  ])('tells of %s', ([, from, to, unrest]) => {
    expect(ext(EXT.replace(from!, to!))?.unrest).toBe(unrest);
  });

  test.for([
    ['a group without a list', '  Free blocks: 998-999', ''],
    ['ranges that overlap', '30, 400', '15, 400'],
    ['a range beyond the end', '998-999', '998-1000'],
    ['a range that is backwards', '998-999', '999-998'],
    ['no count', 'Free blocks:              113', ''],
  ])('gives no map for %s', ([, from, to]) => {
    expect(ext(EXT.replace(from!, to!))).toBeNull();
  });
});

describe('ext, group by group', () => {
  test('says that its bitmaps contradict its counts when a group counts otherwise than its list', () => {
    const moved = EXT.replace('  Free blocks: 10-19, 30', '  Free blocks: 10-20, 30').replace('998-999', '999');

    const map = ext(moved);
    expect(map).toMatchObject({ counted: 113 * 4096, unrest: 'groups' });
    expect(reasonAgainst(map!, 10 ** 9)).toEqual({ kind: 'usedGroups' });
  });

  test('counts clusters where blocks are given out in clusters', () => {
    const text = `Filesystem features:      bigalloc
Filesystem state:         clean
Block count:              1000
Free blocks:              12
Block size:               4096
Cluster size:             16384

Group 0: (Blocks 0-999)
  3 free clusters, 20 free inodes, 1 directories
  Free blocks: 16-20, 40`;

    expect(ext(text)).toMatchObject({ counted: 12 * 4096, said: 12 * 4096 });
  });
});

describe('xfs', () => {
  test('counts the blocks of the trees of free extents as the superblock does', () => {
    expect(xfs(XFS_SUPER, XFS_FREE)).toMatchObject({
      end: 614_400,
      free: [
        { offset: 40_960, length: 81_920 },
        { offset: 204_800, length: 20_480 },
        { offset: 409_600, length: 61_440 },
      ],
      counted: 43 * 4096,
      said: 43 * 4096,
      unrest: null,
    });
  });

  test('has no figure to prove the map when a group counts otherwise than its list', () => {
    expect(xfs(XFS_SUPER, XFS_FREE.replace('freeblks = 21', 'freeblks = 20'))?.said).toBeNull();
  });

  test.for([
    ['an extent beyond its group', '0       15', '90       15'],
    ['a group that is not there', '       1        0', '       2        0'],
    ['extents that overlap', '       50       5', '       29       5'],
    ['a head that is missing', 'btreeblks = 1', ''],
  ])('gives no map for %s', ([, from, to]) => {
    expect(xfs(XFS_SUPER, XFS_FREE.replace(from!, to!))).toBeNull();
  });

  test('tells of a log that is dirty, and of a realtime section', () => {
    expect(xfs(XFS_SUPER, XFS_FREE, true)?.unrest).toBe('journal');
    expect(xfs(XFS_SUPER.replace('rblocks = 0', 'rblocks = 9'), XFS_FREE)?.unrest).toBe('features');
  });

  test('reads the state of the log', () => {
    expect(reading(new XfsLogReader(), '    log tail: 2 head: 2 state: <CLEAN>').isClean).toBe(true);
    expect(reading(new XfsLogReader(), '    log tail: 2 head: 9 state: <DIRTY>').isClean).toBe(false);
    expect(reading(new XfsLogReader(), 'xfs_logprint: failed').isClean).toBeNull();
  });
});

describe('btrfs', () => {
  test('maps each extent to all of its copies', () => {
    const map = btrfs(BTRFS_SUPER, BTRFS_CHUNKS, BTRFS_EXTENTS)!;

    expect(map).toMatchObject({ end: 104_857_600, counted: 36_864, said: 36_864, unrest: null });
    expect(complement(map.free, map.end)).toEqual([
      { offset: 0, length: 1024 ** 2 },
      { offset: 20_004_096, length: 4096 },
      { offset: 30_000_000, length: 32_768 },
      { offset: 40_000_000, length: 32_768 },
      { offset: 64 * 1024 ** 2, length: 65_536 },
    ]);
  });

  test.for([
    ['a log tree', 'log_root\t\t0', 'log_root\t\t30457856', 'journal'],
    ['several devices', 'num_devices\t\t1', 'num_devices\t\t2', 'severalDevices'],
    ['zones', '0x361', '0x1361', 'features'],
    ['a feature that is not known yet', '0x361', '0x100000000361', 'features'],
    ['one that readers may ignore, and that is not known yet', 'flags\t\t0x3', 'flags\t\t0x13', 'features'],
  ])('tells of %s', ([, from, to, unrest]) => {
    expect(btrfs(BTRFS_SUPER.replace(from!, to!), BTRFS_CHUNKS, BTRFS_EXTENTS)?.unrest).toBe(unrest);
  });

  test.for([
    ['an extent in no chunk', '(10004096 EXTENT', '(9004096 EXTENT'],
    ['an extent that ends beyond its chunk', '(10004096 EXTENT_ITEM 4096)', '(10004096 EXTENT_ITEM 1000000)'],
    ['extents that overlap', '(11016384 METADATA', '(11000001 METADATA'],
  ])('gives no map for %s', ([, from, to]) => {
    expect(btrfs(BTRFS_SUPER, BTRFS_CHUNKS, BTRFS_EXTENTS.replace(from!, to!))).toBeNull();
  });

  test.for([
    ['stripes', 'DATA|single', 'DATA|RAID0'],
    ['more copies than the chunk has', 'num_stripes 2', 'num_stripes 1'],
    ['chunks that overlap', 'CHUNK_ITEM 11000000', 'CHUNK_ITEM 10500000'],
  ])('gives no map for chunks with %s', ([, from, to]) => {
    expect(btrfs(BTRFS_SUPER, BTRFS_CHUNKS.replace(from!, to!), BTRFS_EXTENTS)).toBeNull();
  });
});

/** The boot sector of a FAT with sectors of 512 bytes. */
function boot(sectors: number, perTable: number, bits: 16 | 32): Buffer {
  const bytes = Buffer.alloc(512);
  bytes.writeUInt16LE(512, 11);
  bytes.writeUInt8(1, 13);
  bytes.writeUInt16LE(32, 14);
  bytes.writeUInt8(2, 16);
  bytes.writeUInt32LE(sectors, 32);
  if (bits === 32) {
    bytes.writeUInt32LE(perTable, 36);
    bytes.writeUInt16LE(1, 48);
  } else {
    bytes.writeUInt16LE(512, 17);
    bytes.writeUInt16LE(perTable, 22);
  }
  bytes.writeUInt16LE(0xaa55, 510);
  return bytes;
}

/** The map of a FAT whose table has these entries, read in pieces of `step` bytes. */
function fat(entries: readonly number[], bits: 16 | 32, free: number | null, areEqual = true, step = 7): MapAnswer {
  const clusters = entries.length - 2;
  const perTable = Math.ceil((entries.length * bits) / 8 / 512);
  const root = bits === 16 ? 32 : 0;
  const layout = fatLayout(boot(32 + 2 * perTable + root + clusters, perTable, bits))!;
  const bytes = Buffer.alloc(perTable * 512);
  for (const [index, entry] of entries.entries())
    if (bits === 16) bytes.writeUInt16LE(entry, index * 2);
    else bytes.writeUInt32LE(entry, index * 4);
  const table = new FatTable(layout);
  for (let at = 0; at < bytes.length; at += step) table.take(bytes.subarray(at, at + step));
  return table.answer(free, areEqual);
}

describe('FAT', () => {
  const entries = [
    0x0ffffff8,
    0x0fffffff,
    ...Array.from({ length: 70_000 }, (_, index) => (index % 10 === 0 ? 0x0fffffff : 0)),
  ];

  test('gives the free clusters, and the count of FSInfo', () => {
    const map = fat(entries, 32, 63_000)!;

    expect(map).toMatchObject({ counted: 63_000 * 512, said: 63_000 * 512, unrest: null });
    expect(isWithin(map.free, map.end)).toBe(true);
    expect(map.free).toHaveLength(7000);
  });

  test('has no figure when its tables differ, or FSInfo has none', () => {
    expect(fat(entries, 32, 63_000, false)?.said).toBeNull();
    expect(fat(entries, 32, null)?.said).toBeNull();
    expect(fatInfo(Buffer.alloc(512))).toBeNull();
  });

  test('counts on its second table where there is no FSInfo', () => {
    const few = entries.slice(0, 20_000).map((entry) => entry & 0xffff);
    expect(fat(few, 16, null)).toMatchObject({
      unrest: null,
      counted: 18_000 * 512 - 512 * (18_000 - few.filter((one) => one === 0).length),
    });
    expect(fat(few, 16, null, false)?.said).toBeNull();
  });

  test('tells of a file system that was not unmounted', () => {
    expect(fat([entries[0]!, 0x07ffffff, ...entries.slice(2)], 32, 63_000)?.unrest).toBe('notUnmounted');
  });

  test('is none without a table that is long enough', () => {
    expect(fatLayout(boot(100_000, 3, 32))).toBeNull();
    expect(fatLayout(Buffer.alloc(512))).toBeNull();
  });
});

describe('a file system with more free ranges than are kept', () => {
  const count = MOST_RANGES + 1;
  const places = Array.from({ length: count }, (_, index) => 2 * index + 1);
  const EXT_HEAD = 'Filesystem features: extent\nFilesystem state: clean\nBlock count: 4000000\nBlock size: 1024\n';
  const XFS_HEAD =
    'blocksize = 4096\ndblocks = 4000000\nagblocks = 4000000\nagcount = 1\nfdblocks = 1\nrblocks = 0\ninprogress = 0\nlogstart = 1';

  const MAPS: [name: string, map: () => MapAnswer][] = [
    [
      'ext',
      () =>
        ext(
          `${EXT_HEAD}Free blocks: ${count}\nGroup 0: (Blocks 0-3999999)\n  ${count} free blocks, 0\n  Free blocks: ${places.join(', ')}`,
        ),
    ],
    [
      'XFS',
      () =>
        xfs(
          XFS_HEAD,
          `${places.map((at) => `0 ${at} 1`).join('\n')}\n   from      to\nseqno = 0\nfreeblks = ${count}\nflcount = 0\nbtreeblks = 0`,
        ),
    ],
    ['FAT', () => fat([0x0ffffff8, 0x0fffffff, ...places.flatMap(() => [0, 0x0fffffff])], 32, count, true, 1 << 16)],
  ];

  test.each(MAPS)('keeps none of them, and is copied as a whole: %s', (_, map) => {
    const found = map();

    expect(found?.free).toEqual([]);
    expect(reasonAgainst(found!, 2 ** 40)).toEqual({ kind: 'usedTooMany', most: MOST_RANGES });
  });

  test('keeps as many as may be', () => {
    const few = places.slice(1).flatMap(() => [0, 0x0fffffff]);
    const found = fat([0x0ffffff8, 0x0fffffff, ...few], 32, MOST_RANGES, true, 1 << 16);

    expect(found?.free).toHaveLength(MOST_RANGES);
    expect(reasonAgainst(found!, 2 ** 40)).toBeNull();
  });
});

describe('ranges', () => {
  test('complement and join to the whole', () => {
    const some = joined([
      { offset: 50, length: 10 },
      { offset: 5, length: 10 },
      { offset: 12, length: 8 },
    ]);
    expect(some).toEqual([
      { offset: 5, length: 15 },
      { offset: 50, length: 10 },
    ]);
    expect(complement(some, 60)).toEqual([
      { offset: 0, length: 5 },
      { offset: 20, length: 30 },
    ]);
    expect(complement([], 10)).toEqual([{ offset: 0, length: 10 }]);
  });
});

describe('damaged output', () => {
  /** Changes of one character, a line left out, a line twice: by a small generator with a seed. */
  function* damaged(text: string, count: number): Generator<string> {
    let state = 1;
    const random = (below: number): number => (state = (state * 48_271) % 2_147_483_647) % below;
    const lines = text.split('\n');
    for (let index = 0; index < count; index += 1) {
      const at = random(text.length);
      const line = random(lines.length);
      const kind = random(3);
      if (kind === 0) yield text.slice(0, at) + String.fromCharCode(32 + random(90)) + text.slice(at + 1);
      else if (kind === 1) yield lines.toSpliced(line, 1).join('\n');
      else yield lines.toSpliced(line, 0, lines[random(lines.length)]!).join('\n');
    }
  }

  test('gives no ranges outside of the file system', () => {
    for (const text of damaged(EXT, 3000)) {
      const map = ext(text);
      if (map !== null) expect(isWithin(map.free, map.end), text).toBe(true);
    }
    for (const text of damaged(XFS_FREE, 3000)) {
      const map = xfs(XFS_SUPER, text);
      if (map !== null) expect(isWithin(map.free, map.end), text).toBe(true);
    }
    for (const text of damaged(BTRFS_EXTENTS, 3000)) {
      const map = btrfs(BTRFS_SUPER, BTRFS_CHUNKS, text);
      if (map !== null) expect(isWithin(map.free, map.end), text).toBe(true);
    }
  });
});
