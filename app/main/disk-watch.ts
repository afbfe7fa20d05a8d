// Keeps the list of disks fresh where the kernel does not tell of them: every two seconds while there is a window to
// show it, and when that gets the focus.
import { app } from 'electron';
import type { Jobs } from './jobs.ts';
import { currentWindow } from './window.ts';

/** Milliseconds between two looks at the disks; lsblk takes some ten. */
const POLL_INTERVAL = 2000;

/** Starts looking. Resolves when disks and interrupted jobs are known. */
export function setupDiskWatch(jobs: Jobs): Promise<void> {
  const look = (): void => {
    if (jobs.state.hotplugError !== null) void jobs.poll();
  };
  setInterval(() => {
    if (currentWindow()?.isVisible()) look();
  }, POLL_INTERVAL);
  app.on('browser-window-focus', look);
  return jobs.refresh();
}
