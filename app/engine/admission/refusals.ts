// "May I write this?" Every reason against a request, before anything is written. Pure: decides on what was found.
import { basename, dirname, join } from 'node:path';
import type { ErrorCode, PlatterError } from '../../contract/errors.ts';
import type { Note, Reason } from '../../contract/facts.ts';
import { writes } from '../../contract/request-facts.ts';
import type { JobKind } from '../../contract/request.ts';
import type { Block, Blocks } from '../devices/block-devices.ts';
import { bootAreasOf, foundations, mountsOn, withDescendants } from '../devices/block-devices.ts';
import { refusalsOf } from '../devices/disk-refusals.ts';
import { failure } from '../../base/errors.ts';
import { formatByName } from '../../contract/image-formats.ts';
import { FAT_LONGEST, MOST_PIECES } from '../../contract/limits.ts';
import type { FileLimits } from '../devices/file-limits.ts';
import { isNode } from '../devices/file-ids.ts';
import type { End, Found, ImagePlace } from '../devices/ends.ts';
import type { SplitPlace } from '../devices/split-place.ts';
import type { OtherPieces } from '../../parsers/piece-names.ts';
import { overlap, type Located } from '../devices/shared-storage.ts';
import { mountedOver, takenAway } from '../access/unmount.ts';

/** The parts of a request that decide whether it may be done. */
export interface Intent {
  kind: JobKind;
  /** Old content is compared, and stays where it is equal. */
  update: boolean;
  /** The job unmounts its destinations. */
  unmount: boolean;
  /** Bytes that each destination has to have; null when the source says it. */
  bytes: number | null;
  /** Bytes of space that an image takes where holes are kept; null when it takes the space of all its bytes. */
  data: number | null;
  /** Files that the job reads and writes beside its ends: absolute paths without links. */
  files?: readonly string[];
}

/**
 * Every reason against a request, all ends together; none when it may be done. `source` is null when a manifest stands
 * for it.
 */
export function refusals(
  { kind, update, unmount, bytes, data, files: beside = [] }: Intent,
  source: Found | null,
  destinations: readonly Found[],
  blocks: Blocks,
): PlatterError[] {
  const ends = destinations.map(({ end }) => end);
  const from = source?.end ?? null;
  const needed = from?.size ?? bytes;
  const files = [
    ...(from === null ? [] : filesOf(from)),
    ...ends.flatMap((end) => (end?.image ? filesOf(end) : [])),
    ...beside,
  ];
  const errors = source?.end === null ? [source.error] : [];
  return [
    ...errors,
    ...(from === null ? [] : againstSource(from)),
    ...destinations.flatMap((found, index) =>
      found.end === null
        ? [found.error]
        : [
            ...(writes(kind) ? againstWriting(found.end, update || kind === 'repair', { unmount, files }, blocks) : []),
            ...(from === null ? [] : againstPair(kind, from, found.end, blocks)),
            ...(needed === null ? [] : againstSize(kind, needed, found.end)),
            ...againstName(found.end),
            ...againstTwice(found.end, ends.slice(0, index), blocks),
          ],
    ),
    ...(needed === null ? [] : againstSpace(needed, data ?? needed, ends)),
  ];
}

/**
 * Refuses destinations that cannot be unmounted without taking away a file that the job needs. `files` are absolute
 * paths without links.
 */
export function againstUnmounting(
  files: readonly string[],
  destinations: readonly End[],
  blocks: Blocks,
): PlatterError[] {
  const unmounted = destinations.flatMap((end) =>
    end.block === null ? [] : [...withDescendants(end.block)].map((block) => ({ end, block })),
  );
  return files.flatMap((file) => {
    const hit = unmounted.find(({ block }) => blocks.under(file).includes(block));
    return hit === undefined ? [] : [check(hit.end, 'IN_USE', { kind: 'fileOnIt', file })];
  });
}

/** What the user should know about a source that is in use. */
export function notesOnSource({ block, path }: End, blocks: Blocks): Note[] {
  if (block === null) return [];
  const written = mountsOn(block).filter((target) =>
    blocks.mounts.every((mount) => mount.target !== target || !mount.readOnly),
  );
  const targets = written.filter((target) => target !== '[SWAP]');
  return targets.length > 0
    ? [{ kind: 'mountedSource', path, targets }]
    : written.length > 0
      ? [{ kind: 'swapSource', path }]
      : [];
}

