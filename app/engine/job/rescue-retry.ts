// One destination of a rescue, started again while the job runs. Reading what it missed from the failing source would take
// that away from all that still wait for it. So it waits until the others are through, and is then copied from one that has
// all that could be had, zeros in the holes included.
import { allChunks, bytesOf, chunksOfErrors, without } from '../formats/chunk-sets.ts';
import { FLUSH_INTERVAL } from './course.ts';
import { blankHeads, isDisk, withHead } from './head-last.ts';
import type { NativeError } from '../native/addon.ts';
import { rescue } from './rescue.ts';
import type { Stage } from './stage.ts';

/** Takes `destination` of `stage`, which failed in a rescue, to what the others have. Resolves when it has ended, or cannot go on. */
export async function catchUp(stage: Stage, destination: number): Promise<void> {
  await stage.untilOthersEnded(destination);
  for (const other of stage.prepared.destinations.keys()) {
    if (!stage.isOpen(destination) || stage.cancelled) return;
    if (other !== destination && stage.isDone(other) && (await copyFrom(stage, other, destination))) return;
  }
  // Nobody has it: then there is nobody either from whom the source could be taken away.
  if (stage.isOpen(destination) && !stage.cancelled) await rescue(stage, [destination], true);
}

/** Copies what `destination` lacks from `from`, and reads all of it back. False when that one cannot be read: it may be unplugged. */
async function copyFrom(stage: Stage, from: number, destination: number): Promise<boolean> {
  const { grid, prepared, request } = stage;
  const all = allChunks(grid);
  const todo = withHead(stage, destination, without(all, stage.durable(destination)));
  stage.keep(destination, bytesOf(without(all, todo), grid));
  await blankHeads(stage, new Map([[destination, { todo }]]), 'copying', false);
  if (!stage.isOpen(destination)) return true;
  const zoned = stage.device(destination).info().zoned;
  const end = await stage.perform(
    {
      words: { writing: 'copying', reading: 'verifying' },
      targets: [{ destination, todo, check: all }],
      more: (ended) => ended === 'failed',
      job: {
        // That drive may be larger than what was copied to it.
        op: 'copy',
        source: stage.device(from),
        offset: 0,
        length: grid.bytes,
        verify: prepared.plan.verify,
        ignoreWrite: request.keepGoing,
        flushInterval: FLUSH_INTERVAL,
        headLast: !zoned && isDisk(stage, destination),
        sequential: zoned,
        sparse: request.sparse,
      },
    },
    isOfTheOther,
  );
  if (end.sourceFailed) return false;
  const bad = chunksOfErrors(end.errors, destination, grid);
  await stage.withdraw(destination, bad);
  for (const { state } of end.targets) {
    if (state === 'done') await stage.found(destination, without(all, bad));
    await stage.finish(destination, state);
  }
  return true;
}

/** It is no error of this job's source, and what it has is good: it was verified. */
const isOfTheOther = ({ destination }: NativeError): boolean => destination < 0;
