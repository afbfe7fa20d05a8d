// Keeps the computer from sleeping while drives are written. The screen may turn off.
import { powerSaveBlocker } from 'electron';
import type { JobView } from '../contract/window.ts';

/** Gives a listener for every view of the job. */
export function setupSleep(): (job: JobView | null) => void {
  let blocker: number | null = null;
  return (job) => {
    const runs = job !== null && job.phase !== 'ended';
    if (runs) blocker ??= powerSaveBlocker.start('prevent-app-suspension');
    else if (blocker !== null) {
      powerSaveBlocker.stop(blocker);
      blocker = null;
    }
  };
}
