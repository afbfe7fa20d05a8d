// "May I write this?" Every reason against, before anything is written. Pure: decides on what was found.
import type { ErrorCode, PlatterError } from '../contract/errors.ts';
import type { CopyRequest } from '../contract/jobs.ts';
import type { Block, Blocks } from './blocks.ts';
import { mountsOn, withDescendants } from './blocks.ts';
import { refusalsOf } from './disks.ts';
import { failure } from './errors.ts';
import type { End, Found, ImagePlace } from './inspect.ts';
import { overlap, type Located } from './overlap.ts';
import { counted } from './words.ts';

/** What is to be done, as far as it decides what may be. */
export interface Intent extends Pick<CopyRequest, 'kind' | 'update' | 'unmount'> {
  /** Bytes that each destination has to have; null when the source says it. */
  bytes: number | null;
}

/** Every reason against a request, all ends together; none when it may be done. `source` is null when a manifest stands for it. */
export function refusals({ kind, update, unmount, bytes }: Intent, source: Found | null, destinations: readonly Found[], blocks: Blocks): PlatterError[] {
  const ends = destinations.map(({ end }) => end);
  const from = source?.end ?? null;
  const needed = from?.size ?? bytes;
  const errors = source?.end === null ? [source.error] : [];
  return [
    ...errors,
    ...(from === null ? [] : againstSource(from)),
    ...destinations.flatMap((found, index) =>
      found.end === null
        ? [found.error]
        : [
            ...(kind === 'verify' ? [] : againstWriting(found.end, update, unmount, blocks)),
            ...(from === null ? [] : againstPair(kind, from, found.end, blocks)),
            ...(needed === null ? [] : againstSize(kind, needed, found.end)),
            ...againstTwice(found.end, ends.slice(0, index), blocks),
          ]),
    ...(needed === null ? [] : againstSpace(needed, ends)),
  ];
}

/** Files that the job needs and that would be out of reach once its destinations are unmounted. `files` are absolute paths. */
export function againstUnmounting(files: readonly string[], destinations: readonly End[], blocks: Blocks): PlatterError[] {
  const unmounted = destinations.flatMap((end) => (end.block === null ? [] : [...withDescendants(end.block)].map((block) => ({ end, block }))));
  return files.flatMap((file) => {
    const hit = unmounted.find(({ block }) => blocks.under(file).includes(block));
    return hit === undefined ? [] : [check(hit.end, 'IN_USE', `It cannot be unmounted: ${file} lies on it.`)];
  });
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

function againstWriting(end: End, update: boolean, unmount: boolean, blocks: Blocks): PlatterError[] {
  return end.block === null ? againstFile(end, update, blocks) : againstBlock(end, end.block, unmount, blocks);
}

function againstBlock(end: End, block: Block, unmount: boolean, blocks: Blocks): PlatterError[] {
  if (end.size === 0) return [check(end, 'DEVICE_GONE', 'There is no medium in it, or nothing behind it.')];
  const known = refusalsOf(block, unmount).map((refusal) => failure({ ...refusal, device: end.path }));
  // Another loop device over the same file can be mounted while this one is not.
  const aliases = blocks.all.filter((other) => other !== block && other.type === 'loop' && overlap(end, located(other), blocks) === 'same');
  const inUse = aliases.filter((alias) => mountsOn(alias).length > 0)
    .map((alias) => check(end, 'MOUNTED', `What is behind it is also ${alias.path}, mounted at ${mountsOn(alias).join(', ')}.`));
  return [...known, ...inUse];
}

function againstFile(end: End, update: boolean, blocks: Blocks): PlatterError[] {
  const { part = '', partId = null, partInTheWay = false, hasOtherNames = false } = end.image ?? {};
  const loopOver = (id: string | null): Block | undefined => (id === null ? undefined : blocks.all.find(({ backingId }) => backingId === id));
  const loop = loopOver(end.id) ?? loopOver(partId);
  return [
    ...(update && hasOtherNames ? [check(end, 'IN_USE', 'It has other names (hard links): what is under those would change with it.')] : []),
    ...(loop === undefined ? [] : [check(end, 'IN_USE', `It is in use: the loop device ${loop.path} lies on it.`)]),
    ...(end.id !== null && blocks.swapFiles.has(end.id) ? [check(end, 'IN_USE', 'It is in use as swap.')] : []),
    ...(partInTheWay ? [check(end, 'IN_USE', `${part}, which would be written first, is not a file of its own.`)] : []),
  ];
}

function againstPair(kind: CopyRequest['kind'], source: End, end: End, blocks: Blocks): PlatterError[] {
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
  return [...shared, ...partIsSource];
}

function againstSize(kind: CopyRequest['kind'], needed: number, end: End): PlatterError[] {
  const missing = end.image === null ? needed - end.size : 0;
  const gone = kind !== 'verify' && end.block !== null && end.size === 0; // said already, and better
  if (missing <= 0 || gone) return [];
  return [check(end, 'TOO_SMALL', `It holds ${counted(end.size, 'byte')}, ${counted(missing, 'byte')} less than the source ${kind === 'verify' ? 'has' : 'needs'}.`)];
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
