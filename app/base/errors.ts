// Failures as values, and the meaning of each errno. To add a reason or remedy, add it to the contract's tables
// (reasons.ts, remedies.ts); the compiler then asks for its words in every language.
import type { ErrorCode, Operation, Outcome, PlatterError } from '../contract/errors.ts';
import type { Reason } from '../contract/facts.ts';
import type { DisksEvent, HostEvent, RightsEvent, WaitingEvent } from '../contract/host.ts';
import { english } from './english.ts';

type Needed = 'code' | 'op' | 'reason';
/**
 * The known parts of a failure. The rest is null, and the remedy is that of the code. No property is in both halves:
 * `reason` in both would be each of 168 reasons crossed with each, which took most of the compiler's time.
 */
export type Failure = Pick<PlatterError, Needed> & Partial<Omit<PlatterError, Needed | 'message' | 'advice'>>;

/** Completes a failure and builds its English sentences, replacing any in `known`. */
export function failure(known: Failure): PlatterError {
  const whole = { device: null, offset: null, length: null, errno: null, remedy: { kind: known.code }, ...known };
  return { ...whole, message: english.reason(whole.reason), advice: english.remedy(whole.remedy) };
}

/** The errors of a refused call, thrown where a value cannot be returned. */
export class Refusal extends Error {
  readonly errors: readonly PlatterError[];

  constructor(errors: readonly PlatterError[]) {
    super(errors.map((error) => error.message).join(' '));
    this.name = 'Refusal';
    this.errors = errors;
  }
}

/** Throws a refusal for one reason. */
export function refuse(known: Failure): never {
  throw new Refusal([failure(known)]);
}

/** Throws `errors` as a Refusal, unless empty. */
export function throwIfAny(errors: readonly PlatterError[]): void {
  if (errors.length > 0) throw new Refusal(errors);
}

/** The Refusal when opening `device` was cancelled; null: everything that was being opened. */
export const cancelledOpening = (device: string | null = null): Refusal =>
  new Refusal([failure({ code: 'CANCELLED', op: 'open', device, reason: { kind: 'cancelledOpening' } })]);

/** True when something was given up because it did not answer. */
export const hasStalled = (errors: readonly Pick<PlatterError, 'code'>[]): boolean =>
  errors.some(({ code }) => code === 'STALLED');

/** True when this error means that the host is gone, or cannot be understood. */
export const isHostFailure = ({ code }: Pick<PlatterError, 'code'>): boolean => code === 'HOST_FAILED';

/** The errors in an event of the host. */
export function errorsIn(message: HostEvent | DisksEvent | RightsEvent | WaitingEvent): readonly PlatterError[] {
  if (message.event === 'error') return [message.error];
  return message.event === 'result'
    ? [...message.result.errors, ...message.result.destinations.flatMap(({ errors }) => errors)]
    : [];
}

/** The result of `act`, with a Refusal as a value. Rejects with anything else. */
export async function outcome<T>(act: () => Promise<T>): Promise<Outcome<T>> {
  try {
    return { ok: true, value: await act() };
  } catch (error) {
    if (error instanceof Refusal) return { ok: false, errors: [...error.errors] };
    throw error;
  }
}

/** For a call that may be refused: turns a Refusal into null. Rethrows anything else. */
export function nullIfRefused(error: unknown): null {
  if (error instanceof Refusal) return null;
  throw error;
}

/** For a call on a path: turns the errno for an absent file into null. Rethrows anything else. */
export function nullIfAbsent(error: unknown): null {
  if (errnoOf(error) === 'ENOENT') return null;
  throw error;
}

