// Questions about a request of any kind, and the requests with default values. The window uses this too, so it loads no
// schema.
import type { ImageFormat } from './image-formats.ts';
import type {
  BmapChoice,
  ChecksumCovers,
  CopyRequest,
  JobKind,
  JobRequest,
  LoggedRequest,
  RepairRequest,
  Rescue,
  ResumeRequest,
  Running,
  VerifyRequest,
  WorkRequest,
} from './request.ts';

/** The default way to run a job. */
export const plainRunning: Running = { io: 'auto', memory: null, throttle: null, stallTimeout: 60 };

const plainNamed = (destinations: readonly string[]): Pick<WorkRequest, 'name' | 'destinations' | 'keepGoing'> => ({
  name: null,
  destinations: destinations.map((path) => ({ path, throttle: null })),
  keepGoing: false,
});

/** Use a block map beside the source, and leave the bytes that it does not list alone. */
const plainMapped: Pick<CopyRequest, 'bmap' | 'zeroUnmapped' | 'used'> = {
  bmap: 'beside',
  zeroUnmapped: false,
  used: false,
};

/** A source as it is recognised, with nothing that it has to be. */
const plainSource = {
  origin: null,
  asIs: false,
  entry: null,
  checksum: null,
  checksumCovers: null,
  key: null,
  ...plainMapped,
};

/** New images have the format that their names say. */
export const plainImageFormat: ImageFormat = { format: 'byName', level: null, threads: null, split: null };

/** Writes all of `source`, and verifies it. */
export const plainCopy = (source: string, destinations: readonly string[]): CopyRequest => ({
  kind: 'copy',
  source,
  ...plainSource,
  method: { kind: 'write', check: 'verify', zeros: 'sparse' },
  saveManifest: null,
  anonymous: false,
  imageFormat: { ...plainImageFormat },
  ...plainNamed(destinations),
  ...plainRunning,
  unmount: false,
});

/** Compares `destinations` with the source, or with a manifest of it. */
export const plainVerify = (
  { kind, path }: Pick<VerifyRequest['against'], 'kind' | 'path'>,
  destinations: readonly string[],
): VerifyRequest => ({
  kind: 'verify',
  against: kind === 'source' ? { kind, path, ...plainSource } : { kind, path },
  ...plainNamed(destinations),
  ...plainRunning,
});

export const plainRepair = (source: string, destinations: readonly string[]): RepairRequest => ({
  kind: 'repair',
  source,
  ...plainSource,
  manifest: null,
  ...plainNamed(destinations),
  ...plainRunning,
  unmount: false,
});

export const plainResume = (job: string): ResumeRequest => ({ kind: 'resume', job, ...plainRunning, unmount: false });

/**
 * True when a job of this kind writes its destinations. One that does not opens them read-only, even while others use
 * them.
 */
export const writes = (kind: JobKind): boolean => kind !== 'verify';

/** The format of the images that a request makes. */
export const imageFormatOf = (request: JobRequest): ImageFormat =>
  request.kind === 'copy' ? request.imageFormat : plainImageFormat;

/** True when images and manifests do not tell which source was copied. */
export const isAnonymous = (request: JobRequest): boolean => request.kind === 'copy' && request.anonymous;

/** True when the job can be continued after an interruption. */
export const isLogged = (request: WorkRequest): request is LoggedRequest => request.kind !== 'verify';

/** True when the job reads its destinations back. */
export const verifies = (request: WorkRequest): boolean => request.kind !== 'copy' || request.method.check !== 'none';

/** Path of the source; null when the request names a manifest or an interrupted job instead. */
export function sourceOf(request: JobRequest): string | null {
  switch (request.kind) {
    case 'copy':
    case 'repair':
      return request.source;
    case 'verify':
      return request.against.kind === 'source' ? request.against.path : null;
    case 'resume':
      return null;
  }
}

/** The destinations that a request names, with their limits. Empty for `resume`, whose log has them. */
export const destinationsOf = (request: JobRequest): WorkRequest['destinations'] =>
  request.kind === 'resume' ? [] : request.destinations;

/** Path of the manifest of the source that the request names; null for none. */
export function givenManifest(request: JobRequest): string | null {
  switch (request.kind) {
    case 'copy':
      return request.method.kind === 'update' ? request.method.manifest : null;
    case 'verify':
      return request.against.kind === 'manifest' ? request.against.path : null;
    case 'repair':
      return request.manifest;
    case 'resume':
      return null;
  }
}

/** The file for the manifest of what is read; null for none. */
export const newManifest = (request: JobRequest): string | null =>
  request.kind === 'copy' ? request.saveManifest : null;

/** The options of a rescue; null when the first unreadable sector ends the job. */
export const rescueOf = (request: JobRequest): Rescue | null =>
  request.kind === 'copy' && request.method.kind === 'rescue' ? request.method : null;

/** The mapfile of a rescue; null for none. */
export const mapOf = (request: JobRequest): string | null => rescueOf(request)?.map ?? null;

/** True when a copy compares first, and writes only what differs. */
export const updates = (request: JobRequest): boolean => request.kind === 'copy' && request.method.kind === 'update';

/** True when a copy rewrites the ranges that verification finds bad. */
export const mends = (request: JobRequest): boolean => request.kind === 'copy' && request.method.check === 'repair';

/** True when zeros become holes, or are zeroed by the device, instead of being written. */
export const isSparse = (request: JobRequest): boolean => request.kind !== 'copy' || request.method.zeros !== 'written';

