// The files of a request beside its ends: the manifest of last time, the manifest to write, the map of a rescue. The
// host may be root, so each of them replaces only a file of its own kind.
import type { PlatterError } from '../../contract/errors.ts';
import type { Note, Reason } from '../../contract/facts.ts';
import { downloadedFrom, isAnonymous, mapOf, newManifest } from '../../contract/request-facts.ts';
import type { WorkRequest } from '../../contract/request.ts';
import { readAside } from '../formats/read-aside.ts';
import { chunksIn } from '../formats/chunk-sets.ts';
import { countChunks } from '../formats/chunks.ts';
import { plainFileAt } from '../../base/durable-file.ts';
import { errnoOf, failure, failureOf, Refusal, throwIfAny } from '../../base/errors.ts';
import type { End, Found } from '../devices/ends.ts';
import { checkDirectory } from '../devices/inspect-paths.ts';
import { idOf } from '../devices/file-ids.ts';
import { ANONYMOUS, isSameSource, writeManifest, type Manifest } from '../formats/manifest.ts';
import { bytesOf, type RescueMap } from '../formats/mapfile.ts';

/** A value, or why there is none. */
export type Read<T> = { value: T; errors: [] } | { value: null; errors: readonly PlatterError[] };

/** The manifest at `path`; null when none is asked for. */
export const readGivenManifest = (path: string | null): Promise<Read<Manifest | null>> =>
  path === null ? Promise.resolve({ value: null, errors: [] }) : reading(() => readAside('readManifest', path));

/**
 * The source of the manifest that writing to `path` replaces; null when there is none. Errors when something else is
 * there, or the directory takes no files.
 */
export async function readOldManifest(path: string | null): Promise<Read<Manifest['source'] | null>> {
  if (path === null) return { value: null, errors: [] };
  const { value: isThere, errors: unwritable } = await reading(() => replaces(path));
  if (unwritable.length > 0) return { value: null, errors: unwritable };
  if (isThere !== true) return { value: null, errors: [] };
  const { value, errors } = await reading(() => readAside('checkManifest', path));
  return errors.length === 0
    ? { value, errors: [] }
    : {
        value: null,
        errors: errors.map((error) => failure({ ...error, reason: { kind: 'notReplaceable', reason: error.reason } })),
      };
}

/**
 * Refuses to replace the manifest of `old`, at `path`, by one of another source: it may be the only manifest of its
 * drive.
 */
export function againstReplacing(
  path: string,
  old: Manifest['source'] | null,
  source: Manifest['source'],
): PlatterError[] {
  if (old === null || isSameSource(old, source)) return [];
  return [
    failure({
      code: 'BAD_FILE',
      op: 'check',
      device: path,
      reason: { kind: 'manifestOfOtherSource', path: old.path },
      remedy: { kind: 'otherNewManifest' },
    }),
  ];
}

/**
 * A job's source as its manifest describes it. A downloaded image is identified by where it came from, an anonymous one
 * by nothing.
 */
export const manifestSource = ({ path, block, size }: End, request: WorkRequest): Manifest['source'] =>
  isAnonymous(request)
    ? { path: ANONYMOUS, model: null, serial: null, size }
    : {
        path: downloadedFrom(request) ?? path,
        model: block === null ? null : (block.model ?? block.backingFile),
        serial: block?.serial ?? null,
        size,
      };

/** The map at `path`, which will be written there; null when none is asked for, or none is there yet. */
export const readGivenMap = (path: string | null): Promise<Read<RescueMap | null>> =>
  reading(async () => (path !== null && (await replaces(path)) ? readAside('readMapfile', path) : null));

/** Refuses a manifest or a map that is not for a source, or a destination's content, of `bytes`. */
export function misfits(
  bytes: number,
  manifest: Manifest | null,
  manifestPath: string | null,
  map: RescueMap | null,
  mapPath: string | null,
): PlatterError[] {
  const wrong = (device: string | null, reason: Reason): PlatterError =>
    failure({ code: 'BAD_FILE', op: 'check', device, reason });
  const last = map?.extents.at(-1);
  const mapped = last === undefined ? bytes : last.offset + last.length;
  return [
    ...(manifest !== null && manifest.bytes !== bytes
      ? [wrong(manifestPath, { kind: 'manifestOfOther', bytes: manifest.bytes, source: bytes })]
      : []),
    ...(mapped > bytes ? [wrong(mapPath, { kind: 'mapOfOther', bytes: mapped, source: bytes })] : []),
  ];
}

/**
 * Writes a manifest to a file that the user named. Replaces only a manifest of the same source, or of any source when
 * the user agreed to replace this file (`agreed`). Rejects with a Refusal.
 */
export async function replaceManifest(path: string, manifest: Manifest, agreed: boolean): Promise<void> {
  const { value: old, errors } = await readOldManifest(path);
  throwIfAny([...errors, ...(agreed ? [] : againstReplacing(path, old, manifest.source))]);
  await writeManifest(path, manifest);
}

/**
 * True when writing `path` replaces a file. Throws a Refusal when `path` cannot be written: hours later it would be too
 * late.
 */
export async function replaces(path: string): Promise<boolean> {
  try {
    const old = await plainFileAt(path);
    await checkDirectory(path);
    return old !== null;
  } catch (error) {
    throw errnoOf(error) === null ? error : new Refusal([failureOf(error, 'open', path, 'file')]);
  }
}

async function reading<T>(read: () => Promise<T>): Promise<Read<T>> {
  try {
    return { value: await read(), errors: [] };
  } catch (error) {
    if (error instanceof Refusal) return { value: null, errors: error.errors };
    throw error;
  }
}

/** A file that a request names beside its ends, and where it lies: an absolute path without links. */
export interface GivenFile {
  path: string;
  place: string;
}

/**
 * Refuses each file of a request that is an end of the job too, or both its manifest and its map: one would overwrite
 * the other.
 */
export function filesInTheWay(
  request: WorkRequest,
  files: readonly GivenFile[],
  found: readonly (Found | null)[],
): PlatterError[] {
  const [saved, map] = [newManifest(request), mapOf(request)];
  const ends = found.flatMap((one) => one?.end ?? []);
  const names = new Set(
    ends.flatMap(({ realPath, path, image }) => [realPath, path, ...(image === null ? [] : [image.part])]),
  );
  const ids = new Set(ends.flatMap(({ id, image }) => [id, image?.partId ?? null]).filter((id) => id !== null));
  const twice = files.filter(
    ({ path, place }) => path === saved && files.some((other) => other.place === place && other.path === map),
  );
  const meant = files.filter(({ path, place }) => names.has(path) || names.has(place) || ids.has(idOf(path) ?? ''));
  return [...new Set([...twice, ...meant].map(({ path }) => path))].map((path) =>
    failure({ code: 'BAD_ARGUMENT', op: 'check', device: path, reason: { kind: 'fileTaken' } }),
  );
}

/** What the user should know about the manifest and the map that are used. */
export function notesOnFiles(manifest: Manifest | null, map: RescueMap | null, { kind }: WorkRequest): Note[] {
  const missing = manifest === null ? 0 : chunksIn(manifest) - countChunks(manifest.known);
  const rescued = map === null ? 0 : bytesOf(map, '+');
  return [
    ...(manifest !== null && missing > 0 && kind === 'verify'
      ? [{ kind: 'notCompared', count: missing } as const]
      : []),
    ...(map !== null ? [{ kind: 'mapContinued', rescued } as const] : []),
  ];
}
