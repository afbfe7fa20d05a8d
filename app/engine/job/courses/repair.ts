// The course of a repair: compare, and rewrite what differs or cannot be read.
import { failureOf } from '../../../base/errors.ts';
import { truncateTo, lengthOf } from '../../admission/image-length.ts';
import type { RunningJob } from '../pass/running-job.ts';
import { differences } from './compare.ts';
import { followsManifest, isGuidedByManifest } from './source-check.ts';
import { write } from './write.ts';

/** Compares the destinations, cuts images that are too long, and rewrites what differs. */
export async function repair(running: RunningJob, destinations: readonly number[], continues: boolean): Promise<void> {
  const work = await differences(running, destinations, destinations, continues, (destination) =>
    truncateSurplus(running, destination),
  );
  if (work === null || (isGuidedByManifest(running) && !(await followsManifest(running, work)))) return;
  await write(running, work, 'repairing');
}

/**
 * Cuts an image that is longer than the source to its length. False when that failed; the destination has then ended.
 */
async function truncateSurplus(running: RunningJob, destination: number): Promise<boolean> {
  const held = running.prepared.destinations[destination]!;
  if ((lengthOf(held) ?? 0) <= running.grid.bytes) return true;
  running.unname(destination);
  try {
    truncateTo(running.grid.bytes, held);
    return true;
  } catch (error) {
    running.report(destination, 'write', failureOf(error, 'write', held.end.path, 'file'));
    await running.finish(destination, 'failed');
    return false;
  }
}
