// The engine works with absolute paths; the user reads the ones they typed. A process runs one command, so what was
// typed is kept here, and asked for at the moment of printing.
import type { CopyRequest } from '../../contract/jobs.ts';
import { printable } from './text.ts';

/** What was typed, by the absolute path that was made of it. */
const typed = new Map<string, string>();

/** `request` with absolute paths. From now on `asTyped` knows the user's own. Relative ones start at `directory`. */
export const withAbsolutePaths = (request: CopyRequest, directory: string): CopyRequest =>
  withPaths(request, (path) => {
    // Joined and not normalised: after a symbolic link ".." is not what the letters say, only the kernel knows.
    const absolute = path.startsWith('/') ? path : `${directory}/${path}`;
    typed.set(absolute, path);
    return absolute;
  });

/** A path of the request as the user typed it; any other as it is. */
export const asTyped = (path: string): string => typed.get(path) ?? path;

/** The same, safe to print. */
export const shown = (path: string): string => printable(asTyped(path));

/** `request` with every path in it as the user typed it. */
export const requestAsTyped = (request: CopyRequest): CopyRequest => withPaths(request, asTyped);

function withPaths(request: CopyRequest, replace: (path: string) => string): CopyRequest {
  const maybe = (path: string | null): string | null => (path === null ? null : replace(path));
  const { source, destinations, manifest, saveManifest, rescue } = request;
  return {
    ...request,
    source: maybe(source),
    destinations: destinations.map(replace),
    manifest: maybe(manifest),
    saveManifest: maybe(saveManifest),
    rescue: rescue === null ? null : { ...rescue, map: maybe(rescue.map) },
  };
}
