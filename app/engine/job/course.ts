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
} from '../formats/chunk-sets.ts';
import { chunkRanges, countChunks, markChunks } from '../formats/chunks.ts';
import { failureOf } from '../../base/errors.ts';
import { isDead, wasReadToItsEnd } from './evidence.ts';
import { lengthOf, cutTo } from '../admission/image-length.ts';
import type { Manifest } from '../formats/manifest.ts';
import { firstOther } from '../admission/manifest-sample.ts';
import type { NativeError, NativeState } from '../native/addon.ts';
import { blankHeads, isDisk, withHead } from './head-last.ts';
import type { PassEnd, Stage } from './stage.ts';

/** Milliseconds between flushes: what is lost with the power, and how long a cancellation can take. */
export const FLUSH_INTERVAL = 1000;

/**
 * Takes destinations of `stage` through the job; `again`: a second time, so what is on their media is theirs already.
 * Resolves when each has ended or cannot go on.
 */
export async function course(stage: Stage, destinations: readonly number[], again = false): Promise<void> {
  // What is there of a job that goes on was written, or found equal, but perhaps never read back.
  const goesOn = again || stage.prepared.resumed !== null;
  switch (stage.request.kind) {
    case 'verify':
      return verify(stage, destinations);
    case 'copy':
      return stage.request.update ? renew(stage, destinations, goesOn) : copy(stage, destinations, goesOn);
    case 'repair':
      return renew(stage, destinations, goesOn);
    case 'resume':
      throw new TypeError('a job that goes on is what it was when it began');
  }
}

/** Writes what is not on them yet, and repairs once what verification found bad, where that is asked for. */
async function copy(stage: Stage, destinations: readonly number[], goesOn: boolean): Promise<void> {
  const cloned = goesOn ? new Set() : await cloneImages(stage, destinations);
  const work = new Map(
    destinations.map((destination) => {
      const check = allChunks(stage.grid);
      if (cloned.has(destination)) return [destination, { todo: noChunks(stage.grid), check }] as const;
      const left = withHead(stage, destination, without(check, stage.durable(destination)));
      stage.keep(destination, bytesOf(without(check, left), stage.grid));
      return [destination, { todo: left, check }] as const;
    }),
  );
  await write(stage, work, 'copying', stage.request.repair, stage.request.assumeBlank && !goesOn);
  checkSource(stage);
}

/** An update or a repair: compares what is there, and writes what differs or cannot be read. */
async function renew(stage: Stage, destinations: readonly number[], goesOn: boolean): Promise<void> {
  const repairs = stage.request.kind === 'repair';
  const old = destinations.filter((destination) => repairs || stage.prepared.destinations[destination]!.updated);
  // What is there already of a job that goes on is read back too.
  const workOf = (destination: number, todo: Uint8Array): Work => ({
    todo,
    check: goesOn ? either(todo, stage.durable(destination)) : todo,
  });
  const left = new Map(
    destinations.map((destination) => [destination, without(allChunks(stage.grid), stage.durable(destination))]),
  );
  const work = new Map([...left].map(([destination, todo]) => [destination, workOf(destination, todo)]));
  if (old.length > 0) {
    const end = await compare(stage, old, left);
    await finishDead(stage, end);
    // One that was started again meanwhile is on a course of its own.
    for (const destination of old)
      if (end.targets.every((target) => target.destination !== destination)) work.delete(destination);
    if (end.sourceFailed) return;
    for (const { destination } of end.targets) {
      if (!stage.isOpen(destination) || (repairs && !(await cutSurplus(stage, destination)))) continue;
      const differing = withHead(stage, destination, chunksOfErrors(end.errors, destination, stage.grid));
      const equal = without(allChunks(stage.grid), differing);
      stage.keep(destination, bytesOf(equal, stage.grid));
      work.set(destination, workOf(destination, differing));
      await stage.found(destination, equal);
    }
  }
  if (guidesRepair(stage) && !(await isOfManifest(stage, work))) return;
  await write(stage, work, repairs ? 'repairing' : 'copying', !repairs && stage.request.repair);
  if (!repairs) checkSource(stage);
}

