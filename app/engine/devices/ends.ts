// What is at a path of a request: an end, and its parts.
import type { Packing } from '../../contract/image-formats.ts';
import type { PlatterError } from '../../contract/errors.ts';
import type { ChecksumCovers } from '../../contract/request.ts';
import type { Bmap } from '../../parsers/bmap.ts';
import type { SmallerFileSystem } from '../../parsers/disk-folders/disk-plan.ts';
import type { OtherPieces } from '../../parsers/piece-names.ts';
import type { NativeDevice } from '../native/addon.ts';
import type { FileLimits } from './file-limits.ts';
import type { Located } from './shared-storage.ts';
import type { SplitPlace } from './split-place.ts';

/** One end of a request as it was found. */
export interface End extends Located {
  /** As the user gave it. */
  path: string;
  kind: 'block' | 'file';
  /** Bytes; 0 for a file that is not there yet. */
  size: number;
  /** Bytes that a file occupies on its file system, less than `size` when it has holes; `size` for a device. */
  allocated: number;
  /** Time of the last write to a file, in milliseconds since the epoch. null for a device or a missing file. */
  modified: number | null;
  /**
   * Time of the last change of a file or its inode, in nanoseconds since the epoch. It cannot be set back. null where
   * `modified` is.
   */
  changed: bigint | null;
  /**
   * Time of birth of a file, in nanoseconds since the epoch. null where `modified` is, or when the file system does not
   * keep it.
   */
  born: string | null;
  /** True when the file's inode number survives a remount, and for a device. */
  lasting: boolean;
  /** A file with hard links: writing it in place would change its other names too. */
  hasOtherNames: boolean;
  /** Where an image is written until it is complete; null for a block device or an end that is only read. */
  image: ImagePlace | null;
  /** A packed file: `size` is that of the image in it, and `allocated` too. null for anything else. */
  packed: Packed | null;
}

/** A packed file and the image in it. */
export interface Packed {
  /** Name of the format: "xz". */
  format: string;
  /** Bytes of the packed file. */
  bytes: number;
  /** The files that it consists of, in order: one, or the pieces of a split file. */
  files: readonly SourceFile[];
  /** The file that is taken of an archive; null for a format that has only one. */
  entry: string | null;
  /** Decoding can begin near any place. Otherwise it begins at the start. */
  seekable: boolean;
  /** Where the size of the image is kept (unpacking/known-sizes.ts); null when the format stores it. */
  sizeKey: string | null;
  /** "sha256:…", of the file or of the image in it; null for none. */
  checksum: string | null;
  /** The bytes that the checksum covers (contract/request.ts). */
  checksumCovers: ChecksumCovers;
  /** The ranges of the image that count; null for all of it. */
  map: SourceMap | null;
  /** Bytes of OpenWrt's metadata behind what is packed; absent for none. */
  metadata?: number;
  /** The disk is put together from the files of a folder; absent for anything else. */
  folder?: FolderParts;
}

/** The parts of a disk in a folder (unpacking/disk-folder.ts). */
export interface FolderParts {
  /** How the decoder is told about them. */
  words: readonly string[];
  /** The first file of each; null for a part without one. */
  partPaths: readonly (string | null)[];
  /** Partitions that the folder has nothing of. */
  leftOut: readonly string[];
  /** Those of them that were swap. */
  swap: readonly string[];
  /** The file with a partition table whose checksum is wrong; null for none. */
  damaged: string | null;
  /** File systems that are smaller than their partitions, and what makes them grow. */
  smaller: readonly SmallerFileSystem[];
  /** The files in the folder that are not among those of the parts. */
  others: readonly Pick<SourceFile, 'path' | 'id'>[];
  /** Images of partitions whose size shows only when they are decoded. */
  unsized: readonly string[];
}

/** A file of a source, as it was found. */
export interface SourceFile {
  path: string;
  id: string;
  /** Bytes. */
  size: number;
  /** As those of an `End`. */
  modified: number;
  changed: bigint;
}

/** The block map that a source is read by. All that it leaves out is read as zeros. */
export interface SourceMap {
  path: string;
  bmap: Bmap;
  /** The zeros count as the image's own: they are written and compared. */
  zeroUnmapped: boolean;
}

/** An end and its open device. null where there may be none: a new image is made when the job starts. */
export interface HeldEnd<Device extends NativeDevice | null = NativeDevice> {
  readonly end: End;
  readonly device: Device;
}

/** The place of a new image, which is written under another name until it is complete. */
export interface ImagePlace {
  /** The name until then. */
  part: string;
  /**
   * Identity of what has that name already. A plain file is the rest of an interrupted job. null when there is nothing.
   */
  partId: string | null;
  /**
   * Time of birth in nanoseconds since the epoch: the inode of a removed file is soon reused. null when the file
   * system does not keep it.
   */
  partBorn: string | null;
  /** `part` exists but is not a file with a single name (it is a link or a directory). It is left alone. */
  partInTheWay: boolean;
  /** The file system, and the bytes available on it. */
  fileSystem: string;
  free: number;
  limits: FileLimits;
  /** How the image is packed as it is written; null for a raw image. */
  packing: Packing | null;
  /** The pieces that it is written in; null for one file. */
  split: SplitPlace | null;
  /** For one file with the name of a piece: the other pieces beside it; null for none. */
  among: OtherPieces | null;
}

/** An end, or the reason why it cannot be used. */
export type Found = { end: End } | { end: null; error: PlatterError };
