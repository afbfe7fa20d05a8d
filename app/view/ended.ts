// The one verdict on a destination that has ended: the same on its tile, in the history and in a report.
import type { DestinationResult } from '../contract/jobs.ts';

/** How a destination ended, in the words of a tile. */
export type Verdict = 'verified' | 'written' | 'failed' | 'removed' | 'cancelled';

/** Green needs proof: every byte read back. */
export function verdictOf({ state, verified, errors }: Pick<DestinationResult, 'state' | 'verified' | 'errors'>): Verdict {
  if (state === 'cancelled') return 'cancelled';
  if (state === 'done' && verified !== false) return verified === true ? 'verified' : 'written';
  return state === 'failed' && errors.some(({ code }) => code === 'DEVICE_GONE') ? 'removed' : 'failed';
}
