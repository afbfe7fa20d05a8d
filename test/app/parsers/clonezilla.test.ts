// Which files of Clonezilla's folder belong where on the disk.
import { describe, expect, test } from 'vitest';
import { isClonezilla, planOfClonezilla } from '../../../app/parsers/disk-folders/clonezilla.ts';
import type { Folder } from '../../../app/parsers/disk-folders/disk-plan.ts';
import { folderOf } from './folder-of.ts';
import { gptDisk, mbrDisk } from './forged-tables.ts';
import { readSfdiskDump } from '../../../app/parsers/disk-folders/sfdisk-dump.ts';

const TABLE = `label: gpt
label-id: 8F7A2520-13F2-554D-B22E-25EEF758D9A9
device: /dev/nvme0n1
unit: sectors
first-lba: 34
last-lba: 131038
sector-size: 512

/dev/nvme0n1p1 : start=        2048, size=       40960, type=0FC63DAF-8483-4772-8E79-3D69D8477DE4, uuid=1A5CC4CA
/dev/nvme0n1p2 : start=       43008, size=       40960, type=0FC63DAF-8483-4772-8E79-3D69D8477DE4
`;

/** The first sectors of that disk. */
const HEAD = gptDisk(131_072 * 512, {
  partitions: [
    [2048n, 43_007n],
    [43_008n, 83_967n],
  ],
}).subarray(0, 34 * 512);

/** A folder of a disk with two partitions, with these changes. */
function folder(
  sizes: Record<string, number | null> = {},
  texts: Record<string, string> = {},
  head: Buffer = HEAD,
): Folder {
  return folderOf(
    {
      ...{ disk: 8, parts: 20, 'nvme0n1-pt.sf': 400, 'nvme0n1-gpt-1st': 17_408, 'nvme0n1-gpt-2nd': 16_384 },
      ...{ 'nvme0n1p1.ext4-ptcl-img.zst.aa': 1000, 'nvme0n1p1.ext4-ptcl-img.zst.ab': 5, 'nvme0n1p2.dd-ptcl-img.gz': 9 },
      ...sizes,
    },
    { disk: 'nvme0n1\n', parts: 'nvme0n1p1 nvme0n1p2\n', 'nvme0n1-pt.sf': TABLE, ...texts },
    (name) => (name === 'nvme0n1-gpt-1st' ? head : null),
  );
}

