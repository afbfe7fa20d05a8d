// A map of the partitions of a disk or an image: its segments, and what a screen reader says of it.
import type { Described, ExaminedPartition, Signature } from '../app/contract/disk-content.ts';
import type { Disk } from '../app/contract/disks.ts';
import { say, size } from './words.ts';

/** A partition on a map. */
export interface MappedPartition {
  /** What is in it ("ext4 “root”"), or its name or type. */
  name: string;
  /** Bytes. */
  size: number;
  /** First byte; null when only the order of the partitions is known. */
  start: number | null;
}

/** A partition, or the gap between two. `from` and `share` are fractions of the map's width, 0 to 1. */
export interface MapSegment {
  from: number;
  share: number;
  /** null for a gap. */
  partition: MappedPartition | null;
}

/** Least share of a partition on the map, so that a small one is visible. */
const LEAST = 0.02;

/** Least share of a gap to show. The alignment of partitions leaves smaller ones everywhere. */
const LEAST_GAP = 0.005;

/** File systems whose name at people differs from that at lsblk. */
const FILE_SYSTEMS: Readonly<Record<string, string>> = {
  vfat: 'FAT',
  exfat: 'exFAT',
  ntfs: 'NTFS',
  refs: 'ReFS',
  btrfs: 'Btrfs',
  xfs: 'XFS',
  f2fs: 'F2FS',
  apfs: 'APFS',
  hfs: 'HFS',
  hfsplus: 'HFS+',
  iso9660: 'ISO 9660',
  udf: 'UDF',
  zfs_member: 'ZFS',
  crypto_LUKS: 'LUKS',
  LVM2_member: 'LVM',
  linux_raid_member: 'RAID',
};

/** The name of a file system as people write it: "FAT" for "vfat". */
export const fileSystemName = (name: string): string => FILE_SYSTEMS[name] ?? name;

/** "ext4 “root”"; null without a signature. `name`: used instead of a label. */
export function signatureName(signature: Signature | undefined, name: string | null = null): string | null {
  return signature === undefined
    ? null
    : labelled(fileSystemName(signature.version ?? signature.type), signature.label ?? name);
}

/** The name for a partition: its content ("ext4 “root”"), or else its name or type. */
export function partitionName({ signatures, name, typeName, type }: ExaminedPartition): string {
  return signatureName(signatures?.[0], name) ?? name ?? typeName ?? type;
}

/** The partitions of an image, in order; empty without a table. An extended partition is left out. */
export const partitionsOfImage = ({ table }: Described): MappedPartition[] =>
  (table?.partitions ?? [])
    .filter(({ place, faults }) => place !== 'extended' && !faults.includes('backwards'))
    .toSorted((a, b) => a.start - b.start)
    .map((partition) => ({ name: partitionName(partition), size: partition.size, start: partition.start }));

/** The partitions of a disk, in the system's order. */
export const partitionsOfDisk = ({ partitions }: Disk): MappedPartition[] =>
  partitions.map(({ fileSystem, label, size: bytes }) => ({
    name: labelled(fileSystem === null ? say('choose.unformatted') : fileSystemName(fileSystem), label),
    size: bytes,
    start: null,
  }));

/** The partitions and the gaps between them, in order. `whole`: bytes of the disk or image, as far as known. */
export function segmentsOf(partitions: readonly MappedPartition[], whole: number): MapSegment[] {
  if (partitions.length === 0) return [];
  const placed: { partition: MappedPartition; start: number; end: number }[] = [];
  let at = 0;
  for (const partition of partitions) {
    const start = partition.start ?? at;
    at = Math.max(at, start + partition.size);
    placed.push({ partition, start, end: start + partition.size });
  }
  const end = Math.max(whole, at);
  const pieces: { share: number; partition: MappedPartition | null }[] = [];
  const gap = (bytes: number): void => {
    if (bytes / end >= LEAST_GAP) pieces.push({ share: bytes / end, partition: null });
  };
  at = 0;
  for (const { partition, start, end: last } of placed) {
    gap(start - at);
    pieces.push({ share: Math.max(LEAST, partition.size / end), partition });
    at = Math.max(at, last);
  }
  gap(end - at);
  const sum = pieces.reduce((so, { share }) => so + share, 0);
  let from = 0;
  return pieces.map(({ share, partition }) => {
    const segment = { from: from / sum, share: share / sum, partition };
    from += share;
    return segment;
  });
}

/** "2 partitions: FAT32 “bootfs” 34 MB, ext4 “rootfs” 167 MB": the map for a screen reader. */
export const mapInWords = (partitions: readonly MappedPartition[]): string =>
  say('partitions.map', {
    count: partitions.length,
    names: partitions.map(({ name, size: bytes }) => `${name} ${size(bytes)}`).join(', '),
  });

const labelled = (fileSystem: string, label: string | null): string =>
  label === null ? fileSystem : say('choose.labelled', { fileSystem, label });
