// Which files of FOG's folder belong where on the disk.
import { describe, expect, test } from 'vitest';
import type { Folder } from '../../../app/parsers/disk-folders/disk-plan.ts';
import { writeEntry } from '../../../app/parsers/disk-folders/extended-tables.ts';
import { gptFromDump } from '../../../app/parsers/disk-folders/gpt-from-dump.ts';
import { readSfdiskDump } from '../../../app/parsers/disk-folders/sfdisk-dump.ts';
import { isFog, planOfFog } from '../../../app/parsers/disk-folders/fog.ts';
import { folderOf } from './folder-of.ts';

const GPT = `label: gpt
label-id: 8F7A2520-13F2-554D-B22E-25EEF758D9A9
device: /dev/nvme0n1
unit: sectors
first-lba: 2048
last-lba: 131038
sector-size: 512

/dev/nvme0n1p1 : start=        2048, size=       40960, type=0FC63DAF-8483-4772-8E79-3D69D8477DE4, uuid=1A5CC4CA-0000-4000-8000-000000000001
/dev/nvme0n1p2 : start=       43008, size=       20480, type=0657FD6D-A4AB-43C4-84E5-0933C84B4F4F, uuid=1A5CC4CA-0000-4000-8000-000000000002
`;
const DOS = `label: dos
unit: sectors
sector-size: 512

/dev/sda1 : start=        2048, size=       40960, type=83, bootable
/dev/sda2 : start=       43008, size=       20480, type=5
/dev/sda5 : start=       45056, size=       18432, type=7
`;
const MBR = { 'd1.mbr': 1_048_576, 'd1.partitions': 300, 'd1p1.img': 5, 'd1p2.img': 512, 'd1p5.img': 9 };

/** The first sectors of a disk with the table of a dump, as FOG keeps them. */
function table(dump: string, name: string): Buffer | null {
  const read = readSfdiskDump(dump);
  if (name !== 'd1.mbr' || read === null) return null;
  if (read.label === 'gpt') {
    const primary = gptFromDump(read, 131_072)?.primary ?? Buffer.alloc(0);
    return Buffer.concat([Buffer.alloc(512), primary.subarray(0, 512), Buffer.alloc(512), primary.subarray(512)]);
  }
  const bytes = Buffer.alloc(512);
  for (const { number, type, start, size } of read.partitions)
    if (number <= 4) writeEntry(bytes, 430 + number * 16, Number.parseInt(type, 16), start, size, false);
  bytes.set([0x55, 0xaa], 510);
  return bytes;
}

/** A folder of a disk with a GPT, an image and a partition for swap, with these changes. */
function folder(sizes: Record<string, number | null> = {}, texts: Record<string, string> = {}): Folder {
  const all = { 'd1.mbr': 17_920, 'd1.partitions': 400, 'd1p1.img': 200, 'd1p1.img.001': 200, 'd1p1.img.002': 5 };
  const text = { 'd1.partitions': GPT, ...texts };
  return folderOf({ ...all, ...sizes }, text, (name) => table(text['d1.partitions'], name));
}

const dos = (sizes: Record<string, number | null> = {}, texts: Record<string, string> = {}): Folder =>
  folder({ 'd1p1.img.001': null, 'd1p1.img.002': null, ...MBR, ...sizes }, { 'd1.partitions': DOS, ...texts });

