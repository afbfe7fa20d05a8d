// The head of a disk, its first chunk, with the partition table and the boot sector: zeros from before anything else is
// written until all the rest is flushed, so that what was interrupted, by whatever, looks empty and is taken for nothing.
// An image needs none of this: an unfinished one has another name.
import { SECTOR_SIZE } from '../../contract/disks.ts';
import { hasChunk, markChunks } from '../formats/chunks.ts';
import { allChunks, isEmpty } from '../formats/chunk-sets.ts';
import { failureOf } from '../../base/errors.ts';
import type { PassRequest } from './pass.ts';
import { notPerformed, type PassEnd, type Stage } from './stage.ts';

type Writing = PassRequest['words']['writing'];

/** Writes to it have to ascend. */
const isZoned = (stage: Stage, destination: number): boolean => stage.device(destination).info().zoned;

export const isDisk = (stage: Stage, destination: number): boolean =>
  stage.prepared.destinations[destination]!.end.kind === 'block';

/**
 * The chunks of a destination to write, with its head if there are any. A zoned disk is written from its start to its end, because
 * a part of a zone cannot be written a second time.
 */
export function withHead(stage: Stage, destination: number, todo: Uint8Array): Uint8Array {
  if (isEmpty(todo) || !isDisk(stage, destination)) return todo;
  if (isZoned(stage, destination)) return allChunks(stage.grid);
  const all = todo.slice();
  markChunks(all, 0, 1, true);
  return all;
}

/**
 * Makes ready for writing: what the log says of it is taken back, images lose their names until they are complete, and heads that can be whole ones (all, with
 * `rewrites`, when what is there is the content of before) are zeros on the medium. Where there was none, a pass that
 * writes its head last sees to it, after it has found that the source's can be read.
 */
export async function blankHeads(
  stage: Stage,
  work: ReadonlyMap<number, { todo: Uint8Array }>,
  writing: Writing,
  rewrites: boolean,
): Promise<void> {
  if (stage.cancelled) return;
  const whole = [...work].filter(
    ([destination, { todo }]) =>
      stage.isOpen(destination) &&
      isDisk(stage, destination) &&
      !isZoned(stage, destination) &&
      hasChunk(todo, 0) &&
      (rewrites || hasChunk(stage.durable(destination), 0)),
  );
  for (const [destination, { todo }] of work) {
    if (!isEmpty(todo) && stage.isOpen(destination)) stage.unname(destination);
    await stage.withdraw(destination, todo);
  }
  for (const [destination, { todo }] of work)
    if (isDisk(stage, destination) && isZoned(stage, destination) && !isEmpty(todo))
      await resetZones(stage, destination);
  await finishBad(
    stage,
    await zeroHeads(
      stage,
      whole.map(([destination]) => destination),
      writing,
    ),
  );
}

/** Makes a zoned disk ready to be written from its start. Without what was in its zones it is taken for nothing, as one with a blank head is. */
async function resetZones(stage: Stage, destination: number): Promise<void> {
  if (!stage.isOpen(destination) || stage.cancelled) return;
  try {
    await stage.device(destination).resetZones(stage.grid.bytes);
  } catch (error) {
    const { path } = stage.prepared.destinations[destination]!.end;
    stage.tell(destination, 'write', failureOf(error, 'write', path, 'block'));
    await stage.finish(destination, 'failed');
  }
}

/** Writes zeros over the heads of these disks and flushes them. A sector that the source only begins keeps what is behind that. */
export async function zeroHeads(stage: Stage, destinations: readonly number[], writing: Writing): Promise<PassEnd> {
  if (destinations.length === 0 || stage.cancelled) return notPerformed();
  const sector = Math.max(
    SECTOR_SIZE,
    ...destinations.map((destination) => stage.device(destination).info().logicalBlock),
  );
  const length = Math.floor(Math.min(stage.grid.chunkSize, stage.grid.bytes) / sector) * sector;
  if (length === 0) return notPerformed(destinations);
  return stage.perform({
    words: { writing, reading: 'verifying' },
    targets: destinations.map((destination) => ({ destination })),
    more: (ended) => ended === 'done',
    job: { op: 'zero', source: null, offset: 0, length },
  });
}

async function finishBad(stage: Stage, { targets }: PassEnd): Promise<void> {
  for (const { destination, state } of targets) if (state !== 'done') await stage.finish(destination, state);
}
