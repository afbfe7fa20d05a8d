// Partition tables and signatures: valid, damaged and absurd.
import { describe, expect, test } from 'vitest';
import type { GptTable, MbrTable } from '../../../app/contract/disk-content.ts';
import { extended, gptDisk, hybridDisk, insideDisk, LOGICAL, MiB, writeGpt, writeMbr } from './forged-tables.ts';

const gptOn = (disk: Buffer, ...more: [(number | null)?, object?]): GptTable =>
  insideDisk(disk, ...more).table as GptTable;
const mbrOn = (disk: Buffer): MbrTable => insideDisk(disk).table as MbrTable;
const HUGE = 2n ** 64n - 1n;

describe('a GPT', () => {
  test.each([512, 4096])('reads a GPT with sectors of %i bytes and finds no fault', (sector) => {
    const table = gptOn(gptDisk(MiB, { sector, partitions: [[40n, 79n]] }));
    expect(table).toMatchObject({
      kind: 'gpt',
      sector,
      id: '33333333-3333-3333-3333-333333333333',
      from: 'primary',
      header: 'right',
      entries: 'right',
      backup: 'right',
      backupAt: MiB - sector,
      backupAtEnd: true,
      mbr: 'protective',
      hybrid: [],
    });
    expect(table.partitions).toMatchObject([
      {
        number: 1,
        start: 40 * sector,
        size: 40 * sector,
        type: '0fc63daf-8483-4772-8e79-3d69d8477de4',
        typeName: 'Linux file system',
        name: 'part 1',
        uuid: '01010101-0101-0101-0101-010101010101',
        faults: [],
      },
    ]);
  });

  test('names the wrong checksum of a GPT', () => {
    const header = gptDisk();
    header[512 + 60]! ^= 1;
    const entries = gptDisk();
    entries[1024 + 60]! ^= 1;
    const backup = gptDisk();
    backup[MiB - 512 + 60]! ^= 1;
    expect([header, entries, backup].map((disk) => gptOn(disk))).toMatchObject([
      { header: 'wrong', entries: 'right', backup: 'right', from: 'backup' },
      { header: 'right', entries: 'wrong', backup: 'right', from: 'backup' },
      { header: 'right', entries: 'right', backup: 'wrong', from: 'primary' },
    ]);
  });

  test('reads a GPT from its backup when the primary is gone', () => {
    const disk = gptDisk();
    disk.fill(0, 512, 1024);
    expect(gptOn(disk)).toMatchObject({
      from: 'backup',
      header: 'missing',
      backup: 'right',
      backupAtEnd: true,
      partitions: [{ number: 1 }],
    });
  });

  test('reads the backup of a GPT from the end when the header has lost its place', () => {
    const disk = gptDisk();
    disk.writeBigUInt64LE(HUGE, 512 + 32);
    expect(gptOn(disk)).toMatchObject({
      from: 'backup',
      header: 'wrong',
      backup: 'right',
      backupAt: MiB - 512,
      backupAtEnd: true,
    });
  });

  test('ignores a backup GPT without a protective MBR', () => {
    const disk = gptDisk();
    disk.fill(0, 0, 1024);
    expect(insideDisk(disk).table).toBeNull();
  });

  test('finds the backup GPT misplaced on a larger disk and missing on a shorter one', () => {
    const larger = Buffer.concat([gptDisk(), Buffer.alloc(MiB)]);
    const shorter = gptDisk().subarray(0, MiB / 2);
    expect(gptOn(larger)).toMatchObject({ backup: 'right', backupAt: MiB - 512, backupAtEnd: false });
    expect(gptOn(shorter)).toMatchObject({ backup: 'missing', backupAtEnd: false });
    expect(gptOn(gptDisk(), null, { reachable: MiB / 2 })).toMatchObject({ backup: 'unread', backupAtEnd: true });
    expect(gptOn(gptDisk(), null, { reachable: MiB / 2, size: null })).toMatchObject({ backupAtEnd: null });
  });

  test('shows the partitions of a hybrid MBR, and says when there is no MBR', () => {
    expect(gptOn(hybridDisk())).toMatchObject({
      mbr: 'hybrid',
      hybrid: [{ number: 2, start: 40 * 512, active: true }],
    });
    const bare = gptDisk();
    bare.fill(0, 0, 512);
    expect(gptOn(bare).mbr).toBe('missing');
  });

  test('does not use a GPT beside an MBR with partitions of its own', () => {
    const disk = gptDisk();
    writeMbr(disk, [{ type: 0x83, start: 40, count: 40 }]);
    expect(mbrOn(disk)).toMatchObject({ kind: 'mbr', gptToo: true, partitions: [{ type: '0x83' }] });
  });

  test.each([
    ['2^32 - 1 entries', { count: 2 ** 32 - 1 }],
    ['entries of no bytes', { entry: 0, partitions: [] }],
    ['entries of 2^32 - 1 bytes', { entry: 2 ** 32 - 1, partitions: [] }],
    ['entries at the last sector there can be', { entriesAt: HUGE }],
    ['a backup at the last sector there can be', { other: HUGE }],
    ['a backup that is the header itself', { other: 1n }],
    ['a backup in the MBR', { other: 0n }],
    ['a partition up to the last sector there can be', { partitions: [[40n, HUGE]] as const }],
    ['a partition at the last sector there can be', { partitions: [[HUGE, HUGE]] as const }],
    ['a partition over everything', { partitions: [[0n, HUGE]] as const }],
    ['a partition that ends before it begins', { partitions: [[79n, 40n]] as const }],
  ])('that claims %s is told, and harms nothing', (_claim, claims) => {
    for (const sector of [512, 4096]) {
      const disk = gptDisk(MiB, { sector });
      writeGpt(disk, { sector, ...claims });
      const table = gptOn(disk);
      expect(table.kind).toBe('gpt');
      for (const { start, size } of table.partitions)
        expect([Number.isSafeInteger(start), Number.isSafeInteger(size)]).toEqual([true, true]);
    }
  });

  test('names what is wrong with a partition', () => {
    const partitions = [
      [40n, 79n],
      [60n, 99n],
      [200n, 100n],
      [2000n, 9000n],
      [3000n, HUGE],
    ] as const;
    expect(gptOn(gptDisk(MiB, { partitions })).partitions.map(({ faults }) => faults)).toEqual([
      ['overlaps'],
      ['overlaps'],
      ['backwards'],
      ['beyondEnd', 'overlaps'],
      ['beyondEnd', 'overlaps'],
    ]);
  });
});

