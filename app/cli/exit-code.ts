// What the command tells the shell.
import type { JobResult, Plan } from '../contract/jobs.ts';
import { isGood } from '../engine/reduce.ts';

/** Exit codes; scripts rely on them. */
export const EXIT = {
  /** Every destination is good. */
  allGood: 0,
  /** Some are good, some failed or were not there to be continued; or a rescue left holes, or a manifest with holes something that nobody compared. */
  someFailed: 1,
  /** Refused: nothing was written. Wrong arguments are refused too. */
  refused: 2,
  /** None is good, or the engine broke down, or what was asked for could not be written to stdout. */
  noneGood: 3,
  /** Cancelled by SIGINT or SIGTERM; what was in flight has ended and the devices are flushed. */
  cancelled: 130,
} as const;

/**
 * Exit code of a job that ran; `stopped` says that the user stopped all of it. A job that was stopped too late to keep
 * anything from being completed is a good one; one destination that was cancelled is only not good.
 */
export function exitCode({ destinations, rescue }: JobResult, { kind, notes }: Pick<Plan, 'kind' | 'notes'>, stopped: boolean): number {
  const cancelled = destinations.filter(({ state }) => state === 'cancelled').length;
  if (cancelled === destinations.length || (stopped && cancelled > 0)) return EXIT.cancelled;
  const good = destinations.filter(isGood).length;
  if (good === 0) return EXIT.noneGood;
  const skipped = notes.some((note) => note.kind === 'leftOut' || (note.kind === 'notCompared' && kind === 'verify'));
  // What could not be read is zeros on every copy: none is what the source should have been.
  const whole = (rescue === null || rescue.bad === 0) && !skipped;
  return good === destinations.length && whole ? EXIT.allGood : EXIT.someFailed;
}
