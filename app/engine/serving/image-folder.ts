// The folder of an opened image: the image and its partitions as files in `images`, and beside it a folder for each file
// system that the system shows.
import { constants } from 'node:fs';
import { mkdir, mkdtemp, open, readdir, rmdir, stat, type FileHandle } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, isAbsolute, join } from 'node:path';
import type { Described, ExaminedPartition } from '../../contract/disk-content.ts';
import type { PlatterError } from '../../contract/errors.ts';
import { firstPiece } from '../../contract/image-formats.ts';
import type { OpenedFile } from '../../contract/opened-images.ts';
import { errnoOf, failure, failureOf, Refusal, refuse } from '../../base/errors.ts';
import { placeOf } from '../../base/paths.ts';
import { makeFolder } from '../../base/state-folder.ts';
import { shell } from '../devices/release-commands.ts';
import { describe, describeBytes } from '../unpacking/describe.ts';
import { diskFolderAt } from '../unpacking/disk-folder.ts';
import { only, piecesAt, SourceFiles, type Descriptors } from '../unpacking/source-files.ts';
import { IMAGES, isOpened, realFolder, SOURCES } from './opened.ts';
import { serve, type Server } from './serve-program.ts';

/** A file of an opened image: all of it, or a partition. */
export type ImageFile = Omit<OpenedFile, 'mounted' | 'refused'>;

/** An image that is open in a folder. It stays so until it is closed (`opened.ts`). */
export interface OpenedImage {
  folder: string;
  /** How the image is packed; "none" when it is not. */
  format: string;
  files: ImageFile[];
  /** The part of the image that could not be read; null when all of it could. */
  problem: Described['problem'];
}

/**
 * Opens the image at `named` in `folder`, which is made unless it is there and empty; null makes one of its own. The name
 * of a split image that is there in pieces alone stands for them. `entry`: the file of an archive that is meant; null for
 * the only one. Rejects with a Refusal, and leaves nothing behind then.
 */
export async function openImage(named: string, folder: string | null, entry: string | null): Promise<OpenedImage> {
  const path = (await isThere(named)) || !(await isThere(firstPiece(named))) ? named : firstPiece(named);
  const files = await filesOf(path);
  try {
    const place = await placeFor(path, folder);
    try {
      return await openIn(place, files, path, entry);
    } catch (error) {
      if (place.made) await rmdir(place.folder);
      throw error;
    }
  } finally {
    files.close();
  }
}

async function openIn(
  place: Place,
  { descriptors }: Descriptors,
  path: string,
  entry: string | null,
): Promise<OpenedImage> {
  const images = join(place.folder, IMAGES);
  try {
    await mkdir(images, { mode: 0o700 });
  } catch (error) {
    throw new Refusal([failureOf(error, 'open', place.folder, 'file')]);
  }
  try {
    const source = place.made ? SOURCES.made : SOURCES.found;
    const server = await serve(descriptors, path, images, { entry, isRaw: false, source, owner: null });
    try {
      const seen = await addFiles(server, images, path, entry);
      await server.stay();
      return { folder: place.folder, format: server.format, ...seen };
    } catch (error) {
      await server.end();
      throw error;
    }
  } catch (error) {
    await rmdir(images);
    throw error;
  }
}

async function isThere(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch (error) {
    if (errnoOf(error) === null) throw error;
    return false;
  }
}

/** Opens the image: its file, or its pieces. Rejects with a Refusal. */
async function filesOf(path: string): Promise<Descriptors & Pick<SourceFiles, 'close'>> {
  const folder = await diskFolderAt(path);
  if (folder !== null)
    refuse({
      code: 'BAD_ARGUMENT',
      op: 'open',
      device: path,
      reason: { kind: 'savedDisk', format: folder.format },
      remedy: { kind: 'unpackToOpen', command: shell(['platter', 'copy', path, 'disk.img.zst']) },
    });
  const pieces = await piecesAt(await placeOf(path), path);
  if (pieces !== null) return SourceFiles.open(pieces.paths);
  const file = await opened(path);
  return { ...only(file.fd), close: () => void file.close() };
}

