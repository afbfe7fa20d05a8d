// What is wrong with a request before any path in it is looked at: what is out of bounds, and what makes no sense
// together. Pure.
import type { ErrorCode, PlatterError } from '../contract/errors.ts';
import { MAX_DESTINATIONS, type CopyRequest } from '../contract/jobs.ts';
import { failure } from './errors.ts';
import { counted } from './words.ts';

/** Bytes of page pool when the user does not say. */
export const DEFAULT_MEMORY = 32 * 1024 * 1024;
const PAGE = 4096;
const LEAST_MEMORY = 64 * 1024;
const MOST_MEMORY = 1024 * 1024 * 1024;
const MOST_RETRIES = 1000;
const DAY_SECONDS = 24 * 60 * 60;

/** Bytes of page pool for a request, whole pages; NaN when it is out of bounds (`argumentErrors` says so). */
export function memoryOf({ memory }: Pick<CopyRequest, 'memory'>): number {
  const bytes = memory === null ? DEFAULT_MEMORY : Math.floor(memory / PAGE) * PAGE;
  return bytes >= LEAST_MEMORY && bytes <= MOST_MEMORY ? bytes : NaN;
}

/** Does the job read its destinations back? */
export const verifies = ({ kind, verify }: Pick<CopyRequest, 'kind' | 'verify'>): boolean => verify || kind === 'verify' || kind === 'repair';

/** Every such reason against `request`; none when it may be looked at. */
export function argumentErrors(request: CopyRequest): PlatterError[] {
  const told = request.kind === 'resume' ? againstResume(request) : [...againstEnds(request), ...againstCombinations(request)];
  return [...told, ...againstNumbers(request), ...againstPaths(request)];
}

/** May the job limit itself to so many bytes a second? */
export function throttleErrors(bytesPerSecond: number | null): PlatterError[] {
  const good = bytesPerSecond === null || (Number.isFinite(bytesPerSecond) && bytesPerSecond >= 1);
  return good ? [] : [wrong(`A limit must be at least one byte per second, not ${bytesPerSecond}.`)];
}

const wrong = (message: string, device: string | null = null, code: ErrorCode = 'BAD_ARGUMENT'): PlatterError => failure({ code, op: 'check', device, message });

function againstEnds({ kind, source, destinations, manifest, job }: CopyRequest): PlatterError[] {
  const without = kind === 'verify' && manifest !== null;
  const count = destinations.length;
  return [
    ...(source === null && !without ? [wrong(kind === 'verify' ? 'There is neither a source nor a manifest to compare with.' : 'There is no source.')] : []),
    ...(count === 0 ? [wrong('There is no destination.')] : []),
    ...(count > MAX_DESTINATIONS ? [wrong(`${counted(count, 'destination')} are more than the ${MAX_DESTINATIONS} one job can have.`, null, 'TOO_MANY')] : []),
    ...(job === null ? [] : [wrong('Only an interrupted job that is continued has an id.')]),
  ];
}

/** An interrupted job has its request in its log. */
function againstResume({ source, destinations, job, manifest, saveManifest, update, rescue }: CopyRequest): PlatterError[] {
  return [
    ...(job === null ? [wrong('It is not said which interrupted job is to be continued.')] : []),
    ...(source !== null || destinations.length > 0 ? [wrong('An interrupted job has its own source and destinations: none can be named.')] : []),
    ...(manifest !== null || saveManifest !== null || update || rescue !== null
      ? [wrong('An interrupted job is continued as it was asked for: no manifest, update or rescue can be added.')] : []),
  ];
}

function againstCombinations(request: CopyRequest): PlatterError[] {
  const { kind, source, verify, manifest, saveManifest, update, repair, rescue, sparse, assumeBlank } = request;
  const reasons: (string | false)[] = [
    kind === 'verify' && source !== null && manifest !== null && 'A verification compares with the source or with a manifest, not with both.',
    update && kind !== 'copy' && 'Only a copy can update its destinations.',
    update && rescue !== null && 'A rescue cannot update: it writes what it can get.',
    update && assumeBlank && 'An update reads what is on the destinations: they cannot be taken for blank.',
    repair && kind !== 'copy' && 'Only a copy has a repair of its own; ask for a repair instead.',
    repair && !verify && kind === 'copy' && 'What is not verified cannot be repaired.',
    repair && rescue !== null && 'A rescue cannot repair: the source may not give the same data twice.',
    rescue !== null && kind !== 'copy' && 'Only a copy can be a rescue.',
    rescue !== null && manifest !== null && 'The source of a rescue cannot be checked against a manifest.',
    assumeBlank && !sparse && 'Destinations can be taken for blank only where zeros are left out.',
    assumeBlank && kind !== 'copy' && 'Only a copy can take its destinations for blank.',
    saveManifest !== null && source === null && 'A manifest is made of the source, and there is none.',
    saveManifest !== null && kind === 'repair' && manifest !== null && 'A repair by a manifest does not read the whole source, so it makes no manifest.',
  ];
  return reasons.flatMap((reason) => (reason === false ? [] : [wrong(reason)]));
}

function againstNumbers(request: CopyRequest): PlatterError[] {
  const { rescue, stallTimeout, destinations, destinationThrottles } = request;
  const retries = rescue?.retries ?? 0;
  return [
    ...(Number.isNaN(memoryOf(request)) ? [wrong(`Memory must be from 64 KiB to 1 GiB, not ${counted(request.memory ?? 0, 'byte')}.`)] : []),
    ...(Number.isInteger(retries) && retries >= 0 && retries <= MOST_RETRIES ? [] : [wrong(`A rescue can have from 0 to ${MOST_RETRIES} retries, not ${retries}.`)]),
    ...(stallTimeout >= 0 && stallTimeout <= DAY_SECONDS ? [] : [wrong(`The time for an answer must be from 0 to ${DAY_SECONDS} seconds, not ${stallTimeout}.`)]),
    ...[request.throttle, ...destinationThrottles].flatMap(throttleErrors),
    ...(destinationThrottles.length > destinations.length ? [wrong('There are more limits than destinations.')] : []),
  ];
}

function againstPaths({ source, destinations, manifest, saveManifest, rescue }: CopyRequest): PlatterError[] {
  return [source, ...destinations, manifest, saveManifest, rescue?.map ?? null].filter((path) => path !== null).filter((path) => !path.startsWith('/'))
    .map((path) => wrong('The path is not absolute.', path));
}
