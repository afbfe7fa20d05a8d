// Recognises everything at the start of a disk, an image or a partition.
import type { Signature } from '../contract/disk-content.ts';
import { otherSignatures } from './disk-evidence.ts';
import type { Bytes } from './bytes/sample.ts';
import { btrfs, ext, f2fs, luks, squashfs, swap, xfs } from './file-systems/linux.ts';
import { hfsPlus, iso9660 } from './file-systems/others.ts';
import { signature, type Reader } from './file-systems/signature.ts';
import { exfat, fat, ntfs } from './file-systems/windows.ts';

/** In order of likelihood, for places with several signatures. */
const READERS: readonly Reader[] = [luks, ext, xfs, btrfs, f2fs, ntfs, exfat, fat, iso9660, hfsPlus, squashfs, swap];

/** All signatures at the start of `place`. Bounded; does not throw. */
export const signaturesIn = (place: Bytes): Signature[] => [
  ...READERS.flatMap((read) => read(place) ?? []),
  ...otherSignatures(place).map((type) => signature(type)),
];
