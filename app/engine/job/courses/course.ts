// The course of a job: which passes it takes over its destinations, and what of one decides about the next.
import {
  allChunks,
  both,
  bytesOf,
  chunksIn,
  chunksOfErrors,
  either,
  isEmpty,
  noChunks,
  overlaid,
  without,
  type HashSet,
} from '../../formats/chunk-sets.ts';
import { chunkRanges, countChunks, markChunks } from '../../formats/chunks.ts';
import { failureOf } from '../../../base/errors.ts';
import { isDead, wasReadToItsEnd } from '../evidence.ts';
import { lengthOf, cutTo } from '../../admission/image-length.ts';
import type { Manifest } from '../../formats/manifest.ts';
import { firstOther } from '../../admission/manifest-sample.ts';
import type { NativeError, NativeState } from '../../native/addon.ts';
import { blankHeads, isDisk, withHead } from './head-last.ts';
import type { PassOutcome, RunningJob } from '../running-job.ts';

/** Milliseconds between flushes: what is lost with the power, and how long a cancellation can take. */
export const FLUSH_INTERVAL = 1000;

/**
 * Takes destinations of `running` through the job; `again`: a second time, so what is on their media is theirs already.
 * Resolves when each has ended or cannot go on.
 */
export async function course(running: RunningJob, destinations: readonly number[], again = false): Promise<void> {
  // What is there of a job that goes on was written, or found equal, but perhaps never read back.
  const goesOn = again || running.prepared.resumed !== null;
  switch (running.request.kind) {
    case 'verify':
      return verify(running, destinations);
    case 'copy':
      return running.request.update ? renew(running, destinations, goesOn) : copy(running, destinations, goesOn);
    case 'repair':
      return renew(running, destinations, goesOn);
    case 'resume':
      throw new TypeError('a job that goes on is what it was when it began');
  }
}

/** Writes what is not on them yet, and repairs once what verification found bad, where that is asked for. */
async function copy(running: RunningJob, destinations: readonly number[], goesOn: boolean): Promise<void> {
  const cloned = goesOn ? new Set() : await cloneImages(running, destinations);
  const work = new Map(
    destinations.map((destination) => {
      const check = allChunks(running.grid);
      if (cloned.has(destination)) return [destination, { todo: noChunks(running.grid), check }] as const;
      const left = withHead(running, destination, without(check, running.durable(destination)));
      running.keep(destination, bytesOf(without(check, left), running.grid));
      return [destination, { todo: left, check }] as const;
    }),
  );
  await write(running, work, 'copying', running.request.repair, running.request.assumeBlank && !goesOn);
  checkSource(running);
}

/** An update or a repair: compares what is there, and writes what differs or cannot be read. */
async function renew(running: RunningJob, destinations: readonly number[], goesOn: boolean): Promise<void> {
  const repairs = running.request.kind === 'repair';
  const old = destinations.filter((destination) => repairs || running.prepared.destinations[destination]!.updated);
  // What is there already of a job that goes on is read back too.
  const workOf = (destination: number, todo: Uint8Array): Work => ({
    todo,
    check: goesOn ? either(todo, running.durable(destination)) : todo,
  });
  const left = new Map(
    destinations.map((destination) => [destination, without(allChunks(running.grid), running.durable(destination))]),
  );
  const work = new Map([...left].map(([destination, todo]) => [destination, workOf(destination, todo)]));
  if (old.length > 0) {
    const end = await compare(running, old, left);
    await finishDead(running, end);
    // One that was started again meanwhile is on a course of its own.
    for (const destination of old)
      if (end.targets.every((target) => target.destination !== destination)) work.delete(destination);
    if (end.sourceFailed) return;
    for (const { destination } of end.targets) {
      if (!running.isOpen(destination) || (repairs && !(await cutSurplus(running, destination)))) continue;
      const differing = withHead(running, destination, chunksOfErrors(end.errors, destination, running.grid));
      const equal = without(allChunks(running.grid), differing);
      running.keep(destination, bytesOf(equal, running.grid));
      work.set(destination, workOf(destination, differing));
      await running.found(destination, equal);
    }
  }
  if (guidesRepair(running) && !(await isOfManifest(running, work))) return;
  await write(running, work, repairs ? 'repairing' : 'copying', !repairs && running.request.repair);
  if (!repairs) checkSource(running);
}

/** Chunks of the source that are looked at between two looks at whether the job was told to stop. */
const STEP = 64;

/**
 * Has the source what the manifest says where it is to be copied from? Asked before anything is written: what else was found equal
 * is equal to something that this source is not. Where it has not, all destinations end as they were.
 */
