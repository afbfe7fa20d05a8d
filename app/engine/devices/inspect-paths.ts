// Finds out what is at the paths of a request, without opening anything for writing.
import { firstPiece, packingOf, type ImageFormat } from '../../contract/image-formats.ts';
import { constants, type BigIntStats } from 'node:fs';
import { access, lstat, realpath, stat, statfs } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { SECTOR_SIZE, type Mounted } from '../../contract/disks.ts';
import type { ErrorCode, PlatterError } from '../../contract/errors.ts';
import type { Content, Reason } from '../../contract/facts.ts';
import type { Endpoint, OldFile } from '../../contract/jobs.ts';
import { withDescendants, type Block, type Blocks } from './block-devices.ts';
import { errnoOf, failure, failureOf, nullIfAbsent, Refusal, refuse } from '../../base/errors.ts';
import { EXFAT_MAGIC, FAT_MAGIC, limitsOf } from './file-limits.ts';
import { numberOf, statsId } from './file-ids.ts';
import { otherPieces, splitPlace } from './split-place.ts';
import { mountOf } from './mounts.ts';
import type { NativeFileState } from '../native/addon.ts';
import { absent } from './absent.ts';
import type { End, Found, ImagePlace, SourceFile } from './ends.ts';
import { siblingPath, checkName, isForDevices, placeOf } from '../../base/paths.ts';

/**
 * File systems whose inode numbers change with every mount: FAT and exFAT, which have no inodes, and FUSE, where most
 * programs leave the numbers to libfuse (magic numbers as in linux/magic.h).
 */
const NUMBERED_ANEW: ReadonlySet<number> = new Set([FAT_MAGIC, EXFAT_MAGIC, 0x65735546]);

/** Nanoseconds in a millisecond. */
const NANOSECONDS = 1_000_000n;

/** Inspects the source, or a destination that is read or repaired in place. */
export const inspectExisting = (path: string, blocks: Blocks): Promise<Found> =>
  finding(path, blocks, async () => {
    const realPath = await realPathOrNull(path);
    if (realPath !== null) return existing(path, realPath, blocks);
    throw new Refusal([await absent(path)]);
  });

/**
 * Inspects an image at `path` whose repair was interrupted, which may have left it under its other name. `realPath` was
 * its real path when the job began; `isIt` tells it from another file.
 */
export const inspectRepaired = async (
  path: string,
  realPath: string,
  isIt: (end: End) => boolean,
  blocks: Blocks,
): Promise<Found> => {
  const found = await inspectExisting(path, blocks);
  if (found.end !== null) return found;
  const left = await finding(path, blocks, () => existing(path, partOf(realPath), blocks));
  return left.end !== null && isIt(left.end) ? left : found;
};

/**
 * Inspects a destination that will be written: a block device, an image to be replaced, or the place of a new one.
 * `inPlace`: the space of the existing image counts as free for the new one. `format`: that of new images.
 */
export const inspectDestination = (
  path: string,
  blocks: Blocks,
  format: ImageFormat,
  inPlace = false,
): Promise<Found> =>
  finding(path, blocks, async () => {
    const end = await placeOfImage(path, blocks, format.split !== null);
    if (end.kind === 'block') return end;
    if (isForDevices(dirname(end.realPath)))
      return refuse({ code: 'NOT_BLOCK_OR_FILE', op: 'open', device: path, reason: { kind: 'deviceFolder' } });
    if (end.id !== null) await access(end.realPath, constants.W_OK);
    return { ...end, image: await imagePlace(path, end.realPath, format, inPlace) };
  });

/** What is at `path`, or where the first piece of an image of that name is. */
async function placeOfImage(path: string, blocks: Blocks, isSplit: boolean): Promise<End> {
  const realPath = await realPathOrNull(path);
  if (isSplit && (realPath === null || !(await stat(realPath)).isBlockDevice())) {
    if (path.endsWith('/')) return newFile(path);
    const first = await realPathOrNull(firstPiece(path));
    return first === null ? { ...(await newFile(firstPiece(path))), path } : existing(path, first, blocks);
  }
  return realPath === null ? newFile(path) : existing(path, realPath, blocks);
}

/** Was a source written to? */
export type Written = 'no' | 'yes' | 'unknown';

/**
 * True when the open file `now` was written to since it was inspected. Its name may belong to another file by now, or
 * be gone.
 */
export async function fileWritten(
  { realPath, id, size, packed, modified, changed }: End,
  now: NativeFileState,
): Promise<Written> {
  const first = packed?.files[0] ?? { size, modified, changed };
  if (now.size !== first.size || Number(now.modified / NANOSECONDS) !== first.modified) return 'yes';
  if (now.changed === first.changed) return furtherWritten(packed?.files.slice(1) ?? []);
  // A writer can set the time of modification back, but losing a name changes the inode too.
  const named = await stat(realPath, { bigint: true }).catch(nullIfUnreachable);
  return named !== null && statsId(named) === id ? 'yes' : 'unknown';
}

