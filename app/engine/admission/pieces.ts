// The further pieces of an image that is written in pieces. Its first piece, NAME.000, is an image by itself for
// `images.ts`: it has the lock, the log knows it, and it gets its name last. So a set of pieces whose first one is
// NAME.000.part is not complete.
import { fsyncSync, lstatSync, unlinkSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import type { PlatterError } from '../../contract/errors.ts';
import { pieceAt } from '../../contract/image-formats.ts';
import { failure } from '../../base/errors.ts';
import type { End } from '../devices/ends.ts';
import type { SplitPlace } from '../devices/split-place.ts';
import type { NativeAddon, NativeDevice } from '../native/addon.ts';
import { statsId } from '../devices/file-ids.ts';
import {
  failureIn,
  idAt,
  inFolder,
  isReviewed,
  moveToFree,
  refuseLost,
  refuseTaken,
  renameToFinalName,
  type Named,
} from './images.ts';
import type { Reviewed } from './prepared.ts';

/**
 * Splits the new first piece of `end`, and removes the further pieces that an interrupted job left. Throws with an
 * errno; a Refusal when one of them is another file by now.
 */
export function beginPieces({ lasting, image }: Pick<End, 'lasting' | 'image'>, first: NativeDevice): void {
  const { whole, size, laterParts } = image!.split!;
  for (const piece of laterParts) removePiece(piece, lasting);
  first.split(dirname(whole), basename(whole), size);
}

/** Removes a piece that the review showed. Throws as `beginPieces` does. */
function removePiece(piece: Pick<Reviewed, 'id' | 'size' | 'modified'> & { path: string }, lasting: boolean): void {
  inFolder(piece.path, (at) => {
    const found = lstatSync(at(piece.path), { bigint: true, throwIfNoEntry: false });
    if (found === undefined) return;
    if (!isReviewed(found, { ...piece, lasting })) refuseTaken(piece.path);
    unlinkSync(at(piece.path));
  });
}

/**
 * Gives the pieces of a complete image of `bytes` their names, the first one last, and removes those of the image that
 * they replace. From the first removal to the last renaming the first piece is NAME.000.part. Returns the failure when
 * that is impossible.
 */
export function namePieces(addon: NativeAddon, named: Named, bytes: number): PlatterError | null {
  const { end, naming } = named;
  const split = end.image?.split ?? null;
  if (naming === null || split === null) return renameToFinalName(addon, named);
  try {
    const later = laterPieces(split, bytes, named.device!.frameFiles());
    for (const piece of later) checkWritten(piece);
    checkOld(split, end.lasting);
    if (naming.replaces !== null) removePiece({ ...naming.replaces, path: naming.name }, end.lasting);
    for (const piece of split.later) removePiece(piece, end.lasting);
    inFolder(naming.part, (at, folder) => {
      for (const { part, name, id } of later) {
        moveToFree(addon, at(part), at(name));
        // Another file can have got the name of the piece between the look and the renaming.
        if (idAt(at(name)) === id) continue;
        moveToFree(addon, at(name), at(part));
        refuseLost(part, 'replaced');
      }
      fsyncSync(folder);
    });
  } catch (error) {
    const known = failureIn(error, 'rename', end.path);
    return failure({ ...known, reason: { kind: 'notNamed', reason: known.reason, part: naming.part } });
  }
  return renameToFinalName(addon, { ...named, naming: { ...naming, replaces: null } });
}

/** A piece that the job has written. */
interface Written {
  part: string;
  name: string;
  bytes: number;
  /** Identity of the file that was written and compared. */
  id: string;
}

/** The pieces behind the first one. `ids`: those of all pieces that were written. */
function laterPieces({ whole, size }: SplitPlace, bytes: number, ids: readonly string[]): Written[] {
  return Array.from({ length: Math.max(0, Math.ceil(bytes / size) - 1) }, (_, index) => {
    const name = pieceAt(whole, index + 1);
    return { part: `${name}.part`, name, bytes: Math.min(size, bytes - (index + 1) * size), id: ids[index + 1] ?? '' };
  });
}

/** Throws a Refusal unless the name of a piece still leads to the file that was compared. */
function checkWritten({ part, bytes, id }: Written): void {
  const found = inFolder(part, (at) => lstatSync(at(part), { bigint: true, throwIfNoEntry: false }));
  if (found === undefined) refuseLost(part, 'removed');
  if (statsId(found) !== id || Number(found.size) !== bytes) refuseLost(part, 'replaced');
}

/** Refuses when a file that the review did not show has the name of a piece. */
function checkOld({ whole, later }: SplitPlace, lasting: boolean): void {
  for (let index = 1; ; index += 1) {
    const name = pieceAt(whole, index);
    const found = inFolder(name, (at) => lstatSync(at(name), { bigint: true, throwIfNoEntry: false }));
    if (found === undefined) return;
    const known = later[index - 1];
    if (known === undefined || !isReviewed(found, { ...known, lasting })) refuseTaken(name);
  }
}
