// Electron's main process.
import { app } from 'electron';
import { registerScheme, setupContent } from './content.ts';
import { chooseImage, chooseNewImage } from './dialogs.ts';
import { setupDiskWatch } from './disk-watch.ts';
import { engineConnector } from './engine.ts';
import { notify, setupIpc } from './ipc.ts';
import { Jobs } from './jobs.ts';
import { RENDERER } from './paths.ts';
import { setupQuit } from './quit.ts';
import { setupSecurity } from './security.ts';
import { throttle } from './throttle.ts';
import { setupMenu, showWindow } from './window.ts';

/** Shortest time between two notices of state, milliseconds. */
const NOTICE_INTERVAL = 100;

if (process.getuid?.() === 0) {
  console.error('platter: the window does not run as root. Use `npm start`: as root it opens the window as an ordinary user.');
  app.exit(2);
} else if (!app.requestSingleInstanceLock()) {
  app.quit();
} else {
  app.enableSandbox();
  registerScheme();
  app.whenReady().then(run).catch((error: unknown) => {
    console.error(error);
    app.exit(1);
  });
}

function run(): void {
  // In a checkout people try things on loop devices; users of a package have drives.
  const loopDevices = !app.isPackaged || process.env.PLATTER_LOOP_DEVICES === '1';
  const jobs = new Jobs(engineConnector(process.env), throttle((state) => notify('state', state), NOTICE_INTERVAL), loopDevices);
  setupSecurity();
  setupContent(RENDERER);
  setupMenu();
  setupQuit(jobs);
  const disksKnown = setupDiskWatch(jobs);
  setupIpc({
    getState: () => disksKnown.then(() => jobs.state),
    refreshDisks: () => jobs.refresh().then(() => null),
    chooseImage,
    chooseNewImage,
    review: (request) => jobs.review(request),
    dismissReview: () => jobs.dismissReview().then(() => null),
    start: () => jobs.start(),
    cancel: (destination) => jobs.cancel(destination).then(() => null),
    pause: (destination, paused) => jobs.pause(destination, paused),
    throttle: (destination, bytesPerSecond) => jobs.throttle(destination, bytesPerSecond),
    retry: (destination) => jobs.retry(destination),
    forget: (job) => jobs.forget(job),
    dismissJob: () => jobs.dismissJob().then(() => null),
  });
  app.on('second-instance', showWindow);
  showWindow();
}
