// Decides whether a request may write its images packed. Pure.
import { basename } from 'node:path';
import type { PlatterError } from '../../contract/errors.ts';
import type { Note, Reason } from '../../contract/facts.ts';
import { formatByName, PACKED_FORMATS, pieceAt } from '../../contract/image-formats.ts';
import { imageFormatOf, rescueOf, updates } from '../../contract/request-facts.ts';
import type { WorkRequest } from '../../contract/request.ts';
import { failure } from '../../base/errors.ts';
import type { End } from '../devices/inspect-paths.ts';

/**
 * The reasons against the packed images among `ends`. They are written from their start to their end, so they cannot be
 * updated, repaired, compared in place or rescued to.
 */
export function againstPackedImages(request: WorkRequest, ends: readonly (End | null)[]): PlatterError[] {
  const files = ends.filter((end) => end?.kind === 'file');
  if (request.kind !== 'copy') {
    const { kind } = request;
    return files.flatMap((end) =>
      formatByName(end!.realPath) === null ? [] : [wrong({ kind: 'packedImage', job: kind }, end!.path)],
    );
  }
  const packed = files.filter((end) => (end!.image?.packing ?? null) !== null);
  const job = updates(request) ? 'update' : rescueOf(request) !== null ? 'rescue' : null;
  const split = files.filter((end) => (end!.image?.split ?? null) !== null);
  if (job !== null)
    return [
      ...packed.map((end) => wrong({ kind: 'packedImage', job }, end!.path)),
      ...split.map((end) => wrong({ kind: 'splitWhole', job }, end!.path)),
    ];
  if (imageFormatOf(request).split !== null && files.length === 0 && ends.every((end) => end !== null))
    return [wrong({ kind: 'nothingSplit' }, null)];
  return packed.length === 0 ? againstUnused(request, ends) : packed.flatMap((end) => againstLevel(end!));
}

/** Refuses a format, a level or a number of threads when nothing is packed. A missing end has its own error. */
function againstUnused(request: WorkRequest, ends: readonly (End | null)[]): PlatterError[] {
  const { format, level, threads } = imageFormatOf(request);
  const means = level !== null || threads !== null || (format !== 'byName' && format !== 'raw');
  return means && ends.every((end) => end !== null) ? [wrong({ kind: 'nothingPacked' }, null)] : [];
}

function againstLevel({ path, image }: End): PlatterError[] {
  const { format, level } = image!.packing!;
  const { least, most } = PACKED_FORMATS[format];
  if (level >= least && level <= most) return [];
  return [wrong({ kind: 'levelBounds', format, least: String(least), most: String(most), level: String(level) }, path)];
}

const wrong = (reason: Reason, device: string | null): PlatterError =>
  failure({ code: 'BAD_ARGUMENT', op: 'check', device, reason });

/** The notes on the packed images and the pieces among `ends`. `bytes`: what each of them gets. */
export const notesOnPackedImages = (ends: readonly End[], bytes: number): Note[] =>
  ends.flatMap(({ path, image }): Note[] => [
    ...(image?.packing
      ? [{ kind: 'packs', path, format: image.packing.format, level: String(image.packing.level) } as const]
      : []),
    ...(image?.split
      ? [{ kind: 'splits', path, size: image.split.size, first: pieceAt(basename(path), 0) } as const]
      : []),
    ...(image?.packing && image.split === null && bytes > image.limits.longest
      ? [{ kind: 'mayExceedFat', path, longest: image.limits.longest } as const]
      : []),
  ]);
