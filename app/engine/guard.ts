// "May I write this?" Every reason against, before anything is written. Pure: decides on what was found.
import { MAX_DESTINATIONS, type CopyRequest, type ErrorCode, type PlatterError } from '../contract.ts';
import type { Block, Blocks } from './blocks.ts';
import { mountsOn } from './blocks.ts';
import { refusalsOf } from './disks.ts';
import { failure } from './errors.ts';
import type { End, Found, ImagePlace } from './inspect.ts';
import { overlap, type Located } from './overlap.ts';
import { counted } from './words.ts';

/** Bytes of page pool when the user does not say. */
export const DEFAULT_MEMORY = 32 * 1024 * 1024;
const PAGE = 4096;
const LEAST_MEMORY = 64 * 1024;
const MOST_MEMORY = 1024 * 1024 * 1024;

/** Bytes of page pool for a request, whole pages; NaN when it is out of bounds (`argumentErrors` says so). */
export function memoryOf({ memory }: Pick<CopyRequest, 'memory'>): number {
  const bytes = memory === null ? DEFAULT_MEMORY : Math.floor(memory / PAGE) * PAGE;
  return bytes >= LEAST_MEMORY && bytes <= MOST_MEMORY ? bytes : NaN;
}

/** What is wrong with a request before any path in it is looked at. */
export function argumentErrors(request: CopyRequest): PlatterError[] {
  const wrong = (code: ErrorCode, message: string, device: string | null = null): PlatterError => failure({ code, op: 'check', device, message });
  const count = request.destinations.length;
  return [
    ...(request.source === null ? [wrong('BAD_ARGUMENT', 'There is no source.')] : []),
    ...(count === 0 ? [wrong('BAD_ARGUMENT', 'There is no destination.')] : []),
    ...(count > MAX_DESTINATIONS ? [wrong('TOO_MANY', `${counted(count, 'destination')} are more than the ${MAX_DESTINATIONS} one job can have.`)] : []),
    ...(Number.isNaN(memoryOf(request)) ? [wrong('BAD_ARGUMENT', `Memory must be from 64 KiB to 1 GiB, not ${counted(request.memory ?? 0, 'byte')}.`)] : []),
    ...[request.source, ...request.destinations].filter((path) => path !== null).filter((path) => !path.startsWith('/'))
      .map((path) => wrong('BAD_ARGUMENT', 'The path is not absolute.', path)),
  ];
}

/** Every reason against a request, all ends together; none when it may be done. */
export function refusals(kind: CopyRequest['kind'], source: Found, destinations: readonly Found[], blocks: Blocks): PlatterError[] {
  const ends = destinations.map(({ end }) => end);
  return [
    ...(source.end === null ? [source.error] : againstSource(source.end)),
    ...destinations.flatMap((found, index) =>
      found.end === null
        ? [found.error]
        : [
            ...(kind === 'copy' ? againstWriting(found.end, blocks) : []),
            ...(source.end === null ? [] : againstPair(kind, source.end, found.end, blocks)),
            ...againstTwice(found.end, ends.slice(0, index), blocks),
          ]),
    ...(source.end === null ? [] : againstSpace(source.end.size, ends)),
  ];
}

/** What the user should know about a source that is in use. */
export function notesOnSource({ block, path }: End, blocks: Blocks): string[] {
  if (block === null) return [];
  const written = mountsOn(block).filter((target) => blocks.mounts.every((mount) => mount.target !== target || !mount.readOnly));
  return written.length === 0 ? [] : [`${path} is ${mountedWords(written)}: what is written to it meanwhile can make the copy inconsistent.`];
}

const mountedWords = (targets: readonly string[]): string =>
  targets.every((target) => target === '[SWAP]') ? 'used as swap' : `mounted read-write at ${targets.filter((target) => target !== '[SWAP]').join(', ')}`;

function check(end: Located & { path: string }, code: ErrorCode, message: string): PlatterError {
  return failure({ code, op: 'check', device: end.path, message });
}

function againstSource(source: End): PlatterError[] {
  if (source.size > 0) return [];
  return [check(source, 'SOURCE_EMPTY', source.kind === 'block' ? 'There is no medium in it, or nothing behind it.' : 'The file is empty.')];
}

function againstWriting(end: End, blocks: Blocks): PlatterError[] {
  if (end.block !== null) return againstBlock(end, end.block, blocks);
  return end.image === null ? [] : againstImage(end, end.image, blocks);
}

