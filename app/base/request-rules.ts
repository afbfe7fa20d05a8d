// Checks for values out of bounds in a request, before its paths are looked at. Pure.
import type { ErrorCode, PlatterError } from '../contract/errors.ts';
import type { Reason } from '../contract/facts.ts';
import { MAX_DESTINATIONS, MOST_RETRIES, MOST_SECONDS, MOST_THREADS, PIECE_UNIT } from '../contract/limits.ts';
import {
  destinationsOf,
  givenManifest,
  imageFormatOf,
  mapOf,
  newManifest,
  proofFiles,
  rescueOf,
  sourceOf,
} from '../contract/request-facts.ts';
import type { JobRequest } from '../contract/request.ts';
import { failure } from './errors.ts';
import { againstName } from './paths.ts';

/** Default bytes of the page pool. */
export const DEFAULT_MEMORY = 32 * 1024 * 1024;
/** Bytes of a page of the pool. */
export const PAGE = 4096;
const LEAST_MEMORY = 64 * 1024;
const MOST_MEMORY = 1024 * 1024 * 1024;

/** Bytes of the page pool for a request, in whole pages. NaN when out of bounds, which `argumentErrors` reports. */
export function memoryOf({ memory }: Pick<JobRequest, 'memory'>): number {
  const bytes = memory === null ? DEFAULT_MEMORY : Math.floor(memory / PAGE) * PAGE;
  return bytes >= LEAST_MEMORY && bytes <= MOST_MEMORY ? bytes : NaN;
}

/** All errors in `request`; empty when its paths may be looked at. */
export function argumentErrors(request: JobRequest): PlatterError[] {
  const count = destinationsOf(request).length;
  const tooMany: Reason = { kind: 'tooMany', count, most: MAX_DESTINATIONS };
  return [
    ...(count > MAX_DESTINATIONS ? [wrong(tooMany, null, 'TOO_MANY')] : []),
    ...againstNumbers(request),
    ...againstPaths(request),
  ];
}

/** True for a valid speed limit of the job. */
export function throttleErrors(bytesPerSecond: number | null): PlatterError[] {
  const good = bytesPerSecond === null || (bytesPerSecond >= 1 && bytesPerSecond <= Number.MAX_SAFE_INTEGER);
  return good ? [] : [wrong({ kind: 'limitBounds', limit: String(bytesPerSecond) })];
}

const wrong = (reason: Reason, device: string | null = null, code: ErrorCode = 'BAD_ARGUMENT'): PlatterError =>
  failure({ code, op: 'check', device, reason });

function againstNumbers(request: JobRequest): PlatterError[] {
  const { stallTimeout, throttle, memory } = request;
  const retries = rescueOf(request)?.retries ?? 0;
  const threads = imageFormatOf(request).threads ?? 1;
  const split = imageFormatOf(request).split ?? PIECE_UNIT;
  return [
    ...(Number.isNaN(memoryOf(request)) ? [wrong({ kind: 'memoryBounds', memory: memory ?? 0 })] : []),
    ...(Number.isInteger(retries) && retries >= 0 && retries <= MOST_RETRIES
      ? []
      : [wrong({ kind: 'retriesBounds', most: String(MOST_RETRIES), retries: String(retries) })]),
    ...(threads >= 1 && threads <= MOST_THREADS
      ? []
      : [wrong({ kind: 'threadsBounds', most: String(MOST_THREADS), threads: String(threads) })]),
    ...(split >= PIECE_UNIT && split <= Number.MAX_SAFE_INTEGER && split % PIECE_UNIT === 0
      ? []
      : [wrong({ kind: 'splitBounds', split: String(split) })]),
    ...(stallTimeout >= 0 && stallTimeout <= MOST_SECONDS
      ? []
      : [wrong({ kind: 'timeoutBounds', most: String(MOST_SECONDS), seconds: String(stallTimeout) })]),
    ...[throttle, ...destinationsOf(request).map((one) => one.throttle)].flatMap(throttleErrors),
  ];
}

function againstPaths(request: JobRequest): PlatterError[] {
  const destinations = destinationsOf(request).map(({ path }) => path);
  const files = [givenManifest(request), newManifest(request), mapOf(request), ...proofFiles(request)];
  const paths = [sourceOf(request), ...destinations, ...files];
  return paths
    .filter((path) => path !== null)
    .flatMap((path) => [
      ...(path.startsWith('/') ? [] : [wrong({ kind: 'relativePath' }, path)]),
      ...againstName(path, 'check'),
    ]);
}
