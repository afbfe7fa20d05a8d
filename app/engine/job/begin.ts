// The first steps of a job that was prepared: what is mounted of its disks is unmounted, its images are made, or taken up
// again, and its log begins.
import type { PlatterError } from '../../contract/errors.ts';
import { Answers } from '../../base/answers.ts';
import { Refusal } from '../../base/errors.ts';
import { createPart, discardPart, failureIn, giveBack, ownershipOf, takeForPart } from '../admission/images.ts';
import { Job, type Emit } from './job.ts';
import { LogKeeper } from './log-keeper.ts';
import type { Held, Prepared } from '../admission/prepared.ts';
import { takeMounted } from '../access/unmount.ts';
import { writeMark } from '../devices/write-counts.ts';

/**
 * Starts what was prepared. Rejects with a Refusal when a disk cannot be unmounted or an image cannot be made; then no
 * new one is left, and nothing was written. `answers` is the time that the state folder has to answer.
 */
export async function begin(prepared: Prepared, emit: Emit, answers = new Answers(0, () => undefined)): Promise<Job> {
  const { addon } = prepared;
  // One after the other: the first that cannot be unmounted leaves the rest as they are.
  for (const held of prepared.destinations) if (held.mounts.length > 0) await takeMounted(prepared, held);
  const made: Held[] = [];
  const errors = await attemptEach(prepared.destinations, async (held) => {
    if (held.end.image === null || held.device !== null) return;
    held.device = await createPart(addon, held.end, ownershipOf(held.end, prepared.source?.end ?? null));
    made.push(held);
  });
  // Images that are written in place must not pass for whole ones meanwhile. What goes on was taken over when it began, but
  // for one that had got its name.
  const old = prepared.destinations.filter(
    ({ updated, end }) => end.image !== null && (prepared.resumed === null ? updated : end.image.partId === null),
  );
  const taken: Held[] = [];
  if (errors.length === 0)
    errors.push(
      ...(await attemptEach(old, async (held) => {
        held.naming = await takeForPart(addon, held);
        taken.push(held);
      })),
    );
  // Nor must they pass for ones of their old length. Those that grow first: that can fail, and nothing is cut off before.
  if (errors.length === 0) {
    const ascending = taken.toSorted((one, other) => one.end.size - other.end.size);
    errors.push(...(await attemptEach(ascending, (held) => addon.resizeFile(held.device!, prepared.plan.bytes))));
  }
  if (errors.length > 0) {
    errors.push(...(await attemptEach(taken, (held) => giveBack(addon, held.device!, held.naming!))));
    for (const held of made) {
      discardPart(held.end.image!.part, held.device!);
      held.device!.close();
      held.device = null;
    }
    throw new Refusal(errors);
  }
  const { source } = prepared;
  if (source?.end.block) source.mark = writeMark(source.end.block);
  return new Job(prepared, await LogKeeper.begin(prepared, answers), emit);
}

/** Does `act` for one after the other; gives the errors of those where it failed. */
async function attemptEach(
  destinations: readonly Held[],
  act: (held: Held) => Promise<void> | void,
): Promise<PlatterError[]> {
  const errors: PlatterError[] = [];
  for (const held of destinations) {
    try {
      await act(held);
    } catch (error) {
      errors.push(failureIn(error, 'open', held.end.path));
    }
  }
  return errors;
}
