// The first steps of a prepared job: unmounts its disks, creates its images or reopens them, begins its log.
import type { PlatterError } from '../../contract/errors.ts';
import { updates } from '../../contract/request-facts.ts';
import { Answers } from '../../base/slow-answers.ts';
import { Refusal } from '../../base/errors.ts';
import {
  createPart,
  discardPart,
  failureIn,
  undoRenameForRewrite,
  ownershipOf,
  renameForRewrite,
} from '../admission/images.ts';
import { beginPieces } from '../admission/pieces.ts';
import { takeMounted } from '../access/unmount.ts';
import { PackedImage } from '../packing/packed-image.ts';
import type { Prepared } from '../admission/prepared.ts';
import { endOf } from '../formats/chunk-sets.ts';
import { Job } from './job.ts';
import { LogKeeper } from './log-keeper.ts';
import type { Emit } from './reports.ts';
import { markSource, releaseRun, runOf, type Run, type RunningDestination } from './run.ts';

/**
 * Starts a prepared job. `answers` limits the time of the state folder, and hears of a source that is judged first.
 * Rejects with a Refusal when a disk cannot be unmounted or an image cannot be made. Then no new image is left, nothing
 * was written, and everything is closed.
 */
export async function begin(prepared: Prepared, emit: Emit, answers = new Answers(0, () => undefined)): Promise<Job> {
  const run = runOf(prepared);
  try {
    await beginUnpacking(run, answers);
    // One after the other: the first that cannot be unmounted leaves the rest as they are.
    for (const destination of run.destinations)
      if (destination.mounts.length > 0) destination.device = await takeMounted(run, destination);
    await openImages(run);
    markSource(run);
    return new Job(run, await LogKeeper.begin(run, answers), emit);
  } catch (error) {
    await releaseRun(run);
    throw error;
  }
}

/**
 * From here on the decoders decide what the source is. A copy of more than one chunk starts before they have decided,
 * because the head is written last. Other jobs wait: with a bad file they would report or rewrite good drives. An image
 * of one chunk waits too, because it has no head to hold back.
 */
async function beginUnpacking({ source, grid, scope, request }: Run, answers: Answers): Promise<void> {
  const unpacking = source?.unpacking ?? null;
  if (unpacking === null) return;
  unpacking.begin(endOf(scope, grid));
  if (request.kind === 'copy' && !updates(request) && grid.bytes > grid.chunkSize) return;
  const wrong = await unpacking.verdict(answers);
  if (wrong !== null) throw new Refusal([wrong]);
}

/**
 * Creates new images, and renames to NAME.part those that are written in place. When one fails, undoes all and throws a
 * Refusal with every reason.
 */
async function openImages(run: Run): Promise<void> {
  const { addon, plan, source, resumed, destinations } = run;
  const created: RunningDestination[] = [];
  const taken: RunningDestination[] = [];
  const errors = await attemptEach(destinations, async (destination) => {
    const { end } = destination;
    if (end.image === null || destination.device !== null) return;
    destination.device = await createPart(addon, end, ownershipOf(end, source?.end ?? null));
    created.push(destination);
    await beginPacking(run, destination);
  });
  // An image that is written in place must not pass for a complete one. A resumed one was renamed when it began, unless
  // it had got its own name by then.
  const old = destinations.filter(
    ({ updated, end }) => end.image !== null && (resumed === null ? updated : end.image.partId === null),
  );
  if (errors.length === 0)
    errors.push(
      ...(await attemptEach(old, async (destination) => {
        destination.naming = await renameForRewrite(addon, destination);
        taken.push(destination);
      })),
    );
  if (errors.length === 0) errors.push(...(await attemptEach(destinations, ({ packed }) => packed?.cutRest(addon))));
  // Set the final length now, so that a partly written image is not taken for the old one. Grow before shrinking:
  // growing can fail.
  if (errors.length === 0) {
    const raw = taken.filter(({ packed }) => packed === null);
    const ascending = raw.toSorted((one, other) => one.end.size - other.end.size);
    errors.push(...(await attemptEach(ascending, ({ device }) => addon.resizeFile(device!, plan.bytes))));
  }
  if (errors.length === 0) return;
  errors.push(...(await attemptEach(taken, ({ device, naming }) => undoRenameForRewrite(addon, device!, naming!))));
  for (const destination of created) {
    discardPart(destination.end.image!.part, destination.device!);
    destination.device!.close();
    destination.device = null;
    destination.packed?.close();
    destination.packed = null;
  }
  throw new Refusal(errors);
}

/** Puts the packing between the job and the new file of an image that is packed or in pieces. */
async function beginPacking({ addon, grid, scope }: Run, destination: RunningDestination): Promise<void> {
  const { packing = null, split = null } = destination.end.image ?? {};
  if (split !== null) beginPieces(destination.end, destination.device!);
  if (packing === null && split === null) return;
  const shape = { length: grid.bytes, chunk: grid.chunkSize, written: scope };
  destination.packed = await PackedImage.open(addon, destination.device!, shape, packing);
  destination.device = destination.packed.device;
}

/** Calls `act` for one after the other. Returns the errors of those that failed. */
async function attemptEach(
  destinations: readonly RunningDestination[],
  act: (destination: RunningDestination) => Promise<void> | void,
): Promise<PlatterError[]> {
  const errors: PlatterError[] = [];
  for (const destination of destinations) {
    try {
      await act(destination);
    } catch (error) {
      errors.push(failureIn(error, 'open', destination.end.path));
    }
  }
  return errors;
}
