// Chooses the block map of a source file, and reads it.
import { createHash } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import type { PlatterError } from '../../contract/errors.ts';
import type { Reason } from '../../contract/facts.ts';
import { bmapOf, rescueOf, takesAsIs, takesUsed, withBmap } from '../../contract/request-facts.ts';
import type { BmapChoice, WorkRequest } from '../../contract/request.ts';
import type { Answers } from '../../base/slow-answers.ts';
import { readPlainFile } from '../../base/durable-file.ts';
import { failure, Refusal, refuse } from '../../base/errors.ts';
import { BMAP_BYTES, bmapNames, readBmap, type Bmap } from '../../parsers/bmap.ts';
import { imageNameIn } from '../../parsers/checksums/list-names.ts';
import type { End } from '../devices/ends.ts';
import { nullIfUnreachable } from '../devices/inspect-paths.ts';
import { canUnpack } from './unpack-program.ts';

/** A block map and its file. */
export interface BmapFile {
  path: string;
  /** SHA-256 of the file, in hexadecimal digits. */
  sha256: string;
  bmap: Bmap;
  /** It was found beside the source; nobody named it. */
  isBeside: boolean;
}

/** `file`: the block map that counts for a source. `unused`: one beside it that does not count. null for none. */
export interface BmapFound {
  file: BmapFile | null;
  unused: string | null;
}

export const NO_BMAP: BmapFound = { file: null, unused: null };

type Source = Pick<End, 'path' | 'realPath' | 'kind'>;

/** Finds the block map for a request. Rejects with a Refusal when it is damaged, or of no use for this source. */
export async function bmapFor(request: WorkRequest, source: Source, answers: Answers): Promise<BmapFound> {
  const choice = bmapOf(request);
  if (choice === 'none' || (source.kind === 'block' && choice === 'beside')) return NO_BMAP;
  if (choice !== 'beside') return { file: await requestedBmap(choice, source, answers), unused: null };
  const path = await answers.of(source.path, bmapBeside(source));
  if (path === null) return NO_BMAP;
  // Not for a rescue, which reads the file itself. Not for bytes that are taken as they are, which may be packed. Not
  // beside another map.
  if (rescueOf(request) !== null || takesAsIs(request) || takesUsed(request)) return { file: null, unused: path };
  return { file: await answers.of(path, readBmapFile(path, true)), unused: null };
}

async function requestedBmap(
  { path, sha256 }: Exclude<BmapChoice, string>,
  source: Source,
  answers: Answers,
): Promise<BmapFile> {
  if (source.kind === 'block')
    refuse({ code: 'BAD_ARGUMENT', op: 'check', device: source.path, reason: { kind: 'bmapOfDisk' } });
  const file = await answers.of(path, readBmapFile(path, false));
  if (sha256 === null || sha256 === file.sha256) return file;
  return refuse({
    code: 'CHANGED',
    op: 'check',
    device: path,
    reason: { kind: 'anotherFile' },
    remedy: { kind: 'newCopy' },
  });
}

/** The path of the block map beside a file; null for none. */
export async function bmapBeside({ path, realPath }: Pick<Source, 'path' | 'realPath'>): Promise<string | null> {
  for (const file of new Set([resolve(path), realPath])) {
    for (const name of bmapNames(basename(file), imageNameIn(basename(file)))) {
      const beside = join(dirname(file), name);
      if ((await stat(beside).catch(nullIfUnreachable)) !== null) return beside;
    }
  }
  return null;
}

/** Reads a block map. Rejects with a Refusal. `isBeside`: nobody named it. */
export async function readBmapFile(path: string, isBeside: boolean): Promise<BmapFile> {
  if (!canUnpack())
    refuse({ code: 'ENGINE_UNAVAILABLE', op: 'check', device: path, reason: { kind: 'bmapUnavailable' } });
  const bytes = await readPlainFile(path, BMAP_BYTES);
  const answer = readBmap(bytes);
  if (!answer.ok) throw new Refusal([bmapFailure({ path, isBeside }, answer.why)]);
  return { path, sha256: createHash('sha256').update(bytes).digest('hex'), bmap: answer.bmap, isBeside };
}

/** The error for a block map that cannot be used. */
export const bmapFailure = ({ path, isBeside }: Pick<BmapFile, 'path' | 'isBeside'>, reason: Reason): PlatterError =>
  failure({
    code: 'BAD_FILE',
    op: 'check',
    device: path,
    reason,
    remedy: { kind: isBeside ? 'withoutBmap' : 'otherBmap' },
  });

/** Throws a Refusal unless the block map is of an image with `size` bytes. */
export function checkBmapSize(file: BmapFile, size: number): void {
  const { imageSize } = file.bmap;
  if (imageSize !== size) throw new Refusal([bmapFailure(file, { kind: 'bmapOfOther', said: imageSize, has: size })]);
}

/** The request with the block map that was found for it, as plans and files name it. */
export const goingBy = <R extends WorkRequest>(request: R, { file }: BmapFound): R =>
  file === null ? request : withBmap(request, { path: file.path, sha256: file.sha256 });

/** True when every byte that the map lists has a checksum. */
export const hasAllChecksums = ({ ranges }: Bmap): boolean => ranges.every(({ checksum }) => checksum !== null);
