// Checks a request before any of its paths is looked at: values out of bounds, and combinations that make no sense.
// Pure.
import type { ErrorCode, PlatterError } from '../contract/errors.ts';
import type { Reason } from '../contract/facts.ts';
import { MAX_DESTINATIONS, type CopyRequest } from '../contract/jobs.ts';
import { failure } from './errors.ts';
import { againstName } from './places.ts';

/** Bytes of page pool when the user does not say. */
export const DEFAULT_MEMORY = 32 * 1024 * 1024;
const PAGE = 4096;
const LEAST_MEMORY = 64 * 1024;
const MOST_MEMORY = 1024 * 1024 * 1024;
const MOST_RETRIES = 1000;
const DAY_SECONDS = 24 * 60 * 60;

/** Bytes of page pool for a request, in whole pages. NaN when out of bounds, which `argumentErrors` reports. */
export function memoryOf({ memory }: Pick<CopyRequest, 'memory'>): number {
  const bytes = memory === null ? DEFAULT_MEMORY : Math.floor(memory / PAGE) * PAGE;
  return bytes >= LEAST_MEMORY && bytes <= MOST_MEMORY ? bytes : NaN;
}

/** Does the job read its destinations back? */
export const verifies = ({ kind, verify }: Pick<CopyRequest, 'kind' | 'verify'>): boolean =>
  verify || kind === 'verify' || kind === 'repair';

/** Every reason against `request`; empty when it is valid. */
export function argumentErrors(request: CopyRequest): PlatterError[] {
  const told =
    request.kind === 'resume' ? againstResume(request) : [...againstEnds(request), ...againstCombinations(request)];
  return [...told, ...againstNumbers(request), ...againstPaths(request)];
}

/** May the job limit itself to so many bytes a second? */
export function throttleErrors(bytesPerSecond: number | null): PlatterError[] {
  const good = bytesPerSecond === null || (bytesPerSecond >= 1 && bytesPerSecond <= Number.MAX_SAFE_INTEGER);
  return good ? [] : [wrong({ kind: 'limitBounds', limit: String(bytesPerSecond) })];
}

const wrong = (reason: Reason, device: string | null = null, code: ErrorCode = 'BAD_ARGUMENT'): PlatterError =>
  failure({ code, op: 'check', device, reason });

function againstEnds({ kind, source, destinations, manifest, job }: CopyRequest): PlatterError[] {
  const without = kind === 'verify' && manifest !== null;
  const count = destinations.length;
  return [
    ...(source === null && !without ? [wrong({ kind: kind === 'verify' ? 'nothingToCompare' : 'noSource' })] : []),
    ...(count === 0 ? [wrong({ kind: 'noDestination' })] : []),
    ...(count > MAX_DESTINATIONS ? [wrong({ kind: 'tooMany', count, most: MAX_DESTINATIONS }, null, 'TOO_MANY')] : []),
    ...(job === null ? [] : [wrong({ kind: 'idWithoutResume' })]),
  ];
}

/** The log of an interrupted job has its request. */
function againstResume({
  source,
  destinations,
  job,
  manifest,
  saveManifest,
  update,
  rescue,
}: CopyRequest): PlatterError[] {
  return [
    ...(job === null ? [wrong({ kind: 'resumeWithoutId' })] : []),
    ...(source !== null || destinations.length > 0 ? [wrong({ kind: 'resumeWithEnds' })] : []),
    ...(manifest !== null || saveManifest !== null || update || rescue !== null
      ? [wrong({ kind: 'resumeWithMore' })]
      : []),
  ];
}

function againstCombinations(request: CopyRequest): PlatterError[] {
  const { kind, source, verify, manifest, saveManifest, update, repair, rescue, sparse, assumeBlank } = request;
  const kinds = [
    kind === 'verify' && source !== null && manifest !== null && 'verifyTwice',
    update && kind !== 'copy' && 'updateOfCopy',
    update && rescue !== null && 'updateInRescue',
    update && assumeBlank && 'updateOfBlank',
    repair && kind !== 'copy' && 'repairOfCopy',
    repair && !verify && kind === 'copy' && 'repairUnverified',
    repair && rescue !== null && 'repairInRescue',
    rescue !== null && kind !== 'copy' && 'rescueOfCopy',
    rescue !== null && manifest !== null && 'rescueWithManifest',
    assumeBlank && !sparse && 'blankWithoutSparse',
    assumeBlank && kind !== 'copy' && 'blankOfCopy',
    saveManifest !== null && source === null && 'manifestWithoutSource',
    saveManifest !== null && kind === 'repair' && manifest !== null && 'manifestOfRepair',
  ] as const;
  return kinds.flatMap((kind) => (kind === false ? [] : [wrong({ kind })]));
}

function againstNumbers(request: CopyRequest): PlatterError[] {
  const { rescue, stallTimeout, destinations, destinationThrottles } = request;
  const retries = rescue?.retries ?? 0;
  return [
    ...(Number.isNaN(memoryOf(request)) ? [wrong({ kind: 'memoryBounds', memory: request.memory ?? 0 })] : []),
    ...(Number.isInteger(retries) && retries >= 0 && retries <= MOST_RETRIES
      ? []
      : [wrong({ kind: 'retriesBounds', most: String(MOST_RETRIES), retries: String(retries) })]),
    ...(stallTimeout >= 0 && stallTimeout <= DAY_SECONDS
      ? []
      : [wrong({ kind: 'timeoutBounds', most: String(DAY_SECONDS), seconds: String(stallTimeout) })]),
    ...[request.throttle, ...destinationThrottles].flatMap(throttleErrors),
    ...(destinationThrottles.length > destinations.length ? [wrong({ kind: 'moreLimits' })] : []),
  ];
}

function againstPaths({ source, destinations, manifest, saveManifest, rescue }: CopyRequest): PlatterError[] {
  const paths = [source, ...destinations, manifest, saveManifest, rescue?.map ?? null].filter((path) => path !== null);
  return paths.flatMap((path) => [
    ...(path.startsWith('/') ? [] : [wrong({ kind: 'relativePath' }, path)]),
    ...againstName(path, 'check'),
  ]);
}
