// Decides whether a job may begin with the content of its source file. It judges the open file, which is the one that
// will be read.
import type { PlatterError } from '../../contract/errors.ts';
import type { Note } from '../../contract/facts.ts';
import { writes } from '../../contract/request-facts.ts';
import type { JobKind } from '../../contract/request.ts';
import type { Recognised } from '../../contract/sources.ts';
import { recognise } from '../../sources/recognise.ts';
import { HEAD_BYTES, TAIL_BYTES } from '../../sources/sample.ts';
import { commandFor } from '../../sources/unpack-commands.ts';
import { errnoOf, failure } from '../../base/errors.ts';
import type { End } from '../devices/inspect.ts';
import type { NativeDevice } from '../native/addon.ts';

interface Judgement {
  errors: PlatterError[];
  notes: Note[];
}

const NOTHING: Judgement = { errors: [], notes: [] };

/**
 * Judges the content of a source for a job of this kind. A copy or a repair of a file that is certainly no disk image
 * is refused, unless `asIs` says otherwise. Comparing harms nothing, and an interrupted job was allowed when it began.
 */
export async function judgeContent(
  kind: JobKind,
  asIs: boolean,
  { path, size, packed, kind: end }: End,
  device: NativeDevice,
): Promise<Judgement> {
  if (end === 'block' || kind === 'resume') return NOTHING;
  const found = await contentOf(device, size, packed !== null);
  if (found === null) return NOTHING;
  switch (found.kind) {
    case 'image':
      return found.trailer === null
        ? NOTHING
        : { errors: [], notes: [{ kind: 'trailer', path, format: found.trailer }] };
    case 'unknown':
      return writes(kind) && !asIs ? { errors: [], notes: [{ kind: 'unrecognised', path }] } : NOTHING;
    case 'packed':
    case 'other':
      return judgeFile(found, path, writes(kind) && !asIs);
  }
}

/** `refusing`: the job would write the file's bytes, and nobody has agreed to that. */
function judgeFile(
  { file, sure }: Extract<Recognised, { kind: 'packed' | 'other' }>,
  path: string,
  refusing: boolean,
): Judgement {
  if (!sure) return refusing ? { errors: [], notes: [{ kind: 'looksLike', path, file }] } : NOTHING;
  if (!refusing) return { errors: [], notes: [{ kind: 'takenAsIs', path, file }] };
  const command = 'format' in file ? commandFor(file.format) : null;
  return {
    errors: [
      failure({
        code: 'NOT_AN_IMAGE',
        op: 'check',
        device: path,
        reason: { kind: 'noDiskImage', file },
        remedy: command === null ? { kind: 'NOT_AN_IMAGE' } : { kind: 'unpackFirst', command },
      }),
    ],
    notes: [],
  };
}

/** Reads and recognises a file, or the image in a packed one; null when it cannot be read, which the job reports. */
async function contentOf(device: NativeDevice, size: number, isPacked: boolean): Promise<Recognised | null> {
  try {
    const head = await device.peek(0, HEAD_BYTES);
    // The end of a packed image is known when all of it was decoded.
    const tail = isPacked ? Buffer.alloc(0) : await device.peek(Math.max(0, size - TAIL_BYTES), TAIL_BYTES);
    return recognise(head, tail, size);
  } catch (error) {
    if (errnoOf(error) === null) throw error;
    return null;
  }
}
