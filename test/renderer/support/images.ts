// Images as the engine describes them.
import type { Described, GptTable, ExaminedPartition } from '../../../app/contract/disk-content.ts';
import type { RecentImage } from '../../../app/contract/window.ts';

export const MiB = 2 ** 20;
export const GiB = 2 ** 30;

/** A partition with FAT32 in it, unless told otherwise. */
export const partition = (more: Partial<ExaminedPartition> = {}): ExaminedPartition => ({
  number: 1,
  start: 4 * MiB,
  size: 512 * MiB,
  place: 'primary',
  type: '0xc',
  typeName: 'EFI system',
  name: null,
  uuid: null,
  active: false,
  faults: [],
  signatures: [{ type: 'vfat', version: 'FAT32', label: 'bootfs', uuid: 'ABCD-0123' }],
  ...more,
});

/** A GPT with these partitions. */
export const gptWith = (partitions: ExaminedPartition[]): GptTable<ExaminedPartition> => ({
  kind: 'gpt',
  sector: 512,
  id: '2d3327b6-d732-48e8-90c0-8ba4d21e51b2',
  partitions,
  from: 'primary',
  header: 'right',
  entries: 'right',
  backup: 'right',
  backupAt: 0,
  backupAtEnd: true,
  mbr: 'protective',
  hybrid: [],
});

/** A packed image with a boot and a root partition, and a list of checksums beside it, unless told otherwise. */
export const described = (more: Partial<Described> = {}): Described => ({
  kind: 'file',
  bmap: null,
  copied: null,
  bytes: 1.1e9,
  packed: {
    format: 'xz',
    blocks: 300,
    entries: null,
    entry: null,
    sparse: false,
    snapshots: null,
    seekable: true,
    threads: 4,
    memory: 300 * MiB,
  },
  content: { kind: 'image', format: 'GPT', trailer: null, sure: true },
  size: 5.9e9,
  sizeIs: 'exact',
  table: gptWith([
    partition(),
    partition({
      number: 2,
      start: 516 * MiB,
      size: 5.9e9 - 516 * MiB,
      signatures: [{ type: 'ext4', version: null, label: 'rootfs', uuid: null }],
    }),
  ]),
  signatures: [],
  checksum: { list: 'SHA256SUMS', checksum: `sha256:${'0f34'.repeat(16)}`, of: 'file' },
  unclear: [],
  problem: null,
  ...more,
});

/** An image in a folder of the user, used `hours` before noon, unless told otherwise. */
export const recentImage = (name: string, hours = 0, more: Partial<RecentImage> = {}): RecentImage => ({
  job: `20261130-0000${String(hours).padStart(2, '0')}-a1b2c3`,
  path: `/home/me/images/${name}`,
  origin: null,
  entry: null,
  size: 1.1e9,
  usedAt: new Date().setHours(12, 0, 0, 0) - hours * 3_600_000,
  isThere: true,
  ...more,
});
