// Shows the total progress in the taskbar, where the desktop supports it.
import type { JobView } from '../contract/window.ts';
import { isPaused, totalOf } from '../view/total-progress.ts';
import { isBad, tilesOf } from '../view/destination-progress.ts';
import { currentWindow } from './window.ts';

/** The taskbar's value for no progress. */
const NONE = -1;

/** Gives a listener for every view of the job. */
export function setupTaskbar(): (job: JobView | null) => void {
  let shown = '';
  return (job) => {
    const tiles = job === null || job.phase === 'ended' ? null : tilesOf(job);
    // Whole percent, because smaller steps are invisible.
    const total = tiles === null ? NONE : Math.floor(totalOf(tiles) * 100) / 100;
    const mode = tiles === null ? 'none' : tiles.some(isBad) ? 'error' : isPaused(tiles) ? 'paused' : 'normal';
    const next = `${total} ${mode}`;
    if (next === shown) return;
    shown = next;
    currentWindow()?.setProgressBar(total, { mode });
  };
}