async function opened(path: string): Promise<FileHandle> {
  try {
    const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const stats = await file.stat();
    if (stats.isBlockDevice() || (stats.isFile() && stats.size > 0)) return file;
    await file.close();
    if (stats.isFile()) refuse({ code: 'SOURCE_EMPTY', op: 'open', device: path, reason: { kind: 'emptyFile' } });
  } catch (error) {
    if (error instanceof Refusal) throw error;
    throw new Refusal([failureOf(error, 'open', path, 'file')]);
  }
  return refuse({ code: 'NOT_BLOCK_OR_FILE', op: 'open', device: path, reason: { kind: 'neither' } });
}

interface Place {
  folder: string;
  /** Platter has made it. */
  made: boolean;
}

async function placeFor(image: string, wanted: string | null): Promise<Place> {
  if (wanted === null) return { folder: await ownFolder(image), made: true };
  const folder = await realFolder(wanted);
  if (isOpened(folder))
    refuse({
      code: 'IN_USE',
      op: 'open',
      device: wanted,
      reason: { kind: 'openedThere' },
      remedy: { kind: 'closeImage', command: shell(['platter', 'unmount', wanted]) },
    });
  try {
    await mkdir(folder);
    return { folder, made: true };
  } catch (error) {
    if (errnoOf(error) !== 'EEXIST') throw new Refusal([failureOf(error, 'open', wanted, 'file')]);
  }
  const isFree = (await stat(folder)).isDirectory() && (await readdir(folder)).length === 0;
  if (!isFree)
    refuse({
      code: 'BAD_ARGUMENT',
      op: 'open',
      device: wanted,
      reason: { kind: 'noEmptyFolder' },
      remedy: { kind: 'emptyFolder' },
    });
  return { folder, made: false };
}

/** A folder that only this user can look into, which goes when the session ends. */
async function ownFolder(image: string): Promise<string> {
  const name = `${basename(image)
    .replaceAll(/[^\w.-]/g, '_')
    .slice(0, 40)}-`;
  const runtime = process.env.XDG_RUNTIME_DIR ?? '';
  if (!isAbsolute(runtime)) return mkdtemp(join(tmpdir(), `platter-${name}`));
  const parent = join(runtime, 'platter', 'mounts');
  await makeFolder(parent);
  return mkdtemp(join(parent, name));
}

/** Shows the whole image, and then each partition of its table that lies in it. `path`, `entry`: the image. */
async function addFiles(
  server: Server,
  images: string,
  path: string,
  entry: string | null,
): Promise<Pick<OpenedImage, 'files' | 'problem'>> {
  const whole = join(images, 'disk.img');
  await server.add({ name: 'disk.img', offset: 0, length: server.size });
  const { table, signatures, problem } = await describeBytes(whole);
  const files: ImageFile[] = [
    { partition: null, path: whole, bytes: server.size, ...(table === null ? contentOf(signatures) : NO_CONTENT) },
  ];
  const beyond: string[] = [];
  for (const partition of table?.partitions ?? []) {
    const { number, start, size, place, faults } = partition;
    if (place === 'extended' || faults.includes('backwards')) continue;
    if (faults.includes('beyondEnd')) {
      beyond.push(String(number));
      continue;
    }
    const name = `p${number}.img`;
    await server.add({ name, offset: start, length: size });
    files.push({
      partition: number,
      path: join(images, name),
      bytes: size,
      ...contentOf(partition.signatures),
    });
  }
  if (problem !== null) return { files, problem: await causeOf(problem, path, entry) };
  return { files, problem: beyond.length === 0 ? null : cut(path, beyond) };
}

/** The cause of a failure to read a served file, which has no more than an errno: what is wrong with the image. */
const causeOf = async (problem: PlatterError, path: string, entry: string | null): Promise<PlatterError> =>
  (await describe(path, entry)).problem ?? problem;

/** The problem of an image that ends before these partitions do. */
const cut = (path: string, partitions: string[]): PlatterError =>
  failure({
    code: 'BAD_IMAGE',
    op: 'read',
    device: path,
    reason: { kind: 'partitionsCut', count: partitions.length, partitions },
    remedy: { kind: 'getWhole' },
  });

const NO_CONTENT = { type: null, label: null };

const contentOf = (signatures: ExaminedPartition['signatures']): Pick<ImageFile, 'type' | 'label'> =>
  signatures?.length === 1 ? { type: signatures[0]!.type, label: signatures[0]!.label } : NO_CONTENT;