/** Chunks of the source that are looked at between two looks at whether the job was told to stop. */
const STEP = 64;

/**
 * Has the source what the manifest says where it is to be copied from? Asked before anything is written: what else was found equal
 * is equal to something that this source is not. Where it has not, all destinations end as they were.
 */
async function isOfManifest(stage: Stage, work: ReadonlyMap<number, Work>): Promise<boolean> {
  const {
    prepared: { client, source, manifest },
    grid,
  } = stage;
  const open = [...work].filter(([destination]) => stage.isOpen(destination));
  const wanted = both(open.map(([, { todo }]) => todo).reduce(either, noChunks(grid)), manifest!.known);
  for (const { first, count } of chunkRanges(wanted, chunksIn(grid))) {
    for (let from = first; from < first + count; from += STEP) {
      if (stage.cancelled) return true; // and nothing is written then
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
      stage.failSource();
      stage.tell(null, 'read', other);
      for (const [destination] of open) await stage.finish(destination, 'failed');
      return false;
    }
  }
  return true;
}

/** Cuts an image that is longer than the source to its length. False when that failed; the destination has then ended. */
async function cutSurplus(stage: Stage, destination: number): Promise<boolean> {
  const held = stage.prepared.destinations[destination]!;
  if ((lengthOf(held) ?? 0) <= stage.grid.bytes) return true;
  stage.unname(destination);
  try {
    cutTo(stage.grid.bytes, held);
    return true;
  } catch (error) {
    stage.tell(destination, 'write', failureOf(error, 'write', held.end.path, 'file'));
    await stage.finish(destination, 'failed');
    return false;
  }
}

/** Compares with the source, or with the manifest alone. */
async function verify(stage: Stage, destinations: readonly number[]): Promise<void> {
  const end = await compare(stage, destinations, null);
  for (const { destination, state } of end.targets) {
    const empty = state === 'done' && stage.unproven(destination) === stage.grid.bytes;
    if (empty)
      stage.tell(destination, 'verify', {
        code: 'BAD_FILE',
        op: 'verify',
        reason: { kind: 'nothingCompared' },
        remedy: { kind: 'otherManifest' },
      });
    await stage.finish(destination, empty ? 'failed' : state);
  }
}

