// Everything that is recognised at a place: at the start of a disk, an image or a partition.
import type { Signature } from '../../contract/inside.ts';
import { otherSignatures } from '../disk-evidence.ts';
import type { Bytes } from '../sample.ts';
import { btrfs, ext, f2fs, luks, squashfs, swap, xfs } from './linux.ts';
import { hfsPlus, iso9660 } from './others.ts';
import { signature, type Reader } from './signature.ts';
import { exfat, fat, ntfs } from './windows.ts';

/** The likelier first, where several are there. */
const READERS: readonly Reader[] = [luks, ext, xfs, btrfs, f2fs, ntfs, exfat, fat, iso9660, hfsPlus, squashfs, swap];

/** All signatures at the start of `place`. Bounded; throws nothing. */
export const signaturesIn = (place: Bytes): Signature[] => [
  ...READERS.flatMap((read) => read(place) ?? []),
  ...otherSignatures(place).map((type) => signature(type)),
];
