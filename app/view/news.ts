// What a user who is looking elsewhere should be told: a failed drive, the end of the job. Pure; used by notifications
// and sounds.
import type { JobView } from '../contract/window.ts';
import { isBad, isGood, tilesOf, type Tile } from './destination-progress.ts';
import { outcomeOf } from './verdict.ts';

/** The news; usually none. */
export interface News {
  /** How the job has just ended: well, or not. null while it runs, and when the user stopped all of it. */
  ended: 'good' | 'bad' | null;
  /** Destinations that have just failed while others still work. */
  failed: Tile[];
}

const NOTHING: News = { ended: null, failed: [] };

/** It failed with a known reason. A sample can show the failure a moment before its error arrives. */
const isTold = (tile: Tile): boolean => isBad(tile) && tile.errors.length > 0;

function isComplete({ failure, result, plan }: JobView, tiles: readonly Tile[]): boolean {
  return failure === null && (result === null ? tiles.every(isGood) : outcomeOf(result, plan.notes) === 'complete');
}

/** The changes between two views. A job seen for the first time, as after a reload, has no news. */
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
