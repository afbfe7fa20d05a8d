// The content of a disk or an image: its partition table and its signatures. Offsets and sizes in bytes.
import type { PlatterError } from './errors.ts';
import type { Reason } from './facts.ts';
import type { ImageSummary } from './image-summary.ts';
import type { Recognised } from './sources.ts';

/** A file system or another thing with a signature. Names, labels and UUIDs are those that libblkid gives. */
export interface Signature {
  /** "ext4", "vfat", "crypto_LUKS". */
  type: string;
  /** "FAT32"; null for a type without versions that matter. */
  version: string | null;
  label: string | null;
  /** null when there is none, or Platter does not read it. */
  uuid: string | null;
}

/** A fault of a partition. */
export type PartitionFault =
  /** It ends beyond the disk or image. */
  | 'beyondEnd'
  /** It ends before it begins. */
  | 'backwards'
  | 'overlaps';

/** A partition as its table describes it. */
export interface TablePartition {
  /** The kernel's number for it. */
  number: number;
  /** At most 2^53 - 1, which is beyond every disk. The same holds for `size`. */
  start: number;
  size: number;
  place: 'primary' | 'extended' | 'logical';
  /** A GUID in lower case, or the type of an MBR: "0x83". */
  type: string;
  /** null for an uncommon type. */
  typeName: string | null;
  /** null in an MBR, which has no names, and where it is empty. */
  name: string | null;
  /** PARTUUID; null where the MBR has no disk signature. */
  uuid: string | null;
  /** Active in an MBR, bootable by a BIOS in a GPT. */
  active: boolean;
  faults: PartitionFault[];
}

/** How bytes compare with their CRC. 'unread': they could not be read. */
export type CrcState = 'right' | 'wrong' | 'missing' | 'unread';

/** `P` is the type of a partition, with or without what was found in it. */
export interface GptTable<P = TablePartition> {
  kind: 'gpt';
  /** Bytes in a sector. */
  sector: 512 | 4096;
  /** The disk's GUID, in lower case. */
  id: string;
  partitions: P[];
  /** Which of the two tables lists these partitions. */
  from: 'primary' | 'backup';
  /** The header in sector 1. */
  header: CrcState;
  /** The entries of that header. */
  entries: CrcState;
  /** The backup's header and entries. */
  backup: CrcState;
  /** The place of the backup, or its place according to the header. */
  backupAt: number;
  /** True when the backup is in the last sector. null when the size is unknown. */
  backupAtEnd: boolean | null;
  /** The MBR before the GPT. Many systems ignore a GPT without one. */
  mbr: 'protective' | 'hybrid' | 'missing';
  /** The partitions of a hybrid MBR, except the protective one. */
  hybrid: TablePartition[];
}

export interface MbrTable<P = TablePartition> {
  kind: 'mbr';
  /** Bytes in a sector. An MBR does not say; `sectorKnown` is false when the other size fits too. */
  sector: 512 | 4096;
  sectorKnown: boolean;
  /** The disk's signature: 8 hexadecimal digits; null when there is none. */
  id: string | null;
  partitions: P[];
  /** The chain of logical partitions. 'broken': it leads outside, in a circle or too far. */
  chain: 'none' | 'whole' | 'broken' | 'unread';
  /** There is a GPT too. Systems use the MBR, because it has no partition that protects the GPT. */
  gptToo: boolean;
}

export type PartitionTable<P = TablePartition> = GptTable<P> | MbrTable<P>;

/** A partition with the signatures at its start. */
export interface ExaminedPartition extends TablePartition {
  /** More than one when several were found; null when its start was not read. */
  signatures: Signature[] | null;
}

/** The content of a disk or an image. */
export interface Inside {
  /** null when there is none. */
  table: PartitionTable<ExaminedPartition> | null;
  /** The signatures at the first byte of the disk or image; null when that was not read. */
  signatures: Signature[] | null;
}

