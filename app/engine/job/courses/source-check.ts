// Whether the source still has what a manifest or a log says of it.
import { intersection, bytesOf, chunksIn, union, noChunks, overlaid, type HashSet } from '../../formats/chunk-sets.ts';
import { chunkRanges, countChunks, markChunks } from '../../formats/chunks.ts';
import { firstOther } from '../../admission/manifest-sample.ts';
import type { RunningJob } from '../pass/running-job.ts';

/** Chunks of the source that are checked between two looks at whether the job was cancelled. */
const STEP = 64;

/** True for a repair that takes chunks for equal when they match the hashes of a manifest. */
export const isGuidedByManifest = ({ request, prepared }: RunningJob): boolean =>
  request.kind === 'repair' && prepared.manifest !== null;

/**
 * The hashes that the source must have where it is read: those of a log, and those of the manifest that guides a
 * repair. Without the latter, chunks of another source could be mixed with the ones that have the hashes.
 */
export const hashesDue = (running: RunningJob): HashSet =>
  isGuidedByManifest(running) ? overlaid(running.hashes, running.prepared.manifest!, running.grid) : running.hashes;

/**
 * Checks, before anything is written, that the source matches the manifest wherever it will be copied from. The rest
 * was found equal to the manifest, so another source would be mixed with it. When it does not match, ends all
 * destinations as they were and returns false.
 */
export async function followsManifest(
  running: RunningJob,
  work: ReadonlyMap<number, { todo: Uint8Array }>,
): Promise<boolean> {
  const {
    prepared: { client, source, manifest },
    grid,
  } = running;
  const open = [...work].filter(([destination]) => running.isOpen(destination));
  const wanted = intersection(open.map(([, { todo }]) => todo).reduce(union, noChunks(grid)), manifest!.known);
  for (const { first, count } of chunkRanges(wanted, chunksIn(grid))) {
    for (let from = first; from < first + count; from += STEP) {
      if (running.cancelled) return true; // nothing is written then
      const some = noChunks(grid);
      markChunks(some, from, Math.min(STEP, first + count - from), true);
      const place = await firstOther(manifest!, some, client, source!.device);
      if (place === null) continue;
      running.failSource();
      running.report(null, 'read', {
        code: 'SOURCE_CHANGED',
        op: 'read',
        ...place,
        reason: { kind: 'failedAt', what: 'read', place, cause: { kind: 'otherThanItsManifest' } },
        remedy: { kind: 'manifestOfSource' },
      });
      for (const [destination] of open) await running.finish(destination, 'failed');
      return false;
    }
  }
  return true;
}

/** Notes how the source differs from the manifest of last time. */
export function noteSourceChanges(running: RunningJob): void {
  const { manifest } = running.prepared;
  if (manifest === null || running.cancelled) return;
  const changed = running.hashes.differing(manifest);
  const compared = countChunks(intersection(running.hashes.known, manifest.known));
  const [chunks, all] = [countChunks(changed), countChunks(running.scope)];
  if (compared < all) running.note({ kind: 'comparedWithManifest', all, compared });
  running.note(
    chunks === 0
      ? { kind: 'sourceUnchanged' }
      : { kind: 'sourceChanged', count: chunks, size: bytesOf(changed, running.grid) },
  );
}
