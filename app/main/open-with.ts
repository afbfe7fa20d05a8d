// Handles "Open with Platter": the desktop starts the app with the path of an image.
import { resolve } from 'node:path';

/**
 * The path among the arguments of an app, made absolute from where it was started; null when there is none.
 * @param appPath the app's folder where Electron was told of it, as in a checkout: what comes before it is Electron's
 * own
 */
export function openedImage(argv: readonly string[], workingDirectory: string, appPath: string | null): string | null {
  const app = appPath === null ? 0 : argv.findIndex((arg) => resolve(workingDirectory, arg) === appPath);
  const path = argv.slice(app + 1).find((arg) => arg !== '' && !arg.startsWith('-'));
  return path === undefined ? null : resolve(workingDirectory, path);
}