/** True when the request says that the disks are all zeros already. */
export const assumesBlank = (request: JobRequest): boolean =>
  request.kind === 'copy' && request.method.zeros === 'assumed';

/** True when a destination with bad blocks continues. */
export const keepsGoing = (request: JobRequest): boolean => request.kind !== 'resume' && request.keepGoing;

/** True when mounted destinations are unmounted. */
export const unmounts = (request: JobRequest): boolean => request.kind !== 'verify' && request.unmount;

/** True when the bytes of the source file are taken unchanged, whatever it is recognised as. */
export const takesAsIs = (request: JobRequest): boolean => ofSourceFile(request)?.asIs ?? false;

/** The part of a request that is about its source file: the bytes that count, and their proof. */
export type OfSourceFile = Pick<
  CopyRequest,
  'asIs' | 'entry' | 'checksum' | 'checksumCovers' | 'key' | 'bmap' | 'zeroUnmapped' | 'used'
>;

/** The part of `request` that is about its source file; null when the request has no source file. */
export function ofSourceFile(request: JobRequest): OfSourceFile | null {
  if (request.kind === 'copy' || request.kind === 'repair') return request;
  return request.kind === 'verify' && request.against.kind === 'source' ? request.against : null;
}

/** `request` with `change` in the part that is about its source file; unchanged when it has no source file. */
export function withSourceFile<R extends JobRequest>(request: R, change: Partial<OfSourceFile>): R {
  if (request.kind === 'copy' || request.kind === 'repair') return { ...request, ...change };
  return request.kind === 'verify' && request.against.kind === 'source'
    ? { ...request, against: { ...request.against, ...change } }
    : request;
}

/** The file to copy from an archive; null for its only one. */
export const entryOf = (request: JobRequest): string | null => ofSourceFile(request)?.entry ?? null;

/** The checksum that the source must have, or its list ("list:…"); null when none was given. */
export const checksumOf = (request: JobRequest): string | null => ofSourceFile(request)?.checksum ?? null;

/** The bytes that this checksum covers; null when that is not known. */
export const checksumCoversOf = (request: JobRequest): ChecksumCovers => ofSourceFile(request)?.checksumCovers ?? null;

/** The key that checks the signature of the source or of its list; null for none. */
export const keyOf = (request: JobRequest): string | null => ofSourceFile(request)?.key ?? null;

/** `request` with a proved checksum in place of the list and the key that it came from. */
export const withChecksum = <R extends JobRequest>(
  request: R,
  proved: Pick<OfSourceFile, 'checksum' | 'checksumCovers'>,
): R => withSourceFile(request, { ...proved, key: null });

/** The block map that the request chooses. */
export const bmapOf = (request: JobRequest): BmapChoice => (ofSourceFile(request) ?? plainMapped).bmap;

/** Path of the block map that the request names; null for none. */
export function givenBmap(request: JobRequest): string | null {
  const bmap = bmapOf(request);
  return typeof bmap === 'string' ? null : bmap.path;
}

/** True when the bytes that a block map leaves out are written as zeros. */
export const zeroesUnmapped = (request: JobRequest): boolean => (ofSourceFile(request) ?? plainMapped).zeroUnmapped;

/** True when only what the file systems of the source use counts. */
export const takesUsed = (request: JobRequest): boolean => (ofSourceFile(request) ?? plainMapped).used;

/** `request` with this block map. */
export const withBmap = <R extends JobRequest>(request: R, bmap: BmapChoice): R => withSourceFile(request, { bmap });

/** The files that prove the source: a list of checksums, and a file with keys. */
export const proofFiles = (request: JobRequest): string[] => {
  const key = keyOf(request);
  return [listIn(checksumOf(request)), key === null || isKeyText(key) ? null : key].filter((path) => path !== null);
};

/** True for a key as minisign prints it, in base64. */
export const isKeyText = (text: string): boolean => /^RW[A-Za-z0-9+/]{54}$/u.test(text);

const LIST = 'list:';

/** The path in a "list:…" checksum; null for any other. */
export const listIn = (checksum: string | null): string | null =>
  checksum?.startsWith(LIST) === true ? checksum.slice(LIST.length) : null;

/** The "list:…" checksum for the list at `path`. */
export const inList = (path: string): string => `${LIST}${path}`;

/** The origin of a downloaded source file; null when the user gave its path. */
export function originOf(request: JobRequest): string | null {
  if (request.kind === 'copy' || request.kind === 'repair') return request.origin;
  return request.kind === 'verify' && request.against.kind === 'source' ? request.against.origin : null;
}

/** The name of standard input, as a source and as an origin. */
export const STANDARD_INPUT = '-';

/** The URL of a downloaded source file; null for any other source. */
export function downloadedFrom(request: JobRequest): string | null {
  const origin = originOf(request);
  return origin === STANDARD_INPUT ? null : origin;
}

/** `request` with the file `path`, downloaded from `origin`, as its source. */
export function withDownload<R extends WorkRequest>(request: R, path: string, origin: string): R {
  if (request.kind !== 'verify') return { ...request, source: path, origin };
  return request.against.kind === 'manifest' ? request : { ...request, against: { ...request.against, path, origin } };
}

/** The name of a checksum's hash, and its digits. */
export function partsOf(checksum: string): { hash: string; hex: string } {
  const colon = checksum.indexOf(':');
  return { hash: checksum.slice(0, colon), hex: checksum.slice(colon + 1) };
}