/** The code of an errno, unless a table below overrides it. An unlisted errno is an IO_ERROR. */
const BY_ERRNO: Readonly<Record<string, ErrorCode>> = {
  EIO: 'MEDIUM_ERROR',
  ENODATA: 'MEDIUM_ERROR',
  EILSEQ: 'MEDIUM_ERROR',
  ENODEV: 'DEVICE_GONE',
  ENXIO: 'DEVICE_GONE',
  ENOMEDIUM: 'DEVICE_GONE',
  ENOSPC: 'NO_SPACE',
  EDQUOT: 'NO_SPACE',
  EFBIG: 'NO_SPACE',
  EROFS: 'READ_ONLY',
  ETIMEDOUT: 'TIMED_OUT',
  ECANCELED: 'CANCELLED',
  EBUSY: 'IN_USE',
  ETXTBSY: 'IN_USE',
  EACCES: 'NOT_PERMITTED',
  EPERM: 'NOT_PERMITTED',
  ENOENT: 'NOT_FOUND',
  ENOTDIR: 'NOT_FOUND',
  ELOOP: 'NOT_FOUND',
  ENOTBLK: 'NOT_BLOCK_OR_FILE',
  EISDIR: 'NOT_BLOCK_OR_FILE',
  ENAMETOOLONG: 'BAD_ARGUMENT',
};

/** The code of an `errno` from `op` on a block device or a file. An unknown errno is an IO_ERROR. */
export function codeOf(errno: string, op: Operation, kind: 'block' | 'file'): ErrorCode {
  // A disk has no free space to run out of: this errno means that it was pulled out.
  if (errno === 'ENOSPC' && kind === 'block') return 'DEVICE_GONE';
  if (errno === 'EPERM' && (op === 'write' || op === 'flush')) return 'READ_ONLY';
  return BY_ERRNO[errno] ?? 'IO_ERROR';
}

/** The reason for each code that opening or inspecting can give. */
const FOUND: Partial<Record<ErrorCode, Reason>> = {
  MEDIUM_ERROR: { kind: 'mediumError' },
  DEVICE_GONE: { kind: 'gone' },
  NO_SPACE: { kind: 'fileSystemFull' },
  READ_ONLY: { kind: 'readOnly' },
  TIMED_OUT: { kind: 'timedOut' },
  IN_USE: { kind: 'inUse' },
  NOT_PERMITTED: { kind: 'accessRefused' },
  NOT_FOUND: { kind: 'nothingThere' },
  NOT_BLOCK_OR_FILE: { kind: 'neither' },
  BAD_ARGUMENT: { kind: 'nameTooLong' },
};

/**
 * The failure of an operation outside a running job, from an error of Node or the addon. Rethrows an error without an
 * errno.
 */
export function failureOf(error: unknown, op: Operation, device: string, kind: 'block' | 'file'): PlatterError {
  const errno = errnoOf(error);
  if (errno === null) throw error;
  const code = codeOf(errno, op, kind);
  // Administrator's rights only help for disks (elevation.ts).
  const remedy = { kind: code === 'NOT_PERMITTED' && kind === 'file' ? 'ownFiles' : code } as const;
  return failure({ code, op, device, errno, remedy, reason: FOUND[code] ?? { kind: 'errno', errno } });
}

/**
 * Why a file could not be read or written, as part of another sentence: the refusal, the system's reason, or the thrown
 * error.
 */
export function reasonOf(error: unknown): Reason {
  if (error instanceof Refusal && error.errors[0] !== undefined) return error.errors[0].reason;
  if (errnoOf(error) !== null) return failureOf(error, 'write', '', 'file').reason;
  return { kind: 'said', text: error instanceof Error ? error.message : String(error) };
}

/** Name of the errno ("ENOENT") in an error of a system call; null without one. */
export function errnoOf(error: unknown): string | null {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' && /^E[A-Z0-9]+$/.test(error.code)
    ? error.code
    : null;
}

/**
 * The result of `act`, or `otherwise` when it fails with one of `errnos` (any errno when none are given).
 * Rethrows any other error.
 */
export function unlessErrno<T, O = T>(otherwise: O, act: () => T, errnos?: ReadonlySet<string>): T | O {
  try {
    return act();
  } catch (error) {
    const errno = errnoOf(error);
    if (errno !== null && (errnos?.has(errno) ?? true)) return otherwise;
    throw error;
  }
}

/** True when a system call was refused for lack of rights. */
export const isRefusedAccess = (error: unknown): boolean => ['EACCES', 'EPERM'].includes(errnoOf(error) ?? '');
