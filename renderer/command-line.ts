// The command line that does the same as the window, so that no feature is hidden behind a button.
import { optionWords } from '../app/contract/options/options.ts';
import { destinationsOf, originOf, sourceOf } from '../app/contract/request-facts.ts';
import type { JobKind, JobRequest } from '../app/contract/request.ts';

/** Quotes a word for a POSIX shell, if it needs that. */
const quoted = (word: string): string => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`);

/** Words as a shell reads them. */
export const shellWords = (words: readonly string[]): string => words.map(quoted).join(' ');

/** The window's tasks: write, only compare, or rewrite what differs. */
export type Task = Exclude<JobKind, 'resume'>;

/** The task of a job. A resumed job was a copy. */
export const taskOf = (kind: JobKind): Task => (kind === 'resume' ? 'copy' : kind);

/** The command line for `request`. */
export function commandLine(request: JobRequest): string {
  const source = originOf(request) ?? sourceOf(request);
  const paths =
    request.kind === 'resume'
      ? [request.job]
      : [...(source === null ? [] : [source]), ...destinationsOf(request).map(({ path }) => path)];
  // A path that starts with a dash would be taken for an option.
  const words = [...(paths.some((path) => path.startsWith('-')) ? ['--'] : []), ...paths];
  return shellWords(['platter', request.kind, ...optionWords(request), ...words]);
}
