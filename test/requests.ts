// Requests as tests write them: what is special about one, in the flat form that files and `--json` have.
import { keep, plainRequest, readRequest, type KeptRequest } from '../app/base/kept-request.ts';
import type { CopyRequest, JobRequest } from '../app/contract/request.ts';

export type Facts = Partial<KeptRequest>;

/**
 * The request that `facts` stand for; a copy where they do not say otherwise. Throws when no job can be asked for so.
 */
export function asked(facts: Facts): JobRequest {
  const kept: KeptRequest = { ...plainRequest, kind: 'copy', source: null, destinations: [], ...facts };
  const request = readRequest(kept);
  if (request === null) throw new TypeError(`no job can be asked for so: ${JSON.stringify(facts)}`);
  return request;
}

/** The same of a copy. */
export function askedCopy(facts: Facts): CopyRequest {
  const request = asked(facts);
  if (request.kind !== 'copy') throw new TypeError(`not a copy: ${request.kind}`);
  return request;
}

/** `request` with `facts` instead of what it says of them. */
export const changed = (request: JobRequest, facts: Facts): JobRequest => asked({ ...keep(request), ...facts });
