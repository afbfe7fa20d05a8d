// The course of a verification: compare with the source, or with a manifest alone.
import { bytesOf } from '../../formats/chunk-sets.ts';
import type { RunningJob } from '../pass/running-job.ts';
import { compare } from './compare.ts';

/** Compares all of the destinations. Nothing is written. */
export async function verify(running: RunningJob, destinations: readonly number[]): Promise<void> {
  const outcome = await compare(running, destinations, null);
  for (const { destination, state } of outcome.targets) {
    const nothingCompared = state === 'done' && running.unproven(destination) === bytesOf(running.scope, running.grid);
    if (nothingCompared)
      running.report(destination, 'verify', {
        code: 'BAD_FILE',
        op: 'verify',
        reason: { kind: 'nothingCompared' },
        remedy: { kind: 'otherManifest' },
      });
    await running.finish(destination, nothingCompared ? 'failed' : state);
  }
}
