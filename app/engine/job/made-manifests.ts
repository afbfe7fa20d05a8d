// The manifest that a job makes of what it read. It is saved where the user asked for it, and kept in the state folder
// by its hash, so that the manifest that a report names can be exported.
import { readdir, stat, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import type { Note, Reason } from '../../contract/facts.ts';
import { newManifest } from '../../contract/request-facts.ts';
import type { WorkRequest } from '../../contract/request.ts';
import { Answers } from '../../base/slow-answers.ts';
import { readAside } from '../formats/read-aside.ts';
import { isEmpty, difference, type KnownHashes } from '../formats/chunk-sets.ts';
import { countChunks, isChunkSize } from '../formats/chunks.ts';
import { errnoOf, failureOf, reasonOf, Refusal, refuse } from '../../base/errors.ts';
import type { End } from '../devices/ends.ts';
import { manifestDigest, writeManifest, type Manifest } from '../formats/manifest.ts';
import { manifestSource, replaceManifest, replaces } from '../admission/given-files.ts';
import type { Prepared } from '../admission/prepared.ts';
import { makeFolder } from '../../base/state-folder.ts';

/** Limits of what is kept, newest first: how many manifests, and their bytes together. */
const MOST = 100;
const MOST_BYTES = 256 * 1024 ** 2;
const NAME = /^([0-9a-f]{64})\.manifest$/;

const folderOf = (state: string): string => join(state, 'manifests');
const pathOf = (state: string, digest: string): string => join(folderOf(state), `${digest}.manifest`);

/**
 * Saves the manifest of an ended job: of what the job read, or the manifest that stood for the source. Returns its
 * SHA-256 (hex). null when there is none: the file could not be saved, or not all of the source was read and the user
 * asked for no file. `cut` is why the job ended early: an incomplete manifest does not replace an existing one then.
 * `note` gets what is missing in it, and why it was not saved or kept.
 */
export async function leaveManifest(
  prepared: Prepared,
  hashes: KnownHashes,
  cut: Reason | null,
  note: (note: Note) => void,
): Promise<string | null> {
  const { request, source, manifest: given, resumed, scope, stateDir } = prepared;
  const saveManifest = newManifest(request);
  if (source === null) return given === null ? null : manifestDigest(given);
  // A block map leaves chunks out on purpose. A comparison by this manifest will report that they have no hash.
  const missing = countChunks(difference(scope, hashes.known));
  if (saveManifest === null && (missing > 0 || !isChunkSize(hashes.grid.chunkSize))) return null;
  if (isEmpty(hashes.known)) {
    note({ kind: 'manifestEmpty' });
    return null;
  }
  const manifest = manifestOf(source.end, request, hashes);
  const answers = new Answers(prepared.request.stallTimeout, () => undefined);
  if (saveManifest !== null) {
    const save = async (): Promise<void> => {
      if (missing > 0 && cut !== null && (await replaces(saveManifest)))
        refuse({ code: 'NOTHING_TO_DO', op: 'write', device: saveManifest, reason: cut });
      await replaceManifest(saveManifest, manifest, false);
    };
    if (
      !(await tried(
        () => answers.of(saveManifest, save()),
        (reason) => note({ kind: 'manifestNotSaved', reason }),
      ))
    )
      return null;
    if (missing > 0) note({ kind: 'manifestHoles', count: missing });
    // On resume the user did not name this file, so report it.
    if (resumed !== null) note({ kind: 'manifestWritten', path: saveManifest });
  }
  if (stateDir !== null)
    await tried(
      () => answers.of(stateDir, keepManifest(stateDir, manifest)),
      (reason) => note({ kind: 'manifestNotKept', reason }),
    );
  return manifestDigest(manifest);
}

/** Keeps a manifest in the state folder `state`, and removes older ones. Rejects with a Refusal when that fails. */
export async function keepManifest(state: string, manifest: Manifest): Promise<void> {
  const folder = folderOf(state);
  try {
    await makeFolder(folder);
    await writeManifest(pathOf(state, manifestDigest(manifest)), manifest);
    let [many, bytes] = [0, 0];
    for (const { path, size } of await newestFirst(folder)) {
      many += 1;
      bytes += size;
      if (many > 1 && (many > MOST || bytes > MOST_BYTES)) await unlink(path);
    }
  } catch (error) {
    throw errnoOf(error) === null ? error : new Refusal([failureOf(error, 'write', folder, 'file')]);
  }
}

/**
 * Writes the kept manifest with this SHA-256 (hex) to the file `path`. Rejects with a Refusal when it is no longer
 * kept, or when `path` is something other than a manifest.
 */
export async function exportManifest(state: string, digest: string, path: string): Promise<void> {
  await replaceManifest(path, await keptManifest(state, digest), true);
}

async function keptManifest(state: string, digest: string): Promise<Manifest> {
  try {
    return await readAside('readManifest', pathOf(state, digest));
  } catch (error) {
    if (!(error instanceof Refusal) || error.errors[0]!.code !== 'NOT_FOUND') throw error;
    return refuse({
      code: 'NOTHING_TO_DO',
      op: 'read',
      reason: { kind: 'manifestGone' },
      remedy: { kind: 'remakeManifest' },
    });
  }
}

async function newestFirst(folder: string): Promise<{ path: string; size: number }[]> {
  const found = await Promise.all(
    (await readdir(folder))
      .filter((name) => NAME.test(name))
      .map(async (name) => {
        const path = join(folder, name);
        const { size, mtimeMs } = await stat(path);
        return { path, size, mtimeMs };
      }),
  );
  return found.sort((one, other) => other.mtimeMs - one.mtimeMs);
}

/** The manifest of what a job has read of `source`. */
export const manifestOf = (
  source: End,
  request: WorkRequest,
  { grid: { bytes, chunkSize }, known, hashes }: KnownHashes,
): Manifest => ({
  chunkSize,
  bytes,
  source: manifestSource(source, request),
  createdAt: Date.now(),
  known,
  hashes,
});

/** True when `act` succeeded; otherwise `failed` gets the reason. */
async function tried(act: () => Promise<void>, failed: (why: Reason) => void): Promise<boolean> {
  try {
    await act();
    return true;
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    failed(reasonOf(error));
    return false;
  }
}
