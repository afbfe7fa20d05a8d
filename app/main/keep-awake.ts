// Keeps the computer from sleeping while drives are written, or a station waits for them. The screen may turn off.
import { powerSaveBlocker } from 'electron';
import type { JobView } from '../contract/window.ts';

/** Gives a listener for every view of the job. `isArmed`: a station waits for drives. */
export function setupSleep(): (job: JobView | null, isArmed: boolean) => void {
  let blocker: number | null = null;
  return (job, isArmed) => {
    const runs = isArmed || (job !== null && job.phase !== 'ended');
    if (runs) blocker ??= powerSaveBlocker.start('prevent-app-suspension');
    else if (blocker !== null) {
      powerSaveBlocker.stop(blocker);
      blocker = null;
    }
  };
}
