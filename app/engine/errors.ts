// Failures as values: the one table of advice, and what an errno means.
import type { ErrorCode, Operation, PlatterError } from '../contract/errors.ts';

/** What to do, one sentence for each code. */
export const ADVICE: Readonly<Record<ErrorCode, string>> = {
  MEDIUM_ERROR: 'Replace this drive; the other destinations are not affected.',
  DEVICE_GONE: 'Check the cable, the port and the power, plug the drive in again and repeat the job for it.',
  NO_SPACE: 'Free space where the image goes, or choose another place for it.',
  READ_ONLY: 'Take off the write protection, or use another drive.',
  TIMED_OUT: 'Try another port or cable; replace the drive if it happens again.',
  STALLED: 'Unplug this drive, check the cable and the port, and use another drive if it happens again.',
  SOURCE_CHANGED: 'Unmount the source, or close what writes to it, and copy to this destination again.',
  VERIFY_MISMATCH: 'Do not use this copy; write it again, and replace the drive if it happens again.',
  CANCELLED: 'Start the job again to finish this copy; as it is it is not complete.',
  SOURCE_FAILED: 'Do not use this copy; repeat the job once the source can be read.',
  IO_ERROR: 'Look into the kernel log (dmesg) for the cause, then try another port or drive.',
  NOT_FOUND: 'Check the path, or plug the drive in again.',
  NOT_PERMITTED: 'Open it with an administrator\'s rights: run Platter with sudo.',
  ELEVATION_DENIED: 'Ask somebody who administers this computer, or log in as a user who may do so.',
  ELEVATION_CANCELLED: 'Try again and give the password, or choose disks that you may open.',
  NO_AGENT: 'Start a polkit agent (desktops bring one, for example polkit-gnome or lxpolkit), or use the command line with sudo.',
  NOT_BLOCK_OR_FILE: 'Name a disk, a partition or an image file.',
  SOURCE_EMPTY: 'Choose a source with something in it.',
  SOURCE_UNREADABLE: 'Check the cable and the drive, or choose another source.',
  IS_SOURCE: 'Choose another destination: writing this one would destroy the source.',
  IS_SYSTEM: 'Choose another destination: this one is never written.',
  MOUNTED: 'Unmount everything on it, or let Platter do it (--unmount on the command line), then try again.',
  IN_USE: 'End what uses it, then try again.',
  TOO_SMALL: 'Choose a larger destination.',
  DUPLICATE: 'Name each destination once.',
  TOO_MANY: 'Split the destinations over several jobs.',
  CHANGED: 'List the disks again and check which is which.',
  NOT_EJECTABLE: 'Leave it where it is, or shut the computer down to take it out.',
  CONFIRM: 'Look at what would be lost, then confirm it (--yes on the command line).',
  BAD_ARGUMENT: 'Correct the request, then try again.',
  BAD_FILE: 'Name another file, or do without it.',
  NOTHING_TO_DO: 'List the interrupted jobs again, or start a new copy.',
  HOST_FAILED: 'Do not trust what was being written; start the job again.',
  ENGINE_UNAVAILABLE: 'Install Platter again, or choose another I/O backend.',
};

/** Rights are asked for disks alone (elevation.ts). */
const OWN_FILES = 'Change its permissions, or choose another file or folder: files are opened with your own rights.';

/** What is known of a failure; what is left out is null. */
export type Failure = Pick<PlatterError, 'code' | 'op' | 'message'> & Partial<PlatterError>;

/** Completes a failure with nulls and with the advice for its code. */
export function failure(known: Failure): PlatterError {
  return { device: null, offset: null, length: null, errno: null, advice: ADVICE[known.code], ...known };
}

/** The errors of a call that was refused, thrown where a value cannot be given. */
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

/** What an errno means where nothing below says otherwise. One that is not here is an IO_ERROR. */
const BY_ERRNO: Readonly<Record<string, ErrorCode>> = {
  EIO: 'MEDIUM_ERROR', ENODATA: 'MEDIUM_ERROR', EILSEQ: 'MEDIUM_ERROR', EREMOTEIO: 'MEDIUM_ERROR',
  ENODEV: 'DEVICE_GONE', ENXIO: 'DEVICE_GONE', ENOMEDIUM: 'DEVICE_GONE',
  ENOSPC: 'NO_SPACE', EDQUOT: 'NO_SPACE', EFBIG: 'NO_SPACE',
  EROFS: 'READ_ONLY',
  ETIMEDOUT: 'TIMED_OUT',
  ECANCELED: 'CANCELLED',
  EBUSY: 'IN_USE', ETXTBSY: 'IN_USE',
  EACCES: 'NOT_PERMITTED', EPERM: 'NOT_PERMITTED',
  ENOENT: 'NOT_FOUND', ENOTDIR: 'NOT_FOUND', ELOOP: 'NOT_FOUND',
  ENOTBLK: 'NOT_BLOCK_OR_FILE', EISDIR: 'NOT_BLOCK_OR_FILE',
  ENAMETOOLONG: 'BAD_ARGUMENT',
};

/** What `errno` means, coming from `op` on a block device or on a file. Never a guess: an unknown one is an IO_ERROR. */
export function codeOf(errno: string, op: Operation, kind: 'block' | 'file'): ErrorCode {
  // A disk has no space to run out of: one that was pulled out says so.
  if (errno === 'ENOSPC' && kind === 'block') return 'DEVICE_GONE';
  if (errno === 'EPERM' && (op === 'write' || op === 'flush')) return 'READ_ONLY';
  return BY_ERRNO[errno] ?? 'IO_ERROR';
}

/** What was found when something was opened or looked at, one sentence for each code that can come of it. */
const FOUND: Partial<Record<ErrorCode, string>> = {
  MEDIUM_ERROR: 'The drive reported a medium error',
  DEVICE_GONE: 'The drive is gone, or there is no medium in it',
  NO_SPACE: 'The file system is full',
  READ_ONLY: 'It is read-only',
  TIMED_OUT: 'The drive did not answer in time',
  SOURCE_UNREADABLE: 'The source cannot be read: the drive reported a medium error',
  IN_USE: 'It is in use: by another copy, a RAID, LVM or encryption, or another program',
  NOT_PERMITTED: 'Access was refused',
  NOT_FOUND: 'There is nothing at this path',
  NOT_BLOCK_OR_FILE: 'It is neither a block device nor a regular file',
  BAD_ARGUMENT: 'The name is too long',
};

/** The failure of an operation outside a running job, from what Node or the addon threw. Rethrows what has no errno. */
export function failureOf(error: unknown, op: Operation, device: string, kind: 'block' | 'file'): PlatterError {
  const errno = errnoOf(error);
  if (errno === null) throw error;
  const code = codeOf(errno, op, kind);
  const advice = code === 'NOT_PERMITTED' && kind === 'file' ? OWN_FILES : ADVICE[code];
  return failure({ code, op, device, errno, advice, message: `${FOUND[code] ?? `The system reported ${errno}`}.` });
}

/** Name of the errno ("ENOENT") in what a system call threw; null when there is none. */
export function errnoOf(error: unknown): string | null {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' && /^E[A-Z0-9]+$/.test(error.code) ? error.code : null;
}