/** What the user should know about a destination: the running system lies beside it. */
export const notesOnDestination = ({ block, path }: End): Note[] =>
  block !== null && block.type === 'part' && !block.system && block.parents.some(({ system }) => system)
    ? [{ kind: 'besideSystem', path }]
    : [];

/** What the user should know about an eMMC: to the kernel its boot areas are disks of their own. */
export function notesOnBootAreas({ block, path }: End, end: 'source' | 'destination', blocks: Blocks): Note[] {
  const areas = block === null ? [] : bootAreasOf(block, blocks);
  return areas.length === 0 ? [] : [{ kind: 'bootAreas', path, areas, end }];
}

/** Warns that a source that stays connected and its clones will have the same UUIDs. */
export function notesOnClones({ block, path }: End, destinations: readonly End[]): Note[] {
  const paths = destinations.filter((end) => end.block !== null).map((end) => end.path);
  if (block === null || paths.length === 0) return [];
  const family = [...withDescendants(block)];
  if (family.every(({ fileSystem, partitionTable }) => fileSystem === null && partitionTable === null)) return [];
  const has = (fileSystem: string): boolean => family.some((one) => one.fileSystem === fileSystem);
  return [
    { kind: 'sameUuids', source: path, paths, by: has('btrfs') ? 'btrfs' : has('LVM2_member') ? 'lvm' : 'other' },
  ];
}

/** The file that an end is, or the files behind the loop devices that it is made of. */
function filesOf({ block, realPath }: End): string[] {
  return block === null ? [realPath] : [block, ...foundations(block)].flatMap(({ backingFile }) => backingFile ?? []);
}

function check(end: Located & { path: string }, code: ErrorCode, reason: Reason): PlatterError {
  return failure({ code, op: 'check', device: end.path, reason });
}

function againstSource(source: End): PlatterError[] {
  if (source.size > 0) return [];
  return [check(source, 'SOURCE_EMPTY', { kind: source.kind === 'block' ? 'noMedium' : 'emptyFile' })];
}

/** Whether to unmount, and which files must stay reachable. */
interface Unmounting {
  unmount: boolean;
  /** Files that the job reads and writes: absolute paths without links. */
  files: readonly string[];
}

/** `inPlace`: an existing file is changed in place instead of being replaced. */
function againstWriting(end: End, inPlace: boolean, unmounting: Unmounting, blocks: Blocks): PlatterError[] {
  return end.block === null ? againstFile(end, inPlace, blocks) : againstBlock(end, end.block, unmounting, blocks);
}

function againstBlock(end: End, block: Block, { unmount, files }: Unmounting, blocks: Blocks): PlatterError[] {
  if (end.size === 0) return [check(end, 'DEVICE_GONE', { kind: 'noMedium' })];
  const taken = block.system ? [] : takenAway(block, files, blocks);
  const covered = unmount && !block.system ? mountedOver(block, blocks, files) : [];
  // Do not advise unmounting when it would take a file of the job away.
  const known = [...refusalsOf(block, unmount || taken.length > 0), ...covered, ...taken].map((refusal) =>
    failure({ ...refusal, device: end.path }),
  );
  // The storage can be mounted under another name while this device, or the disk that it is a partition of, is not: by
  // another loop device over the same file, or by another path to the same disk.
  const own = new Set([block, ...foundations(block)]);
  const aliases = blocks.all.filter(
    (other) => !own.has(other) && ['same', 'piece'].includes(overlap(end, located(other), blocks) ?? ''),
  );
  const inUse = aliases
    .filter((alias) => mountsOn(alias).length > 0)
    .map((alias) => check(end, 'MOUNTED', { kind: 'aliasMounted', path: alias.path, targets: mountsOn(alias) }));
  const unknown = [block, ...block.parents].some(isUnknownLoop) ? [check(end, 'IN_USE', { kind: 'loopUnknown' })] : [];
  const doubtful = blocks.all.find(isOverUnknown);
  return [
    ...known,
    ...inUse,
    ...unknown,
    ...(doubtful === undefined ? [] : [check(end, 'IN_USE', { kind: 'heldBy', holders: [doubtful.path] })]),
  ];
}

