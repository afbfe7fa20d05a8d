// The course of a job: which passes it takes over its destinations, and what of one decides about the next.
import { allChunks, both, bytesOf, chunksIn, chunksOfErrors, isEmpty, noChunks, without } from './chunk-sets.ts';
import { countChunks } from './chunks.ts';
import type { NativeError, NativeState } from './native.ts';
import type { PassEnd, Stage } from './stage.ts';
import { counted, number, size } from './words.ts';

/** Milliseconds between flushes: what is lost with the power, and how long a cancellation can take. */
export const FLUSH_INTERVAL = 1000;

/**
 * Takes destinations of `stage` through the job; `again`: a second time, so what is on their media is theirs already.
 * Resolves when each has ended or cannot go on.
 */
export async function course(stage: Stage, destinations: readonly number[], again = false): Promise<void> {
  switch (stage.request.kind) {
    case 'verify':
      return verify(stage, destinations);
    case 'repair':
      return repair(stage, destinations);
    case 'copy':
      return stage.request.update ? update(stage, destinations) : copy(stage, destinations, again);
    case 'resume':
      return copy(stage, destinations, again);
  }
}

/** Writes what is not on them yet, and repairs once what verification found bad, where that is asked for. */
async function copy(stage: Stage, destinations: readonly number[], again: boolean): Promise<void> {
  const cloned = again ? new Set() : await cloneImages(stage, destinations);
  const todo = new Map(destinations.map((destination) => {
    if (cloned.has(destination)) return [destination, noChunks(stage.grid)] as const;
    const there = stage.durable(destination);
    if (!again) stage.keep(destination, bytesOf(there, stage.grid));
    return [destination, without(allChunks(stage.grid), there)] as const;
  }));
  // What is there is read back too: a job that was interrupted has not verified anything.
  await write(stage, todo, allChunks(stage.grid), 'copying', stage.request.repair);
  checkSource(stage);
}

/** Compares, and writes what differs or cannot be read. */
async function update(stage: Stage, destinations: readonly number[]): Promise<void> {
  const { source } = stage.prepared;
  const old = destinations.filter((destination) => stage.prepared.destinations[destination]!.updated);
  const todo = new Map(destinations.map((destination) => [destination, allChunks(stage.grid)]));
  if (old.length > 0) {
    const words = { writing: 'copying', reading: 'comparing' } as const;
    const job = { op: 'compare', source: source!.device, ignoreWrite: true } as const;
    const end = await stage.perform({ words, targets: old.map((destination) => ({ destination })), job, more: isNotCancelled }, isOfDestination);
    await finishDead(stage, end);
    // One that was started again meanwhile is on a course of its own.
    for (const destination of old) if (end.targets.every((target) => target.destination !== destination)) todo.delete(destination);
    for (const { destination } of end.targets) {
      const differing = chunksOfErrors(end.errors, destination, stage.grid);
      const equal = without(allChunks(stage.grid), differing);
      if (!stage.isOpen(destination) || end.sourceFailed) continue;
      todo.set(destination, differing);
      stage.keep(destination, bytesOf(equal, stage.grid));
      await stage.found(destination, equal);
    }
    if (end.sourceFailed) return;
  }
  await write(stage, todo, null, 'copying', stage.request.repair);
  checkSource(stage);
}

/** Compares with the source, or with the manifest alone. */
async function verify(stage: Stage, destinations: readonly number[]): Promise<void> {
  const end = await compare(stage, destinations);
  for (const { destination, state } of end.targets) await stage.finish(destination, state);
}

/** Compares, and writes again what differs or cannot be read; then that is verified. */
async function repair(stage: Stage, destinations: readonly number[]): Promise<void> {
  const end = await compare(stage, destinations, isOfDestination);
  await finishDead(stage, end);
  if (end.sourceFailed) return;
  const bad = new Map<number, Uint8Array>();
  for (const { destination } of end.targets) {
    const chunks = chunksOfErrors(end.errors, destination, stage.grid);
    if (!stage.isOpen(destination)) continue;
    stage.keep(destination, bytesOf(without(allChunks(stage.grid), chunks), stage.grid));
    if (isEmpty(chunks)) await stage.finish(destination, 'done');
    else bad.set(destination, chunks);
  }
  await write(stage, bad, null, 'repairing', false);
}

function compare(stage: Stage, destinations: readonly number[], hold?: (error: NativeError) => boolean): Promise<PassEnd> {
  const { source, manifest } = stage.prepared;
  const words = { writing: 'repairing', reading: stage.request.kind === 'repair' ? 'comparing' : 'verifying' } as const;
  const ignoreWrite = stage.request.kind === 'repair' || stage.request.keepGoing;
  // By hashes alone only those chunks can be compared that have one.
  const job = manifest === null
    ? { op: 'compare', source: source!.device, ignoreWrite } as const
    : { op: 'compare', source: null, ignoreWrite, offset: 0, length: stage.grid.bytes, hashes: manifest.hashes, known: manifest.known } as const;
  const check = manifest === null ? {} : { check: manifest.known };
  const more = stage.request.kind === 'repair' ? { more: isNotCancelled } : {};
  return stage.perform({ words, targets: destinations.map((destination) => ({ destination, ...check })), job, ...more }, hold);
}

