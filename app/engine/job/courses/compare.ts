// Comparing destinations with the source, or with the hashes of a manifest.
import { intersection, bytesOf, chunksOfErrors, union, isEmpty, difference } from '../../formats/chunk-sets.ts';
import type { Manifest } from '../../formats/manifest.ts';
import { isDead } from '../pass/evidence.ts';
import type { PassOutcome, RunningJob } from '../pass/running-job.ts';
import { withHead } from './head-last.ts';
import { isOfDestination, type Work } from './write.ts';

/**
 * Compares `old`, the destinations that have old content, and returns what each of `destinations` needs: an old one the
 * chunks that differ or cannot be read, any other the chunks that are not durable. `continues`: some chunks of this job
 * are durable already, so they are read back too. `ready` makes an old destination ready to be written; false when that
 * failed. null when the source could not be read.
 */
export async function differences(
  running: RunningJob,
  destinations: readonly number[],
  old: readonly number[],
  continues: boolean,
  ready: (destination: number) => Promise<boolean> = () => Promise.resolve(true),
): Promise<Map<number, Work> | null> {
  const { grid, scope } = running;
  const workOf = (destination: number, todo: Uint8Array): Work => ({
    todo,
    check: continues ? union(todo, running.durable(destination)) : todo,
  });
  const left = new Map(
    destinations.map((destination) => [destination, difference(scope, running.durable(destination))]),
  );
  const work = new Map([...left].map(([destination, todo]) => [destination, workOf(destination, todo)]));
  if (old.length === 0) return work;
  const outcome = await compare(running, old, left);
  await finishDead(running, outcome);
  // A destination that was retried meanwhile has a course of its own.
  for (const destination of old)
    if (outcome.targets.every((target) => target.destination !== destination)) work.delete(destination);
  if (outcome.sourceFailed) return null;
  for (const { destination } of outcome.targets) {
    if (!running.isOpen(destination) || !(await ready(destination))) continue;
    const differing = withHead(running, destination, chunksOfErrors(outcome.errors, destination, grid));
    const equal = difference(scope, differing);
    running.keep(destination, bytesOf(equal, grid));
    work.set(destination, workOf(destination, differing));
    await running.found(destination, equal);
  }
  return work;
}

/**
 * Compares all chunks of the job, or those that `todo` has for each destination. With `todo` a difference is not an
 * error, because it is written next.
 */
export async function compare(
  running: RunningJob,
  destinations: readonly number[],
  todo: ReadonlyMap<number, Uint8Array> | null,
): Promise<PassOutcome> {
  const { source, manifest } = running.prepared;
  const writesNext = todo !== null;
  const chunks = new Map(destinations.map((destination) => [destination, todo?.get(destination) ?? running.scope]));
  // An update reads its source, and compares it with the manifest of last time afterwards.
  if (running.request.kind === 'copy' || manifest === null) return comparePass(running, chunks, null, writesNext);
  // Hashes can prove only the chunks that have one.
  const hashed = new Map([...chunks].map(([destination, set]) => [destination, intersection(set, manifest.known)]));
  const byHashes = await comparePass(running, hashed, manifest, writesNext);
  const left = new Map(
    stillOpen(running, byHashes)
      .map((destination) => [destination, difference(chunks.get(destination)!, manifest.known)] as const)
      .filter(([, set]) => !isEmpty(set)),
  );
  if (source === null || left.size === 0) return byHashes;
  return combineOutcomes(byHashes, await comparePass(running, left, null, writesNext), left);
}

/** Destinations of a comparison that can be compared further. */
const stillOpen = (running: RunningJob, { targets, errors }: PassOutcome): number[] =>
  targets
    .filter(({ destination, state }) => state !== 'cancelled' && running.isOpen(destination))
    .map(({ destination }) => destination)
    .filter((destination) => !errors.some((error) => error.destination === destination && isDead(error)));

/** Two comparisons as one. A destination of `left` that is not in the second one was retried meanwhile. */
function combineOutcomes(first: PassOutcome, second: PassOutcome, left: ReadonlyMap<number, Uint8Array>): PassOutcome {
  const later = new Map(second.targets.map((target) => [target.destination, target]));
  return {
    targets: first.targets
      .filter(({ destination }) => !left.has(destination) || later.has(destination))
      .map((target) => later.get(target.destination) ?? target),
    errors: [...first.errors, ...second.errors],
    sourceFailed: second.sourceFailed,
    durable: [],
  };
}

/**
 * One pass over chunks of destinations: by the hashes of `manifest`, or with the source. `writesNext`: what differs is
 * written next.
 */
function comparePass(
  running: RunningJob,
  chunks: ReadonlyMap<number, Uint8Array>,
  manifest: Manifest | null,
  writesNext: boolean,
): Promise<PassOutcome> {
  const ignoreWrite = writesNext || running.request.keepGoing;
  const job =
    manifest === null
      ? ({ op: 'compare', source: running.prepared.source!.device, ignoreWrite } as const)
      : ({
          op: 'compare',
          source: null,
          ignoreWrite,
          offset: 0,
          length: running.grid.bytes,
          hashes: manifest.hashes,
          known: manifest.known,
        } as const);
  return running.perform(
    {
      words: { writing: 'repairing', reading: writesNext ? 'comparing' : 'verifying' },
      targets: [...chunks].map(([destination, check]) => ({ destination, check })),
      job,
      ...(writesNext ? { more: (ended) => ended !== 'cancelled' } : {}),
    },
    writesNext ? isOfDestination : undefined,
  );
}

/** Ends the destinations that a comparison found dead, or that were told to stop. */
async function finishDead(running: RunningJob, { targets, errors }: PassOutcome): Promise<void> {
  for (const { destination, state } of targets) {
    if (state === 'cancelled') await running.finish(destination, 'cancelled');
    else if (errors.some((error) => error.destination === destination && isDead(error)))
      await running.finish(destination, 'failed');
  }
}