describe('a folder of Clonezilla', () => {
  test('has the table at both ends, and the partitions with their pieces in between', () => {
    expect(planOfClonezilla(folder())).toMatchObject({
      ok: true,
      plan: {
        size: 131_072 * 512,
        leftOut: [],
        parts: [
          { at: 0, size: 34 * 512, files: ['nvme0n1-gpt-1st'], from: 0 },
          {
            at: 2048 * 512,
            size: 40_960 * 512,
            files: ['nvme0n1p1.ext4-ptcl-img.zst.aa', 'nvme0n1p1.ext4-ptcl-img.zst.ab'],
            from: null,
          },
          { at: 43_008 * 512, files: ['nvme0n1p2.dd-ptcl-img.gz'], from: null },
          { at: 131_039 * 512, size: 32 * 512, files: ['nvme0n1-gpt-1st'], from: 1024 },
          { at: 131_071 * 512, size: 512, files: ['nvme0n1-gpt-2nd'], from: 16_384 - 512 },
        ],
      },
    });
  });

  test('leaves out a partition that was not saved', () => {
    const without = folder({ 'nvme0n1p2.dd-ptcl-img.gz': null }, { parts: 'nvme0n1p1\n' });
    expect(planOfClonezilla(without)).toMatchObject({ plan: { leftOut: ['nvme0n1p2'], swap: [] } });
  });

  test.each([
    ['by its file', folder({ 'nvme0n1p2.dd-ptcl-img.gz': null, 'swappt-nvme0n1p2.info': 50 })],
    [
      'by its type',
      folder(
        { 'nvme0n1p2.dd-ptcl-img.gz': null },
        {
          parts: 'nvme0n1p1',
          'nvme0n1-pt.sf': TABLE.replace(
            '40960, type=0FC63DAF-8483-4772-8E79-3D69D8477DE4\n',
            '40960, type=0657FD6D-A4AB-43C4-84E5-0933C84B4F4F\n',
          ),
        },
      ),
    ],
  ])('knows swap %s', (_, one) =>
    expect(planOfClonezilla(one)).toMatchObject({ plan: { leftOut: ['nvme0n1p2'], swap: ['nvme0n1p2'] } }),
  );

  test('says that the checksum of its table is wrong', () => {
    const damaged = Buffer.from(HEAD);
    damaged[512 + 16]! ^= 1;

    expect(planOfClonezilla(folder())).toMatchObject({ plan: { damaged: null } });
    expect(planOfClonezilla(folder({}, {}, damaged))).toMatchObject({ plan: { damaged: 'nvme0n1-gpt-1st' } });
  });

  test('is refused when its MBR has other partitions than its dump', () => {
    const dump = TABLE.replace('label: gpt', 'label: dos').replaceAll(/type=[\w-]+/gu, 'type=83');
    const mbr = mbrDisk(512, [
      { type: 0x83, start: 2048, count: 40_960 },
      { type: 0x83, start: 43_008, count: 40_960 },
    ]);
    const withMbr = (head: Buffer): Folder => {
      const { sizes, bytes } = folder({ 'nvme0n1-mbr': 512 }, { 'nvme0n1-pt.sf': dump });
      return { sizes, bytes: (name) => (name === 'nvme0n1-mbr' ? head : bytes(name)) };
    };
    const other = Buffer.from(mbr);
    other.writeUInt32LE(4096, 446 + 8);

    expect(planOfClonezilla(withMbr(mbr))).toMatchObject({ ok: true });
    expect(planOfClonezilla(withMbr(other))).toMatchObject({
      ok: false,
      reason: { kind: 'folderTables', file: 'nvme0n1-mbr', dump: 'nvme0n1-pt.sf' },
    });
  });

  test.each([
    [folder({ 'nvme0n1p2.dd-ptcl-img.gz': null }), { kind: 'folderLacks' }],
    [folder({ 'nvme0n1-gpt-1st': 512 }), { kind: 'folderLacks', file: 'nvme0n1-gpt-1st' }],
    [folder({ 'nvme0n1p2.dd-ptcl-img.gz': 0 }), { kind: 'folderLacks', file: 'nvme0n1p2.dd-ptcl-img.gz' }],
    [folder({ 'nvme0n1p1.ext4-ptcl-img.zst.ab': 0 }), { kind: 'folderLacks', file: 'nvme0n1p1.ext4-ptcl-img.zst.ab' }],
    [folder({}, { 'nvme0n1-pt.parted': 'Disk /dev/nvme0n1: 9007199254740992s' }), { kind: 'folderUnread' }],
    [folder({}, { 'nvme0n1-pt.parted': `Disk /dev/nvme0n1: ${'9'.repeat(30)}s` }), { kind: 'folderUnread' }],
    [folder({}, { disk: 'sda sdb' }), { kind: 'folderOfDisks', disks: ['sda', 'sdb'] }],
    [folder({ 'lvm_vg_dev.list': 40 }), { kind: 'folderOfVolumes', file: 'lvm_vg_dev.list' }],
    [folder({}, { disk: '' }), { kind: 'folderOfPartitions' }],
    [folder({}, { 'nvme0n1-pt.sf': 'label: gpt' }), { kind: 'folderUnread' }],
    [folder({}, { 'nvme0n1-pt.sf': TABLE.replace('sector-size: 512', 'sector-size: 4096') }), { kind: 'folderUnread' }],
    [folder({}, { 'nvme0n1-pt.sf': TABLE.replace('43008', '3000') }), { kind: 'folderUnread' }],
    [
      folder({}, { 'nvme0n1-pt.sf': TABLE.replace('43008', '45056') }),
      { kind: 'folderTables', file: 'nvme0n1-gpt-1st', dump: 'nvme0n1-pt.sf' },
    ],
    [folder({}, {}, Buffer.alloc(34 * 512)), { kind: 'folderTables', file: 'nvme0n1-gpt-1st' }],
    [
      folder({ 'nvme0n1p1.ext4-ptcl-img.gz': 9 }),
      { kind: 'folderTwice', one: 'nvme0n1p1.ext4-ptcl-img.gz', other: 'nvme0n1p1.ext4-ptcl-img.zst.aa' },
    ],
  ])('is refused for what it lacks or says', (one, reason) =>
    expect(planOfClonezilla(one)).toMatchObject({ ok: false, reason }),
  );

  test('is not every folder', () => expect(isClonezilla({ sizes: new Map([['parts', 3]]) })).toBe(false));
});

test('an old dump without a label and with empty entries is one of an MBR', () => {
  const dump = `# partition table of /dev/sda
unit: sectors

/dev/sda1 : start=       63, size=   208782, Id=83, bootable
/dev/sda2 : start=        0, size=        0, Id= 0
`;
  expect(readSfdiskDump(dump)).toEqual({
    label: 'dos',
    ...{ lastLba: null, firstLba: null, labelId: null, entries: 128 },
    sector: 512,
    partitions: [
      {
        ...{ name: 'sda1', number: 1, start: 63, size: 208_782, type: '83', bootable: true },
        ...{ uuid: null, label: '', attributes: [] },
      },
    ],
  });
});
