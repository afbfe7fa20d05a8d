// Ends a destination of a job: judges the result, and records it.
import type { PlatterError } from '../../contract/errors.ts';
import type { DestinationResult } from '../../contract/jobs.ts';
import { writes } from '../../contract/request-facts.ts';
import { failureOf, hasStalled } from '../../base/errors.ts';
import { showPartitionsOf } from '../access/partitions.ts';
import { bytesOf, isEmpty, type KnownHashes } from '../formats/chunk-sets.ts';
import { isChunkSize } from '../formats/chunks.ts';
import { encodeSummary } from '../formats/image-summary.ts';
import { encodeManifest } from '../formats/manifest.ts';
import { lengthOf } from '../admission/image-length.ts';
import { summaryOf } from '../admission/summary.ts';
import type { NativeError } from '../native/addon.ts';
import type { JobParts } from './job-parts.ts';
import { manifestOf } from './made-manifests.ts';
import { letGo, mayBeLetGo, nameImage, type Run } from './run.ts';

/**
 * Ends the current attempt of a destination, unless it has ended. A destination that is done has failed after all when
 * its image has another length than the source or cannot get its name. Reports the errors in `held`.
 */
export async function finish(
  parts: JobParts,
  destination: number,
  state: DestinationResult['state'],
  held: readonly NativeError[],
): Promise<void> {
  const { run, reports, record } = parts;
  const totals = parts.totals[destination]!;
  if (totals.end !== null || totals.isEnding) return;
  totals.isEnding = true;
  reports.reportHeld(held);
  // The failure may have come before the drive was seen to be gone.
  if (state === 'failed') reports.reportGone(destination, reports.removals.check(destination));
  const wrong = state === 'done' ? await wrongWithImage(parts) : null;
  // The user did not wait for the end of the source.
  const reached = wrong?.code === 'CANCELLED' ? 'cancelled' : state;
  const isGood = (wrong === null || reached !== state) && (await passesFinalChecks(parts, destination, reached));
  const end = isGood ? reached : 'failed';
  if (!isGood) totals.failed = true;
  const unproven = end === 'done' && run.plan.verify ? record.unproven(destination) : 0;
  // Count what the block map leaves out only when something else was not compared either.
  totals.uncompared = unproven === 0 ? 0 : unproven + run.grid.bytes - bytesOf(run.scope, run.grid);
  totals.close(end);
  await record.state(destination, end);
  await letDriveGo(parts, destination);
}

/**
 * Lets the drive of a destination that is done go, so that it can be taken out while the job goes on for others. Any
 * other may be retried, so it stays claimed: nothing else writes to it, and no other drive gets its numbers. A drive
 * that does not answer stays open: closing it could wait for it.
 */
async function letDriveGo({ run, reports, totals }: JobParts, destination: number): Promise<void> {
  const { end, device } = run.destinations[destination]!;
  const errors = reports.errors.filter((error) => error.destination === destination);
  if (totals[destination]!.end !== 'done' || !mayBeLetGo(run, destination) || hasStalled(errors)) return;
  if (writes(run.plan.kind) && !reports.removals.has(destination))
    for (const note of await showPartitionsOf(end, device!, run.sessions)) reports.note(note);
  if (run.destinations[destination]!.device === device) letGo(run, destination);
}

/** Reports what is wrong with the whole packed source. The copy of it is then wrong too. */
async function wrongWithImage({ run, reports }: JobParts): Promise<PlatterError | null> {
  const wrong = (await run.source?.unpacking?.verdict()) ?? null;
  if (wrong !== null && wrong.code !== 'CANCELLED') reports.reportSource(wrong);
  return wrong;
}

/** False when a destination has failed although its last pass ended otherwise. Gives a complete image its name. */
async function passesFinalChecks(
  parts: JobParts,
  destination: number,
  state: DestinationResult['state'],
): Promise<boolean> {
  const isCompared = state === 'done' || (state === 'failed' && parts.run.request.kind === 'verify');
  const hasLength = !isCompared || isOfLength(parts, destination);
  if (state === 'done') return hasLength && (await isNamed(parts, destination));
  return state === 'failed' || !parts.reports.removals.has(destination);
}

/** True when an image has the length of the source. With another length it is not equal to it. A disk can be larger. */
function isOfLength({ run, reports }: JobParts, destination: number): boolean {
  const [has, needs] = [lengthOf(run.destinations[destination]!), run.grid.bytes];
  if (run.destinations[destination]!.packed !== null) return true; // its frames hold what was asked for, or it fails
  if (has === null || has === needs) return true;
  reports.report(destination, 'verify', {
    code: 'VERIFY_MISMATCH',
    op: 'verify',
    offset: Math.min(has, needs),
    length: Math.abs(has - needs),
    reason: { kind: 'otherLength', has, needs },
  });
  return false;
}

/** Gives a complete image its name. False when that failed. */
async function isNamed({ run, reports, record }: JobParts, destination: number): Promise<boolean> {
  const { bytes, failure: incomplete } = await completeImage(run, destination, record.hashes);
  const failed = incomplete ?? nameImage(run, destination, bytes);
  if (failed !== null) reports.report(destination, 'write', failed);
  return failed === null;
}

/**
 * Completes an image that is written packed or in pieces, with the manifest of `hashes` and a summary in it. Gives its
 * bytes, or the failure.
 */
async function completeImage(
  run: Run,
  destination: number,
  hashes: KnownHashes,
): Promise<{ bytes: number; failure: PlatterError | null }> {
  const { packed, end } = run.destinations[destination]!;
  const { bytes } = run.grid;
  if (packed === null) return { bytes, failure: null };
  const manifest =
    run.source === null || isEmpty(hashes.known) || !isChunkSize(hashes.grid.chunkSize)
      ? null
      : encodeManifest(manifestOf(run.source.end, run.request, hashes));
  try {
    const summary = end.image?.packing?.format === 'zstd' ? encodeSummary(await summaryOf(run, packed.device)) : null;
    return { bytes: await packed.finish({ manifest, summary }), failure: null };
  } catch (error) {
    return { bytes, failure: failureOf(error, 'write', end.path, 'file') };
  }
}
