// Decides whether a request may write its images packed. Pure.
import { basename } from 'node:path';
import type { PlatterError } from '../../contract/errors.ts';
import type { Note, Reason, Remedy } from '../../contract/facts.ts';
import { formatByName, PACKED_FORMATS, pieceAt, wholeOf } from '../../contract/image-formats.ts';
import { FAT_LONGEST } from '../../contract/limits.ts';
import { imageFormatOf, isAnonymous, newManifest, rescueOf, takesAsIs, updates } from '../../contract/request-facts.ts';
import type { WorkRequest } from '../../contract/request.ts';
import { failure } from '../../base/errors.ts';
import { namedFormat } from '../../parsers/name-endings.ts';
import type { End } from '../devices/ends.ts';
import { SECTOR as QCOW2_SECTOR } from '../packing/qcow2.ts';

/**
 * The reasons against the packed images among `ends`. They are written from their start to their end, so they cannot be
 * updated, repaired, compared in place or rescued to. `bytes` of the source; null when nothing is known of it.
 */
export function againstPackedImages(
  request: WorkRequest,
  ends: readonly (End | null)[],
  bytes: number | null,
): PlatterError[] {
  const files = ends.filter((end) => end?.kind === 'file');
  if (request.kind !== 'copy') {
    const { kind } = request;
    return files.flatMap((end) =>
      formatByName(end!.realPath) === null
        ? []
        : [wrong({ kind: 'packedImage', job: kind }, end!.path, remedyOf(kind))],
    );
  }
  const packed = files.filter((end) => (end!.image?.packing ?? null) !== null);
  const job = updates(request) ? 'update' : rescueOf(request) !== null ? 'rescue' : null;
  const split = files.filter((end) => (end!.image?.split ?? null) !== null);
  if (job !== null)
    return [
      ...packed.map((end) => wrong({ kind: 'packedImage', job }, end!.path, remedyOf(job))),
      ...split.map((end) => wrong({ kind: 'splitWhole', job }, end!.path, remedyOf(job))),
    ];
  if (imageFormatOf(request).split !== null && files.length === 0 && ends.every((end) => end !== null))
    return [wrong({ kind: 'nothingSplit' }, null)];
  const misnamed = files.flatMap((end) => againstEnding(end!, request));
  const rest =
    packed.length === 0
      ? againstUnused(request, ends)
      : packed.flatMap((end) => [...againstLevel(end!), ...againstOddSize(end!, bytes)]);
  return [...misnamed, ...rest];
}

/** Refuses to leave the source out of what is written when nothing that names it is. A missing end has its own error. */
export function againstAnonymous(request: WorkRequest, ends: readonly (End | null)[]): PlatterError[] {
  if (!isAnonymous(request) || newManifest(request) !== null) return [];
  // An image in another format has no place for it.
  if (ends.some((end) => end === null || end.image?.packing?.format === 'zstd')) return [];
  return [wrong({ kind: 'nothingAnonymous' }, null, { kind: 'imageOrNamed' })];
}

/** The remedy for a job that an image cannot have. The reasons against the other jobs include it. */
const remedyOf = (job: string): Remedy | undefined =>
  job === 'update' || job === 'repair' ? { kind: 'newImage' } : undefined;

/**
 * Refuses an image whose name says another format than it is written in: as a source, it would be taken for a damaged
 * file of that format. Bytes that are copied as they are can be of any format.
 */
function againstEnding({ path, realPath, image }: End, request: WorkRequest): PlatterError[] {
  const named = namedFormat(basename(image?.split ? wholeOf(realPath) : realPath));
  const format = image?.packing?.format ?? null;
  if (named === null || named === format || (format === null && takesAsIs(request))) return [];
  if (format !== null)
    return [
      wrong({ kind: 'namedOther', named, format }, path, {
        kind: 'otherEnding',
        ending: PACKED_FORMATS[format].endings[0],
      }),
    ];
  return imageFormatOf(request).format === 'raw'
    ? [wrong({ kind: 'namedPacked', named }, path, { kind: 'otherEnding', ending: '.img' })]
    : [wrong({ kind: 'namedUnwritten', named }, path, { kind: 'writtenEndings' })];
}

/** Refuses a format, a level or a number of threads when nothing is packed. A missing end has its own error. */
function againstUnused(request: WorkRequest, ends: readonly (End | null)[]): PlatterError[] {
  const { format, level, threads } = imageFormatOf(request);
  const means = level !== null || threads !== null || (format !== 'byName' && format !== 'raw');
  if (!means || ends.includes(null)) return [];
  return format === 'byName' || format === 'raw'
    ? [wrong({ kind: 'nothingPacked' }, null)]
    : [wrong({ kind: 'noImage', format }, null, { kind: 'imageOrNoFormat' })];
}

function againstLevel({ path, image }: End): PlatterError[] {
  const { format, level } = image!.packing!;
  const { least, most } = PACKED_FORMATS[format];
  if (level >= least && level <= most) return [];
  return [wrong({ kind: 'levelBounds', format, least: String(least), most: String(most), level: String(level) }, path)];
}

/** The disk in a qcow2 image has whole sectors. */
function againstOddSize({ path, image }: End, bytes: number | null): PlatterError[] {
  if (image!.packing!.format !== 'qcow2' || bytes === null || bytes % QCOW2_SECTOR === 0) return [];
  return [wrong({ kind: 'wholeSectors', bytes: String(bytes), over: String(bytes % QCOW2_SECTOR) }, path)];
}

const wrong = (reason: Reason, device: string | null, remedy: Remedy = { kind: 'BAD_ARGUMENT' }): PlatterError =>
  failure({ code: 'BAD_ARGUMENT', op: 'check', device, reason, remedy });

/** The notes on the packed images and the pieces among `ends`. `bytes`: what each of them gets. */
export const notesOnPackedImages = (ends: readonly End[], bytes: number): Note[] =>
  ends.flatMap(({ path, image }): Note[] => [
    ...(image?.packing
      ? [{ kind: 'packs', path, format: image.packing.format, level: String(image.packing.level) } as const]
      : []),
    ...(image?.split
      ? [{ kind: 'splits', path, size: image.split.size, first: pieceAt(basename(path), 0) } as const]
      : []),
    ...(image?.split?.size === FAT_LONGEST + 1
      ? [{ kind: 'piecesExceedFat', path, longest: FAT_LONGEST } as const]
      : []),
    ...(image?.packing && image.split === null && bytes > image.limits.longest
      ? [{ kind: 'mayExceedFat', path, longest: image.limits.longest } as const]
      : []),
  ]);
