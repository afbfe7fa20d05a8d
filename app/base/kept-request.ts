// The form of a request in files and in `--json`: one flat object for every kind, as in the first version. Scripts and
// other versions of Platter read it.
import * as z from 'zod';
import { MAX_DESTINATIONS } from '../contract/limits.ts';
import {
  backend,
  batchName,
  bmapChoice,
  checksum as checksumText,
  checksumCovers as checksumCoversText,
  imageFormat,
  jobId,
  jobKind,
  jobRequest,
  origin as originText,
  path,
  type CopyMethod,
  type JobRequest,
} from '../contract/request.ts';
import {
  assumesBlank,
  bmapOf,
  checksumCoversOf,
  checksumOf,
  entryOf,
  destinationsOf,
  givenManifest,
  imageFormatOf,
  isAnonymous,
  isSparse,
  keepsGoing,
  mends,
  newManifest,
  originOf,
  plainImageFormat,
  plainRunning,
  rescueOf,
  sourceOf,
  takesAsIs,
  takesUsed,
  unmounts,
  updates,
  verifies,
  zeroesUnmapped,
} from '../contract/request-facts.ts';

/** The flat object. Members without meaning for its kind have the values of `plainRequest`. */
export const keptRequest = z.strictObject({
  kind: jobKind,
  name: batchName.nullable(),
  source: path.nullable(),
  destinations: z.array(path).max(16 * MAX_DESTINATIONS),
  verify: z.boolean(),
  io: z.enum(['auto', ...backend.options]),
  memory: z.number().nullable(),
  job: jobId.nullable(),
  manifest: path.nullable(),
  saveManifest: path.nullable(),
  update: z.boolean(),
  repair: z.boolean(),
  keepGoing: z.boolean(),
  rescue: z.strictObject({ retries: z.number(), map: path.nullable() }).nullable(),
  sparse: z.boolean(),
  assumeBlank: z.boolean(),
  throttle: z.number().nullable(),
  /** By index; entries may be missing. */
  destinationThrottles: z.array(z.number().nullable()),
  stallTimeout: z.number(),
  asIs: z.boolean(),
  /** Earlier versions had none. */
  origin: originText.nullable().default(null),
  /** Earlier versions had none. */
  entry: z.string().min(1).nullable().default(null),
  /** Never a list. Earlier versions had none. */
  checksum: checksumText.nullable().default(null),
  /** Earlier versions had none. */
  checksumCovers: checksumCoversText.default(null),
  /** Earlier versions had none. */
  bmap: bmapChoice.default('beside'),
  /** Earlier versions had none. */
  zeroUnmapped: z.boolean().default(false),
  /** Earlier versions had none. */
  used: z.boolean().default(false),
  /** Earlier versions had none. */
  anonymous: z.boolean().default(false),
  /** Earlier versions had none. */
  imageFormat: imageFormat.default(plainImageFormat),
  unmount: z.boolean(),
});
export type KeptRequest = z.infer<typeof keptRequest>;

/** The default values of a flat request. */
export const plainRequest: Omit<KeptRequest, 'kind' | 'source' | 'destinations'> = {
  name: null,
  verify: true,
  job: null,
  manifest: null,
  saveManifest: null,
  update: false,
  repair: false,
  keepGoing: false,
  rescue: null,
  sparse: true,
  assumeBlank: false,
  destinationThrottles: [],
  asIs: false,
  origin: null,
  entry: null,
  checksum: null,
  checksumCovers: null,
  bmap: 'beside',
  zeroUnmapped: false,
  used: false,
  anonymous: false,
  imageFormat: plainImageFormat,
  unmount: false,
  ...plainRunning,
};

