// The taskbar shows the total, where the desktop has a place for it.
import type { JobView } from '../contract/window.ts';
import { isPaused, totalOf } from '../view/batch.ts';
import { isBad, tilesOf } from '../view/tiles.ts';
import { currentWindow } from './window.ts';

/** What the taskbar is told: no progress. */
const NONE = -1;

/** Gives the listener that is told of every view of the job. */
export function setupTaskbar(): (job: JobView | null) => void {
  let shown = '';
  return (job) => {
    const tiles = job === null || job.phase === 'ended' ? null : tilesOf(job);
    // Whole percent: the desktop is not told of what nobody could see.
    const total = tiles === null ? NONE : Math.floor(totalOf(tiles) * 100) / 100;
    const mode = tiles === null ? 'none' : tiles.some(isBad) ? 'error' : isPaused(tiles) ? 'paused' : 'normal';
    const next = `${total} ${mode}`;
    if (next === shown) return;
    shown = next;
    currentWindow()?.setProgressBar(total, { mode });
  };
}
