// Partition tables count in sectors. On a disk with another sector size than a table was made for, no system finds the
// table or its partitions: the copy is complete and verified, but useless. Warn before the job starts.
import type { Note } from '../../contract/facts.ts';
import { errnoOf } from '../../base/errors.ts';
import { Sample } from '../../parsers/bytes/sample.ts';
import { signaturesIn } from '../../parsers/signatures.ts';
import type { End, HeldEnd } from './ends.ts';
import type { NativeDevice } from '../native/addon.ts';
import { HEAD_BYTES, tableIn } from './partition-table.ts';

/** Sector size of a loop device by default. */
const LOOP_SECTOR = 512;

/**
 * Notes on the partition table of `source`. One for each disk and image among `destinations` where its partitions would
 * not be found; one for all disks where its GPT would not reach the end. One on `source` itself when that is true
 * there, or when a partition, or the disk by the GPT of an image, ends beyond its end. One when it is the image of one partition and would become a disk.
 */
export async function notesOnSectors(source: HeldEnd, destinations: readonly End[]): Promise<Note[]> {
  const { path, size, block } = source.end;
  const table = tableIn(await peek(source.device, HEAD_BYTES), { size, logicalSector: block?.logicalSector ?? null });
  if (table === null) return notesOnOnePartition(source, destinations);
  const { kind, sector, end, whole } = table;
  const here: Note[] = [
    ...(end !== null && end > size
      ? [{ kind: 'partitionsBeyond', path, end, size, missing: end - size } as const]
      : block === null && whole !== null && whole > size
        ? [{ kind: 'gptCut', path, whole, missing: whole - size } as const]
        : []),
    ...(sector !== null && block !== null && block.type !== 'part' && block.logicalSector !== sector
      ? [{ kind: 'sourceSectors', path, has: block.logicalSector, made: sector } as const]
      : []),
  ];
  if (sector === null) return here;
  const there = destinations.flatMap((one): Note[] => {
    if (one.block === null)
      return sector === LOOP_SECTOR ? [] : [{ kind: 'imageSectors', path: one.path, made: sector }];
    if (one.block.type === 'part') return [];
    if (one.block.logicalSector !== sector)
      return [{ kind: 'otherSectors', path: one.path, has: one.block.logicalSector, made: sector }];
    return [];
  });
  const isLarger = ({ block, size: has }: End): boolean =>
    block !== null && block.type !== 'part' && block.logicalSector === sector && has > size;
  const larger = kind === 'gpt' ? destinations.filter(isLarger).map((one) => one.path) : [];
  const ends: Note[] = larger.length === 0 ? [] : [{ kind: 'gptNotAtEnd', paths: larger, count: larger.length }];
  return [...here, ...there, ...ends];
}

/** File systems that lie in partitions. Media without a table have others, such as ISO 9660. */
const IN_PARTITIONS: ReadonlySet<string> = new Set(
  'ext2 ext3 ext4 xfs btrfs f2fs ntfs exfat vfat hfsplus swap crypto_LUKS'.split(' '),
);
/** The superblock of btrfs ends here, the farthest of these. */
const FILE_SYSTEM_BYTES = 0x11000;

/** A note when an image without a table holds a file system, and would become a whole disk. */
async function notesOnOnePartition({ end, device }: HeldEnd, destinations: readonly End[]): Promise<Note[]> {
  const disks = destinations.filter(({ block }) => block !== null && block.type !== 'part');
  if (end.block !== null || disks.length === 0) return [];
  const head = await peek(device, Math.min(FILE_SYSTEM_BYTES, end.size));
  const found = signaturesIn(new Sample(head, Buffer.alloc(0), end.size));
  // A medium that carries one of the others as well is no image of a partition.
  if (found.length === 0 || !found.every(({ type }) => IN_PARTITIONS.has(type))) return [];
  const paths = disks.map(({ path }) => path);
  return [{ kind: 'onePartition', path: end.path, fileSystem: found[0]!.type, paths, count: paths.length }];
}

/** Empty when it cannot be read, because the job will report that. */
async function peek(device: NativeDevice, length: number): Promise<Buffer> {
  try {
    return await device.peek(0, length);
  } catch (error) {
    if (errnoOf(error) === null) throw error;
    return Buffer.alloc(0);
  }
}
