// The engine works with absolute paths; users see paths as they typed them. A process runs one command, so the typed
// paths are kept here and looked up when printing.
import { inList, isKeyText, listIn } from '../../contract/request-facts.ts';
import type { Note } from '../../contract/facts.ts';
import type { CopyMethod, JobRequest, VerifyRequest } from '../../contract/request.ts';
import { english } from '../../base/english.ts';
import { asStarted } from './own-name.ts';
import { printable } from './text.ts';

/** The typed paths, by their absolute paths. */
const typed = new Map<string, string>();

/** The words shown for files that the user did not type. */
const instead = new Map<string, string>();

/** Makes a path absolute, from `directory`, and remembers the typed one for `asTyped`. */
export function absolutePath(path: string, directory: string): string {
  // Joined but not normalised, because only the kernel knows where ".." leads after a symbolic link.
  const absolute = path.startsWith('/') ? path : `${directory}/${path}`;
  typed.set(absolute, path);
  return absolute;
}

/** Makes the paths of `request` absolute, from `directory`, and remembers the typed ones for `asTyped`. */
export const withAbsolutePaths = (request: JobRequest, directory: string): JobRequest =>
  withPaths(request, (path) => absolutePath(path, directory));

/** From now on shows `path` as `words`, because the file stands for a URL or for standard input. */
export const showAs = (path: string, words: string): void => void instead.set(path, words);

/** A path of the request as the user typed it; any other path unchanged. */
export const asTyped = (path: string): string => instead.get(path) ?? typed.get(path) ?? path;

/** A note with the paths in it as typed, safe to print, and the commands in it as they are typed here. */
export function noteSentence(note: Note): string {
  const words = (value: unknown): unknown =>
    typeof value === 'string' ? asTyped(value) : Array.isArray(value) ? value.map(words) : value;
  const { kind, ...values } = note;
  const said = Object.fromEntries(Object.entries(values).map(([name, value]) => [name, words(value)]));
  // Every value keeps its type, so this is the same kind of note.
  return printable(asStarted(english.note({ kind, ...said } as Note)));
}

/** The path as typed, safe to print. */
export const shown = (path: string): string => printable(asTyped(path));

/** `request` with every path in it as the user typed it. */
export const requestAsTyped = (request: JobRequest): JobRequest => withPaths(request, asTyped);

function withPaths(request: JobRequest, replace: (path: string) => string): JobRequest {
  if (request.kind === 'resume') return request;
  const maybe = (path: string | null): string | null => (path === null ? null : replace(path));
  const proof = (checksum: string | null): string | null => {
    const list = listIn(checksum);
    return list === null ? checksum : inList(replace(list));
  };
  const keyIn = (key: string | null): string | null => (key === null || isKeyText(key) ? key : replace(key));
  const destinations = request.destinations.map((one) => ({ ...one, path: replace(one.path) }));
  switch (request.kind) {
    case 'copy':
      return {
        ...request,
        destinations,
        source: replace(request.source),
        checksum: proof(request.checksum),
        key: keyIn(request.key),
        saveManifest: maybe(request.saveManifest),
        method: inMethod(request.method, maybe),
      };
    case 'verify':
      return { ...request, destinations, against: inAgainst(request.against, replace, proof, keyIn) };
    case 'repair':
      return {
        ...request,
        destinations,
        source: replace(request.source),
        checksum: proof(request.checksum),
        key: keyIn(request.key),
        manifest: maybe(request.manifest),
      };
  }
}

function inAgainst(
  against: VerifyRequest['against'],
  replace: (path: string) => string,
  proof: (checksum: string | null) => string | null,
  keyIn: (key: string | null) => string | null,
): VerifyRequest['against'] {
  const path = replace(against.path);
  return against.kind === 'source'
    ? { ...against, path, checksum: proof(against.checksum), key: keyIn(against.key) }
    : { ...against, path };
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
