// Main's log: what it has to say, what the engine host says on stderr, what happens in jobs, what goes wrong in the
// page.
import { setTimeout as sleep } from 'node:timers/promises';
import { app, type WebContents, type WebContentsConsoleMessageEventParams } from 'electron';
import { Log, type Level } from '../records/log.ts';

/** Milliseconds that a file system has to take the last entries. */
const LAST_ENTRIES_MS = 2000;

/** The one log. Errors go to stderr too, for who started Platter from a terminal. */
export const log = new Log({
  echo: (line, level) => {
    if (level === 'error') console.error(`platter: ${line}`);
  },
});

/** Writes down what this is, and from now on what goes wrong where nobody looks. */
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

/** Ends Platter. The last entries are in the log, unless its file system does not answer. */
export async function endWith(code: number): Promise<void> {
  log.info(`Platter ends with code ${code}`);
  await Promise.race([log.written(), sleep(LAST_ENTRIES_MS)]);
  app.exit(code); // not quit(): that waits for the user where a file dialog is open
}

/**
 * How what the page's console says is logged, by its severity: in words, and as a number, as it was before Electron 35.
 */
const SEVERITIES: Readonly<Record<string, Level>> = { warning: 'warn', error: 'error', 2: 'warn', 3: 'error' };

/** Exceptions and rejections that nobody caught are among what the console says. */
function listen(contents: WebContents): void {
  // Electron 35 has moved what was said from the arguments into the event.
  contents.on('console-message', (event: Partial<WebContentsConsoleMessageEventParams>, ...before35) => {
    const [level, message, line, source] =
      event.level === undefined ? before35 : [event.level, event.message, event.lineNumber, event.sourceId];
    const as = SEVERITIES[String(level)];
    if (as !== undefined) log[as](`page: ${message} (${source}:${line})`);
  });
  contents.on('preload-error', (_event, path, error) => log.error(`page: ${path}: ${error.stack ?? error.message}`));
}
