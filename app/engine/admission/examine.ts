// Finds everything that a request names, and every reason against it, before any device is opened.
import type { PlatterError } from '../../contract/errors.ts';
import type { Note } from '../../contract/facts.ts';
import { writes, type CopyRequest } from '../../contract/jobs.ts';
import type { Answers } from '../../base/answers.ts';
import { placeOf } from '../../base/places.ts';
import type { Blocks } from '../devices/blocks.ts';
import { failure, Refusal, throwIfAny } from '../../base/errors.ts';
import { refusals } from './guard.ts';
import { withClaims } from '../access/holders.ts';
import { inspectDestination, inspectExisting, type Found } from '../devices/inspect.ts';
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
  type Read,
} from './given-files.ts';
import type { RescueMap } from '../formats/mapfile.ts';
import type { NativeAddon } from '../native/addon.ts';
import { resumeNote, type FoundJob, type Resumed } from './resume.ts';
import { dataOf } from './free-space.ts';
import { explainShortfalls } from './shortfall.ts';

/** Everything that was found. Nothing of it is held yet. */
export interface Examined {
  request: CopyRequest;
  blocks: Blocks;
  source: Found | null;
  destinations: Found[];
  manifest: Manifest | null;
  map: RescueMap | null;
  resumed: Resumed | null;
  notes: Note[];
}

/** Finds all that a request names. Rejects with a Refusal that has every reason against it. */
export async function examine(
  request: CopyRequest,
  blocks: Blocks,
  load: () => NativeAddon,
  answers: Answers,
): Promise<Examined> {
  const { kind, update, unmount } = request;
  const replaces = kind === 'copy';
  const inPlace = update || (request.rescue?.map ?? null) !== null;
  const [manifest, map, old, source, ...destinations] = await Promise.all([
    ...givenFiles(request, answers),
    request.source === null ? null : finding(answers, request.source, inspectExisting(request.source, blocks)),
    ...request.destinations.map((path) =>
      finding(answers, path, replaces ? inspectDestination(path, blocks, inPlace) : inspectExisting(path, blocks)),
    ),
  ]);
  const files = await filesBeside(request, answers);
  const bytes = source?.end?.size ?? manifest.value?.bytes ?? null;
  const data = await ofSource(source, answers, dataOf(request, source, destinations, load));
  throwIfAny(
    await withClaims(
      [
        ...manifest.errors,
        ...map.errors,
        ...againstNewManifest(request, old, source),
        ...(bytes === null
          ? []
          : misfits(bytes, manifest.value, request.manifest, map.value, request.rescue?.map ?? null)),
        ...(await filesInTheWay(request, [source, ...destinations])),
        ...(await ofSource(
          source,
          answers,
          explainShortfalls(
            refusals({ kind, update, unmount, bytes, data, files }, source, destinations, blocks),
            source?.end ?? null,
          ),
        )),
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
    resumed: null,
    notes: [...notesOnFiles(manifest.value, map.value, request), ...replacedManifest(request, old)],
  };
}

/** The same for a job that is continued. */
export async function examineAgain(
  { resumed, request, source, destinations, notes }: FoundJob,
  blocks: Blocks,
  load: () => NativeAddon,
  answers: Answers,
): Promise<Examined> {
  const path = request.rescue?.map ?? null;
  const [manifest, map, old] = await Promise.all(givenFiles(request, answers));
  const { bytes, chunkSize } = resumed.log.header;
  // By its chunks the log has counted.
  const isAnother =
    manifest.value !== null && (manifest.value.bytes !== bytes || manifest.value.chunkSize !== chunkSize);
  throwIfAny(
    await withClaims(
      [
        ...manifest.errors,
        ...map.errors,
        ...misfits(bytes, null, null, map.value, path),
        ...againstNewManifest(request, old, source),
        ...(isAnother
          ? [
              failure({
                code: 'CHANGED',
                op: 'check',
                device: request.manifest,
                reason: { kind: 'anotherFile' },
                remedy: { kind: 'otherManifest' },
              }),
            ]
          : []),
        ...refusals(
          {
            kind: 'resume',
            update: request.update || request.kind === 'repair',
            unmount: request.unmount,
            bytes: null,
            data: await ofSource(source, answers, dataOf(request, source, destinations, load)),
            files: await filesBeside(request, answers),
          },
          source,
          destinations,
          blocks,
        ),
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
    resumed,
    notes: [
      ...notes,
      resumeNote(resumed),
      ...(path !== null && map.value === null ? [{ kind: 'mapGone', path } as const] : []),
    ],
  };
}

/** The result of `work`, which reads the source, if that answers. */
function ofSource<T>(source: Found | null, answers: Answers, work: Promise<T>): Promise<T> {
  const end = source?.end ?? null;
  return end === null ? work : answers.of(end.path, work, end.kind);
}

/** The reasons not to write a manifest where the request wants it. */
function againstNewManifest(
  { saveManifest }: CopyRequest,
  { value, errors }: Read<Manifest['source'] | null>,
  source: Found | null,
): readonly PlatterError[] {
  const end = source?.end ?? null;
  return [
    ...errors,
    ...(saveManifest === null || end === null ? [] : againstReplacing(saveManifest, value, manifestSource(end))),
  ];
}

/** Tells of the manifest that a job will replace. */
const replacedManifest = ({ saveManifest }: CopyRequest, { value }: Read<Manifest['source'] | null>): Note[] =>
  saveManifest === null || value === null ? [] : [{ kind: 'manifestReplaced', path: saveManifest }];

/** The manifest and the map of a request, and the source of the manifest that a new one would replace. */
function givenFiles(
  { manifest, rescue, saveManifest }: CopyRequest,
  answers: Answers,
): [Promise<Read<Manifest | null>>, Promise<Read<RescueMap | null>>, Promise<Read<Manifest['source'] | null>>] {
  const reading = <T>(path: string | null, read: (path: string | null) => Promise<Read<T>>): Promise<Read<T>> =>
    answers.of(path ?? '', read(path)).catch((error: unknown) => ({ value: null, errors: errorsOf(error) }));
  return [
    reading(manifest, readGivenManifest),
    reading(rescue?.map ?? null, readGivenMap),
    reading(saveManifest, readOldManifest),
  ];
}

/** Where the manifests and the map of a request lie. Where a file system does not answer, whoever reads the file says so. */
async function filesBeside({ manifest, rescue, saveManifest }: CopyRequest, answers: Answers): Promise<string[]> {
  const paths = new Set([manifest, rescue?.map ?? null, saveManifest].filter((path) => path !== null));
  return Promise.all([...paths].map((path) => answers.of(path, placeOf(path)).catch(() => path)));
}

/** `found`, or the failure that `path` does not answer. */
const finding = (answers: Answers, path: string, found: Promise<Found>): Promise<Found> =>
  answers.of(path, found).catch((error: unknown) => ({ end: null, error: errorsOf(error)[0]! }));

/** The errors of a Refusal. Rethrows anything else. */
function errorsOf(error: unknown): readonly PlatterError[] {
  if (error instanceof Refusal) return error.errors;
  throw error;
}