/** Was one of the further files of a source written to? They are found by their names. */
async function furtherWritten(files: readonly SourceFile[]): Promise<Written> {
  for (const { path, changed } of files) {
    const now = await stat(path, { bigint: true }).catch(nullIfUnreachable);
    if (now === null) return 'unknown';
    if (now.ctimeNs !== changed) return 'yes';
  }
  return 'no';
}

/**
 * Describes an end for review. `written`: the job writes it, after unmounting `mounts`. `bytes`: size of a new image.
 */
export function endpoint(end: End, bytes: number, written: boolean, mounts: Mounted[] = []): Endpoint {
  const { path, realPath, kind, block, image, id } = end;
  return {
    path,
    realPath,
    kind,
    size: image === null ? end.size : bytes,
    model: block === null ? null : (block.model ?? block.backingFile),
    serial: block?.serial ?? null,
    majorMinor: block?.majorMinor ?? null,
    diskSequence: block?.diskSequence ?? null,
    port: block?.port ?? null,
    logicalSector: block?.logicalSector ?? SECTOR_SIZE,
    contents: block === null ? [] : contentsOf(block),
    mounts,
    overwrites: written && id !== null,
    ...(written && id !== null && image !== null ? { old: oldFile(end.size, image) } : {}),
  };
}

/** The file or pieces that have the name of an image now. `size`: bytes of the file, or of its first piece. */
function oldFile(size: number, { split }: ImagePlace): OldFile {
  const later = split?.later ?? [];
  const last = later.at(-1);
  return {
    size: later.reduce((sum, piece) => sum + piece.size, size),
    lastPiece: last === undefined ? null : basename(last.path),
  };
}

async function finding(path: string, blocks: Blocks, look: () => Promise<End>): Promise<Found> {
  try {
    return { end: await look() };
  } catch (error) {
    const [reason] = error instanceof Refusal ? error.errors : [];
    return { end: null, error: reason ?? failureAt(error, path, blocks) };
  }
}

/** The failure of a system call on `path`. Even root cannot look into another user's FUSE file system. */
function failureAt(error: unknown, path: string, { mounts }: Blocks): PlatterError {
  const known = failureOf(error, 'open', path, 'file');
  const mount = mountOf(path, mounts);
  if (known.code !== 'NOT_PERMITTED' || process.getuid?.() !== 0 || mount?.type.startsWith('fuse') !== true)
    return known;
  return failure({ ...known, reason: { kind: 'fuseOfUser', target: mount.target }, remedy: { kind: 'asFuseUser' } });
}

/** null when nothing is there. A dangling link is an error. */
async function realPathOrNull(path: string): Promise<string | null> {
  try {
    return await realpath(path);
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw error;
  }
  const link = await lstat(path).catch(nullIfAbsent);
  if (link === null) return null;
  return refuse({ code: 'NOT_FOUND', op: 'open', device: path, errno: 'ENOENT', reason: { kind: 'deadLink' } });
}

async function existing(path: string, realPath: string, blocks: Blocks): Promise<End> {
  checkName(realPath, 'open', path); // a link can lead to such a name
  const stats = await stat(realPath, { bigint: true });
  const id = statsId(stats);
  const end = { path, realPath, id, hasOtherNames: stats.isFile() && stats.nlink > 1n, image: null, packed: null };
  if (stats.isFile())
    return {
      ...end,
      kind: 'file',
      size: Number(stats.size),
      allocated: Number(stats.blocks) * 512,
      modified: Number(stats.mtimeMs),
      changed: stats.ctimeNs,
      born: bornOf(stats),
      lasting: await numbersLast(realPath),
      block: null,
    };
  if (!stats.isBlockDevice()) {
    return refuse({
      code: 'NOT_BLOCK_OR_FILE',
      op: 'open',
      device: path,
      reason: { kind: 'oddKind', what: fileTypeOf(stats) },
    });
  }
  const block = blocks.numbered(numberOf(stats.rdev));
  if (block === null) {
    return refuse({ code: 'CHANGED', op: 'check', device: path, reason: { kind: 'cameOrWent' } });
  }
  return {
    ...end,
    kind: 'block',
    size: block.size,
    allocated: block.size,
    modified: null,
    changed: null,
    born: null,
    lasting: true,
    block,
  };
}

async function newFile(path: string): Promise<End> {
  const absent = (kind: 'noDevice' | 'noDirectory'): never =>
    refuse({ code: 'NOT_FOUND', op: 'open', device: path, errno: 'ENOENT', reason: { kind } });
  if (path.endsWith('/')) return absent('noDirectory');
  if (isForDevices(await placeOf(dirname(path)))) return absent('noDevice');
  const directory = await inDirectory(path, (directory) => realpath(directory));
  checkName(directory, 'open', path);
  return {
    path,
    realPath: join(directory, basename(path)),
    id: null,
    kind: 'file',
    size: 0,
    allocated: 0,
    modified: null,
    changed: null,
    born: null,
    lasting: await numbersLast(directory),
    block: null,
    hasOtherNames: false,
    image: null,
    packed: null,
  };
}

