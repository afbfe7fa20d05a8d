// Says what a path may mean at which nothing is.
import { lstat } from 'node:fs/promises';
import { basename } from 'node:path';
import type { PlatterError } from '../../contract/errors.ts';
import { errnoOf, failure, failureOf } from '../../base/errors.ts';
import { siblingPath } from '../../base/paths.ts';

/** The endings of first pieces. */
const FIRST_PIECES = ['.000', '.001', '.aa', '.aaa'] as const;

/** The failure of opening `path`, by what lies beside it when nothing is there. */
export async function openingFailure(error: unknown, path: string): Promise<PlatterError> {
  return errnoOf(error) === 'ENOENT' ? await absent(path) : failureOf(error, 'open', path, 'file');
}

/** The failure of a path at which nothing is: an incomplete image or the first piece of a split one may be meant. */
export async function absent(path: string): Promise<PlatterError> {
  const facts = { code: 'NOT_FOUND', op: 'open', device: path, errno: 'ENOENT' } as const;
  const part = siblingPath(path, '.part');
  if (await isFile(part))
    return failure({ ...facts, reason: { kind: 'onlyPart', part }, remedy: { kind: 'finishPart' } });
  for (const ending of FIRST_PIECES) {
    const first = siblingPath(path, ending);
    if (await isFile(first))
      return failure({
        ...facts,
        reason: { kind: 'onlyPieces', first: basename(first) },
        remedy: { kind: 'nameThatPiece', first },
      });
  }
  return failure({ ...facts, reason: { kind: 'nothingThere' } });
}

async function isFile(path: string): Promise<boolean> {
  try {
    return (await lstat(path)).isFile();
  } catch (error) {
    // A file that cannot be inspected is not offered.
    if (errnoOf(error) === null) throw error;
    return false;
  }
}
