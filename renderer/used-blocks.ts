// Used blocks in words: whether a source can have them, and what of it is left out.
import type { Described } from '../app/contract/disk-content.ts';
import type { Disk } from '../app/contract/disks.ts';
import type { Note } from '../app/contract/facts.ts';
import type { PartUse } from '../app/contract/jobs.ts';
import { sayReason, say, size } from './words.ts';

/** True when a disk has file systems, as far as the system knows. */
export const hasFileSystems = ({ fileSystem, partitions }: Disk): boolean =>
  fileSystem !== null || partitions.length > 0;

/** True when an image is raw and has file systems. */
export const isRawWithFileSystems = ({ packed, table, signatures }: Described): boolean =>
  packed === null && (table !== null ? table.partitions.length > 0 : (signatures?.length ?? 0) > 0);

/** "Partition 2, ext4"; "ext4" for a file system without a partition table. */
export function partName({ partition, signatures }: PartUse): string {
  const what = signatures.length === 0 ? say('used.unknown') : signatures.join(', ');
  return partition === null ? what : say('used.partition', { number: String(partition), what });
}

/** "48 of 255 GB", or what is copied of a part as a whole. */
export const partShare = ({ whole, used, size: bytes }: PartUse): string =>
  whole === null ? say('used.share', { used: size(used), size: size(bytes) }) : say('used.all', { size: size(bytes) });

/** Why a part is copied as a whole, and what that costs; null when it is not. */
export const wholeReason = ({ whole, saves }: PartUse): string | null =>
  whole === null
    ? null
    : saves > 0
      ? say('used.looksFree', { saves: size(saves), reason: sayReason(whole) })
      : sayReason(whole);

/** Notes that say what a list of the parts says. */
const LISTED: readonly Note['kind'][] = ['usedOnly', 'usedZeros', 'usedPart', 'wholePart', 'wholePartSaves'];

/** The notes of a plan that a list of its parts does not replace. */
export const otherNotes = (notes: readonly Note[], parts: readonly PartUse[] | undefined): Note[] =>
  notes.filter(({ kind }) => parts === undefined || !LISTED.includes(kind));
