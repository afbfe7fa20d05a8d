// The head of a disk is its first chunk, with the partition table and the boot sector. It is zeros from before anything
// else is written until all the rest is flushed, so that an interrupted disk looks empty. An image needs none of this:
// an unfinished one has another name.
import { SECTOR_SIZE } from '../../../contract/disks.ts';
import { hasChunk, markChunks } from '../../formats/chunks.ts';
import { allChunks, isEmpty } from '../../formats/chunk-sets.ts';
import { failureOf } from '../../../base/errors.ts';
import type { PassRequest } from '../pass/pass.ts';
import { notPerformed, type PassOutcome, type RunningJob } from '../pass/running-job.ts';

type Writing = PassRequest['words']['writing'];

/** Writes to a zoned disk must ascend. */
export const isZoned = (running: RunningJob, destination: number): boolean => running.device(destination).info().zoned;

export const isDisk = (running: RunningJob, destination: number): boolean =>
  running.prepared.destinations[destination]!.end.kind === 'block';

/**
 * The chunks of a destination to write, with its head if there are any. A zoned disk is written from its start to its
 * end, because a part of a zone cannot be written a second time.
 */
export function withHead(running: RunningJob, destination: number, todo: Uint8Array): Uint8Array {
  if (isEmpty(todo) || !isDisk(running, destination)) return todo;
  if (isZoned(running, destination)) return allChunks(running.grid);
  const all = todo.slice();
  markChunks(all, 0, 1, true);
  return all;
}

/**
 * Makes destinations ready to be written: withdraws their chunks from the log, takes images their names until they are
 * complete, resets zones, and blanks heads that may be complete. `rewrites`: old content is there, so all heads are
 * blanked. Otherwise the pass that writes the head last blanks it, after it has found that the source's head can be
 * read.
 */
export async function blankHeads(
  running: RunningJob,
  work: ReadonlyMap<number, { todo: Uint8Array }>,
  writing: Writing,
  rewrites: boolean,
): Promise<void> {
  if (running.cancelled) return;
  // Some may have ended in the pass before, and have no device any more.
  const open = [...work].filter(([destination]) => running.isOpen(destination));
  const whole = open.filter(
    ([destination, { todo }]) =>
      isDisk(running, destination) &&
      !isZoned(running, destination) &&
      hasChunk(todo, 0) &&
      (rewrites || hasChunk(running.durable(destination), 0)),
  );
  for (const [destination, { todo }] of work) {
    if (!isEmpty(todo) && running.isOpen(destination)) running.unname(destination);
    await running.withdraw(destination, todo);
  }
  for (const [destination, { todo }] of open)
    if (running.isOpen(destination) && isDisk(running, destination) && isZoned(running, destination) && !isEmpty(todo))
      await resetZones(running, destination);
  await finishBad(
    running,
    await zeroHeads(
      running,
      whole.map(([destination]) => destination),
      writing,
    ),
  );
}

/**
 * Makes a zoned disk ready to be written from its start. With empty zones it looks empty, as a disk with a blank head
 * does.
 */
async function resetZones(running: RunningJob, destination: number): Promise<void> {
  if (!running.isOpen(destination) || running.cancelled) return;
  try {
    await running.device(destination).resetZones(running.grid.bytes);
  } catch (error) {
    const { path } = running.prepared.destinations[destination]!.end;
    running.report(destination, 'write', failureOf(error, 'write', path, 'block'));
    await running.finish(destination, 'failed');
  }
}

/**
 * Writes zeros over the heads of these disks and flushes them. A last sector that the source fills in part is left
 * alone.
 */
export async function zeroHeads(
  running: RunningJob,
  destinations: readonly number[],
  writing: Writing,
): Promise<PassOutcome> {
  if (destinations.length === 0 || running.cancelled) return notPerformed();
  const sector = Math.max(
    SECTOR_SIZE,
    ...destinations.map((destination) => running.device(destination).info().logicalBlock),
  );
  const length = Math.floor(Math.min(running.grid.chunkSize, running.grid.bytes) / sector) * sector;
  if (length === 0) return notPerformed(destinations);
  return running.perform({
    words: { writing, reading: 'verifying' },
    targets: destinations.map((destination) => ({ destination })),
    more: (ended) => ended === 'done',
    job: { op: 'zero', source: null, offset: 0, length },
  });
}

async function finishBad(running: RunningJob, { targets }: PassOutcome): Promise<void> {
  for (const { destination, state } of targets) if (state !== 'done') await running.finish(destination, state);
}
