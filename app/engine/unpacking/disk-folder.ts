// A folder in which another program keeps a disk as several files: what the decoder makes a disk of.
import { closeSync, openSync, readSync } from 'node:fs';
import { readdir, realpath, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { errnoOf, failure, Refusal, unlessErrno } from '../../base/errors.ts';
import { anImage, isClonezilla, planOfClonezilla } from '../../parsers/disk-folders/clonezilla.ts';
import type { DiskPart } from '../../parsers/disk-folders/disk-plan.ts';
import { aFogImage, isFog, planOfFog } from '../../parsers/disk-folders/fog.ts';
import { idOf } from '../devices/file-ids.ts';
import type { FolderParts, Found } from '../devices/ends.ts';
import { inspectExisting } from '../devices/inspect-paths.ts';
import type { Blocks } from '../devices/block-devices.ts';
import { checkImages } from './folder-images.ts';
import { SourceFiles } from './source-files.ts';

/** Most bytes that are read of a file that describes the folder. */
const MOST_READ = 1024 ** 2;

/** The programs whose folders are read. */
const KINDS = [
  { format: 'Clonezilla', isOf: isClonezilla, planOf: planOfClonezilla, imageIn: anImage },
  { format: 'FOG', isOf: isFog, planOf: planOfFog, imageIn: aFogImage },
] as const;

/** The image of a partition. */
export interface FolderImage {
  /** Its pieces, in order. */
  paths: readonly string[];
  /** Bytes of the partition. */
  needs: number;
}

/** A disk in a folder. */
export interface DiskFolder extends Omit<FolderParts, 'others'> {
  /** The program that made it: "Clonezilla". */
  format: string;
  size: number;
  /** Its files, in the order of the parts. */
  paths: readonly string[];
  images: readonly FolderImage[];
  /** The paths of all files in the folder. */
  names: readonly string[];
}

/** The disk in the folder at `path`; null for anything else. Rejects with a Refusal when a part of it is missing. */
export async function diskFolderAt(path: string): Promise<DiskFolder | null> {
  const folder = await placeOfFolder(path);
  if (folder === null) return null;
  const sizes = await sizesIn(folder);
  const kind = KINDS.find(({ isOf }) => isOf({ sizes }));
  if (kind === undefined) return null;
  const answer = kind.planOf({ sizes, bytes: (name) => beginningOf(join(folder, name)) });
  if (!answer.ok) {
    const { reason } = answer;
    const image = kind.imageIn(sizes.keys());
    const remedy = image === undefined ? {} : { remedy: { kind: 'wholeFolder', image } as const };
    throw new Refusal([failure({ code: 'BAD_IMAGE', op: 'check', device: path, reason, ...remedy })]);
  }
  const { size, parts, leftOut, swap, damaged, smaller } = answer.plan;
  const { error, unsized } = await checkImages(folder, parts);
  if (error !== null) throw new Refusal([error]);
  return {
    format: kind.format,
    size,
    paths: parts.flatMap(({ files }) => files.map((name) => join(folder, name))),
    words: ['--disk', String(size), ...parts.flatMap((part) => ['--part', wordsOf(part)])],
    partPaths: parts.map(({ files }) => (files[0] === undefined ? null : join(folder, files[0]))),
    ...{ leftOut, swap, damaged, smaller, unsized },
    images: parts.flatMap(({ files, from, literal, size: needs }) =>
      files.length === 0 || from !== null || literal !== null
        ? []
        : [{ paths: files.map((name) => join(folder, name)), needs }],
    ),
    names: [...sizes.keys()].map((name) => join(folder, name)),
  };
}

/** The first bytes of a file; null when it cannot be read. */
const beginningOf = (path: string): Buffer | null =>
  unlessErrno(null, () => {
    const file = openSync(path, 'r');
    try {
      const bytes = Buffer.alloc(MOST_READ);
      return bytes.subarray(0, readSync(file, bytes, 0, MOST_READ, 0));
    } finally {
      closeSync(file);
    }
  });

const wordsOf = ({ at, size, files, from, literal }: DiskPart): string =>
  literal === null ? `${at} ${size} ${files.length} ${from ?? 'image'}` : `${at} ${size} = ${literal.toString('hex')}`;

async function placeOfFolder(path: string): Promise<string | null> {
  try {
    const place = await realpath(path);
    return (await stat(place)).isDirectory() ? place : null;
  } catch (error) {
    // The source is refused for this by itself.
    if (errnoOf(error) === null) throw error;
    return null;
  }
}

/** The identities of the files of a folder that are not among `files`. */
function othersIn(names: readonly string[], { files }: SourceFiles): FolderParts['others'] {
  const read = new Set(files.map(({ path }) => path));
  return names.flatMap((path) => {
    const id = read.has(path) ? null : idOf(path);
    return id === null ? [] : [{ path, id }];
  });
}

async function sizesIn(folder: string): Promise<Map<string, number>> {
  const sizes = new Map<string, number>();
  try {
    for (const name of await readdir(folder)) {
      const stats = await stat(join(folder, name)).catch(() => null);
      if (stats?.isFile() === true) sizes.set(name, stats.size);
    }
  } catch (error) {
    if (errnoOf(error) === null) throw error;
  }
  return sizes;
}

/** Inspects a source: a device, a file, or a folder with a disk in it. */
export async function inspectSource(path: string, blocks: Blocks): Promise<Found> {
  let folder: DiskFolder | null;
  let files: SourceFiles;
  try {
    folder = await diskFolderAt(path);
    if (folder === null) return await inspectExisting(path, blocks);
    files = await SourceFiles.open(folder.paths);
  } catch (error) {
    if (error instanceof Refusal) return { end: null, error: error.errors[0]! };
    throw error;
  }
  files.close();
  const { format, size, paths, images: _, names, ...parts } = folder;
  // Its first file stands for it: the table, which is in every such folder.
  const found = await inspectExisting(paths[0]!, blocks);
  if (found.end === null) return found;
  return {
    end: {
      ...found.end,
      path,
      size,
      allocated: size,
      modified: Math.max(...files.files.map(({ modified }) => modified)),
      packed: {
        ...{ format, bytes: files.size, files: files.files, entry: null, seekable: false, sizeKey: null },
        ...{ checksum: null, checksumCovers: null, map: null },
        folder: { ...parts, others: othersIn(names, files) },
      },
    },
  };
}
