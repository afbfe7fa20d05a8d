// What in a job is worth telling somebody who looks elsewhere: a drive that failed, the end. Pure; notifications and
// sounds go by it.
import type { JobView } from '../contract/window.ts';
import { isBad, isGood, tilesOf, type Tile } from './tiles.ts';
import { outcomeOf } from './verdict.ts';

/** What is new; most of the time nothing is. */
export interface News {
  /**
   * How the job has just ended: all is well, or something is not. null while it runs, and when the user stopped all of
   * it.
   */
  ended: 'good' | 'bad' | null;
  /** Destinations that have just failed while others still work. */
  failed: Tile[];
}

const NOTHING: News = { ended: null, failed: [] };

/** It failed, and why is known: a sample can show the failure a moment before its error arrives. */
const isTold = (tile: Tile): boolean => isBad(tile) && tile.errors.length > 0;

function isComplete({ failure, result, plan }: JobView, tiles: readonly Tile[]): boolean {
  return failure === null && (result === null ? tiles.every(isGood) : outcomeOf(result, plan.notes) === 'complete');
}

/** What happened between two views. Nothing is new in a job that is seen for the first time, as after a reload. */
export function newsOf(before: JobView | null, after: JobView | null): News {
  if (before === null || after?.startedAt !== before.startedAt || before.phase === 'ended') return NOTHING;
  const tiles = tilesOf(after);
  if (after.phase === 'ended') {
    if (after.failure === null && tiles.every(({ state }) => state === 'cancelled')) return NOTHING;
    return { ended: isComplete(after, tiles) ? 'good' : 'bad', failed: [] };
  }
  if (before.progress === after.progress && before.errors === after.errors) return NOTHING;
  const bad = tiles.filter(isTold);
  if (bad.length === 0) return NOTHING;
  const earlier = tilesOf(before);
  return { ended: null, failed: bad.filter(({ index }) => !isTold(earlier[index]!)) };
}
