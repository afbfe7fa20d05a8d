// Main's log: its own messages, the engine host's stderr, events of jobs, errors in the page.
import { setTimeout as sleep } from 'node:timers/promises';
import { app, type WebContents, type WebContentsConsoleMessageEventParams } from 'electron';
import { Log, type Level } from '../records/log.ts';

/** Milliseconds that a file system has to store the last entries. */
const LAST_ENTRIES_MS = 2000;

/** The only log. Errors go to stderr too, for users who start Platter from a terminal. */
export const log = new Log({
  echo: (line, level) => {
    if (level === 'error') console.error(`platter: ${line}`);
  },
});

/** Logs this program's version and, from now on, uncaught errors. */
export function setupLog(): void {
  log.info(
    `Platter ${app.getVersion()} starts: Electron ${process.versions.electron}, ${process.platform} ${process.arch}`,
  );
  process.on('warning', (warning) => log.warn(warning.stack ?? warning.message));
  app.on('web-contents-created', (_event, contents) => listen(contents));
  app.on('child-process-gone', (_event, { type, reason, exitCode }) =>
    log.warn(`a ${type} process ended: ${reason}, ${exitCode}`),
  );
}

/** Ends Platter after the last entries are in the log, unless its file system does not answer. */
export async function endWith(code: number): Promise<void> {
  log.info(`Platter ends with code ${code}`);
  await Promise.race([log.written(), sleep(LAST_ENTRIES_MS)]);
  app.exit(code); // not quit(): with an open file dialog, that waits for the user
}

/** Log levels for the severities of the page's console, which are words, and were numbers before Electron 35. */
const SEVERITIES: Readonly<Record<string, Level>> = { warning: 'warn', error: 'error', 2: 'warn', 3: 'error' };

/** The console includes uncaught exceptions and rejections. */
function listen(contents: WebContents): void {
  // Electron 35 moved the message from the arguments into the event.
  contents.on('console-message', (event: Partial<WebContentsConsoleMessageEventParams>, ...before35) => {
    const [level, message, line, source] =
      event.level === undefined ? before35 : [event.level, event.message, event.lineNumber, event.sourceId];
    const as = SEVERITIES[String(level)];
    if (as !== undefined) log[as](`page: ${message} (${source}:${line})`);
  });
  contents.on('preload-error', (_event, path, error) => log.error(`page: ${path}: ${error.stack ?? error.message}`));
}