/** Converts `request` to its flat form. */
export function keep(request: JobRequest): KeptRequest {
  const { kind, io, memory, throttle, stallTimeout } = request;
  const destinations = destinationsOf(request);
  const rescue = rescueOf(request);
  return {
    kind,
    name: kind === 'resume' ? null : request.name,
    source: sourceOf(request),
    destinations: destinations.map(({ path }) => path),
    verify: kind === 'resume' || verifies(request),
    io,
    memory,
    job: kind === 'resume' ? request.job : null,
    manifest: givenManifest(request),
    saveManifest: newManifest(request),
    update: updates(request),
    repair: mends(request),
    keepGoing: keepsGoing(request),
    rescue: rescue && { retries: rescue.retries, map: rescue.map },
    sparse: isSparse(request),
    assumeBlank: assumesBlank(request),
    throttle,
    destinationThrottles: destinations.some((one) => one.throttle !== null)
      ? destinations.map((one) => one.throttle)
      : [],
    stallTimeout,
    asIs: takesAsIs(request),
    origin: originOf(request),
    entry: entryOf(request),
    checksum: checksumOf(request),
    checksumCovers: checksumCoversOf(request),
    bmap: bmapOf(request),
    zeroUnmapped: zeroesUnmapped(request),
    used: takesUsed(request),
    anonymous: isAnonymous(request),
    imageFormat: imageFormatOf(request),
    unmount: unmounts(request),
  };
}

/** Converts `kept` back to a request; null when its members contradict each other. */
export function readRequest(kept: KeptRequest): JobRequest | null {
  const request = requestOf(kept).data;
  if (request === undefined) return null;
  const { destinationThrottles: _theirs, ...said } = kept;
  const { destinationThrottles: _ours, ...understood } = keep(request);
  // Refuse members that a request cannot express.
  const isAll = Object.entries(understood).every(
    ([name, value]) => JSON.stringify(value) === JSON.stringify(said[name as keyof typeof said]),
  );
  return isAll && kept.destinationThrottles.length <= kept.destinations.length ? request : null;
}

function requestOf(kept: KeptRequest): z.ZodSafeParseResult<JobRequest> {
  const { kind, name, source, origin, manifest, saveManifest, keepGoing, asIs, entry, unmount, job } = kept;
  const { checksum, checksumCovers, bmap, zeroUnmapped, used, io, memory, throttle, stallTimeout } = kept;
  const mapped = { bmap, zeroUnmapped, used };
  const running = { io, memory, throttle, stallTimeout };
  const destinations = kept.destinations.map((path, index) => ({
    path,
    throttle: kept.destinationThrottles[index] ?? null,
  }));
  const named = { name, destinations, keepGoing, ...running };
  switch (kind) {
    case 'copy':
      return jobRequest.safeParse({
        kind,
        source,
        origin,
        asIs,
        entry,
        checksum,
        checksumCovers,
        key: null,
        ...mapped,
        method: methodOf(kept),
        saveManifest,
        anonymous: kept.anonymous,
        imageFormat: kept.imageFormat,
        ...named,
        unmount,
      });
    case 'verify':
      return jobRequest.safeParse({
        kind,
        against:
          source === null
            ? { kind: 'manifest', path: manifest }
            : { kind: 'source', path: source, origin, asIs, entry, checksum, checksumCovers, key: null, ...mapped },
        ...named,
      });
    case 'repair':
      return jobRequest.safeParse({
        kind,
        source,
        origin,
        asIs,
        entry,
        checksum,
        checksumCovers,
        key: null,
        ...mapped,
        manifest,
        ...named,
        unmount,
      });
    case 'resume':
      return jobRequest.safeParse({ kind, job, ...running, unmount });
  }
}

/** How the copy is made. `jobRequest` refuses impossible combinations. */
function methodOf({ verify, update, repair, rescue, sparse, assumeBlank, manifest }: KeptRequest): unknown {
  const check: CopyMethod['check'] = repair ? 'repair' : verify ? 'verify' : 'none';
  const zeros: CopyMethod['zeros'] = assumeBlank ? 'assumed' : sparse ? 'sparse' : 'written';
  if (update) return { kind: 'update', check, zeros, manifest };
  return rescue === null ? { kind: 'write', check, zeros } : { kind: 'rescue', check, zeros, ...rescue };
}
