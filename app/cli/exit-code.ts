// What the command tells the shell.
import type { DestinationResult, JobResult } from '../contract.ts';

/** Exit codes; scripts rely on them. */
export const EXIT = {
  /** Every destination is good. */
  allGood: 0,
  /** Some are good, some failed. */
  someFailed: 1,
  /** Refused: nothing was written. Wrong arguments are refused too. */
  refused: 2,
  /** None is good, or the engine broke down. */
  noneGood: 3,
  /** Cancelled by SIGINT or SIGTERM; what was in flight has ended and the devices are flushed. */
  cancelled: 130,
} as const;

/** A destination is good when it was completed and no read-back said otherwise. */
export const isGood = (destination: DestinationResult): boolean =>
  destination.state === 'done' && destination.verified !== false;

/** Exit code of a job that ran. A job that was stopped too late to keep anything from being completed is a good one. */
export function exitCode(result: JobResult): number {
  const { destinations } = result;
  if (destinations.some(({ state }) => state === 'cancelled')) return EXIT.cancelled;
  const good = destinations.filter(isGood).length;
  if (good === 0) return EXIT.noneGood;
  return good === destinations.length ? EXIT.allGood : EXIT.someFailed;
}
