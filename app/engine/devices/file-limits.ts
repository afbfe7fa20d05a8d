// The limits of file systems: longest file, holes, forbidden characters in names.

export interface FileLimits {
  /** The name that people use for the file system. */
  name: string;
  /** Longest file, in bytes. */
  longest: number;
  /** It has no holes: a file takes up all of its bytes. */
  whole: boolean;
  /** Names that it refuses or changes; null when it takes every name. */
  forbidden: RegExp | null;
}

/** Magic numbers of statfs(2), as in linux/magic.h. */
export const FAT_MAGIC = 0x4d44;
export const EXFAT_MAGIC = 0x2011bab0;
const HFS_PLUS_MAGIC = 0x482b;
/** ext4, and ext2 and ext3, whose files are shorter. */
export const EXT_MAGIC = 0xef53;
/** Blocks of the longest file of an ext4. */
const EXT_BLOCKS = 2 ** 32 - 1;

/**
 * Windows' rules, which Linux applies to FAT and exFAT too. The drivers strip dots and spaces from the end of a name.
 */
const OF_WINDOWS = /[\u0000-\u001f"*:<>?\\|]|[. ]$/u;

const BY_MAGIC: ReadonlyMap<number, FileLimits> = new Map([
  [FAT_MAGIC, { name: 'FAT', longest: 2 ** 32 - 1, whole: true, forbidden: OF_WINDOWS }],
  [EXFAT_MAGIC, { name: 'exFAT', longest: Number.MAX_SAFE_INTEGER, whole: true, forbidden: OF_WINDOWS }],
  [HFS_PLUS_MAGIC, { name: 'HFS+', longest: Number.MAX_SAFE_INTEGER, whole: true, forbidden: null }],
]);

/** No known limits. */
export const UNLIMITED: FileLimits = { name: '', longest: Number.MAX_SAFE_INTEGER, whole: false, forbidden: null };

/** The limits of a file system with this magic number. `block`: bytes of its blocks. */
export function limitsOf(magic: number, block: number): FileLimits {
  if (magic === EXT_MAGIC) return { ...UNLIMITED, name: 'ext4', longest: EXT_BLOCKS * block };
  return BY_MAGIC.get(magic) ?? UNLIMITED;
}
