// Evidence that a file is a disk image: partition tables and file systems. Offsets and magic numbers are from libblkid
// (util-linux, libblkid/src/superblocks and partitions), whose comments name each format's specification.
import { within, type Bytes, type Sample } from './bytes/sample.ts';

const SECTORS = [512, 4096] as const;

interface Evidence {
  format: string;
  /** libblkid's name for a signature that no reader of `file-systems` handles. */
  type?: string;
  /** True when the file contains this evidence. */
  test: (file: Bytes) => boolean;
}

/**
 * Evidence at the start of a file. Each test is long or structured enough that packed files do not pass it by chance.
 */
const STRONG: readonly Evidence[] = [
  // UEFI specification, 5.3.2
  { format: 'GPT', test: (file) => SECTORS.some((sector) => file.has(sector, 'EFI PART')) },
  { format: 'ISO 9660', test: (file) => file.has(0x8001, 'CD001') }, // ECMA-119, 8.1
  {
    format: 'UDF',
    type: 'udf',
    test: (file) => [0x8001, 0x8801, 0x9001].some((at) => file.has(at, 'NSR02') || file.has(at, 'NSR03')),
  }, // ECMA-167, 2/9.1
  { format: 'MBR', test: isMbr },
  { format: 'Apple partition map', test: (file) => file.has(0, 'ER') && file.has(512, 'PM\0\0') },
  { format: 'Amiga partition table', test: (file) => file.has(0, 'RDSK') && within(file.u32be(4), 16, 128) },
  { format: 'SGI disk label', test: (file) => file.has(0, [0x0b, 0xe5, 0xa9, 0x41]) },
  {
    format: 'BSD disk label',
    test: (file) => file.has(512, [0x57, 0x45, 0x56, 0x82]) && file.has(512 + 132, [0x57, 0x45, 0x56, 0x82]),
  },
  { format: 'ext', test: isExt },
  { format: 'XFS', test: (file) => file.has(0, 'XFSB') && isPowerOfTwo(file.u32be(4), 512, 65_536) },
  { format: 'btrfs', test: (file) => file.has(0x10040, '_BHRfS_M') },
  { format: 'NTFS', test: (file) => file.has(3, 'NTFS    ') },
  { format: 'exFAT', test: (file) => file.has(3, 'EXFAT   ') },
  { format: 'BitLocker', type: 'BitLocker', test: (file) => file.has(3, '-FVE-FS-') },
  { format: 'ReFS', type: 'ReFS', test: (file) => file.has(3, 'ReFS\0\0\0\0') },
  { format: 'FAT', test: isFat },
  { format: 'HFS+', test: (file) => (file.has(1024, 'H+') || file.has(1024, 'HX')) && within(file.u16be(1026), 4, 5) },
  {
    format: 'HFS',
    type: 'hfs',
    test: (file) => file.has(1024, 'BD') && isPowerOfTwo(file.u32be(1024 + 20), 512, 2 ** 20),
  },
  { format: 'APFS', type: 'apfs', test: (file) => file.has(32, 'NXSB') },
  { format: 'F2FS', test: (file) => file.has(1024, [0x10, 0x20, 0xf5, 0xf2]) },
  { format: 'LUKS', test: (file) => file.has(0, [...Buffer.from('LUKS'), 0xba, 0xbe]) },
  { format: 'LVM', type: 'LVM2_member', test: (file) => [0, 512, 1024, 1536].some((at) => file.has(at, 'LABELONE')) },
  {
    format: 'Linux RAID',
    type: 'linux_raid_member',
    test: (file) => [0, 4096].some((at) => file.has(at, RAID_MAGIC) && file.u32le(at + 4) === 1),
  },
  { format: 'ZFS', type: 'zfs_member', test: (file) => isZfs(file, 0) },
  {
    format: 'swap',
    test: (file) =>
      [4096, 8192, 16_384, 65_536].some(
        (page) => file.has(page - 10, 'SWAPSPACE2') || file.has(page - 10, 'SWAP-SPACE'),
      ),
  },
  { format: 'ReiserFS', type: 'reiserfs', test: (file) => [0x10034, 0x2034].some((at) => file.has(at, 'ReIsEr')) },
  { format: 'JFS', type: 'jfs', test: (file) => file.has(0x8000, 'JFS1') },
  {
    format: 'UFS',
    type: 'ufs',
    test: (file) =>
      [8192, 65_536].some(
        (at) => file.has(at + 1372, [0x19, 0x01, 0x54, 0x19]) || file.has(at + 1372, [0x54, 0x19, 0x01, 0x00]),
      ),
  },
  {
    format: 'bcache',
    type: 'bcache',
    test: (file) =>
      file.has(
        4096 + 24,
        [0xc6, 0x85, 0x73, 0xf6, 0x4e, 0x1a, 0x45, 0xca, 0x82, 0x65, 0xf5, 0x7f, 0x48, 0xba, 0x6d, 0x81],
      ),
  },
  {
    format: 'bcachefs',
    type: 'bcachefs',
    test: (file) =>
      file.has(
        4096 + 24,
        [0xc6, 0x85, 0x73, 0xf6, 0x66, 0xce, 0x90, 0xa9, 0xd9, 0x6a, 0x60, 0xcf, 0x80, 0x3d, 0xf7, 0xef],
      ),
  },
  { format: 'GFS2', type: 'gfs2', test: (file) => file.has(0x10000, [0x01, 0x16, 0x19, 0x70, 0, 0, 0, 1]) },
  { format: 'OCFS2', type: 'ocfs2', test: (file) => [1024, 2048, 4096, 8192].some((at) => file.has(at, 'OCFSV2')) },
  { format: 'Reiser4', type: 'reiser4', test: (file) => file.has(0x10000, 'ReIsEr4') },
  {
    format: 'Stratis',
    type: 'stratis',
    test: (file) => [512, 4608].some((at) => file.has(at + 4, '!Stra0tis\x86\xff\x02^Arh')),
  },
  { format: 'VDO', type: 'vdo', test: (file) => file.has(0, 'dmvdo001') },
  { format: 'Ceph BlueStore', type: 'ceph_bluestore', test: (file) => file.has(0, 'bluestore block device') },
  { format: 'EROFS', type: 'erofs', test: (file) => file.has(1024, [0xe2, 0xe1, 0xf5, 0xe0]) },
  // U-Boot, doc/board/allwinner/sunxi.rst
  { format: 'Allwinner boot loader', test: (file) => file.has(8196, 'eGON.BT0') },
  { format: 'Android boot image', test: (file) => file.has(0, 'ANDROID!') },
];

