// The course of a destination that is retried in a rescue. Reading what it missed from the failing source would hold up
// all that still wait for that source. So it waits until the others have ended, and is then copied from one that has
// all that could be rescued, zeros in the holes included.
import { isSparse } from '../../../../contract/request-facts.ts';
import { allChunks, bytesOf, chunksOfErrors, difference } from '../../../formats/chunk-sets.ts';
import { blankHeads, withHead } from '../head-last.ts';
import type { NativeError } from '../../../native/addon.ts';
import { rescue } from './rescue.ts';
import type { RunningJob } from '../../pass/running-job.ts';
import { FLUSH_INTERVAL, writeOrder } from '../write.ts';

/**
 * Copies to `destination`, which failed in a rescue, what the others have. Resolves when it has ended, or cannot go on.
 */
export async function catchUp(running: RunningJob, destination: number): Promise<void> {
  await running.untilOthersEnded(destination);
  for (const other of running.prepared.destinations.keys()) {
    if (!running.isOpen(destination) || running.cancelled) return;
    if (other !== destination && running.isDone(other) && (await copyFrom(running, other, destination))) return;
  }
  // No other destination is done, so none is waiting for the source.
  if (running.isOpen(destination) && !running.cancelled) await rescue(running, [destination], true);
}

/**
 * Copies what `destination` lacks from `from`, and reads all of it back. False when `from` cannot be read: it may be
 * unplugged.
 */
async function copyFrom(running: RunningJob, from: number, destination: number): Promise<boolean> {
  const { grid, prepared, request } = running;
  const all = allChunks(grid);
  const todo = withHead(running, destination, difference(all, running.durable(destination)));
  running.keep(destination, bytesOf(difference(all, todo), grid));
  await blankHeads(running, new Map([[destination, { todo }]]), 'copying', false);
  if (!running.isOpen(destination)) return true;
  const targets = [{ destination, todo, check: all }];
  const outcome = await running.perform(
    {
      words: { writing: 'copying', reading: 'verifying' },
      targets,
      more: (ended) => ended === 'failed',
      job: {
        op: 'copy',
        source: running.device(from),
        offset: 0,
        // The drive may be larger than what was copied to it.
        length: grid.bytes,
        verify: prepared.plan.verify,
        ignoreWrite: request.keepGoing,
        flushInterval: FLUSH_INTERVAL,
        ...writeOrder(running, targets),
        sparse: isSparse(request),
      },
    },
    isOfModel,
  );
  if (outcome.sourceFailed) return false;
  const bad = chunksOfErrors(outcome.errors, destination, grid);
  await running.withdraw(destination, bad);
  for (const { state } of outcome.targets) {
    if (state === 'done') await running.found(destination, difference(all, bad));
    await running.finish(destination, state);
  }
  return true;
}

/** Holds back errors of the drive that is copied from: it is not the job's source, and its content was verified. */
const isOfModel = ({ destination }: NativeError): boolean => destination < 0;
