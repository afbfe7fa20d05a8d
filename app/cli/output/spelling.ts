// The engine works with absolute paths; the user reads the ones they typed. A process runs one command, so what was
// typed is kept here, and asked for at the moment of printing.
import type { CopyMethod, JobRequest } from '../../contract/request.ts';
import { printable } from './text.ts';

/** What was typed, by the absolute path that was made of it. */
const typed = new Map<string, string>();

/** `request` with absolute paths. From now on `asTyped` knows the user's own. Relative ones start at `directory`. */
export const withAbsolutePaths = (request: JobRequest, directory: string): JobRequest =>
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
export const requestAsTyped = (request: JobRequest): JobRequest => withPaths(request, asTyped);

function withPaths(request: JobRequest, replace: (path: string) => string): JobRequest {
  if (request.kind === 'resume') return request;
  const maybe = (path: string | null): string | null => (path === null ? null : replace(path));
  const destinations = request.destinations.map((one) => ({ ...one, path: replace(one.path) }));
  switch (request.kind) {
    case 'copy':
      return {
        ...request,
        destinations,
        source: replace(request.source),
        saveManifest: maybe(request.saveManifest),
        method: inMethod(request.method, maybe),
      };
    case 'verify':
      return { ...request, destinations, against: { ...request.against, path: replace(request.against.path) } };
    case 'repair':
      return { ...request, destinations, source: replace(request.source), manifest: maybe(request.manifest) };
  }
}

function inMethod(method: CopyMethod, replace: (path: string | null) => string | null): CopyMethod {
  switch (method.kind) {
    case 'write':
      return method;
    case 'update':
      return { ...method, manifest: replace(method.manifest) };
    case 'rescue':
      return { ...method, map: replace(method.map) };
  }
}