describe('an MBR', () => {
  test('has primary and logical partitions, numbered as the system does', () => {
    const table = mbrOn(
      extended([
        { at: 0, own: LOGICAL, next: 200 },
        { at: 200, own: LOGICAL },
      ]),
    );
    expect(table).toMatchObject({ id: '1234abcd', chain: 'whole', gptToo: false });
    expect(table.partitions.map(({ number, place, start, uuid }) => [number, place, start / 512, uuid])).toEqual([
      [1, 'extended', 2, '1234abcd-01'],
      [5, 'logical', 12, '1234abcd-05'],
      [6, 'logical', 212, '1234abcd-06'],
    ]);
  });

  test.each([
    [
      'in a circle',
      [
        { at: 0, own: LOGICAL, next: 200 },
        { at: 200, own: LOGICAL, next: 0 },
      ],
    ],
    ['to itself', [{ at: 0, own: LOGICAL, next: 0 }]],
    ['into nothing', [{ at: 0, own: LOGICAL, next: 300 }]],
  ])('says that a chain of logical partitions that leads %s is damaged', (_where, chain) => {
    expect(mbrOn(extended(chain))).toMatchObject({ chain: 'broken' });
  });

  test('reads a chain no further than 128 logical partitions', () => {
    const chain = Array.from({ length: 900 }, (_, index) => ({ at: index * 2, own: LOGICAL, next: index * 2 + 2 }));
    const table = mbrOn(extended(chain));
    expect([table.chain, table.partitions.length <= 130]).toEqual(['broken', true]);
  });

  test('reports a chain of logical partitions that cannot be read', () => {
    const disk = extended([{ at: 0, own: LOGICAL, next: 1800 }]);
    expect(insideDisk(disk, null, { reachable: 10 * 65_536 }).table).toMatchObject({ chain: 'unread' });
  });

  test('detects an MBR with sectors of 4096 bytes by the content of its partitions', () => {
    const disk = Buffer.alloc(4 * MiB);
    writeMbr(disk, [{ type: 0x83, start: 16, count: 100 }], 0, 1);
    disk.write('XFSB', 16 * 4096);
    disk.writeUInt32BE(4096, 16 * 4096 + 4);
    expect(mbrOn(disk)).toMatchObject({
      sector: 4096,
      sectorKnown: false,
      partitions: [{ start: 65_536, signatures: [{ type: 'xfs' }] }],
    });
    expect(insideDisk(disk, 512).table).toMatchObject({ sector: 512, sectorKnown: true });
  });

  test('shows a protective MBR without its GPT as it is', () => {
    const disk = Buffer.alloc(MiB);
    writeMbr(disk, [{ type: 0xee, start: 1, count: 2 ** 32 - 1 }]);
    expect(mbrOn(disk).partitions).toMatchObject([{ type: '0xee', faults: ['beyondEnd'] }]);
  });

  test('survives an MBR with extreme values', () => {
    const disk = Buffer.alloc(MiB);
    const most = 2 ** 32 - 1;
    writeMbr(
      disk,
      [0x05, 0x83, 0x07, 0x0f].map((type) => ({ type, start: most, count: most })),
    );
    for (const size of [MiB, null]) expect(insideDisk(disk, null, { size }).table?.partitions).toHaveLength(4);
  });
});

describe('signatures', () => {
  test('are all reported when several share one place', () => {
    const disk = Buffer.alloc(MiB);
    disk.write('SWAPSPACE2', 4086);
    [1, 10].forEach((value, index) => disk.writeUInt32LE(value, 1024 + 4 * index));
    disk.write('XFSB');
    disk.writeUInt32BE(4096, 4);
    disk.write('LABELONE', 512);
    expect(insideDisk(disk).signatures?.map(({ type }) => type)).toEqual(['xfs', 'swap', 'LVM2_member']);
  });

  test('are unknown where nothing was read', () => {
    const inside = insideDisk(gptDisk(MiB, { partitions: [[1500n, 1600n]] }), null, { reachable: MiB / 2 });
    expect(inside.table?.partitions).toMatchObject([{ signatures: null }]);
    expect(insideDisk(Buffer.alloc(0), null, { size: null })).toEqual({ table: null, signatures: null });
  });

  test('are not found in bytes that are all ones or all zeros', () => {
    for (const byte of [0, 0xff]) expect(insideDisk(Buffer.alloc(MiB, byte))).toEqual({ table: null, signatures: [] });
  });
});