function againstBlock(end: End, block: Block, blocks: Blocks): PlatterError[] {
  if (end.size === 0) return [check(end, 'DEVICE_GONE', 'There is no medium in it, or nothing behind it.')];
  const known = refusalsOf(block).map((refusal) => failure({ ...refusal, device: end.path }));
  // Another loop device over the same file can be mounted while this one is not.
  const aliases = blocks.all.filter((other) => other !== block && other.type === 'loop' && overlap(end, located(other), blocks) === 'same');
  const inUse = aliases.filter((alias) => mountsOn(alias).length > 0)
    .map((alias) => check(end, 'MOUNTED', `What is behind it is also ${alias.path}, mounted at ${mountsOn(alias).join(', ')}.`));
  return [...known, ...inUse];
}

function againstImage(end: End, { part, partId, partInTheWay }: ImagePlace, blocks: Blocks): PlatterError[] {
  const loopOver = (id: string | null): Block | undefined => (id === null ? undefined : blocks.all.find(({ backingId }) => backingId === id));
  const loop = loopOver(end.id) ?? loopOver(partId);
  return [
    ...(loop === undefined ? [] : [check(end, 'IN_USE', `It is in use: the loop device ${loop.path} lies on it.`)]),
    ...(end.id !== null && blocks.swapFiles.has(end.id) ? [check(end, 'IN_USE', 'It is in use as swap.')] : []),
    ...(partInTheWay ? [check(end, 'IN_USE', `${part}, which would be written first, is not a file of its own.`)] : []),
  ];
}

function againstPair(kind: CopyRequest['kind'], source: End, end: End, blocks: Blocks): PlatterError[] {
  const missing = end.image === null ? source.size - end.size : 0;
  const means = kind === 'copy' ? 'than the source needs' : 'than the source has';
  const gone = kind === 'copy' && end.size === 0; // said already, and better
  const smaller = missing > 0 && !gone
    ? [check(end, 'TOO_SMALL', `It holds ${counted(end.size, 'byte')}, ${counted(missing, 'byte')} less ${means}.`)]
    : [];
  const relation = overlap(end, source, blocks);
  const words = {
    same: end.realPath === source.realPath ? 'It is the source.' : `It is the source under another name (${source.path}).`,
    piece: 'It is a part of the source.',
    'lies-on': 'The source lies on it.',
  };
  const shared = relation === null || (kind === 'verify' && relation !== 'same') ? [] : [check(end, 'IS_SOURCE', words[relation])];
  const partIsSource = end.image !== null && overlap(partOf(end.image), source, blocks) === 'same'
    ? [check(end, 'IS_SOURCE', `It would first be written as ${end.image.part}, which is the source.`)]
    : [];
  return [...shared, ...partIsSource, ...smaller];
}

/** The destination against those named before it. */
function againstTwice(end: End, others: readonly (End | null)[], blocks: Blocks): PlatterError[] {
  for (const other of others) {
    if (other === null) continue;
    const same = end.realPath === other.realPath || overlap(end, other, blocks) === 'same';
    if (same) return [check(end, 'DUPLICATE', end.path === other.path ? 'It is named twice.' : `It is the same as ${other.path}.`)];
    if (overlap(end, other, blocks) !== null || overlap(other, end, blocks) !== null) return [check(end, 'DUPLICATE', `It overlaps ${other.path}.`)];
    if (other.image?.part === end.realPath || end.image?.part === other.realPath) {
      return [check(end, 'DUPLICATE', 'One of the two would be written under the other\'s name first.')];
    }
  }
  return [];
}

/** Images that do not fit where they go: several can go to one file system. */
function againstSpace(bytes: number, ends: readonly (End | null)[]): PlatterError[] {
  const taken = new Map<string, number>();
  return ends.flatMap((end) => {
    const image = end?.image ?? null;
    if (end === null || image === null) return [];
    const { fileSystem, free, longest } = image;
    if (bytes > longest) return [check(end, 'NO_SPACE', `Its file system (FAT) takes no file of more than ${counted(longest, 'byte')}.`)];
    const needed = (taken.get(fileSystem) ?? 0) + bytes;
    taken.set(fileSystem, needed);
    return needed <= free ? [] : [check(end, 'NO_SPACE', `Its file system has ${counted(needed - free, 'byte')} too little free space.`)];
  });
}

const located = (block: Block): Located => ({ id: `block:${block.majorMinor}`, realPath: block.path, block });
const partOf = ({ part, partId }: ImagePlace): Located => ({ id: partId, realPath: part, block: null });