/** A file in an archive. Sizes in bytes. */
export interface ArchivedFile {
  name: string;
  size: number;
  packed: number;
  /** Number of the packing method (APPNOTE.TXT, 4.4.5). */
  method: number;
  encrypted: boolean;
}

/** True when this name marks the image among other files of an archive (a README, checksums). */
export const isImageName = (name: string): boolean => /\.(img|iso|raw|bin|dd|wic|usb|sdcard|hddimg)$/iu.test(name);

/** True when this name is that of a text, a document, a checksum, a picture or a program, which is no disk image. */
export const isOtherName = (name: string): boolean =>
  /(^|\/)(readme|licen[cs]e|changelog|copying)$|\.(txt|md|rst|pdf|rtf|docx?|odt|html?|xml|json|csv|ini|log|url|nfo|png|jpe?g|gif|svg|exe|msi|dll|bat|sh|ps1|asc|sig|md5|sha\d+|md5sums?|sha\d+sums?|bmap)$/iu.test(
    name,
  );

/** True when macOS adds this file to an archive, beside those that the user put in. */
export const isMacExtra = (name: string): boolean => /^__MACOSX\/|(^|\/)(\._[^/]*|\.DS_Store)$/u.test(name);

/** The decoder's name for an Android sparse image. */
export const SPARSE = 'android-sparse';

/** The formats that people write in capitals, by the decoder's names. */
const CAPITALS: ReadonlySet<string> = new Set(['zip', 'vmdk', 'vdi', 'vhd', 'vhdx']);

/** The usual spelling of a format, by the decoder's name. The name for SPARSE depends on the language. */
export const writtenFormat = (format: string): string => (CAPITALS.has(format) ? format.toUpperCase() : format);

/** How a file is packed. Sizes in bytes. null: the decoder does not say. */
export interface Packing {
  /** "xz", "zip". */
  format: string;
  /** The number of pieces that can be decoded on their own. */
  blocks: number | null;
  /** The files of an archive; null for other files. */
  entries: ArchivedFile[] | null;
  /** The file of the archive that is used; null when there is none, or the user has to choose. */
  entry: string | null;
  /** It is an Android sparse image, or contains one. */
  sparse: boolean;
  /** The number of saved states in a virtual disk. Only the current state is copied. null for other files. */
  snapshots: number | null;
  /** Decoding can begin in the middle. */
  seekable: boolean | null;
  /** The number of decoders that work at the same time. */
  threads: number | null;
  /** The bytes that they hold in flight. */
  memory: number | null;
}

/** The facts from a block map, or the `reason` why it cannot be used. */
export type BmapFacts = { name: string } & (
  { version: string; mapped: number; imageSize: number; hash: string | null; reason: null } | { reason: Reason }
);

/** The description of a file or a disk. */
export interface Described extends Inside {
  kind: 'file' | 'disk';
  /** Bytes of the file or the disk. */
  bytes: number;
  /** null when it is not packed. */
  packed: Packing | null;
  /** The kind of the file, or of the image in it; null when it was not inspected. */
  content: Recognised | null;
  /** Bytes of the image; null when that is unknown. */
  size: number | null;
  /** 'atLeast': the partition table extends this far. */
  sizeIs: 'exact' | 'atLeast' | 'unknown';
  /**
   * The checksum of the file, or of the image in it, from a list beside the file; null for none. It was not compared.
   */
  checksum: { list: string; checksum: string; of: 'file' | 'image' } | null;
  /** The lists beside the file that cannot be used, by name. */
  unclear: { list: string; reason: Reason }[];
  /** The block map beside the file; null for none. Sizes in bytes. */
  bmap: BmapFacts | null;
  /** The summary of its copy that a packed image holds; null when it holds none. */
  copied: ImageSummary | null;
  /** The image contradicts its summary, which was left out. */
  copiedOther?: true;
  /** Why some of it could not be inspected; null when all was. */
  problem: PlatterError | null;
}
