// Leaving: in the middle of a job only after a question, and then after it stopped safely.
import { app, dialog, type MessageBoxOptions } from 'electron';
import type { Jobs } from './jobs.ts';
import { currentWindow } from './window.ts';

const QUESTION: MessageBoxOptions = {
  type: 'warning',
  message: 'A job is running.',
  detail: 'Stopping ends the writes in flight and flushes every drive. Destinations that are not finished cannot be used.',
  buttons: ['Keep running', 'Stop and quit'],
  defaultId: 0,
  cancelId: 0,
};

/** Makes every way out (last window closed, quit, signal) stop the job and the engine first. */
export function setupQuit(jobs: Jobs): void {
  let stage: 'staying' | 'asking' | 'stopping' | 'gone' = 'staying';

  const stopAndQuit = async (): Promise<void> => {
    if (stage === 'stopping') return;
    stage = 'stopping';
    await jobs.shutDown();
    stage = 'gone';
    app.quit();
  };
  const askAndQuit = async (): Promise<void> => {
    stage = 'asking';
    const window = currentWindow();
    const { response } = await (window === null ? dialog.showMessageBox(QUESTION) : dialog.showMessageBox(window, QUESTION));
    stage = 'staying';
    if (response === 1) await stopAndQuit();
  };

  app.on('before-quit', (event) => {
    if (stage === 'gone') return;
    event.preventDefault();
    // A second wish while a device takes its time: the host stops safely without us once its input ends.
    if (stage === 'stopping') app.exit(0);
    if (stage === 'staying') void (jobs.running ? askAndQuit() : stopAndQuit());
  });
  app.on('browser-window-created', (_event, window) => {
    window.on('close', (event) => {
      if (!jobs.running || stage === 'gone') return;
      event.preventDefault();
      app.quit();
    });
  });
  app.on('window-all-closed', () => {
    if (!jobs.running) app.quit();
  });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => void stopAndQuit());
}
