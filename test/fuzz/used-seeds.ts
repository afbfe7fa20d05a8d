// Seeds of the readers of maps of used blocks (used-blocks.ts).
import { exfatBoot } from '../app/used-blocks/exfat-boot.ts';
import { BTRFS_CHUNKS, BTRFS_EXTENTS, BTRFS_SUPER, EXT, XFS_FREE, XFS_SUPER } from '../app/used-blocks/printed.ts';
import { READERS } from './used-blocks.ts';

const NTFS = '\tVolume Flags: 0x0000\n\tCluster Size: 4096\n\tVolume Size in Clusters: 32\n\tFree Clusters: 24 (75.0%)';

/** An input for a reader, on a partition of 1 GiB. */
function input(reader: keyof typeof READERS, ...parts: (string | Buffer)[]): Buffer {
  const bytes = parts.map((part) => (typeof part === 'string' ? Buffer.from(part, 'latin1') : part));
  return Buffer.concat([Buffer.from([Object.keys(READERS).indexOf(reader), 30]), ...bytes]);
}

function fat(): Buffer {
  const boot = Buffer.alloc(512);
  boot.writeUInt16LE(512, 11);
  boot.writeUInt8(1, 13);
  boot.writeUInt16LE(1, 14);
  boot.writeUInt8(2, 16);
  boot.writeUInt16LE(16, 17);
  boot.writeUInt16LE(64, 19);
  boot.writeUInt16LE(1, 22);
  boot.writeUInt16LE(0xaa55, 510);
  const table = Buffer.alloc(512);
  table.set([0xf8, 0xff, 0xff, 3, 0xf0, 0xff]);
  return Buffer.concat([boot, table, Buffer.alloc(512)]);
}

function exfat(): Buffer {
  const boot = exfatBoot({ length: 512, fatAt: 24, fatLength: 8, heapAt: 32, clusters: 60, root: 4 });
  const entry = Buffer.alloc(32);
  entry.writeUInt8(0x81, 0);
  entry.writeUInt32LE(2, 20);
  entry.writeBigUInt64LE(8n, 24);
  return Buffer.concat([boot, entry, Buffer.from([7, 0, 0, 0xf0, 0, 0, 0, 0])]);
}

function f2fs(): Buffer {
  const bytes = Buffer.alloc(908 + 2 * 74);
  // The areas are as small as they can be: the table takes two segments, the main area one.
  for (const [at, value] of [
    [0, 0xf2f52010],
    [16, 12],
    [20, 9],
    [36, 6 * 512],
    [56, 2],
    [68, 1],
    [76, 512],
    [80, 1536],
    [84, 2560],
    [92, 2560],
  ] as const)
    bytes.writeUInt32LE(value, at);
  const checkpoint = bytes.subarray(108);
  for (const [at, value] of [
    [16, 9],
    [132, 5],
    [136, 8],
    [140, 1],
    [156, 64],
    [160, 64],
  ] as const)
    checkpoint.writeUInt32LE(value, at);
  const entry = bytes.subarray(908);
  entry.writeUInt16LE(9, 0);
  entry.set([0xff, 0x80], 2);
  return bytes;
}

function hfsPlus(): Buffer {
  const header = Buffer.alloc(512);
  header.write('H+', 0, 'latin1');
  header.writeUInt16BE(4, 2);
  for (const [at, value] of [
    [4, 0x100],
    [40, 512],
    [44, 64],
    [48, 50],
    [124, 1],
    [128, 4],
    [132, 1],
  ] as const)
    header.writeUInt32BE(value, at);
  return Buffer.concat([header, Buffer.from([0xff, 0xf0, 0, 0, 0, 0, 0, 3])]);
}

export const usedSeeds = (): [name: string, bytes: Buffer][] => [
  ['ext', input('ext', EXT)],
  ['xfs', input('xfs', 'state: <CLEAN>\f', XFS_SUPER, '\f', XFS_FREE)],
  ['btrfs', input('btrfs', [BTRFS_SUPER, BTRFS_CHUNKS, BTRFS_EXTENTS].join('\f'))],
  ['ntfs', input('ntfs', NTFS, '\f', Buffer.from([0xff, 0, 0, 0]))],
  ['fat', input('fat', fat())],
  ['exfat', input('exfat', exfat())],
  ['f2fs', input('f2fs', f2fs())],
  ['hfs-plus', input('hfsPlus', hfsPlus())],
  ['swap', input('swap', Buffer.from([1, 0, 0, 0, 100, 0, 0, 0]))],
];
