// The command line that does what the window does, so that nothing is hidden behind a button.
import { optionWords } from '../app/contract/options/options.ts';
import { destinationsOf, originOf, sourceOf } from '../app/contract/request-facts.ts';
import type { JobKind, JobRequest } from '../app/contract/request.ts';

/** Quotes for a POSIX shell only what needs it. */
const quoted = (word: string): string => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`);

/** Words as a shell takes them. */
export const shellWords = (words: readonly string[]): string => words.map(quoted).join(' ');

/** What the window can be asked to do: write, only compare, or rewrite what differs. */
export type Task = Exclude<JobKind, 'resume'>;

/** What was done by a job; what is continued was a copy. */
export const taskOf = (kind: JobKind): Task => (kind === 'resume' ? 'copy' : kind);

/** What does the same as `request` on the command line. */
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
