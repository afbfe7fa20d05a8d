// Main's log: what it has to say, what the engine host says on stderr, what happens in jobs, what goes wrong in the page.
import { app, type WebContents } from 'electron';
import { Log } from '../records/log.ts';

/** The one log. Errors go to stderr too, for who started Platter from a terminal. */
export const log = new Log({
  echo: (line, level) => {
    if (level === 'error') console.error(`platter: ${line}`);
  },
});

/** Writes down what this is, and from now on what goes wrong where nobody looks. */
export function setupLog(): void {
  log.info(`Platter ${app.getVersion()} starts: Electron ${process.versions.electron}, ${process.platform} ${process.arch}`);
  process.on('warning', (warning) => log.warn(warning.stack ?? warning.message));
  app.on('web-contents-created', (_event, contents) => listen(contents));
  app.on('child-process-gone', (_event, { type, reason, exitCode }) => log.warn(`a ${type} process ended: ${reason}, ${exitCode}`));
  app.on('quit', (_event, code) => log.info(`Platter ends with code ${code}`));
}

function listen(contents: WebContents): void {
  contents.on('console-message', ({ level, message, lineNumber, sourceId }) => {
    if (level === 'error' || level === 'warning') log[level === 'error' ? 'error' : 'warn'](`page: ${message} (${sourceId}:${lineNumber})`);
  });
}
