// A piece of a split image as the destination of a check or a repair: it alone is not the image.
import { basename, dirname, join } from 'node:path';
import { failure, Refusal } from '../../base/errors.ts';
import type { PlatterError } from '../../contract/errors.ts';
import type { JobKind } from '../../contract/request.ts';
import type { End, Found } from '../devices/ends.ts';
import { shell } from '../devices/release-commands.ts';
import { piecesAt } from '../unpacking/source-files.ts';

/** `errors`, with the destinations that are one piece of a split image refused as such, instead of as too small. */
export async function explainPieces(
  errors: readonly PlatterError[],
  kind: JobKind,
  destinations: readonly Found[],
): Promise<PlatterError[]> {
  if (kind !== 'verify' && kind !== 'repair') return [...errors];
  const refused: PlatterError[] = [];
  for (const { end } of destinations) {
    const first = end?.kind === 'file' ? await firstPieceOf(end) : null;
    if (first !== null) refused.push(onePiece(end!.path, first));
  }
  const names = new Set(refused.map(({ device }) => device));
  return [...errors.filter(({ code, device }) => code !== 'TOO_SMALL' || !names.has(device)), ...refused];
}

/** The path of the first piece of the split image that `end` is a piece of; null for a file that is whole. */
async function firstPieceOf({ path, realPath }: End): Promise<string | null> {
  try {
    return (await piecesAt(realPath, path)) === null ? null : path;
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    const { reason } = error.errors[0]!;
    // Without the other pieces, a destination with such a name is what it is.
    if (reason.kind === 'firstPieceAbsent') return null;
    return reason.kind === 'laterPiece' ? join(dirname(path), reason.first) : path;
  }
}

function onePiece(path: string, first: string): PlatterError {
  return failure({
    code: 'BAD_ARGUMENT',
    op: 'check',
    device: path,
    reason: { kind: 'onePiece', whole: join(dirname(first), basename(first).replace(/\.[^.]+$/u, '')) },
    remedy: { kind: 'compareWhole', command: `${shell(['platter', 'verify', first])} DEVICE` },
  });
}