/** Compares all, or of each destination the chunks that `todo` has for it: what differs there is not an error, it is to be written. */
async function compare(
  stage: Stage,
  destinations: readonly number[],
  todo: ReadonlyMap<number, Uint8Array> | null,
): Promise<PassEnd> {
  const { source, manifest } = stage.prepared;
  const chunks = new Map(
    destinations.map((destination) => [destination, todo?.get(destination) ?? allChunks(stage.grid)]),
  );
  // The source of an update is checked against the manifest of last time when it was read.
  if (stage.request.kind === 'copy' || manifest === null) return compareWith(stage, chunks, null, todo !== null);
  // By hashes alone only those chunks can be compared that have one.
  const known = new Map([...chunks].map(([destination, set]) => [destination, both(set, manifest.known)]));
  const byHashes = await compareWith(stage, known, manifest, todo !== null);
  const left = new Map(
    byHashes.targets
      .filter(({ destination, state }) => state !== 'cancelled' && stage.isOpen(destination))
      .map(({ destination }) => [destination, without(chunks.get(destination)!, manifest.known)] as const)
      .filter(
        ([destination, set]) =>
          !isEmpty(set) && !byHashes.errors.some((error) => error.destination === destination && isDead(error)),
      ),
  );
  if (source === null || left.size === 0) return byHashes;
  const bySource = await compareWith(stage, left, null, todo !== null);
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
  stage: Stage,
  chunks: ReadonlyMap<number, Uint8Array>,
  manifest: Manifest | null,
  writesNext: boolean,
): Promise<PassEnd> {
  const ignoreWrite = writesNext || stage.request.keepGoing;
  const job =
    manifest === null
      ? ({ op: 'compare', source: stage.prepared.source!.device, ignoreWrite } as const)
      : ({
          op: 'compare',
          source: null,
          ignoreWrite,
          offset: 0,
          length: stage.grid.bytes,
          hashes: manifest.hashes,
          known: manifest.known,
        } as const);
  return stage.perform(
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
  stage: Stage,
  work: ReadonlyMap<number, Work>,
  writing: 'copying' | 'repairing',
  again: boolean,
  assumeBlank = false,
): Promise<void> {
  const { request, prepared, grid } = stage;
  const due = hashesDue(stage);
  await blankHeads(stage, work, writing, writing === 'repairing' || request.update);
  const open = [...work.keys()].filter((destination) => stage.isOpen(destination));
  if (open.length === 0 || stage.cancelled) return;
  const targets = open.map((destination) => ({ destination, ...work.get(destination)! }));
  const zoned = open.some((destination) => stage.device(destination).info().zoned);
  const end = await stage.perform(
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
        headLast: !zoned && open.some((destination) => isDisk(stage, destination)),
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
    guidesRepair(stage) && end.errors.some(({ destination, cause }) => destination < 0 && cause === 'mismatch');
  const bad = new Map<number, Work>();
  for (const { destination, state } of end.targets) {
    const own = end.errors.filter((error) => error.destination === destination);
    const chunks = chunksOfErrors(own, destination, grid);
    // What was flushed and is not what was written is not there, whoever goes on with this job.
    await stage.withdraw(destination, chunks);
    const anew = withHead(stage, destination, chunks);
    if (
      again &&
      state === 'failed' &&
      wasReadToItsEnd(state, own, end.sourceFailed, request.keepGoing) &&
      !isEmpty(chunks)
    )
      bad.set(destination, { todo: anew, check: anew });
    else
      await stage.finish(
        destination,
        isAnother && state === 'done' ? 'failed' : state,
        again ? own.filter(isOfDestination) : [],
      );
  }
  if (bad.size > 0) await write(stage, bad, 'repairing', false);
}

/** A repair takes what has the hashes of a manifest for equal. */
const guidesRepair = ({ request, prepared }: Stage): boolean => request.kind === 'repair' && prepared.manifest !== null;

/**
 * The hashes that what is read of the source has to have. Those of a log; and those of the manifest that guides a repair:
 * chunks of another source beside the ones that have them would be a mixture of two.
 */
const hashesDue = (stage: Stage): HashSet =>
  guidesRepair(stage) ? overlaid(stage.hashes, stage.prepared.manifest!, stage.grid) : stage.hashes;

const isNotCancelled = (ended: NativeState): boolean => ended !== 'cancelled';

/** Errors of destinations, but for those of a drive that is not there any more: nothing is written to that again. */
const isOfDestination = ({ destination, ...error }: NativeError): boolean => destination >= 0 && !isDead(error);

/** Ends the destinations that a comparison has found dead, or that were told to stop. */
async function finishDead(stage: Stage, { targets, errors }: PassEnd): Promise<void> {
  for (const { destination, state } of targets) {
    if (state === 'cancelled') await stage.finish(destination, 'cancelled');
    else if (errors.some((error) => error.destination === destination && isDead(error)))
      await stage.finish(destination, 'failed');
  }
}

/**
 * New images on the source's file system share its blocks, where that can be had. Gives those that do. A manifest is made
 * of what is read, so where nothing else would be, all is copied.
 */
async function cloneImages(stage: Stage, destinations: readonly number[]): Promise<Set<number>> {
  const { source, destinations: held, plan } = stage.prepared;
  const cloned = new Set<number>();
  if (stage.request.saveManifest !== null && !plan.verify) return cloned;
  for (const destination of destinations) {
    const { end } = held[destination]!;
    if (source?.end.kind !== 'file' || end.image === null || stage.cancelled) continue;
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
  if (compared < all) stage.note({ kind: 'comparedWithManifest', all, compared });
  stage.note(
    chunks === 0
      ? { kind: 'sourceUnchanged' }
      : { kind: 'sourceChanged', count: chunks, size: bytesOf(changed, stage.grid) },
  );
}