async function isOfManifest(running: RunningJob, work: ReadonlyMap<number, Work>): Promise<boolean> {
  const {
    prepared: { client, source, manifest },
    grid,
  } = running;
  const open = [...work].filter(([destination]) => running.isOpen(destination));
  const wanted = both(open.map(([, { todo }]) => todo).reduce(either, noChunks(grid)), manifest!.known);
  for (const { first, count } of chunkRanges(wanted, chunksIn(grid))) {
    for (let from = first; from < first + count; from += STEP) {
      if (running.cancelled) return true; // and nothing is written then
      const some = noChunks(grid);
      markChunks(some, from, Math.min(STEP, first + count - from), true);
      const place = await firstOther(manifest!, some, client, source!.device);
      if (place === null) continue;
      const other = {
        code: 'SOURCE_CHANGED',
        op: 'read',
        ...place,
        reason: { kind: 'failedAt', what: 'read', place, cause: { kind: 'otherThanItsManifest' } },
        remedy: { kind: 'manifestOfSource' },
      } as const;
      running.failSource();
      running.tell(null, 'read', other);
      for (const [destination] of open) await running.finish(destination, 'failed');
      return false;
    }
  }
  return true;
}

/** Cuts an image that is longer than the source to its length. False when that failed; the destination has then ended. */
async function cutSurplus(running: RunningJob, destination: number): Promise<boolean> {
  const held = running.prepared.destinations[destination]!;
  if ((lengthOf(held) ?? 0) <= running.grid.bytes) return true;
  running.unname(destination);
  try {
    cutTo(running.grid.bytes, held);
    return true;
  } catch (error) {
    running.tell(destination, 'write', failureOf(error, 'write', held.end.path, 'file'));
    await running.finish(destination, 'failed');
    return false;
  }
}

/** Compares with the source, or with the manifest alone. */
async function verify(running: RunningJob, destinations: readonly number[]): Promise<void> {
  const end = await compare(running, destinations, null);
  for (const { destination, state } of end.targets) {
    const empty = state === 'done' && running.unproven(destination) === running.grid.bytes;
    if (empty)
      running.tell(destination, 'verify', {
        code: 'BAD_FILE',
        op: 'verify',
        reason: { kind: 'nothingCompared' },
        remedy: { kind: 'otherManifest' },
      });
    await running.finish(destination, empty ? 'failed' : state);
  }
}

/** Compares all, or of each destination the chunks that `todo` has for it: what differs there is not an error, it is to be written. */
async function compare(
  running: RunningJob,
  destinations: readonly number[],
  todo: ReadonlyMap<number, Uint8Array> | null,
): Promise<PassOutcome> {
  const { source, manifest } = running.prepared;
  const chunks = new Map(
    destinations.map((destination) => [destination, todo?.get(destination) ?? allChunks(running.grid)]),
  );
  // The source of an update is checked against the manifest of last time when it was read.
  if (running.request.kind === 'copy' || manifest === null) return compareWith(running, chunks, null, todo !== null);
  // By hashes alone only those chunks can be compared that have one.
  const known = new Map([...chunks].map(([destination, set]) => [destination, both(set, manifest.known)]));
  const byHashes = await compareWith(running, known, manifest, todo !== null);
  const left = new Map(
    byHashes.targets
      .filter(({ destination, state }) => state !== 'cancelled' && running.isOpen(destination))
      .map(({ destination }) => [destination, without(chunks.get(destination)!, manifest.known)] as const)
      .filter(
        ([destination, set]) =>
          !isEmpty(set) && !byHashes.errors.some((error) => error.destination === destination && isDead(error)),
      ),
  );
  if (source === null || left.size === 0) return byHashes;
  const bySource = await compareWith(running, left, null, todo !== null);
  return {
    targets: byHashes.targets
      .map((target) => bySource.targets.find(({ destination }) => destination === target.destination) ?? target)
      .filter(
        ({ destination }) =>
          !left.has(destination) || bySource.targets.some((target) => target.destination === destination),
      ),
    errors: [...byHashes.errors, ...bySource.errors],
    sourceFailed: bySource.sourceFailed,
    durable: [],
  };
}

/** One pass over chunks of destinations: by the hashes of `manifest`, or with the source. `writesNext`: what differs is to be written. */
function compareWith(
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
      ...(writesNext ? { more: isNotCancelled } : {}),
    },
    writesNext ? isOfDestination : undefined,
  );
}

/** Chunks of a destination that are to be written, and to be read back. */
interface Work {
  todo: Uint8Array;
  check: Uint8Array;
}

/**
 * Does the work of each destination. With `again`, what verification named is written once more and verified. `assumeBlank`: zeros are
 * left out. Only the first time: a disk that was written to before is not blank, and what differs may be zeros that were left out.
 */
