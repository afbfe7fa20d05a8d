// What the command tells the shell.
import type { JobResult, Plan } from '../../contract/jobs.ts';
import { outcomeOf, type Outcome } from '../../view/verdict.ts';

/** Exit codes; scripts rely on them. */
export const EXIT = {
  /** Every destination is good. */
  allGood: 0,
  /**
   * Some are good and some are not; or something could not be read, was not compared, was not there, or the source was
   * written to.
   */
  someFailed: 1,
  /** Refused: nothing was written. Wrong arguments are refused too. */
  refused: 2,
  /** None is good, or the engine broke down, or what was asked for could not be written to stdout. */
  noneGood: 3,
  /**
   * Cancelled by SIGINT, SIGTERM or a terminal that closed; what was in flight has ended and the devices are flushed.
   */
  cancelled: 130,
} as const;

const BY_OUTCOME: Readonly<Record<Outcome, number>> = {
  complete: EXIT.allGood,
  partial: EXIT.someFailed,
  failed: EXIT.noneGood,
  cancelled: EXIT.cancelled,
};

/**
 * Exit code of a job that ran; `stopped` says that the user stopped all of it. A job that was stopped too late to keep
 * anything from being completed is judged like any other; a single destination that was cancelled is only not good.
 */
export function exitCode(result: JobResult, { notes }: Pick<Plan, 'notes'>, stopped: boolean): number {
  if (stopped && result.destinations.some(({ state }) => state === 'cancelled')) return EXIT.cancelled;
  return BY_OUTCOME[outcomeOf(result, notes)];
}
