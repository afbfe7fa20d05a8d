// The output of `platter info` for people.
import { expect, test } from 'vitest';
import type { Described } from '../../../../app/contract/disk-content.ts';
import { infoLines } from '../../../../app/cli/output/info-lines.ts';
import { plain } from '../../../../app/cli/output/text.ts';
import {
  extended,
  gptDisk,
  hybridDisk,
  insideDisk,
  LOGICAL,
  mbrDisk,
  MiB,
  writeMbr,
} from '../../parsers/forged-tables.ts';

/** The lines for an image with these bytes. */
const said = (disk: Buffer, more: Partial<Described> = {}): string =>
  infoLines(
    'disk.img',
    {
      ...insideDisk(disk),
      kind: 'file',
      bmap: null,
      copied: null,
      bytes: disk.length,
      packed: null,
      content: { kind: 'image', format: 'GPT', trailer: null, sure: true },
      size: disk.length,
      sizeIs: 'exact',
      checksum: null,
      unclear: [],
      problem: null,
      ...more,
    },
    plain,
  ).join('\n');

function withByte(disk: Buffer, at: number): Buffer {
  disk[at]! ^= 1;
  return disk;
}

test.each([
  ['a wrong header', withByte(gptDisk(), 572), 'The checksum of its header is wrong; this is its backup.'],
  ['wrong entries', withByte(gptDisk(), 1084), 'The checksum of its entries is wrong; this is its backup.'],
  ['no header', Buffer.from(gptDisk()).fill(0, 512, 1024), 'The table at the start is missing; this is its backup.'],
  ['a wrong backup', withByte(gptDisk(), MiB - 452), 'The checksum of its backup is wrong.'],
  ['no backup', Buffer.from(gptDisk()).fill(0, MiB - 512), 'It has no backup table where that should be, at 1.0 MB'],
  ['a larger disk', Buffer.concat([gptDisk(), Buffer.alloc(MiB)]), 'Its backup table is not at the end of this image.'],
  ['a disk cut short', gptDisk().subarray(0, MiB / 2), 'Its backup table would be beyond the end of this image'],
  ['no MBR', Buffer.from(gptDisk()).fill(0, 0, 512), 'No MBR protects it, so that many systems ignore it.'],
  ['a hybrid MBR', hybridDisk(), 'The MBR before it has partitions too (a hybrid): 2 FAT32 (LBA).'],
])('a GPT with %s is told as that', (_what, disk, sentence) => {
  expect(said(disk)).toContain(sentence);
});

test.each([
  ['a GPT', gptDisk().subarray(0, 40 * 512 + 4096)],
  ['an MBR', mbrDisk(MiB / 2, [{ type: 0x0c, start: 63, count: 1961 }])],
])('says how many bytes an image with %s lacks at its end', (_, cut) =>
  expect(said(cut)).toMatch(/^ {2}Missing +[\d,]+ bytes at the end: its partitions reach to [\d,]+ bytes, so/mu),
);

test('counts the files of an archive instead of calling their size unknown', () => {
  const one = { size: 4096, packed: 100, method: 8, encrypted: false };
  const text = said(Buffer.alloc(512), {
    packed: {
      format: 'zip',
      blocks: null,
      entries: [
        { ...one, name: 'a.img' },
        { ...one, name: 'b.img' },
      ],
      entry: null,
      sparse: false,
      snapshots: null,
      seekable: null,
      threads: null,
      memory: null,
    },
    size: null,
    sizeIs: 'unknown',
  });
  expect(text).toMatch(/^ {2}Unpacked +2 files, listed below; --entry NAME describes one$/mu);
});

test('adds no remark to an intact GPT', () => {
  expect(said(gptDisk())).toBe(
    [
      'disk.img',
      '  Format     disk image, GPT',
      '  Size       1.0 MB (1,048,576 bytes)',
      '  Table      GPT, sectors of 512 bytes, disk GUID 33333333-3333-3333-3333-333333333333',
      '',
      '  NR  FIRST SECTOR     SIZE  TYPE               NAME    ON IT',
      '   1            40  20.5 kB  Linux file system  part 1  nothing recognised',
      '      PARTUUID 01010101-0101-0101-0101-010101010101',
    ].join('\n'),
  );
});

test('shows the logical partitions of an MBR, the active one, and a damaged chain', () => {
  const text = said(extended([{ at: 0, own: LOGICAL, next: 0 }]));
  expect(text).toContain('The chain of its logical partitions is damaged.');
  expect(text).toMatch(/^ +1 +2 +1\.0 MB +extended \(LBA\)$/mu);
  expect(text).toMatch(/^ +5 +12 +25\.6 kB +Linux +nothing recognised$/mu);
  const active = Buffer.alloc(MiB);
  writeMbr(active, [{ type: 0x0c, start: 63, count: 9000, active: true }]);
  expect(said(active)).toMatch(/FAT32 \(LBA\), active.*\n +ends beyond the end of this image/u);
});

test('reports several signatures in one place', () => {
  const disk = Buffer.alloc(MiB);
  disk.write('LABELONE', 512);
  disk.write('hsqs');
  disk.writeUInt16LE(4, 28);
  expect(said(disk)).toContain('On it      squashfs; also looks like LVM2_member');
});

test.each([
  ['exact', 'Unpacked   1.0 MB (1,048,576 bytes)'],
  ['atLeast', 'Unpacked   at least 1.0 MB (1,048,576 bytes), where its partition table ends'],
  ['unknown', 'Unpacked   not known before it is unpacked'],
] as const)('the size of a packed image says how it is known: %s', (sizeIs, words) => {
  const packed = { format: 'xz', blocks: 2, entries: null, entry: null, sparse: true, snapshots: null, seekable: true };
  const text = said(gptDisk(), { sizeIs, packed: { ...packed, threads: 2, memory: 4e6 } });
  expect(text).toContain(words);
  expect(text).toContain('Format     xz, 2 blocks -> Android sparse image -> disk image, GPT');
  expect(text).toContain('Unpacking  2 threads, 4.0 MB of memory; can begin in the middle');
});

test('names from a disk cannot command a terminal', () => {
  const disk = gptDisk(MiB, { partitions: [[40n, 79n]] });
  disk.write('\u001b[31m', 1024 + 56, 'utf16le');
  expect(said(disk)).not.toContain('\u001b');
});