/**
 * Evidence that another kind of file can contain by chance, or because it contains a disk. It is used only when there
 * is no other.
 */
const WEAK: readonly Evidence[] = [
  { format: 'GPT', test: (file) => SECTORS.some((sector) => file.has(-sector, 'EFI PART')) },
  { format: 'Linux RAID', type: 'linux_raid_member', test: isRaidAtEnd },
  { format: 'boot sector', test: (file) => file.u16le(510) === BOOT_SIGNATURE },
  { format: 'Sun disk label', test: (file) => file.u16be(508) === 0xdabe },
];

/** The disk format that a file certainly begins with; null without one. */
export const diskFormat = (file: Sample): string | null => STRONG.find(({ test }) => test(file))?.format ?? null;

/** The disk format that a file probably has; null without one. */
export const likelyDiskFormat = (file: Sample): string | null => WEAK.find(({ test }) => test(file))?.format ?? null;

/** The signatures at a place that no reader of `file-systems` handles, by libblkid's names. */
export const otherSignatures = (place: Bytes): string[] => [
  ...new Set([...STRONG, ...WEAK].flatMap(({ type, test }) => (type !== undefined && test(place) ? [type] : []))),
];

const BOOT_SIGNATURE = 0xaa55;
/** md_p.h of the kernel: MD_SB_MAGIC, little-endian as on every common machine. */
const RAID_MAGIC = [0xfc, 0x4e, 0x2b, 0xa9];

