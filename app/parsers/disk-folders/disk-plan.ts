// How a disk is put together from the files of a folder. Pure.
import type { Reason } from '../../contract/facts.ts';

/** A part of a disk: bytes of files, the image in them, or bytes that are given here. Places and sizes in bytes. */
export interface DiskPart {
  at: number;
  size: number;
  /** Names of the files that have it in pieces; none for `literal`. */
  files: readonly string[];
  /** Place in the file; null for an image that is decoded. */
  from: number | null;
  literal: Buffer | null;
}

/** A file system that was shrunk before its image was made. */
export interface SmallerFileSystem {
  name: string;
  /** The command that makes it as large as its partition; null when it is not known. */
  growsWith: string | null;
}

/** How a disk is put together. */
export interface DiskPlan {
  size: number;
  parts: DiskPart[];
  /** Partitions that the folder has nothing of. They become zeros. */
  leftOut: string[];
  /** Those of them that were swap. */
  swap: string[];
  /** The file with a partition table whose checksum is wrong; null for none. */
  damaged: string | null;
  smaller: SmallerFileSystem[];
}

/** A folder: its names with their sizes, and the first bytes of a file in it. */
export interface Folder {
  sizes: ReadonlyMap<string, number>;
  /** null when it cannot be read. */
  bytes: (name: string) => Buffer | null;
}

export type FolderPlan = { ok: true; plan: DiskPlan } | { ok: false; reason: Reason };

/** The only size of sectors, in bytes. */
export const SECTOR = 512;
/** Types of a partition for swap, in an MBR and in a GPT. */
export const SWAP: ReadonlySet<string> = new Set(['82', '0657fd6d-a4ab-43c4-84e5-0933c84b4f4f']);

/** The answer for a folder that is refused. */
export const no = (reason: Reason): Extract<FolderPlan, { ok: false }> => ({ ok: false, reason });

/** Bytes of a file as they are. */
export const partOfFile = (at: number, size: number, name: string, from: number): DiskPart => ({
  ...{ at, size, files: [name], from },
  literal: null,
});

/** The image of a partition. */
export const imagePart = (at: number, size: number, files: readonly string[]): DiskPart => ({
  ...{ at, size, files, from: null },
  literal: null,
});

/** Bytes that are given. */
export const literalPart = (at: number, literal: Buffer): DiskPart => ({
  ...{ at, size: literal.length, files: [], from: null },
  literal,
});

/** True when the parts are in order, and none lies in another one or beyond the end. */
export const isSound = ({ size, parts }: Pick<DiskPlan, 'size' | 'parts'>): boolean =>
  Number.isSafeInteger(size) && parts.every((one, index) => one.at + one.size <= (parts[index + 1]?.at ?? size));