/**
 * True for a loop device over a deleted file. Another loop device can lie on that file, and only root can ask the
 * kernel which file it is.
 */
const isUnknownLoop = ({ type, backingFile, backingId }: Block): boolean =>
  type === 'loop' && backingId === null && backingFile?.endsWith(' (deleted)') === true;

/**
 * True for a loop device over a block device that cannot be named here: it may be any device. The broker decides the
 * same (native/broker/system_disks.cc).
 */
const isOverUnknown = ({ type, backingFile, backingId }: Block): boolean =>
  type === 'loop' && backingId === null && backingFile !== null && isNode(backingFile);

function againstFile(end: End, inPlace: boolean, blocks: Blocks): PlatterError[] {
  const { part = '', partId = null, partInTheWay = false, split = null, among = null } = end.image ?? {};
  const loopOver = (id: string | null): Block | undefined =>
    id === null ? undefined : blocks.all.find(({ backingId }) => backingId === id);
  const loop = loopOver(end.id) ?? loopOver(partId);
  return [
    ...(inPlace && end.hasOtherNames ? [check(end, 'IN_USE', { kind: 'hardLinks' })] : []),
    ...(loop === undefined ? [] : [check(end, 'IN_USE', { kind: 'underLoop', loop: loop.path })]),
    ...(end.id !== null && blocks.swapFiles.has(end.id) ? [check(end, 'IN_USE', { kind: 'fileUsedAsSwap' })] : []),
    ...(partInTheWay ? [check(end, 'IN_USE', { kind: 'partInTheWay', part })] : []),
    ...(split === null ? [] : againstPieces(end, partId, split)),
    ...(among === null ? [] : [amongPieces(end, among)]),
  ];
}

/** Refuses to make an image one of the pieces of another one: readers would join them. */
function amongPieces({ path }: End, { whole, names }: OtherPieces): PlatterError {
  const [first, last] = [names[0]!, names.at(-1)!];
  return failure({
    code: 'IN_USE',
    op: 'check',
    device: path,
    reason: { kind: 'amongPieces', whole, count: names.length, first, last },
    remedy: { kind: 'removePieces', whole: join(dirname(path), whole) },
  });
}

/** Refuses files in the way of pieces that are not part of what the job replaces. */
function againstPieces(end: End, partId: string | null, { later, laterParts, strays }: SplitPlace): PlatterError[] {
  const foreign = [...(end.id === null ? later : []), ...(partId === null ? laterParts : [])];
  const odd = [...later, ...laterParts].filter((piece) => piece.odd);
  // A reader takes them for the end of the image once the pieces before them are there.
  const [first] = [...[...foreign, ...odd].map(({ path }) => path), ...strays];
  return first === undefined
    ? []
    : [
        failure({
          code: 'IN_USE',
          op: 'check',
          device: end.path,
          reason: { kind: 'pieceInTheWay', piece: first },
          remedy: { kind: 'movePartAway' },
        }),
      ];
}

function againstPair(kind: JobKind, source: End, end: End, blocks: Blocks): PlatterError[] {
  const relation = overlap(end, source, blocks);
  const why: Record<NonNullable<typeof relation>, Reason> = {
    same: end.realPath === source.realPath ? { kind: 'isSource' } : { kind: 'isSourceAs', path: source.path },
    piece: { kind: 'partOfSource' },
    'lies-on': { kind: 'sourceLiesOnIt' },
  };
  const shared =
    relation === null || (kind === 'verify' && relation !== 'same') ? [] : [check(end, 'IS_SOURCE', why[relation])];
  const partIsSource =
    end.image !== null && overlap(partOf(end.image), source, blocks) === 'same'
      ? [check(end, 'IS_SOURCE', { kind: 'partIsSource', part: end.image.part })]
      : [];
  // The other files lie in the folder of the first one.
  const further = [...(source.packed?.files.slice(1) ?? []), ...(source.packed?.folder?.others ?? [])];
  const another = further.find(({ id, path }) => overlap(end, { id, realPath: path, block: null }, blocks) === 'same');
  const otherFile = another === undefined ? [] : [check(end, 'IS_SOURCE', { kind: 'isSourceAs', path: another.path })];
  const pieces = [...(end.image?.split?.later ?? []), ...(end.image?.split?.laterParts ?? [])];
  const read = new Set([source.id, ...(source.packed?.files ?? []).map(({ id }) => id)]);
  const pieceIsSource = pieces.some(({ id }) => read.has(id))
    ? [check(end, 'IS_SOURCE', { kind: 'isSourceAs', path: source.path })]
    : [];
  return [...shared, ...partIsSource, ...otherFile, ...pieceIsSource];
}

