// One destination of a rescue, started again while the job runs. Reading what it missed from the failing source would take
// that away from all that still wait for it. So it waits until the others are through, and is then copied from one that has
// all that could be had, zeros in the holes included.
import { allChunks, bytesOf, chunksOfErrors, without } from '../../formats/chunk-sets.ts';
import { FLUSH_INTERVAL } from './course.ts';
import { blankHeads, isDisk, withHead } from './head-last.ts';
import type { NativeError } from '../../native/addon.ts';
import { rescue } from './rescue.ts';
import type { RunningJob } from '../running-job.ts';

/** Takes `destination` of `running`, which failed in a rescue, to what the others have. Resolves when it has ended, or cannot go on. */
export async function catchUp(running: RunningJob, destination: number): Promise<void> {
  await running.untilOthersEnded(destination);
  for (const other of running.prepared.destinations.keys()) {
    if (!running.isOpen(destination) || running.cancelled) return;
    if (other !== destination && running.isDone(other) && (await copyFrom(running, other, destination))) return;
  }
  // Nobody has it: then there is nobody either from whom the source could be taken away.
  if (running.isOpen(destination) && !running.cancelled) await rescue(running, [destination], true);
}

/** Copies what `destination` lacks from `from`, and reads all of it back. False when that one cannot be read: it may be unplugged. */
async function copyFrom(running: RunningJob, from: number, destination: number): Promise<boolean> {
  const { grid, prepared, request } = running;
  const all = allChunks(grid);
  const todo = withHead(running, destination, without(all, running.durable(destination)));
  running.keep(destination, bytesOf(without(all, todo), grid));
  await blankHeads(running, new Map([[destination, { todo }]]), 'copying', false);
  if (!running.isOpen(destination)) return true;
  const zoned = running.device(destination).info().zoned;
  const end = await running.perform(
    {
      words: { writing: 'copying', reading: 'verifying' },
      targets: [{ destination, todo, check: all }],
      more: (ended) => ended === 'failed',
      job: {
        // That drive may be larger than what was copied to it.
        op: 'copy',
        source: running.device(from),
        offset: 0,
        length: grid.bytes,
        verify: prepared.plan.verify,
        ignoreWrite: request.keepGoing,
        flushInterval: FLUSH_INTERVAL,
        headLast: !zoned && isDisk(running, destination),
        sequential: zoned,
        sparse: request.sparse,
      },
    },
    isOfTheOther,
  );
  if (end.sourceFailed) return false;
  const bad = chunksOfErrors(end.errors, destination, grid);
  await running.withdraw(destination, bad);
  for (const { state } of end.targets) {
    if (state === 'done') await running.found(destination, without(all, bad));
    await running.finish(destination, state);
  }
  return true;
}

/** It is no error of this job's source, and what it has is good: it was verified. */
const isOfTheOther = ({ destination }: NativeError): boolean => destination < 0;
