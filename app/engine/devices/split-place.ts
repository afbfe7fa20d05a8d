// The place of an image that is written in pieces, and the pieces that are there already.
import { lstat, readdir } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { pieceAt, wholeOf } from '../../contract/image-formats.ts';
import { errnoOf, nullIfAbsent } from '../../base/errors.ts';
import { piecesBeside, type OtherPieces } from '../../parsers/piece-names.ts';
import { statsId } from './file-ids.ts';

/** The pieces of an image. The first one is that of its `ImagePlace`. */
export interface SplitPlace {
  /** Bytes of every piece but the last. */
  size: number;
  /** The path of the whole: NAME, whose pieces are NAME.000 and so on. */
  whole: string;
  /** The further pieces of the image that has the name now, in order. */
  later: OldPiece[];
  /** Further pieces of an incomplete image, in order. */
  laterParts: OldPiece[];
  /** Paths with the name of a piece, complete or not, behind a missing one: of no image that the job replaces. */
  strays: string[];
}

/** A piece as it was found. */
export interface OldPiece {
  path: string;
  id: string;
  size: number;
  modified: number;
  /** It is no file with a single name. */
  odd: boolean;
}

/** The pieces of the image whose first piece is at `first`. Rejects with an errno. */
export async function splitPlace(first: string, size: number): Promise<SplitPlace> {
  const whole = wholeOf(first);
  const [later, laterParts] = [await laterPieces(whole, ''), await laterPieces(whole, '.part')];
  const known = new Set([...later, ...laterParts].map(({ path }) => path));
  return { size, whole, later, laterParts, strays: (await allLater(whole)).filter((path) => !known.has(path)) };
}

/** The pieces beside the file at `path` that a reader would take together with it; null for none. */
export const otherPieces = async (path: string): Promise<OtherPieces | null> =>
  piecesBeside(basename(path), await namesIn(dirname(path)));

/** The names that a folder lists. It may allow making files, but not listing them. */
const namesIn = (folder: string): Promise<string[]> =>
  readdir(folder).catch((error: unknown) => {
    if (errnoOf(error) === 'EACCES') return [];
    throw error;
  });

/** Every later piece of `whole` that its folder lists. */
async function allLater(whole: string): Promise<string[]> {
  const names = await namesIn(dirname(whole));
  const stem = `${basename(whole)}.`;
  const later = names.filter((name) => name.startsWith(stem) && isLater(name.slice(stem.length)));
  return later.toSorted().map((name) => join(dirname(whole), name));
}

/** True for the ending of a later piece: "001", "1000", "002.part". */
const isLater = (ending: string): boolean => /^(?!000)(?:\d{3}|[1-9]\d{3,})(?:\.part)?$/u.test(ending);

/** The files NAME.001, NAME.002 and so on with `suffix`, up to the first that is not there. */
async function laterPieces(whole: string, suffix: string): Promise<OldPiece[]> {
  const found: OldPiece[] = [];
  for (let index = 1; ; index += 1) {
    const path = pieceAt(whole, index) + suffix;
    const stats = await lstat(path, { bigint: true }).catch(nullIfAbsent);
    if (stats === null) return found;
    const odd = !stats.isFile() || stats.nlink !== 1n;
    found.push({ path, id: statsId(stats), size: Number(stats.size), modified: Number(stats.mtimeMs), odd });
  }
}