function againstSize(kind: JobKind, needed: number, end: End): PlatterError[] {
  const missing = end.image === null ? needed - end.size : 0;
  const gone = writes(kind) && end.block !== null && end.size === 0; // refused above, with a better reason
  // Refused by `packed-images.ts`: its size is not that of the image in it.
  const packed = end.kind === 'file' && formatByName(end.realPath) !== null;
  if (missing <= 0 || gone || packed) return [];
  return [
    check(end, 'TOO_SMALL', { kind: 'tooSmall', holds: end.size, missing, writing: writes(kind) ? 'yes' : 'no' }),
  ];
}

/** Compares the destination with those named before it. */
function againstTwice(end: End, others: readonly (End | null)[], blocks: Blocks): PlatterError[] {
  for (const other of others) {
    if (other === null) continue;
    const same = end.realPath === other.realPath || overlap(end, other, blocks) === 'same';
    if (same)
      return [
        check(
          end,
          'DUPLICATE',
          end.path === other.path ? { kind: 'namedTwice' } : { kind: 'sameAs', path: other.path },
        ),
      ];
    if (overlap(end, other, blocks) !== null || overlap(other, end, blocks) !== null)
      return [check(end, 'DUPLICATE', { kind: 'overlaps', path: other.path })];
    if (other.image?.part === end.realPath || end.image?.part === other.realPath) {
      return [check(end, 'DUPLICATE', { kind: 'otherNameFirst' })];
    }
  }
  return [];
}

/**
 * Refuses images that do not fit on their file system, which several can share. `data`: bytes that one takes where holes
 * are kept.
 */
export function againstSpace(bytes: number, data: number, ends: readonly (End | null)[]): PlatterError[] {
  const taken = new Map<string, number>();
  return ends.flatMap((end) => {
    const image = end?.image ?? null;
    if (end === null || image === null) return [];
    const { fileSystem, free, limits, split, packing } = image;
    if (split !== null && bytes > MOST_PIECES * split.size)
      return [check(end, 'BAD_ARGUMENT', { kind: 'splitMany', most: MOST_PIECES, size: split.size })];
    // How long a packed image gets is not known before, but pieces can get as long as they may be.
    const longest = split === null ? (packing === null ? bytes : 0) : Math.min(bytes, split.size);
    if (longest > limits.longest) return [tooLong(end, limits)];
    if (packing !== null) return [];
    // Pieces have no holes.
    const needed = (taken.get(fileSystem) ?? 0) + (limits.whole || split !== null ? bytes : data);
    taken.set(fileSystem, needed);
    return needed <= free ? [] : [check(end, 'NO_SPACE', { kind: 'noRoom', missing: needed - free })];
  });
}

/** The refusal of an image that is longer than a file can be on its file system. */
function tooLong({ path }: End, { name: fileSystem, longest }: FileLimits): PlatterError {
  const isFat = longest === FAT_LONGEST;
  return failure({
    code: 'NO_SPACE',
    op: 'check',
    device: path,
    reason: isFat ? { kind: 'fatLimit', longest } : { kind: 'fileLimit', fileSystem, longest },
    remedy: { kind: isFat ? 'otherFileSystem' : 'largeFileSystem' },
  });
}

/** Refuses a name that the file system does not take, or changes into that of another file. */
function againstName({ path, realPath, image }: End): PlatterError[] {
  if (image?.limits.forbidden?.test(basename(realPath)) !== true) return [];
  return [
    failure({
      code: 'BAD_ARGUMENT',
      op: 'check',
      device: path,
      reason: { kind: 'forbiddenName', fileSystem: image.limits.name },
      remedy: { kind: 'otherName' },
    }),
  ];
}

const located = (block: Block): Located => ({ id: `block:${block.majorMinor}`, realPath: block.path, block });
const partOf = ({ part, partId }: ImagePlace): Located => ({ id: partId, realPath: part, block: null });
