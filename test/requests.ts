// Requests in the short form of tests: only the differences from a plain one, in the flat form of files and `--json`.
import { keep, plainRequest, readRequest, type KeptRequest } from '../app/base/kept-request.ts';
import type { CopyRequest, JobRequest } from '../app/contract/request.ts';

export type Facts = Partial<KeptRequest>;

/** The request with these facts, by default a copy. Throws when it is invalid. */
export function asked(facts: Facts): JobRequest {
  const kept: KeptRequest = { ...plainRequest, kind: 'copy', source: null, destinations: [], ...facts };
  const request = readRequest(kept);
  if (request === null) throw new TypeError(`no job can be asked for so: ${JSON.stringify(facts)}`);
  return request;
}

/** A copy with these facts. */
export function askedCopy(facts: Facts): CopyRequest {
  const request = asked(facts);
  if (request.kind !== 'copy') throw new TypeError(`not a copy: ${request.kind}`);
  return request;
}

/** `request` with `facts` replaced. */
export const changed = (request: JobRequest, facts: Facts): JobRequest => asked({ ...keep(request), ...facts });
