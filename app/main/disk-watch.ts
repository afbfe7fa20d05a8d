// Refreshes the list of disks where the kernel does not report changes: every two seconds while a window shows it, and
// when the window gets the focus.
import { app } from 'electron';
import type { Jobs } from './jobs.ts';
import { currentWindow } from './window.ts';

/** Milliseconds between refreshes; lsblk takes about ten. */
const POLL_INTERVAL = 2000;

/** Starts watching. Resolves when disks and interrupted jobs are known. */
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
