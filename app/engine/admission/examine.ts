// Finds everything that a request names, and every reason against it, before any device is opened.
import type { PlatterError } from '../../contract/errors.ts';
import type { Note } from '../../contract/facts.ts';
import {
  checksumCoversOf,
  checksumOf,
  entryOf,
  givenBmap,
  givenManifest,
  imageFormatOf,
  keyOf,
  listIn,
  mapOf,
  newManifest,
  sourceOf,
  takesUsed,
  unmounts,
  updates,
  withChecksum,
  writes,
  zeroesUnmapped,
} from '../../contract/request-facts.ts';
import type { WorkRequest } from '../../contract/request.ts';
import type { Answers } from '../../base/slow-answers.ts';
import { placeOf } from '../../base/paths.ts';
import type { Blocks } from '../devices/block-devices.ts';
import { failure, Refusal, throwIfAny } from '../../base/errors.ts';
import { refusals } from './refusals.ts';
import { withClaims } from '../access/holders.ts';
import type { Found } from '../devices/ends.ts';
import { inspectDestination, inspectExisting } from '../devices/inspect-paths.ts';
import type { Manifest } from '../formats/manifest.ts';
import {
  againstReplacing,
  filesInTheWay,
  manifestSource,
  misfits,
  notesOnFiles,
  readGivenManifest,
  readGivenMap,
  readOldManifest,
  type GivenFile,
  type Read,
} from './given-files.ts';
import type { RescueMap } from '../formats/mapfile.ts';
import type { NativeAddon } from '../native/addon.ts';
import { bmapFor, goingBy, NO_BMAP, type BmapFound } from '../unpacking/bmap-file.ts';
import { inspectSource } from '../unpacking/disk-folder.ts';
import { sourceFor } from '../unpacking/packed-source.ts';
import { wholePath } from '../unpacking/source-files.ts';
import { notesOnProof, proofOf, UNPROVED, type Proof } from '../unpacking/required-checksum.ts';
import { resumeNote, type FoundJob, type Resumed } from './resume.ts';
import { dataOf } from './free-space.ts';
import { againstAnonymous, againstPackedImages } from './packed-images.ts';
import { explainPieces } from './one-piece.ts';
import { explainShortfalls } from './too-small.ts';

/** A request's ends and files, as they were found. None of them is held yet. */
export interface Examined {
  request: WorkRequest;
  blocks: Blocks;
  source: Found | null;
  destinations: Found[];
  manifest: Manifest | null;
  map: RescueMap | null;
  /** Where the manifests and the map of the request lie: absolute paths without links. */
  files: readonly string[];
  resumed: Resumed | null;
  notes: Note[];
}

/** Finds all that a request names. Rejects with a Refusal that has every reason against it. */
export async function examine(
  asked: WorkRequest,
  blocks: Blocks,
  load: () => NativeAddon,
  answers: Answers,
): Promise<Examined> {
  const { kind } = asked;
  const from = sourceOf(asked);
  const inPlace = updates(asked) || mapOf(asked) !== null;
  const inspect = (path: string): Promise<Found> =>
    kind === 'copy' ? inspectDestination(path, blocks, imageFormatOf(asked), inPlace) : inspectExisting(path, blocks);
  const [manifest, map, old, file, ...destinations] = await Promise.all([
    ...givenFiles(asked, answers),
    from === null ? null : finding(answers, from, inspectSource(from, blocks)),
    ...asked.destinations.map(({ path }) => finding(answers, path, inspect(path))),
  ]);
  const proof = await proving(asked, file, answers);
  const { found: bmap, errors: onBmap } = await mapping(asked, file, answers);
  const request = goingBy(withChecksum(asked, proof.value ?? UNPROVED), bmap);
  const source = file === null ? null : await sourceFor(request, file, bmap.file, answers);
  const ends = destinations.map(({ end }) => end);
  const given = await placesOf(request, answers);
  const files = given.map(({ place }) => place);
  const bytes = source?.end?.size ?? manifest.value?.bytes ?? null;
  const data = await ofSource(source, answers, dataOf(request, source, destinations, load));
  const intent = { kind, update: updates(request), unmount: unmounts(request), bytes, data, files };
  const against = await explainPieces(
    refusals(intent, advised(source, kind, destinations), destinations, blocks),
    kind,
    destinations,
  );
  throwIfAny(
    await withClaims(
      [
        ...manifest.errors,
        ...map.errors,
        ...proof.errors,
        ...onBmap,
        ...againstNewManifest(request, old, source),
        ...(onBmap.length > 0 ? [] : againstZeros(request, source, bmap)),
        ...againstPackedImages(request, ends, bytes),
        ...againstAnonymous(request, ends),
        ...(bytes === null ? [] : misfits(bytes, manifest.value, givenManifest(request), map.value, mapOf(request))),
        ...filesInTheWay(request, given, [source, ...destinations]),
        ...(await ofSource(source, answers, explainShortfalls(against, source?.end ?? null))),
      ],
      writes(kind) ? destinations : [],
    ),
  );
  return {
    request,
    blocks,
    source,
    destinations,
    manifest: manifest.value,
    map: map.value,
    files,
    resumed: null,
    notes: [
      ...(proof.value === null || from === null ? [] : notesOnProof(from, proof.value)),
      ...notesOnUnused(bmap),
      ...notesOnFiles(manifest.value, map.value, request),
      ...replacedManifest(request, old),
    ],
  };
}

