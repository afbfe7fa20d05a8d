// The state of a destination as one word, and after a number. Pure except for the current language.
import { say } from './speech.ts';

/**
 * The states that a tile can show. Only 'verified' and 'mappedVerified' are green, and only 'failed' is red.
 * view/verdict.ts decides how a destination ended.
 */
export type TileState =
  | 'waiting'
  | 'comparing'
  | 'copying'
  | 'unpacking'
  | 'flushing'
  | 'verifying'
  | 'repairing'
  | 'paused'
  | 'stalled'
  | 'verified'
  | 'mappedVerified'
  | 'sourceWritten'
  | 'partlyVerified'
  | 'written'
  | 'failed'
  | 'removed'
  | 'cancelled';

/** A state's word as a tile shows it. `isUsed`: only used blocks count (view/used-only.ts). */
export const stateWord = (state: TileState, isUsed = false): string => say(`states.${named(state, isUsed)}`);

/** The word after a number ("2 copying"). */
export const counted = (state: TileState, count: number, isUsed = false): string =>
  say(`counts.${named(state, isUsed)}`, { count });

/** The same out of all, for the states that people hope for ("7 of 8 verified"); as `counted` for the others. */
export function countedOf(state: TileState, count: number, all: number, isUsed = false): string {
  switch (state) {
    case 'verified':
      return say('counts.verifiedOf', { count, all });
    case 'mappedVerified':
      return isUsed ? say('counts.usedVerifiedOf', { count, all }) : say('counts.mappedVerifiedOf', { count, all });
    case 'written':
      return say('counts.writtenOf', { count, all });
    default:
      return counted(state, count);
  }
}

/** What was verified of used blocks has words of its own: a person knows no map. */
const named = (state: TileState, isUsed: boolean): TileState | 'usedVerified' =>
  isUsed && state === 'mappedVerified' ? 'usedVerified' : state;
