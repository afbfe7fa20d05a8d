// Writing what destinations need, reading it back, and rewriting once what verification found bad.
import { isSparse, updates } from '../../../contract/request-facts.ts';
import { chunksOfErrors, isEmpty } from '../../formats/chunk-sets.ts';
import type { NativeError } from '../../native/addon.ts';
import { isDead, wasReadToItsEnd } from '../pass/evidence.ts';
import type { PassRequest } from '../pass/pass.ts';
import type { PassOutcome, RunningJob } from '../pass/running-job.ts';
import { blankHeads, isDisk, isZoned, withHead } from './head-last.ts';
import { hashesDue, isGuidedByManifest } from './source-check.ts';

/** Milliseconds between flushes: what a power cut loses, and how long a cancellation can take. */
export const FLUSH_INTERVAL = 1000;

/** Chunks of a destination to write, and to read back. */
export interface Work {
  todo: Uint8Array;
  check: Uint8Array;
}

interface WriteOptions {
  /** What verification found bad is written once more, and verified. */
  repairsOnce?: boolean;
  /**
   * Zeros are left out. Only on a first write: a disk that was written to is not blank, and what differs may be omitted
   * zeros.
   */
  assumeBlank?: boolean;
}

/** Does the work of each destination, and ends those that have none left. */
export async function write(
  running: RunningJob,
  work: ReadonlyMap<number, Work>,
  writing: 'copying' | 'repairing',
  { repairsOnce = false, assumeBlank = false }: WriteOptions = {},
): Promise<void> {
  await blankHeads(running, work, writing, writing === 'repairing' || updates(running.request));
  const open = [...work].filter(([destination]) => running.isOpen(destination));
  if (open.length === 0 || running.cancelled) return;
  const targets = open.map(([destination, { todo, check }]) => ({ destination, todo, check }));
  const outcome = await running.perform(
    {
      words: { writing, reading: 'verifying' },
      targets,
      ...(repairsOnce ? { more: (ended) => ended === 'failed' } : {}),
      // With a manifest the source can turn out to be another one at the end of the pass.
      settles: !isGuidedByManifest(running),
      job: { ...writeJob(running, targets), assumeBlank },
    },
    repairsOnce ? isOfDestination : undefined,
  );
  const bad = await settle(running, outcome, repairsOnce);
  if (bad.size > 0) await write(running, bad, 'repairing');
}

function writeJob(running: RunningJob, targets: PassRequest['targets']): PassRequest['job'] {
  const { request, prepared } = running;
  const due = hashesDue(running);
  return {
    op: 'copy',
    source: prepared.source!.device,
    verify: prepared.plan.verify,
    hash: true,
    ignoreWrite: request.keepGoing,
    ...writeOrder(running, targets),
    // Only with verification: nothing else finds a source that changes between being read and being copied.
    copyRange: prepared.serverCopies && prepared.plan.verify,
    sparse: isSparse(request),
    flushInterval: FLUSH_INTERVAL,
    ...(isEmpty(due.known) ? {} : { hashes: due.hashes, known: due.known }),
    // The hashes of a log tell what the source had before the interruption. Only reading it tells whether it still has
    // that.
    readKnown: prepared.resumed !== null,
  };
}

/** The order in which destinations can be written: a zoned disk from start to end, another disk with its head last. */
export function writeOrder(
  running: RunningJob,
  targets: PassRequest['targets'],
): { headLast: boolean; sequential: boolean } {
  const zoned = targets.some(({ destination }) => isZoned(running, destination));
  return { headLast: !zoned && targets.some(({ destination }) => isDisk(running, destination)), sequential: zoned };
}

/** Ends the destinations of a pass, except those whose bad chunks are to be repaired. Returns what those need. */
async function settle(
  running: RunningJob,
  { targets, errors, sourceFailed }: PassOutcome,
  repairsOnce: boolean,
): Promise<Map<number, Work>> {
  // The source has changed since `followsManifest`, so it no longer equals the rest.
  const isAnother =
    isGuidedByManifest(running) && errors.some(({ destination, cause }) => destination < 0 && cause === 'mismatch');
  const bad = new Map<number, Work>();
  for (const { destination, state } of targets) {
    const own = errors.filter((error) => error.destination === destination);
    const chunks = chunksOfErrors(own, destination, running.grid);
    // A flushed chunk that differs from what was written does not count as durable, in case the job is continued.
    await running.withdraw(destination, chunks);
    const todo = withHead(running, destination, chunks);
    const isAllListed = wasReadToItsEnd(state, own, sourceFailed, running.request.keepGoing);
    if (repairsOnce && state === 'failed' && isAllListed && !isEmpty(chunks))
      bad.set(destination, { todo, check: todo });
    else
      await running.finish(
        destination,
        isAnother && state === 'done' ? 'failed' : state,
        repairsOnce ? own.filter(isOfDestination) : [],
      );
  }
  return bad;
}

/** Errors of destinations, except of one whose drive is gone: nothing is written to that again. */
export const isOfDestination = ({ destination, ...error }: NativeError): boolean => destination >= 0 && !isDead(error);