/** Does the same for a resumed job. */
export async function examineAgain(
  { resumed, request, source, destinations, notes }: FoundJob,
  blocks: Blocks,
  load: () => NativeAddon,
  answers: Answers,
): Promise<Examined> {
  const path = mapOf(request);
  const [manifest, map, old] = await Promise.all(givenFiles(request, answers));
  const files = (await placesOf(request, answers)).map(({ place }) => place);
  const intent = {
    kind: 'resume' as const,
    update: updates(request) || request.kind === 'repair',
    unmount: request.unmount,
    bytes: null,
    data: await ofSource(source, answers, dataOf(request, source, destinations, load)),
    files,
  };
  throwIfAny(
    await withClaims(
      [
        ...manifest.errors,
        ...map.errors,
        ...misfits(resumed.log.header.bytes, null, null, map.value, path),
        ...againstNewManifest(request, old, source),
        ...againstOtherManifest(resumed, manifest.value, givenManifest(request)),
        ...refusals(intent, source, destinations, blocks),
      ],
      destinations,
    ),
  );
  return {
    request,
    blocks,
    source,
    destinations,
    manifest: manifest.value,
    map: map.value,
    files,
    resumed,
    notes: [
      ...notes,
      resumeNote(resumed),
      ...(path !== null && map.value === null ? [{ kind: 'mapGone', path } as const] : []),
    ],
  };
}

/**
 * Refuses a manifest of another size or chunk size. The log counts in the chunks of the manifest that the job began
 * with.
 */
function againstOtherManifest({ log }: Resumed, manifest: Manifest | null, path: string | null): PlatterError[] {
  const { bytes, chunkSize } = log.header;
  if (manifest === null || (manifest.bytes === bytes && manifest.chunkSize === chunkSize)) return [];
  return [
    failure({
      code: 'CHANGED',
      op: 'check',
      device: path,
      reason: { kind: 'anotherFile' },
      remedy: { kind: 'otherManifest' },
    }),
  ];
}

/** Gathers the proof of the source. A missing source has none; it is reported by itself. */
async function proving(request: WorkRequest, source: Found | null, answers: Answers): Promise<Read<Proof>> {
  const [checksum, key] = [checksumOf(request), keyOf(request)];
  const end = source?.end ?? null;
  if (end === null || (checksum === null && key === null))
    return { value: { ...UNPROVED, checksum, checksumCovers: checksumCoversOf(request) }, errors: [] };
  const list = listIn(checksum);
  try {
    const named = { ...end, realPath: await answers.of(end.path, wholePath(end.realPath)) };
    const proof = proofOf(named, { checksum, key, entry: entryOf(request) });
    // No time limit: checking the signature of an image reads all of it.
    return { value: await (list === null ? proof : answers.of(list, proof)), errors: [] };
  } catch (error) {
    return { value: null, errors: errorsOf(error) };
  }
}

const notesOnUnused = ({ unused }: BmapFound): Note[] =>
  unused === null ? [] : [{ kind: 'bmapUnused', bmap: unused }];

