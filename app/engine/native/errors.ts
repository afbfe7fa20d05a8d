// Turns the native error list into errors of the contract: which endpoint, what happened, where, what to do.
import type { ErrorCode, JobError } from '../../contract/errors.ts';
import type { Fact, Reason, Remedy } from '../../contract/facts.ts';
import type { Plan } from '../../contract/jobs.ts';
import { writes } from '../../contract/request-facts.ts';
import type { JobKind } from '../../contract/request.ts';
import { hasChunk } from '../formats/chunks.ts';
import { failure, type Failure } from '../../base/errors.ts';
import type { Manifest } from '../formats/manifest.ts';
import type { NativeCause, NativeError } from './addon.ts';

/** The names and places that a job's errors mention. */
export interface Named {
  kind: JobKind;
  /** As the user gave it; null when a manifest stands for it. */
  source: string | null;
  sourceIsFile: boolean;
  /** The manifest or log that guides a repair. The source must match it. */
  manifest: Pick<Manifest, 'known' | 'chunkSize'> | null;
  /** `path` as the user gave it; `part` is the name of an image until it is complete. */
  destinations: readonly { path: string; part: string | null }[];
}

const CODES: Readonly<Record<NativeCause, ErrorCode>> = {
  io: 'IO_ERROR',
  medium: 'MEDIUM_ERROR',
  gone: 'DEVICE_GONE',
  'no-space': 'NO_SPACE',
  'read-only': 'READ_ONLY',
  'timed-out': 'TIMED_OUT',
  mismatch: 'VERIFY_MISMATCH',
  cancelled: 'CANCELLED',
  stalled: 'STALLED',
};

/** More precise remedies for failures of the source. */
const OF_SOURCE: Partial<Record<ErrorCode, Remedy>> = {
  MEDIUM_ERROR: { kind: 'otherCopy' },
  DEVICE_GONE: { kind: 'checkSource' },
};

/** The same for jobs that write nothing: there, uncompared data is unknown, not incomplete. */
const OF_CHECK: Partial<Record<ErrorCode, Remedy>> = {
  CANCELLED: { kind: 'checkAgain' },
  SOURCE_FAILED: { kind: 'checkAgain' },
};
/** The same when the check has a source to repair from. */
const OF_CHECK_BY_SOURCE: typeof OF_CHECK = { ...OF_CHECK, VERIFY_MISMATCH: { kind: 'repairIt' } };

/** Circumstances that make an error more precise. */
export interface ErrorContext {
  /** The differing data includes a superblock, which a mount changes. */
  superblock?: boolean;
  /** It was found different before, and written again. */
  rewritten?: boolean;
  /** The disk was assumed blank, so zeros of the source were not written. */
  blank?: boolean;
  /** Why the file system is full. */
  full?: Fact<'causes'> | null;
}

/** Converts one entry of the native list. */
export function jobError(entry: NativeError, job: Named, known: ErrorContext = {}): JobError {
  const { side, errno, flush } = entry;
  const destination = entry.destination < 0 ? null : entry.destination;
  const code =
    side === 'read' && (entry.cause === 'mismatch' || wasCut(entry, job)) ? 'SOURCE_CHANGED' : CODES[entry.cause];
  const placed = flush || code === 'CANCELLED' ? null : { offset: entry.offset, length: entry.length };
  return about(job, destination, side, {
    code,
    op: flush ? 'flush' : side,
    errno,
    ...placed,
    ...remedyOf(entry, job, known),
    reason:
      code === 'CANCELLED'
        ? { kind: 'cancelled' }
        : placed === null
          ? { kind: 'failed', what: operationOf(entry), cause: causeOf(entry, job, known) }
          : { kind: 'failedAt', what: operationOf(entry), place: placed, cause: causeOf(entry, job, known) },
  });
}

/** A more precise remedy than that of the code; empty when there is none. */
function remedyOf(entry: NativeError, job: Named, { superblock, rewritten, blank }: ErrorContext): { remedy?: Remedy } {
  if (isRefused(entry)) return { remedy: { kind: 'refusedCommand' } };
  if (isOfOtherManifest(entry, job)) return { remedy: { kind: 'manifestOfSource' } };
  if (entry.side !== 'verify' || entry.cause !== 'mismatch') return {};
  if (superblock === true) return { remedy: { kind: 'mountedSince' } };
  if (isFile(job, entry.destination)) return {};
  return rewritten === true
    ? { remedy: { kind: 'losesData' } }
    : blank === true
      ? { remedy: { kind: 'notBlank' } }
      : {};
}

/**
 * The device understood the command and refused it (BLK_STS_TARGET, BLK_STS_NOTSUPP), which says nothing about its
 * medium.
 */
const isRefused = ({ cause, errno }: NativeError): boolean =>
  cause === 'io' && (errno === 'EREMOTEIO' || errno === 'EOPNOTSUPP');

