// A verdict in English, for the command line, its lists, the log and tables.
import { counted } from '../engine/words.ts';
import type { Verdict } from '../view/verdict.ts';

/** "verified", "verified except 1,048,576 bytes": how a destination ended; `uncompared` in bytes. */
export function verdictWords(verdict: Verdict, uncompared: number): string {
  switch (verdict) {
    case 'sourceWritten':
      return 'verified, but the source was written to during the job';
    case 'partlyVerified':
      return `verified except ${counted(uncompared, 'byte')}`;
    case 'written':
      return 'written, not verified';
    case 'verified':
    case 'failed':
    case 'removed':
    case 'cancelled':
      return verdict;
  }
}

/** The same after a number: "2 verified in part". */
export const countedWords: Readonly<Record<Verdict, string>> = {
  verified: 'verified',
  sourceWritten: 'verified but with the source written to',
  partlyVerified: 'verified in part',
  written: 'written but not verified',
  failed: 'failed',
  removed: 'removed',
  cancelled: 'cancelled',
};