/** The block map of the source. */
async function mapping(
  request: WorkRequest,
  source: Found | null,
  answers: Answers,
): Promise<{ found: BmapFound; errors: readonly PlatterError[] }> {
  const end = source?.end ?? null;
  if (end === null) return { found: NO_BMAP, errors: [] };
  try {
    return { found: await bmapFor(request, end, answers), errors: [] };
  } catch (error) {
    return { found: NO_BMAP, errors: errorsOf(error) };
  }
}

/** Refuses to zero what no map leaves out. A missing source is reported by itself. */
function againstZeros(request: WorkRequest, source: Found | null, { file }: BmapFound): PlatterError[] {
  const end = source?.end ?? null;
  if (end === null || file !== null || !zeroesUnmapped(request) || takesUsed(request)) return [];
  return [
    failure({
      code: 'BAD_ARGUMENT',
      op: 'check',
      device: end.path,
      reason: { kind: 'nothingUnmapped' },
      remedy: { kind: 'mapOrNoZeros' },
    }),
  ];
}

/** Waits for `work`, which reads the source, as long as the source answers. */
function ofSource<T>(source: Found | null, answers: Answers, work: Promise<T>): Promise<T> {
  const end = source?.end ?? null;
  return end === null ? work : answers.of(end.path, work, end.kind);
}

/** The reasons not to write a manifest where the request wants it. */
function againstNewManifest(
  request: WorkRequest,
  { value, errors }: Read<Manifest['source'] | null>,
  source: Found | null,
): readonly PlatterError[] {
  const end = source?.end ?? null;
  const path = newManifest(request);
  return [
    ...errors,
    ...(path === null || end === null ? [] : againstReplacing(path, value, manifestSource(end, request))),
  ];
}

/** Notes the manifest that the job will replace. */
function replacedManifest(request: WorkRequest, { value }: Read<Manifest['source'] | null>): Note[] {
  const path = newManifest(request);
  return path === null || value === null ? [] : [{ kind: 'manifestReplaced', path }];
}

/** The manifest and the map of a request, and the source of the manifest that a new one would replace. */
function givenFiles(
  request: WorkRequest,
  answers: Answers,
): [Promise<Read<Manifest | null>>, Promise<Read<RescueMap | null>>, Promise<Read<Manifest['source'] | null>>] {
  const reading = <T>(path: string | null, read: (path: string | null) => Promise<Read<T>>): Promise<Read<T>> =>
    answers.of(path ?? '', read(path)).catch((error: unknown) => ({ value: null, errors: errorsOf(error) }));
  return [
    reading(givenManifest(request), readGivenManifest),
    reading(mapOf(request), readGivenMap),
    reading(newManifest(request), readOldManifest),
  ];
}

/**
 * Resolves the paths of a request's files. A file whose file system does not answer keeps its path: `givenFiles` has
 * refused it.
 */
function placesOf(request: WorkRequest, answers: Answers): Promise<GivenFile[]> {
  const named = [newManifest(request), mapOf(request), givenManifest(request), givenBmap(request)];
  const paths = new Set(named.filter((path) => path !== null));
  return Promise.all(
    [...paths].map(async (path) => {
      try {
        return { path, place: await answers.of(path, placeOf(path)) };
      } catch (error) {
        if (error instanceof Refusal) return { path, place: path };
        throw error;
      }
    }),
  );
}

/** `found`, or the failure that `path` does not answer. */
const finding = (answers: Answers, path: string, found: Promise<Found>): Promise<Found> =>
  answers.of(path, found).catch((error: unknown) => ({ end: null, error: errorsOf(error)[0]! }));

/** The errors of a Refusal. Rethrows anything else. */
function errorsOf(error: unknown): readonly PlatterError[] {
  if (error instanceof Refusal) return error.errors;
  throw error;
}

/** Advises another order when nothing is at the source and something is at a destination. */
function advised(source: Found | null, kind: WorkRequest['kind'], destinations: readonly Found[]): Found | null {
  const there = destinations.find(({ end }) => end !== null && end.id !== null);
  if (kind !== 'copy' || there === undefined || source?.end !== null) return source;
  const { error } = source;
  if (error.reason.kind !== 'nothingThere' || error.device?.startsWith('/dev/') === true) return source;
  const { code, op, device, reason } = error;
  return {
    end: null,
    error: failure({ code, op, device, reason, remedy: { kind: 'sourceFirst', destination: there.end!.path } }),
  };
}
