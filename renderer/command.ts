// The command line that does what the window does, so that nothing is hidden behind a button.
import { plainRequest, type CopyRequest } from '../app/contract.ts';

/** Quotes for a POSIX shell only what needs it. */
const quoted = (word: string): string => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`);

/** What the window asks main for. What the window has no control for is left to the engine. */
export const copyRequest = (source: string, destinations: string[], more: Partial<CopyRequest> = {}): CopyRequest =>
  ({ ...plainRequest, kind: 'copy', source, destinations, ...more });

/** Asks for the rest of an interrupted job. */
export const resumeRequest = (job: string): CopyRequest => ({ ...plainRequest, kind: 'resume', source: null, destinations: [], job });

/** `platter copy ...` or `platter resume ...` for a request of the window. */
export function commandLine(request: CopyRequest): string {
  const paths = request.kind === 'resume' ? [request.job ?? ''] : [request.source ?? '', ...request.destinations];
  // A path that starts with a dash would be taken for an option.
  const words = [...(paths.some((path) => path.startsWith('-')) ? ['--'] : []), ...paths.map(quoted)];
  return ['platter', request.kind, ...(request.kind === 'copy' ? copyOptions(request) : []), ...words].join(' ');
}

function copyOptions({ verify, update, rescue, keepGoing, throttle, sparse, stallTimeout }: CopyRequest): string[] {
  return [
    ...(update ? ['--update'] : []),
    ...(rescue === null ? [] : ['--rescue', ...(rescue.retries > 0 ? ['--retries', String(rescue.retries)] : [])]),
    ...(keepGoing ? ['--keep-going'] : []),
    ...(throttle === null ? [] : ['--throttle', String(throttle)]),
    ...(sparse ? [] : ['--no-sparse']),
    ...(stallTimeout === plainRequest.stallTimeout ? [] : ['--stall-timeout', String(stallTimeout)]),
    ...(verify ? [] : ['--no-verify']),
  ];
}