/** The source differs from the manifest's hash. */
const isOfOtherManifest = ({ side, cause, offset }: NativeError, { manifest }: Named): boolean =>
  side === 'read' &&
  cause === 'mismatch' &&
  manifest !== null &&
  hasChunk(manifest.known, Math.floor(offset / manifest.chunkSize));

/** A read of 0 bytes: a block device is gone, a file was truncated. */
const wasCut = ({ cause, errno, side }: NativeError, { sourceIsFile }: Named): boolean =>
  sourceIsFile && side === 'read' && cause === 'gone' && errno === null;

/** Reasons that already say whether an incomplete image is kept. */
const SAYS_WHAT_IS_KEPT: ReadonlySet<Reason['kind']> = new Set(['notNamed', 'imageLost'] as const);

const isImage = ({ destinations }: Named, destination: number): boolean =>
  (destinations[destination]?.part ?? null) !== null;

/** The source (null) is a file, or the destination is an image. */
const isFile = (job: Named, destination: number | null): boolean =>
  destination === null ? job.sourceIsFile : isImage(job, destination);

/** Makes `known` an error of the source (null) or of a destination. */
export function about(job: Named, destination: number | null, side: JobError['side'], known: Failure): JobError {
  const end = destination === null ? null : job.destinations[destination];
  const device = destination === null ? job.source : (end?.path ?? null);
  const better =
    destination === null ? OF_SOURCE : writes(job.kind) ? {} : job.source === null ? OF_CHECK : OF_CHECK_BY_SOURCE;
  const remedy =
    known.code === 'STALLED' && isFile(job, destination)
      ? ({ kind: 'checkFileSystem' } as const)
      : (better[known.code] ?? { kind: known.code });
  const part = end?.part ?? null;
  const reason: Reason =
    part === null || SAYS_WHAT_IS_KEPT.has(known.reason.kind)
      ? known.reason
      : { kind: 'keptAs', reason: known.reason, part };
  return { ...failure({ remedy, device, ...known, reason }), side, destination };
}

/** The least part of a copy, up to its end, that must be wrong before the drive's size is doubted. */
const PLAIN = 1 / 16;

/**
 * Recognises a drive with less capacity than it reports. Such a drive drops writes past its real end, so everything
 * from there to the end of the copy is wrong. Gives `error` with that as its likely reason when it fits this pattern;
 * otherwise `error` itself.
 */
export function smallerThanSaid(error: JobError, { kind, bytes }: Pick<Plan, 'kind' | 'bytes'>): JobError {
  const { code, offset, length, side, destination, remedy } = error;
  if (!writes(kind) || code !== 'VERIFY_MISMATCH' || offset === null || length === null) return error;
  // Zeros at the end of the source look the same on a disk that was not blank.
  if (remedy.kind === 'notBlank') return error;
  if (offset === 0 || offset + length < bytes || length < bytes * PLAIN) return error;
  return {
    ...failure({
      ...error,
      reason: { kind: 'smallerThanSaid', from: { offset, length } },
      remedy: { kind: 'testCapacity' },
    }),
    side,
    destination,
  };
}

function operationOf({ side, flush, cause }: NativeError): Extract<Reason, { kind: 'failed' }>['what'] {
  if (flush) return 'flush';
  return side === 'verify' && cause !== 'mismatch' ? 'readBack' : side;
}

function causeOf(entry: NativeError, job: Named, known: ErrorContext): Fact<'causes'> {
  const { cause, errno, side, destination } = entry;
  switch (cause) {
    case 'medium':
      return { kind: 'medium' };
    case 'gone':
      return { kind: wasCut(entry, job) ? 'shorterThanBefore' : 'gone' };
    case 'no-space':
      return known.full ?? { kind: isImage(job, destination) ? 'fileSystemFull' : 'full' };
    case 'read-only':
      return { kind: 'writeProtected' };
    case 'timed-out':
      return { kind: 'timedOut' };
    case 'stalled':
      return { kind: isFile(job, destination < 0 ? null : destination) ? 'fileSystemSilent' : 'silent' };
    case 'mismatch':
      return { kind: mismatchOf(entry, job, known) };
    case 'cancelled': // reported as cancelled, not as a failed transfer
    case 'io':
      if (errno === null) return { kind: 'unexplained', of: side };
      return { kind: isRefused(entry) ? 'refusedCommand' : 'errno', errno };
  }
}

/** What was read is other than what it was compared with. */
function mismatchOf(entry: NativeError, job: Named, { rewritten }: ErrorContext) {
  if (entry.side === 'read') return isOfOtherManifest(entry, job) ? 'otherThanItsManifest' : 'otherThanBefore';
  if (rewritten === true) return 'stillOther';
  if (job.kind === 'copy' || job.kind === 'resume') return 'otherThanWritten';
  return job.source === null ? 'otherThanManifest' : 'otherThanSource';
}
