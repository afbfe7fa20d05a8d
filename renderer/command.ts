// The command line that does what the window does, so that nothing is hidden behind a button.
import type { CopyRequest, Plan } from '../app/contract.ts';

/** Quotes for a POSIX shell only what needs it. */
const quoted = (word: string): string => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`);

/** What the window asks main for. Backend and memory are left to the engine. */
export const copyRequest = (source: string, destinations: string[], verify: boolean): CopyRequest => ({
  kind: 'copy',
  source,
  destinations,
  verify,
  io: 'auto',
  memory: null,
});

/** `platter copy ...` for a request. */
export function commandLine(request: Pick<CopyRequest, 'kind' | 'source' | 'destinations' | 'verify'>): string {
  const paths = [request.source, ...request.destinations];
  // A path that starts with a dash would be taken for an option.
  const words = [...(paths.some((path) => path.startsWith('-')) ? ['--'] : []), ...paths.map(quoted)];
  const options = request.kind === 'copy' && !request.verify ? ['--no-verify'] : [];
  return ['platter', request.kind, ...options, ...words].join(' ');
}

/** The request that led to a plan. */
export const requestOf = (plan: Plan): CopyRequest => ({
  ...copyRequest(plan.source.path, plan.destinations.map(({ path }) => path), plan.verify),
  kind: plan.kind,
});