/**
 * Writes `todo` of each destination and reads back `check`, or what was written when that is null. With `again`, what
 * verification named is written once more and verified.
 */
async function write(
  stage: Stage, todo: ReadonlyMap<number, Uint8Array>, check: Uint8Array | null, writing: 'copying' | 'repairing', again: boolean,
): Promise<void> {
  const { request, prepared, grid, hashes } = stage;
  const open = [...todo.keys()].filter((destination) => stage.isOpen(destination));
  if (open.length === 0 || stage.cancelled) return;
  const targets = open.map((destination) => ({ destination, todo: todo.get(destination)!, check: check ?? todo.get(destination)! }));
  const disks = open.some((destination) => prepared.destinations[destination]!.end.kind === 'block');
  const zoned = open.some((destination) => stage.device(destination).info().zoned);
  const whole = writing === 'copying' && !request.update;
  const end = await stage.perform({
    words: { writing, reading: 'verifying' },
    targets,
    ...(again ? { more: (ended) => ended === 'failed' } : {}),
    job: {
      op: 'copy', source: prepared.source!.device, verify: prepared.plan.verify, hash: true, ignoreWrite: request.keepGoing,
      // An unfinished image has another name; an unfinished disk has no head that could be mistaken for a whole one's.
      headLast: whole && disks && !zoned, sequential: zoned,
      sparse: request.sparse, assumeBlank: request.assumeBlank && whole, flushInterval: FLUSH_INTERVAL,
      ...(isEmpty(hashes.known) ? {} : { hashes: hashes.hashes, known: hashes.known }),
    },
  }, again ? isOfDestination : undefined);

  const bad = new Map<number, Uint8Array>();
  for (const { destination, state } of end.targets) {
    const own = end.errors.filter((error) => error.destination === destination);
    const chunks = chunksOfErrors(own, destination, grid);
    if (again && state === 'failed' && !end.sourceFailed && isRepairable(own, request.keepGoing) && !isEmpty(chunks)) bad.set(destination, chunks);
    else await stage.finish(destination, state, again ? own.filter(isOfDestination) : []);
  }
  if (bad.size > 0) await write(stage, bad, null, 'repairing', false);
}

const isNotCancelled = (ended: NativeState): boolean => ended !== 'cancelled';

/** Errors of destinations, but for those of a drive that is not there any more: nothing is written to that again. */
const isOfDestination = ({ destination, ...error }: NativeError): boolean => destination >= 0 && !isDead(error);

const isDead = ({ cause, flush }: Pick<NativeError, 'cause' | 'flush'>): boolean =>
  flush || cause === 'gone' || cause === 'stalled' || cause === 'read-only' || cause === 'no-space';

/**
 * Was it read back to its end, so that what is bad of it is known? One that was not asked to keep going has dropped out at
 * its first error that is not a difference.
 */
const isRepairable = (errors: readonly NativeError[], keepGoing: boolean): boolean =>
  errors.every((error) => !isDead(error) && (keepGoing || error.cause === 'mismatch'));

/** Ends the destinations that a comparison has found dead, or that were told to stop. */
async function finishDead(stage: Stage, { targets, errors }: PassEnd): Promise<void> {
  for (const { destination, state } of targets) {
    if (state === 'cancelled') await stage.finish(destination, 'cancelled');
    else if (errors.some((error) => error.destination === destination && isDead(error))) await stage.finish(destination, 'failed');
  }
}

/** New images on the source's file system share its blocks, where that can be had. Gives those that do. */
async function cloneImages(stage: Stage, destinations: readonly number[]): Promise<Set<number>> {
  const { source, destinations: held } = stage.prepared;
  const cloned = new Set<number>();
  for (const destination of destinations) {
    const { end } = held[destination]!;
    if (source?.end.kind !== 'file' || end.image === null || stage.request.kind !== 'copy' || stage.cancelled) continue;
    if (!(await stage.device(destination).cloneFrom(source.device))) continue;
    cloned.add(destination);
    stage.keep(destination, stage.grid.bytes);
  }
  return cloned;
}

/** What of the source is not what the manifest from before says. */
function checkSource(stage: Stage): void {
  const { manifest } = stage.prepared;
  if (manifest === null || stage.cancelled) return;
  const changed = stage.hashes.differing(manifest);
  const compared = countChunks(both(stage.hashes.known, manifest.known));
  const [chunks, all] = [countChunks(changed), chunksIn(stage.grid)];
  if (compared < all) stage.note(`Of ${counted(all, 'chunk')} of the source, ${number(compared)} could be compared with the manifest.`);
  stage.note(chunks === 0
    ? 'Nothing of the source has changed since the manifest was made.'
    : `${counted(chunks, 'chunk')} (${size(bytesOf(changed, stage.grid))}) of the source changed since the manifest was made.`);
}