/** Node gives the epoch when the file system does not keep the time of birth. */
export const bornOf = ({ birthtimeNs }: BigIntStats): string | null =>
  birthtimeNs === 0n ? null : String(birthtimeNs);

/** False when the file system numbers its files anew with every mount. Rejects with an errno as statfs(2) does. */
export const numbersLast = async (path: string): Promise<boolean> => !NUMBERED_ANEW.has((await statfs(path)).type);

async function imagePlace(path: string, realPath: string, format: ImageFormat, inPlace: boolean): Promise<ImagePlace> {
  const part = partOf(realPath);
  await inDirectory(path, () => access(dirname(realPath), constants.W_OK | constants.X_OK));
  const [space, directory, left, old] = await Promise.all([
    statfs(dirname(realPath)),
    stat(dirname(realPath), { bigint: true }),
    lstat(part, { bigint: true }).catch(nullIfAbsent),
    lstat(realPath, { bigint: true }).catch(nullIfAbsent),
  ]);
  const reclaimed = [left, inPlace ? old : null].reduce((sum, stats) => sum + Number(stats?.blocks ?? 0n) * 512, 0);
  return {
    part,
    partId: left === null ? null : statsId(left),
    partBorn: left === null ? null : bornOf(left),
    partInTheWay: left !== null && (!left.isFile() || left.nlink !== 1n),
    fileSystem: numberOf(directory.dev),
    free: space.bavail * space.bsize + reclaimed,
    limits: limitsOf(space.type, space.bsize),
    packing: packingOf(format, realPath),
    split: format.split === null ? null : await splitPlace(realPath, format.split),
    among: format.split === null ? await otherPieces(realPath) : null,
  };
}

export function nullIfUnreachable(error: unknown): null {
  if (errnoOf(error) === null) throw error;
  return null;
}

/** The name under which an image is written until it is complete. */
export const partOf = (realPath: string): string => siblingPath(realPath, '.part');

/** Throws a Refusal, or with an errno, unless files can be made and renamed in the directory of `path`. */
export const checkDirectory = (path: string): Promise<void> =>
  inDirectory(path, (directory) => access(directory, constants.W_OK | constants.X_OK));

/** Runs `act` on the directory of a new file. Failures are reported for the directory, not for the file. */
async function inDirectory<T>(path: string, act: (directory: string) => Promise<T>): Promise<T> {
  try {
    return await act(dirname(path));
  } catch (error) {
    const { code, errno } = failureOf(error, 'open', path, 'file');
    const states: Partial<Record<ErrorCode, Extract<Reason, { kind: 'directory' }>['state']>> = {
      NOT_FOUND: 'missing',
      NOT_PERMITTED: 'refused',
      READ_ONLY: 'readOnly',
    };
    const state = states[code];
    if (state === undefined) throw error;
    const remedy =
      state === 'missing'
        ? ({ kind: 'makeFolder' } as const)
        : state === 'refused'
          ? ({ kind: 'ownFiles' } as const)
          : null;
    return refuse({
      code,
      op: 'open',
      device: path,
      errno,
      reason: { kind: 'directory', directory: dirname(path), state },
      ...(remedy === null ? {} : { remedy }),
    });
  }
}

function fileTypeOf(stats: BigIntStats): Extract<Reason, { kind: 'oddKind' }>['what'] {
  if (stats.isDirectory()) return 'directory';
  if (stats.isFIFO()) return 'pipe';
  if (stats.isSocket()) return 'socket';
  return 'character';
}

/** The recognised contents of `block`, which would be overwritten. */
function contentsOf(block: Block): Content[] {
  return [...withDescendants(block)].flatMap(
    ({ path, size, label, fileSystem, partitionTable, signatures, children, type }): Content[] => {
      const table: Content[] =
        partitionTable !== null && children.length === 0 ? [{ kind: 'table', table: partitionTable, path }] : [];
      if (fileSystem !== null)
        return [
          label === null
            ? { kind: 'fileSystem', fileSystem, path, size }
            : { kind: 'labelled', fileSystem, label, path, size },
          ...table,
        ];
      if (table.length > 0) return table;
      const [signature, ...more] = signatures ?? [];
      if (more.length > 0) return [{ kind: 'several', signatures: signatures!, path }];
      if (type === 'part') return [{ kind: 'partition', path, size }];
      if (signature !== undefined && partitionTable === null) return [{ kind: 'signature', signature, path }];
      return signatures === null && children.length === 0 ? [{ kind: 'unread', path }] : [];
    },
  );
}
