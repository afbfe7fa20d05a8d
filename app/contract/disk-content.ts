// The content of a disk or an image: its partition table and its signatures. Offsets and sizes in bytes.
import type { PlatterError } from './errors.ts';
import type { Reason } from './facts.ts';
import type { Recognised } from './sources.ts';

/** A file system or another thing with a signature. Names, labels and UUIDs are those that libblkid gives. */
export interface Signature {
  /** "ext4", "vfat", "crypto_LUKS". */
  type: string;
  /** "FAT32"; null for what has no versions that matter. */
  version: string | null;
  label: string | null;
  /** null when there is none, or it is not read. */
  uuid: string | null;
}

/** A fault of a partition. */
export type PartitionFault =
  /** It ends beyond the disk or image. */
  | 'beyondEnd'
  /** It ends before it begins. */
  | 'backwards'
  | 'overlaps';

/** A partition as its table has it. */
export interface TablePartition {
  /** As the system counts. */
  number: number;
  /** No larger than 2^53 - 1, beyond which no disk reaches; so is `size`. */
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

/** Are the bytes what their CRC says? 'unread': they could not be read. */
export type CrcState = 'right' | 'wrong' | 'missing' | 'unread';

/** `P`: a partition as far as it was looked at. */
export interface GptTable<P = TablePartition> {
  kind: 'gpt';
  /** Bytes in a sector. */
  sector: 512 | 4096;
  /** The disk's GUID, in lower case. */
  id: string;
  partitions: P[];
  /** Which of the two tables the partitions are of. */
  from: 'primary' | 'backup';
  /** The header in sector 1. */
  header: CrcState;
  /** The entries that belong to it. */
  entries: CrcState;
  /** The backup's header and entries. */
  backup: CrcState;
  /** Where the backup is, or has to be by the header. */
  backupAt: number;
  /** Is the backup in the last sector? null when the size is unknown. */
  backupAtEnd: boolean | null;
  /** The MBR before it. Many systems ignore a GPT where it is missing. */
  mbr: 'protective' | 'hybrid' | 'missing';
  /** The partitions in a hybrid MBR, beside the protective one. */
  hybrid: TablePartition[];
}

export interface MbrTable<P = TablePartition> {
  kind: 'mbr';
  /** Bytes in a sector. An MBR does not say; `sectorKnown` is false when it could be the other one. */
  sector: 512 | 4096;
  sectorKnown: boolean;
  /** The disk's signature: 8 hexadecimal digits; null when there is none. */
  id: string | null;
  partitions: P[];
  /** The chain of logical partitions: 'broken' when it leads nowhere, in a circle or too far. */
  chain: 'none' | 'whole' | 'broken' | 'unread';
  /** A GPT is there too. Systems go by the MBR, as it has no partition that protects the GPT. */
  gptToo: boolean;
}

export type PartitionTable<P = TablePartition> = GptTable<P> | MbrTable<P>;

/** A partition with what begins in it. */
export interface LookedAt extends TablePartition {
  /** More than one where several signatures are there; null when its start was not read. */
  signatures: Signature[] | null;
}

/** The content of a disk or an image. */
export interface Inside {
  /** null when there is none. */
  table: PartitionTable<LookedAt> | null;
  /** The signatures at the first byte of the whole; null when that was not read. */
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

/** Beside other files in an archive (a README, checksums) a file with such a name is the image. */
export const isImageName = (name: string): boolean => /\.(img|iso|raw|bin|dd|wic|usb|sdcard|hddimg)$/iu.test(name);

/** The decoder's name of an Android sparse image. */
export const SPARSE = 'android-sparse';

/** The decoder's names of formats that people write in capitals. */
const CAPITALS: ReadonlySet<string> = new Set(['zip', 'vmdk', 'vdi', 'vhd', 'vhdx']);

/** A format by the decoder's name, as people write it. SPARSE has another name in each language. */
export const writtenFormat = (format: string): string => (CAPITALS.has(format) ? format.toUpperCase() : format);

/** How a file is packed. Sizes in bytes; null for what the decoder does not say. */
export interface Packing {
  /** "xz", "zip". */
  format: string;
  /** Pieces that can be decoded on their own. */
  blocks: number | null;
  /** The files of an archive; null for what is none. */
  entries: ArchivedFile[] | null;
  /** The one that is taken; null for none, or when it has to be chosen. */
  entry: string | null;
  /** An Android sparse image is in it, or it is one. */
  sparse: boolean;
  /** States that a virtual disk keeps beside the current one, which alone is copied; null for what is none. */
  snapshots: number | null;
  /** Decoding can begin in the middle. */
  seekable: boolean | null;
  /** Decoders that work at the same time. */
  threads: number | null;
  /** Bytes in flight that they take. */
  memory: number | null;
}

/** What a block map says of an image, or `reason` why it cannot be gone by. */
export type BmapFacts = { name: string } & (
  { version: string; mapped: number; imageSize: number; hash: string | null; reason: null } | { reason: Reason }
);

/** The description of a file or a disk. */
export interface Described extends Inside {
  kind: 'file' | 'disk';
  /** Bytes of the file or the disk. */
  bytes: number;
  /** null for what is not packed. */
  packed: Packing | null;
  /** What a file is, or the image in it; null when it was not looked at. */
  content: Recognised | null;
  /** Bytes of the image; null when that is unknown. */
  size: number | null;
  /** 'atLeast': the partition table reaches so far. */
  sizeIs: 'exact' | 'atLeast' | 'unknown';
  /** A list beside the file with a checksum of it, or of the image in it; null for none. Nothing is compared. */
  checksum: { list: string; checksum: string; of: 'file' | 'image' } | null;
  /** Lists beside the file that cannot be gone by, by their names. */
  unclear: { list: string; reason: Reason }[];
  /** The block map beside the file; null for none. Sizes in bytes. */
  bmap: BmapFacts | null;
  /** Why not all of it could be looked at; null when it could. */
  problem: PlatterError | null;
}