/** UEFI specification, 5.2.1: four entries with at least one in use, or code that jumps over a BIOS parameter block. */
function isMbr(file: Bytes): boolean {
  if (file.u16le(510) !== BOOT_SIGNATURE || isLinuxKernel(file)) return false;
  const entries = [0, 1, 2, 3].map((index) => {
    const at = 446 + 16 * index;
    return { status: file.u8(at)!, type: file.u8(at + 4)!, start: file.u32le(at + 8)!, sectors: file.u32le(at + 12)! };
  });
  const used = entries.filter(({ type }) => type !== 0);
  const valid =
    entries.every(({ status }) => status === 0 || status === 0x80) &&
    used.length > 0 &&
    used.every(({ start, sectors }) => sectors > 0 && start < 2 ** 32 - 1) &&
    used.some(({ start }) => start * 512 < (file.size ?? Infinity));
  return valid || jumps(file);
}

/**
 * A kernel has the boot signature too, with its header where an MBR has code (Linux, Documentation/arch/x86/boot.rst).
 */
export const isLinuxKernel = (file: Bytes): boolean => file.has(514, 'HdrS');

/** A boot sector begins with a short jump and a NOP, or with a near jump. */
const jumps = (file: Bytes): boolean => (file.u8(0) === 0xeb && file.u8(2) === 0x90) || file.u8(0) === 0xe9;

/** Microsoft's FAT specification, "BPB and BS": the jump, the name, or a plausible parameter block. */
function isFat(file: Bytes): boolean {
  if (file.has(54, 'FAT12   ') || file.has(54, 'FAT16   ') || file.has(82, 'FAT32   ')) return true;
  return (
    jumps(file) &&
    isPowerOfTwo(file.u16le(11), 512, 4096) &&
    isPowerOfTwo(file.u8(13), 1, 128) &&
    within(file.u8(16), 1, 2) &&
    within(file.u8(21), 0xf0, 0xff)
  );
}

/** The kernel's fs/ext4/ext4.h, struct ext4_super_block; the magic number alone is too short. */
function isExt(file: Bytes): boolean {
  const at = 1024;
  return (
    file.u16le(at + 56) === 0xef53 &&
    within(file.u32le(at), 1, 2 ** 32) &&
    within(file.u32le(at + 4), 1, 2 ** 32) &&
    within(file.u32le(at + 24), 0, 6) &&
    within(file.u32le(at + 76), 0, 1)
  );
}

/** The kernel's drivers/md: version 1.0 lies 8 to 12 KiB before the end, 0.90 in the last whole 64 KiB but one. */
function isRaidAtEnd(file: Bytes): boolean {
  const { size } = file;
  if (size === null) return false;
  const places = [Math.floor((size / 512 - 16) / 8) * 8 * 512, Math.floor(size / 65_536) * 65_536 - 65_536];
  return places.some((at) => at > 0 && file.has(at, RAID_MAGIC));
}

/**
 * OpenZFS, include/sys/vdev_impl.h: uberblocks fill the second half of a label of 256 KiB; each begins with 0x00bab10c
 * in 64 bits.
 */
function isZfs(file: Bytes, label: number): boolean {
  const little = [0x0c, 0xb1, 0xba, 0, 0, 0, 0, 0];
  return Array.from({ length: 128 }, (_, index) => label + 131_072 + 1024 * index).some(
    (at) => file.has(at, little) || file.has(at, little.toReversed()),
  );
}

const isPowerOfTwo = (value: number | null, least: number, most: number): boolean =>
  within(value, least, most) && Number.isInteger(Math.log2(value!));
