// The exit code of the command.
import type { JobResult, Plan } from '../../contract/jobs.ts';
import { outcomeOf, type Outcome } from '../../view/verdict.ts';

/** Exit codes. Scripts rely on them. */
export const EXIT = {
  /** Every destination is good. */
  allGood: 0,
  /**
   * Some are good and some are not; or something could not be read, was not compared, was missing, or the source was
   * written to.
   */
  someFailed: 1,
  /** Refused: nothing was written. Also for wrong arguments. */
  refused: 2,
  /** No destination is good, the engine broke down, or the requested output could not be written to stdout. */
  noneGood: 3,
  /** Cancelled by SIGINT, SIGTERM or a closed terminal; I/O in flight has ended and the devices are flushed. */
  cancelled: 130,
} as const;

const BY_OUTCOME: Readonly<Record<Outcome, number>> = {
  complete: EXIT.allGood,
  partial: EXIT.someFailed,
  failed: EXIT.noneGood,
  cancelled: EXIT.cancelled,
};

/**
 * Exit code of a job that ran; `stopped`: the user stopped all of it. A job that was stopped too late to prevent its
 * completion is judged like any other. A single cancelled destination just counts as not good.
 */
export function exitCode(result: JobResult, { notes }: Pick<Plan, 'notes'>, stopped: boolean): number {
  if (stopped && result.destinations.some(({ state }) => state === 'cancelled')) return EXIT.cancelled;
  return BY_OUTCOME[outcomeOf(result, notes)];
}
