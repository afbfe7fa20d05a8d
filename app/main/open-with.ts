// Handles "Open with Platter": the desktop starts the app with the path of an image.
import { resolve } from 'node:path';

/**
 * The path in an app's arguments, made absolute from its working folder; null when there is none.
 * @param appPath the app's folder when Electron got it as an argument, as in a checkout. The arguments before it are
 * Electron's own.
 */
export function openedImage(argv: readonly string[], workingDirectory: string, appPath: string | null): string | null {
  const app = appPath === null ? 0 : argv.findIndex((arg) => resolve(workingDirectory, arg) === appPath);
  const path = argv.slice(app + 1).find((arg) => arg !== '' && !arg.startsWith('-'));
  return path === undefined ? null : resolve(workingDirectory, path);
}
