// What a destination came to, and a job. This file alone decides it: tiles, header, notifications, the command line, its JSON
// and exit code, the history and every report ask here. Pure.
import type { Note } from '../contract/facts.ts';
import type { DestinationResult, JobResult } from '../contract/jobs.ts';
import type { JobView } from '../contract/window.ts';

/**
 * How a destination ended.
 * - `verified`: every byte was compared and is equal.
 * - `sourceWritten`: the same, but the source was written to during the job, so what was read may be a mixture.
 * - `partlyVerified`: what was compared is equal; the rest (`uncompared`) was not compared.
 * - `written`: complete, and nothing of it was compared: the job was told not to read back, or all was there before a rescue began.
 * - `failed`, `removed`, `cancelled`: not complete, or not equal.
 */
export type Verdict = 'verified' | 'sourceWritten' | 'partlyVerified' | 'written' | 'failed' | 'removed' | 'cancelled';

/** All verdicts, in the order in which destinations are counted. */
export const VERDICTS: readonly Verdict[] = [
  'verified',
  'sourceWritten',
  'partlyVerified',
  'written',
  'failed',
  'removed',
  'cancelled',
];

/** How a job ended: `complete` when nothing is to be added, `partial` when something is, `failed` and `cancelled` when no destination is usable. */
export type Outcome = 'complete' | 'partial' | 'failed' | 'cancelled';

/** What a verdict on a destination goes by. */
export type Ended = Pick<DestinationResult, 'state' | 'verified' | 'uncompared' | 'written' | 'kept' | 'errors'>;

/** The verdict on a destination that has ended, of a job whose source was written to or not. */
export function verdictOf(
  { state, verified, uncompared, written, kept, errors }: Ended,
  { sourceWritten }: Pick<JobResult, 'sourceWritten'>,
): Verdict {
  if (state === 'cancelled') return 'cancelled';
  if (state === 'failed' || verified === false)
    return state === 'failed' && errors.some(({ code }) => code === 'DEVICE_GONE') ? 'removed' : 'failed';
  if (uncompared > 0) return written + kept > 0 && uncompared >= written + kept ? 'written' : 'partlyVerified';
  if (verified === null) return 'written';
  return sourceWritten ? 'sourceWritten' : 'verified';
}

/**
 * The verdict on the destination `index` of a job that may still run; null while the destination has work to do. Whether the
 * source was written to is known only at the end of the job.
 */
export function verdictIn(
  job: Pick<JobView, 'plan' | 'phase' | 'progress' | 'errors' | 'result'>,
  index: number,
): Verdict | null {
  const result = job.result?.destinations[index];
  if (job.result !== null && result !== undefined) return verdictOf(result, job.result);
  const {
    state = 'waiting',
    uncompared = 0,
    written = 0,
    verified: read = 0,
    toVerify = 0,
  } = job.progress.destinations[index] ?? {};
  const ended = {
    uncompared,
    written,
    kept: Math.max(0, job.plan.bytes - written),
    errors: job.errors.filter(({ destination }) => destination === index),
  };
  // An engine that has broken down leaves only its last sample. Call nothing verified that the sample does not show as read back.
  const readBack = job.phase === 'running' || read >= toVerify;
  const verified = job.plan.verify && uncompared === 0 && readBack ? true : null;
  if (state === 'done') return verdictOf({ ...ended, state, verified }, { sourceWritten: false });
  if (state === 'cancelled') return 'cancelled';
  // Nobody works on a destination any more when the engine has broken down.
  return state === 'failed' || job.phase === 'ended'
    ? verdictOf({ ...ended, state: 'failed', verified: null }, { sourceWritten: false })
    : null;
}

/** It ended well, and nothing is to be added. */
export const isGood = (verdict: Verdict): boolean => verdict === 'verified' || verdict === 'written';

/** It ended badly. One that was cancelled ended neither well nor badly. */
export const isBad = (verdict: Verdict): boolean => verdict === 'failed' || verdict === 'removed';

/** It has all of its data, as far as that was compared. */
export const isComplete = (verdict: Verdict): boolean => !isBad(verdict) && verdict !== 'cancelled';

/** How a job ended, by its result and the notes on its plan. */
export function outcomeOf(
  result: Pick<JobResult, 'destinations' | 'rescue' | 'sourceWritten'>,
  planNotes: readonly Note[],
): Outcome {
  const verdicts = result.destinations.map((destination) => verdictOf(destination, result));
  if (!verdicts.some(isComplete)) return verdicts.some(isBad) ? 'failed' : 'cancelled';
  // An unreadable part of the source is zeros on every copy, and a destination that was not there has nothing.
  const whole =
    (result.rescue?.bad ?? 0) === 0 &&
    result.destinations.every(({ uncompared }) => uncompared === 0) &&
    !planNotes.some(({ kind }) => kind === 'leftOut');
  return verdicts.every(isGood) && whole && !result.sourceWritten ? 'complete' : 'partial';
}
