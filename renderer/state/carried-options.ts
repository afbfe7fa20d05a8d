// What a request asks for that the window has no control for (contract/options/options.ts): it is carried over when a job is
// repeated, or comes back with a reload, said as the command line says it, and left out with one button. Pure.
import { isOfJob, OPTIONS, wordsOf } from '../../app/contract/options/options.ts';
import type { JobRequest } from '../../app/contract/request.ts';
import { shellWords } from '../command-line.ts';

/** `request`, whose destinations have these paths now; those that are not there (null) are left out. */
export function movedTo(request: JobRequest, paths: readonly (string | null)[]): JobRequest {
  if (request.kind === 'resume') return request;
  const destinations = request.destinations.flatMap(({ throttle }, index) => {
    const path = paths[index] ?? null;
    return path === null ? [] : [{ path, throttle }];
  });
  return { ...request, destinations };
}

/**
 * `request` without what was true of the job before only: its disks were blank, and its map says that nothing is left
 * to do.
 */
export function anew(request: JobRequest): JobRequest {
  if (request.kind !== 'copy' || request.method.kind === 'update') return request;
  const { method } = request;
  const zeros = method.zeros === 'assumed' ? 'sparse' : method.zeros;
  return { ...request, method: method.kind === 'rescue' ? { ...method, zeros, map: null } : { ...method, zeros } };
}

/**
 * What `request` has of a repeated job, and would not have by the controls and the settings alone (`usual`), as options
 * of the command line; empty when nothing does.
 */
export function carriedWords(request: JobRequest, usual: JobRequest): string {
  const words = OPTIONS.filter(isOfJob)
    .filter(({ inWindow, kinds }) => !inWindow && kinds.includes(request.kind))
    .map((option) => [wordsOf(option, request), wordsOf(option, usual)] as const)
    .filter(([now, before]) => now.join('\0') !== before.join('\0'));
  return shellWords(words.flatMap(([now]) => now));
}
