// Signatures of Linux: file systems, swap, encryption.
import { within, type Bytes } from '../bytes/sample.ts';
import { isPowerOfTwo, signature, textAt, uuidAt, type Reader } from './signature.ts';

/** The kernel's fs/ext4/ext4.h, struct ext4_super_block, at byte 1024. */
const EXT = { at: 1024, magic: 56, compat: 92, incompat: 96, roCompat: 100, uuid: 104, label: 120 } as const;
const EXT_JOURNAL = 0x4;
const EXT_JOURNAL_DEVICE = 0x8;
/** Features that ext3 supports. Any other feature means ext4. */
const EXT3_INCOMPAT = 0x2 | 0x4 | 0x10;
const EXT3_RO_COMPAT = 0x1 | 0x2 | 0x4;

export const ext: Reader = (place) => {
  const { at } = EXT;
  const incompat = place.u32le(at + EXT.incompat) ?? 0;
  const isJournal = (incompat & EXT_JOURNAL_DEVICE) !== 0;
  const isExt =
    place.u16le(at + EXT.magic) === 0xef53 &&
    within(place.u32le(at), isJournal ? 0 : 1, 2 ** 32) && // inodes
    within(place.u32le(at + 24), 0, 6) && // size of a block
    within(place.u32le(at + 76), 0, 1); // revision
  if (!isExt) return null;
  const isExt4 = (incompat & ~EXT3_INCOMPAT) !== 0 || ((place.u32le(at + EXT.roCompat) ?? 0) & ~EXT3_RO_COMPAT) !== 0;
  const hasJournal = ((place.u32le(at + EXT.compat) ?? 0) & EXT_JOURNAL) !== 0;
  const type = isJournal ? 'jbd' : isExt4 ? 'ext4' : hasJournal ? 'ext3' : 'ext2';
  return signature(type, { uuid: uuidAt(place, at + EXT.uuid), label: textAt(place, at + EXT.label, 16) });
};

export const xfs: Reader = (place) =>
  place.has(0, 'XFSB') && isPowerOfTwo(place.u32be(4), 512, 65_536)
    ? signature('xfs', { uuid: uuidAt(place, 32), label: textAt(place, 108, 12) })
    : null;

export const btrfs: Reader = (place) =>
  place.has(0x10040, '_BHRfS_M')
    ? signature('btrfs', { uuid: uuidAt(place, 0x10020), label: textAt(place, 0x1012b, 256) })
    : null;

export const f2fs: Reader = (place) =>
  place.has(1024, [0x10, 0x20, 0xf5, 0xf2])
    ? signature('f2fs', { uuid: uuidAt(place, 1024 + 108), label: textAt(place, 1024 + 124, 1024, 'utf16le') })
    : null;

/** The signature is at the end of a page, whose size depends on the machine. */
export const swap: Reader = (place) => {
  const pages = [4096, 8192, 16_384, 32_768, 65_536];
  // The kernel's include/linux/swap.h, union swap_header: version 1 and a last page, in the machine's order of bytes.
  const isHeader =
    (place.u32le(1024) === 1 && place.u32le(1028) !== 0) || (place.u32be(1024) === 1 && place.u32be(1028) !== 0);
  if (isHeader && pages.some((page) => place.has(page - 10, 'SWAPSPACE2')))
    return signature('swap', { uuid: uuidAt(place, 1036), label: textAt(place, 1052, 16) });
  return pages.some((page) => place.has(page - 10, 'SWAP-SPACE')) ? signature('swap') : null;
};

/** The LUKS on-disk formats, versions 1 and 2. */
export const luks: Reader = (place) => {
  const version = place.u16be(6);
  if (!place.has(0, [...Buffer.from('LUKS'), 0xba, 0xbe]) || !within(version, 1, 2)) return null;
  return signature('crypto_LUKS', {
    version: String(version),
    uuid: textAt(place, 168, 40),
    label: version === 2 ? textAt(place, 24, 48) : null,
  });
};

export const squashfs: Reader = (place: Bytes) =>
  place.has(0, 'hsqs') && place.u16le(28) === 4 ? signature('squashfs') : null;
