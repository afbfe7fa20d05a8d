// Reads the images of a folder of a disk to their ends, and compares each with its own checksums. Writes nothing.
import { basename } from 'node:path';
import type { Reason } from '../../contract/facts.ts';
import { failure, refuse, Refusal } from '../../base/errors.ts';
import { diskFolderAt, type FolderImage } from './disk-folder.ts';
import { decodeWhole, isPacked, needDecoder } from './packed-source.ts';
import type { CheckRequirement } from './check-file.ts';
import { SourceFiles } from './source-files.ts';

/** What a folder of a disk is, and what was found. Sizes in bytes. */
export interface CheckedFolder {
  /** The program that made it: "Clonezilla". */
  format: string;
  /** Size of the images. */
  bytes: number;
  /** Size of the disk. */
  size: number;
  /** By the name of the first file. `checked`: the image has a checksum of its own for every byte. */
  images: { name: string; checked: boolean }[];
  /** Partitions that the folder has nothing of. */
  leftOut: readonly string[];
  /** The file with a partition table whose checksum is wrong; null for none. */
  damaged: string | null;
  /** Lists of checksums in the folder. They are not compared. */
  lists: string[];
}

/** Names of lists of checksums of all files in a folder. */
const LIST = /^(?:MD5|SHA\d*|B2)SUMS?(?:\.txt)?$/iu;

/**
 * Checks the folder of a disk at `path`; null for anything else. Rejects with a Refusal: BAD_IMAGE for an image that is
 * not right.
 */
export async function checkFolder(path: string, requirement: CheckRequirement): Promise<CheckedFolder | null> {
  const folder = await diskFolderAt(path);
  if (folder === null) return null;
  needDecoder(path);
  const reason = against(requirement);
  if (reason !== null) refuse({ code: 'BAD_ARGUMENT', op: 'check', device: path, reason });
  const { format, size, leftOut, damaged, names } = folder;
  const images = [];
  let bytes = 0;
  for (const image of folder.images) {
    const found = await checkImage(image);
    images.push({ name: basename(image.paths[0]!), checked: found.checked });
    bytes += found.bytes;
  }
  const lists = names.map((name) => basename(name)).filter((name) => LIST.test(name));
  return { format, bytes, size, images, leftOut, damaged, lists };
}

/** Why a folder cannot be checked so; null when it can be. */
function against({ checksum, key, entry, bmap }: CheckRequirement): Reason | null {
  if (checksum !== null || key !== null) return { kind: 'checksumOfFolder' };
  if (entry !== null) return { kind: 'optionOfFile', option: '--entry' };
  return typeof bmap === 'string' ? null : { kind: 'optionOfFile', option: '--bmap' };
}

async function checkImage({ paths, needs }: FolderImage): Promise<{ bytes: number; checked: boolean }> {
  const path = paths[0]!;
  const files = await SourceFiles.open(paths);
  try {
    const packed = await isPacked(files);
    const decoded = await decodeWhole(files, path, { entry: null, isRaw: !packed, digests: [], map: null });
    if (decoded.written > needs) {
      const reason = { kind: 'imageOfOtherSize', has: decoded.written, needs } as const;
      throw new Refusal([failure({ code: 'BAD_IMAGE', op: 'check', device: path, reason })]);
    }
    return { bytes: files.size, checked: packed && decoded.checked };
  } finally {
    files.close();
  }
}
