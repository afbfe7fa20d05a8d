// Decides whether a job may begin with the content of its source file. It judges the open file, which is the one that
// will be read.
import { basename } from 'node:path';
import { writtenFormat } from '../../contract/disk-content.ts';
import type { PlatterError } from '../../contract/errors.ts';
import type { Fact, Note, Remedy } from '../../contract/facts.ts';
import { writes } from '../../contract/request-facts.ts';
import type { JobKind } from '../../contract/request.ts';
import type { Recognised } from '../../contract/sources.ts';
import { isCertain, namedFormat, withoutEnding } from '../../parsers/name-endings.ts';
import { splitName } from '../../parsers/piece-names.ts';
import { recognise } from '../../parsers/recognise.ts';
import { HEAD_BYTES, TAIL_BYTES } from '../../parsers/bytes/sample.ts';
import { commandFor } from '../../parsers/unpack-commands.ts';
import { errnoOf, failure } from '../../base/errors.ts';
import type { End } from '../devices/ends.ts';
import type { NativeDevice } from '../native/addon.ts';
import { notAsNamed, RAW } from '../unpacking/packed-source.ts';

interface Findings {
  errors: PlatterError[];
  notes: Note[];
}

const NOTHING: Findings = { errors: [], notes: [] };

/**
 * Judges the content of a source for a job of this kind. A copy or a repair of a file that is certainly no disk image
 * is refused, unless `asIs` says otherwise. Comparing harms nothing, and an interrupted job was allowed when it began.
 */
export async function judgeContent(kind: JobKind, asIs: boolean, end: End, device: NativeDevice): Promise<Findings> {
  const { path, size, packed } = end;
  if (end.kind === 'block' || kind === 'resume') return NOTHING;
  const found = await contentOf(device, size, packed !== null);
  if (found === null) return NOTHING;
  const refusing = writes(kind) && !asIs;
  const named = namedContent(end);
  // The first piece of a packed file is missing, or its pieces have each other's names.
  const ofPieces = named === null ? namedWhole(end) : null;
  const format = named ?? ofPieces;
  if (format !== null && !isCertain(found))
    return refusing
      ? { errors: [notAsNamed('NOT_AN_IMAGE', path, format, found, ofPieces !== null)], notes: [] }
      : { errors: [], notes: [{ kind: 'takenDespiteName', path, format }] };
  switch (found.kind) {
    case 'image':
      return { errors: [], notes: notesOnImage(path, named, found.trailer) };
    case 'unknown':
      return refusing ? { errors: [], notes: [{ kind: 'unrecognised', path }] } : NOTHING;
    case 'packed':
    case 'other':
      return judgeFile(found, end, refusing);
  }
}

/** The format that the source has by its name, or what is in it; null when the name says nothing. */
function namedContent({ path, realPath, packed }: End): string | null {
  const names = [path, realPath].map((one) => basename(one));
  if (packed === null || packed.format === RAW) return names.map(namedFormat).find((one) => one !== null) ?? null;
  return namedFormat(packed.entry ?? withoutEnding(names[0]!));
}

/** The format that the file has by its name of which the source is a piece, or all pieces; null when it says nothing. */
function namedWhole({ path, realPath, packed }: End): string | null {
  if (packed !== null && packed.format !== RAW) return null;
  const wholes = [path, realPath].map((one) => splitName(basename(one)));
  return wholes.map((one) => (one === null ? null : namedFormat(one))).find((one) => one !== null) ?? null;
}

const notesOnImage = (path: string, named: string | null, trailer: string | null): Note[] => [
  ...(named === null ? [] : [{ kind: 'imageDespiteName', path, format: named } as const]),
  ...(trailer === null ? [] : [{ kind: 'trailer', path, format: trailer } as const]),
];

/** `refusing`: the job would write the file's bytes, and nobody has agreed to that. */
function judgeFile(
  { file, sure }: Extract<Recognised, { kind: 'packed' | 'other' }>,
  { path, packed }: End,
  refusing: boolean,
): Findings {
  if (!sure) return refusing ? { errors: [], notes: [{ kind: 'looksLike', path, file }] } : NOTHING;
  if (!refusing) return { errors: [], notes: [{ kind: 'takenAsIs', path, file }] };
  return {
    errors: [
      failure({
        code: 'NOT_AN_IMAGE',
        op: 'check',
        device: path,
        reason: { kind: 'noDiskImage', file },
        remedy: remedyFor(file, packed?.format ?? RAW),
      }),
    ],
    notes: [],
  };
}

/** Packed files that hold files under their names, not an image. */
const ARCHIVES: ReadonlySet<string> = new Set(['ZIP', 'self-extracting ZIP', '7z', 'RAR', 'tar']);

/** The remedy for `file`, which is no disk image and was in a file of the format `packed`. */
function remedyFor(file: Fact<'files'>, packed: string): Remedy {
  const format = 'format' in file ? file.format : '';
  const own = commandFor(format);
  if (own !== null) return { kind: ARCHIVES.has(format) ? 'takeImageOut' : 'unpackFirst', command: own };
  // --as-is would write the packed bytes, so the file in it is unpacked first.
  const command = commandFor(writtenFormat(packed));
  return command === null ? { kind: 'NOT_AN_IMAGE' } : { kind: 'checkRightFile', command };
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
