// Options of a request that have no control in the window (contract/options/options.ts). They are carried over when a
// job is repeated and after a reload. The window shows them as the command line writes them, with a button that removes
// them. Pure.
import { isOfJob, OPTIONS, wordsOf } from '../../app/contract/options/options.ts';
import type { JobRequest } from '../../app/contract/request.ts';
import { shellWords } from '../command-line.ts';

/** `request` with these current paths of its destinations. Missing ones (null) are left out. */
export function movedTo(request: JobRequest, paths: readonly (string | null)[]): JobRequest {
  if (request.kind === 'resume') return request;
  const destinations = request.destinations.flatMap(({ throttle }, index) => {
    const path = paths[index] ?? null;
    return path === null ? [] : [{ path, throttle }];
  });
  return { ...request, destinations };
}

/**
 * `request` without the facts that were true only of the earlier job: that its disks were blank, and a map that says
 * nothing is left to do.
 */
export function withoutStaleFacts(request: JobRequest): JobRequest {
  if (request.kind !== 'copy' || request.method.kind === 'update') return request;
  const { method } = request;
  const zeros = method.zeros === 'assumed' ? 'sparse' : method.zeros;
  return { ...request, method: method.kind === 'rescue' ? { ...method, zeros, map: null } : { ...method, zeros } };
}

/**
 * The options that `request` has from a repeated job, and would not have from the controls and the settings alone
 * (`usual`), as words of the command line. Empty when there are none.
 */
export function carriedWords(request: JobRequest, usual: JobRequest): string {
  const words = OPTIONS.filter(isOfJob)
    .filter(({ inWindow, kinds }) => !inWindow && kinds.includes(request.kind))
    .map((option) => [wordsOf(option, request), wordsOf(option, usual)] as const)
    .filter(([now, before]) => now.join('\0') !== before.join('\0'));
  return shellWords(words.flatMap(([now]) => now));
}
