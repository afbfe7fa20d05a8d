// Quits: during a job only after a question, and then after the job has stopped safely.
import { app, dialog, type MessageBoxOptions } from 'electron';
import type { OpenImage } from '../contract/opened-images.ts';
import type { JobView } from '../contract/window.ts';
import { outliveHangUp, STOPPING } from '../base/hang-up.ts';
import { listed } from '../words/figures.ts';
import { say } from '../words/speech.ts';
import type { Jobs } from './jobs.ts';
import { endWith } from './log.ts';
import type { OpenImages } from './open-images.ts';
import { currentWindow } from './window.ts';

/** The question. A job with a log can be continued. */
const question = (job: JobView | null): MessageBoxOptions => ({
  type: 'warning',
  message: say('dialogs.running'),
  detail:
    job?.plan.kind === 'verify'
      ? say('tasks.quitCheck')
      : typeof job?.plan.job === 'string'
        ? say('dialogs.runningDetailContinuable')
        : say('dialogs.runningDetail'),
  buttons: [say('dialogs.keepRunning'), say('dialogs.stopAndQuit')],
  defaultId: 0,
  cancelId: 0,
});

/** Tells which images something still uses, and how they are closed later. */
const staysOpen = (images: readonly OpenImage[]): MessageBoxOptions => ({
  type: 'info',
  message: say('dialogs.staysOpen', { count: images.length }),
  detail: say('dialogs.staysOpenDetail', {
    names: listed(images.map(({ path }) => path)),
    commands: images.map(({ folder }) => `platter unmount ${folder}`).join('; '),
  }),
});

/**
 * Makes every exit (last window closed, quit, signal) stop the job and the engine first. Call after `ready`: until then
 * Chromium handles signals itself.
 */
export function setupQuit(jobs: Jobs, images: OpenImages): void {
  let asking = false;
  let stopping = false;

  const stopAndQuit = async (canAsk: boolean): Promise<void> => {
    if (stopping) return;
    stopping = true;
    // Nothing else would list them, and they would stay open until the session ends.
    const left = await images.closeAll();
    if (left.length > 0 && canAsk) await dialog.showMessageBox(staysOpen(left));
    await jobs.shutDown();
    await endWith(0);
  };
  const askAndQuit = async (): Promise<void> => {
    asking = true;
    const window = currentWindow();
    const asked = question(jobs.state.job);
    const { response } = await (window === null ? dialog.showMessageBox(asked) : dialog.showMessageBox(window, asked));
    asking = false;
    if (response === 1) await stopAndQuit(true);
  };

  app.on('before-quit', (event) => {
    event.preventDefault();
    // Asked a second time while a device is slow: the host stops safely without us when its input ends.
    if (stopping) app.exit(0);
    else if (!asking) void (jobs.running ? askAndQuit() : stopAndQuit(true));
  });
  app.on('browser-window-created', (_event, window) => {
    window.on('close', (event) => {
      if (!jobs.running) return;
      event.preventDefault();
      app.quit();
    });
  });
  app.on('window-all-closed', () => {
    if (!jobs.running) app.quit();
  });
  for (const signal of STOPPING) process.on(signal, () => void stopAndQuit(false));
  outliveHangUp();
}
