// The verdict on a destination, and on a job. Only this file decides it. Tiles, header, notifications, the command
// line, its JSON and exit code, the history and every report use it. Pure.
import type { Note } from '../contract/facts.ts';
import type { DestinationResult, JobResult } from '../contract/jobs.ts';
import type { JobView } from '../contract/window.ts';
import { waiting } from './waiting-progress.ts';

/**
 * How a destination ended.
 * - `verified`: every byte was compared and is equal.
 * - `sourceWritten`: the same, but the source was written to during the job, so what was read may be a mixture.
 * - `mappedVerified`: every byte that the block map of the source lists was compared and is equal. The rest is
 * undefined.
 * - `partlyVerified`: all compared bytes are equal; the rest (`uncompared`) was not compared.
 * - `written`: complete, but nothing was compared. The job was told not to read back, or a rescue found everything on
 * the destination.
 * - `failed`, `removed`, `cancelled`: not complete, or not equal.
 */
export type Verdict =
  'verified' | 'mappedVerified' | 'sourceWritten' | 'partlyVerified' | 'written' | 'failed' | 'removed' | 'cancelled';

/** All verdicts, in the order of counting. */
export const VERDICTS: readonly Verdict[] = [
  'verified',
  'mappedVerified',
  'sourceWritten',
  'partlyVerified',
  'written',
  'failed',
  'removed',
  'cancelled',
];

/**
 * How a job ended: `complete` without reservations, `partial` with some, `failed` and `cancelled` when no destination
 * is usable.
 */
export type Outcome = 'complete' | 'partial' | 'failed' | 'cancelled';

/** What decides the verdict on a destination. */
export type Ended = Pick<DestinationResult, 'state' | 'verified' | 'uncompared' | 'written' | 'kept' | 'errors'>;

/**
 * The verdict on an ended destination. `sourceWritten`: the source was written to during the job. `mapped`: how many of
 * its bytes count.
 */
export function verdictOf(
  { state, verified, uncompared, written, kept, errors }: Ended,
  { sourceWritten, mapped }: Pick<JobResult, 'sourceWritten' | 'mapped'>,
): Verdict {
  if (state === 'cancelled') return 'cancelled';
  if (state === 'failed' || verified === false)
    return state === 'failed' && errors.some(({ code }) => code === 'DEVICE_GONE') ? 'removed' : 'failed';
  if (uncompared > 0) return written + kept > 0 && uncompared >= written + kept ? 'written' : 'partlyVerified';
  if (verified === null) return 'written';
  if (sourceWritten) return 'sourceWritten';
  return mapped === undefined ? 'verified' : 'mappedVerified';
}

/**
 * The verdict on the destination `index` of a job that may still run; null while the destination has work to do.
 * Whether the source was written to is known only at the end of the job.
 */
export function verdictIn(
  { plan, progress, errors, result }: Pick<JobView, 'plan' | 'progress' | 'errors' | 'result'>,
  index: number,
): Verdict | null {
  const end = result?.destinations[index];
  if (result !== null && end !== undefined) return verdictOf(end, result);
  const { state, uncompared: counted, written } = progress.destinations[index] ?? waiting('');
  if (state !== 'done' && state !== 'failed' && state !== 'cancelled') return null;
  const uncompared = counted ?? 0;
  const ended = {
    state,
    verified: state === 'done' && plan.verify && uncompared === 0 ? true : null,
    uncompared,
    written,
    kept: Math.max(0, plan.bytes - written),
    errors: errors.filter(({ destination }) => destination === index),
  };
  return verdictOf(ended, { sourceWritten: false, ...(plan.mapped === null ? {} : { mapped: plan.mapped }) });
}

/** All that counts of it was compared and is equal. */
export const isVerified = (verdict: Verdict): boolean => verdict === 'verified' || verdict === 'mappedVerified';

/** It ended well, without reservations. */
export const isGood = (verdict: Verdict): boolean => isVerified(verdict) || verdict === 'written';

/** It ended badly. A cancelled destination ended neither well nor badly. */
export const isBad = (verdict: Verdict): boolean => verdict === 'failed' || verdict === 'removed';

/** It has all of its data, as far as compared. */
export const isComplete = (verdict: Verdict): boolean => !isBad(verdict) && verdict !== 'cancelled';

/** How a job ended, by its result and the notes on its plan. */
export function outcomeOf(
  result: Pick<JobResult, 'destinations' | 'rescue' | 'sourceWritten' | 'mapped'>,
  planNotes: readonly Note[],
): Outcome {
  const verdicts = result.destinations.map((destination) => verdictOf(destination, result));
  if (!verdicts.some(isComplete)) return verdicts.some(isBad) ? 'failed' : 'cancelled';
  // Unreadable parts of the source are zeros on every copy, and a missing destination has nothing.
  const whole =
    (result.rescue?.bad ?? 0) === 0 &&
    result.destinations.every(({ uncompared }) => uncompared === 0) &&
    !planNotes.some(({ kind }) => kind === 'leftOut');
  return verdicts.every(isGood) && whole && !result.sourceWritten ? 'complete' : 'partial';
}