async function write(
  running: RunningJob,
  work: ReadonlyMap<number, Work>,
  writing: 'copying' | 'repairing',
  again: boolean,
  assumeBlank = false,
): Promise<void> {
  const { request, prepared, grid } = running;
  const due = hashesDue(running);
  await blankHeads(running, work, writing, writing === 'repairing' || request.update);
  const open = [...work.keys()].filter((destination) => running.isOpen(destination));
  if (open.length === 0 || running.cancelled) return;
  const targets = open.map((destination) => ({ destination, ...work.get(destination)! }));
  const zoned = open.some((destination) => running.device(destination).info().zoned);
  const end = await running.perform(
    {
      words: { writing, reading: 'verifying' },
      targets,
      ...(again ? { more: (ended) => ended === 'failed' } : {}),
      job: {
        op: 'copy',
        source: prepared.source!.device,
        verify: prepared.plan.verify,
        hash: true,
        ignoreWrite: request.keepGoing,
        headLast: !zoned && open.some((destination) => isDisk(running, destination)),
        sequential: zoned,
        // Only what is read back: a source that changes between being read and being copied is found by nothing else.
        copyRange: prepared.serverCopies && prepared.plan.verify,
        sparse: request.sparse,
        assumeBlank,
        flushInterval: FLUSH_INTERVAL,
        ...(isEmpty(due.known) ? {} : { hashes: due.hashes, known: due.known }),
        // The hashes of a log say what the source had before the interruption. Only a look at the source says whether it still has that.
        readKnown: prepared.resumed !== null,
      },
    },
    again ? isOfDestination : undefined,
  );

  // The source was changed after `isOfManifest`: what else was found equal is equal to something that it is not.
  const isAnother =
    guidesRepair(running) && end.errors.some(({ destination, cause }) => destination < 0 && cause === 'mismatch');
  const bad = new Map<number, Work>();
  for (const { destination, state } of end.targets) {
    const own = end.errors.filter((error) => error.destination === destination);
    const chunks = chunksOfErrors(own, destination, grid);
    // What was flushed and is not what was written is not there, whoever goes on with this job.
    await running.withdraw(destination, chunks);
    const anew = withHead(running, destination, chunks);
    if (
      again &&
      state === 'failed' &&
      wasReadToItsEnd(state, own, end.sourceFailed, request.keepGoing) &&
      !isEmpty(chunks)
    )
      bad.set(destination, { todo: anew, check: anew });
    else
      await running.finish(
        destination,
        isAnother && state === 'done' ? 'failed' : state,
        again ? own.filter(isOfDestination) : [],
      );
  }
  if (bad.size > 0) await write(running, bad, 'repairing', false);
}

/** A repair takes what has the hashes of a manifest for equal. */
const guidesRepair = ({ request, prepared }: RunningJob): boolean =>
  request.kind === 'repair' && prepared.manifest !== null;

/**
 * The hashes that what is read of the source has to have. Those of a log; and those of the manifest that guides a repair:
 * chunks of another source beside the ones that have them would be a mixture of two.
 */
const hashesDue = (running: RunningJob): HashSet =>
  guidesRepair(running) ? overlaid(running.hashes, running.prepared.manifest!, running.grid) : running.hashes;

const isNotCancelled = (ended: NativeState): boolean => ended !== 'cancelled';

/** Errors of destinations, but for those of a drive that is not there any more: nothing is written to that again. */
const isOfDestination = ({ destination, ...error }: NativeError): boolean => destination >= 0 && !isDead(error);

/** Ends the destinations that a comparison has found dead, or that were told to stop. */
async function finishDead(running: RunningJob, { targets, errors }: PassOutcome): Promise<void> {
  for (const { destination, state } of targets) {
    if (state === 'cancelled') await running.finish(destination, 'cancelled');
    else if (errors.some((error) => error.destination === destination && isDead(error)))
      await running.finish(destination, 'failed');
  }
}

/**
 * New images on the source's file system share its blocks, where that can be had. Gives those that do. A manifest is made
 * of what is read, so where nothing else would be, all is copied.
 */
async function cloneImages(running: RunningJob, destinations: readonly number[]): Promise<Set<number>> {
  const { source, destinations: held, plan } = running.prepared;
  const cloned = new Set<number>();
  if (running.request.saveManifest !== null && !plan.verify) return cloned;
  for (const destination of destinations) {
    const { end } = held[destination]!;
    if (source?.end.kind !== 'file' || end.image === null || running.cancelled) continue;
    if (!(await running.device(destination).cloneFrom(source.device))) continue;
    cloned.add(destination);
    running.keep(destination, running.grid.bytes);
  }
  return cloned;
}

/** What of the source is not what the manifest from before says. */
function checkSource(running: RunningJob): void {
  const { manifest } = running.prepared;
  if (manifest === null || running.cancelled) return;
  const changed = running.hashes.differing(manifest);
  const compared = countChunks(both(running.hashes.known, manifest.known));
  const [chunks, all] = [countChunks(changed), chunksIn(running.grid)];
  if (compared < all) running.note({ kind: 'comparedWithManifest', all, compared });
  running.note(
    chunks === 0
      ? { kind: 'sourceUnchanged' }
      : { kind: 'sourceChanged', count: chunks, size: bytesOf(changed, running.grid) },
  );
}
