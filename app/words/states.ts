// What a destination is at, as one word and after a number. Pure but for the language of the moment.
import { say } from './speech.ts';

/** What a tile can say. One word means one thing; 'verified' is the only green, 'failed' the only red. How one ended is decided in view/verdict.ts. */
export type TileState =
  | 'waiting'
  | 'comparing'
  | 'copying'
  | 'flushing'
  | 'verifying'
  | 'repairing'
  | 'paused'
  | 'stalled'
  | 'verified'
  | 'sourceWritten'
  | 'partlyVerified'
  | 'written'
  | 'failed'
  | 'removed'
  | 'cancelled';

/** A state's word as a tile shows it. */
export const stateWord = (state: TileState): string => say(`states.${state}`);

/** The same after a number ("2 copying"). */
export const counted = (state: TileState, count: number): string => say(`counts.${state}`, { count });