describe('a folder of FOG', () => {
  test('has the GPT of its backup file at both ends, and the pieces of images in between', () => {
    expect(planOfFog(folder())).toMatchObject({
      ok: true,
      plan: {
        size: 131_072 * 512,
        leftOut: ['nvme0n1p2'],
        smaller: [],
        parts: [
          { at: 0, size: 1024, files: ['d1.mbr'], from: 0 },
          { at: 1024, size: 16_384, files: ['d1.mbr'], from: 1536 },
          {
            ...{ at: 2048 * 512, size: 40_960 * 512, from: null },
            files: ['d1p1.img', 'd1p1.img.001', 'd1p1.img.002'],
          },
          { at: 131_039 * 512, size: 16_384, files: ['d1.mbr'], from: 1536 },
          { at: 131_071 * 512, size: 512, files: ['d1.mbr'], from: 1024 },
        ],
      },
    });
  });

  test('has the tables of logical partitions made anew, and no image of the extended one', () => {
    expect(planOfFog(dos({ 'd1.size': 14 }, { 'd1.size': '1:67108864\n' }))).toMatchObject({
      ok: true,
      plan: {
        size: 67_108_864,
        leftOut: [],
        parts: [
          { at: 0, size: 1_048_576, files: ['d1.mbr'] },
          { at: 2048 * 512, files: ['d1p1.img'] },
          { at: 43_008 * 512, size: 512, files: [] },
          { at: 45_056 * 512, files: ['d1p5.img'] },
        ],
      },
    });
  });

  test('whose partitions were shrunk has the table of the dump, and names what makes them grow', () => {
    const shrunk = DOS.replace('size=       40960', 'size=       10000').replace('18432', '10000');
    const types = '/dev/sda1 extfs\n/dev/sda5 ntfs\n';
    const minimum = { 'd1.minimum.partitions': shrunk, 'd1.original.fstypes': types };

    const answer = planOfFog(dos({ 'd1.minimum.partitions': 300 }, minimum));

    expect(answer).toMatchObject({
      ok: true,
      plan: {
        size: 63_488 * 512,
        smaller: [
          { name: 'sda1', growsWith: 'resize2fs' },
          { name: 'sda5', growsWith: 'ntfsresize' },
        ],
        parts: [
          { at: 0, size: 446, from: 0 },
          { at: 446, size: 66, files: [] },
          { at: 512, size: 1_048_064, from: 512 },
          { at: 2048 * 512 },
          { files: [] },
          { at: 45_056 * 512 },
        ],
      },
    });
  });

  test('has its GPT at the start of a longer file, which sgdisk does not shorten', () => {
    expect(planOfFog(folder({ 'd1.mbr': 1_048_576 }))).toMatchObject({ ok: true });
  });

  test('takes a first piece that FOG did not rename', () => {
    const split = folder({ 'd1p1.img': null, 'd1p1.img.000': 200 });
    expect(planOfFog(split)).toMatchObject({ plan: { parts: [{}, {}, { files: { length: 3 } }, {}, {}] } });
  });

  test.each([
    ['without a table', folder({ 'd1.partitions': null }), { kind: 'folderLacks', file: 'd1.partitions' }],
    ['without its first sectors', folder({ 'd1.mbr': null }), { kind: 'folderLacks', file: 'd1.mbr' }],
    ['with half of a backup of the GPT', folder({ 'd1.mbr': 10_000 }), { kind: 'folderLacks', file: 'd1.mbr' }],
    [
      'with more entries of the GPT',
      folder({}, { 'd1.partitions': GPT.replace('sector-size', 'table-length: 256\nsector-size') }),
      { kind: 'folderUnread', file: 'd1.partitions' },
    ],
    ['with half of an MBR', dos({ 'd1.mbr': 400 }), { kind: 'folderLacks', file: 'd1.mbr' }],
    ['without an image', dos({ 'd1p5.img': null }), { kind: 'folderLacks', file: 'd1p5.img' }],
    ['without a first piece', folder({ 'd1p1.img': null }), { kind: 'folderLacks', file: 'd1p1.img' }],
    ['without a middle piece', folder({ 'd1p1.img.001': null }), { kind: 'folderLacks', file: 'd1p1.img.001' }],
    ['with a short piece', folder({ 'd1p1.img.001': 90 }), { kind: 'folderLacks', file: 'd1p1.img.001' }],
    ['with an empty image', dos({ 'd1p5.img': 0 }), { kind: 'folderLacks', file: 'd1p5.img' }],
    ['with one image more', folder({ 'd1p7.img': 9 }), { kind: 'folderHasMore', file: 'd1p7.img' }],
    ['of two disks', folder({ 'd2.mbr': 512 }), { kind: 'folderOfDisks', disks: ['d1', 'd2'] }],
    [
      'whose first sectors have another table',
      {
        ...dos(),
        bytes: (name) => table(name === 'd1.mbr' ? DOS.replace('40960', '30000') : DOS, name) ?? Buffer.from(DOS),
      },
      { kind: 'folderTables', file: 'd1.mbr' },
    ],
    ['with LVM', folder({ 'd1p1.lvm': 9 }), { kind: 'folderOfVolumes', file: 'd1p1.lvm' }],
    ['with an unknown table', folder({}, { 'd1.partitions': 'label: sun' }), { kind: 'folderUnread' }],
    [
      'with sectors of 4096 bytes',
      folder({}, { 'd1.partitions': GPT.replace('sector-size: 512', 'sector-size: 4096') }),
      { kind: 'folderUnread', file: 'd1.partitions' },
    ],
    [
      'with partitions in one another',
      dos({}, { 'd1.partitions': DOS.replace('40960', '50000') }),
      { kind: 'folderUnread', file: 'd1.partitions' },
    ],
  ] satisfies [string, Folder, object][])('is refused %s', (_, one, reason) => {
    expect(planOfFog(one)).toMatchObject({ ok: false, reason });
  });

  test('is told by two of its names', () => {
    expect(isFog(folder())).toBe(true);
    expect(isFog({ sizes: new Map([['d1.mbr', 512]]) })).toBe(false);
    expect(
      isFog({
        sizes: new Map([
          ['d1p1.img', 512],
          ['d1p2.img', 9],
        ]),
      }),
    ).toBe(false);
  });
});
