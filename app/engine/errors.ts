// Failures as values: the one table of advice, what an errno means, and the words for both.
import type { ErrorCode, JobError, Operation, PlatterError } from '../contract.ts';
import { SECTOR_SIZE } from '../contract.ts';
import type { NativeCause, NativeError } from './native.ts';

/** What to do, one sentence for each code. */
export const ADVICE: Readonly<Record<ErrorCode, string>> = {
  MEDIUM_ERROR: 'Replace this drive; the other destinations are not affected.',
  DEVICE_GONE: 'Check the cable, the port and the power, plug the drive in again and repeat the job for it.',
  NO_SPACE: 'Free space where the image goes, or choose another place for it.',
  READ_ONLY: 'Take off the write protection, or use another drive.',
  TIMED_OUT: 'Try another port or cable; replace the drive if it happens again.',
  VERIFY_MISMATCH: 'Do not use this copy; write it again, and replace the drive if it happens again.',
  CANCELLED: 'Start the job again to finish this copy; as it is it is not complete.',
  SOURCE_FAILED: 'Do not use this copy; repeat the job once the source can be read.',
  IO_ERROR: 'Look into the kernel log (dmesg) for the cause, then try another port or drive.',
  NOT_FOUND: 'Check the path, or plug the drive in again.',
  NOT_PERMITTED: 'Run Platter with the rights to open it, for example with sudo.',
  NOT_BLOCK_OR_FILE: 'Name a disk, a partition or an image file.',
  SOURCE_EMPTY: 'Choose a source with something in it.',
  SOURCE_UNREADABLE: 'Check the cable and the drive, or choose another source.',
  IS_SOURCE: 'Choose another destination: writing this one would destroy the source.',
  IS_SYSTEM: 'Choose another destination: this one is never written.',
  MOUNTED: 'Unmount everything on it, then try again.',
  IN_USE: 'End what uses it, then try again.',
  TOO_SMALL: 'Choose a larger destination.',
  DUPLICATE: 'Name each destination once.',
  TOO_MANY: 'Split the destinations over several jobs.',
  CHANGED: 'List the disks again and check which is which.',
  CONFIRM: 'Look at what would be lost, then confirm it (--yes on the command line).',
  BAD_ARGUMENT: 'Correct the request, then try again.',
  HOST_FAILED: 'Do not trust what was being written; start the job again.',
  ENGINE_UNAVAILABLE: 'Install Platter again, or choose another I/O backend.',
};

/** Where the same code asks for something else when it is the source that failed. */
const SOURCE_ADVICE: Partial<Record<ErrorCode, string>> = {
  MEDIUM_ERROR: 'Copy from another copy of this data if there is one; this drive is failing.',
  DEVICE_GONE: 'Check the cable, the port and the power of the source, then repeat the job.',
  NO_SPACE: 'Choose another source.',
  READ_ONLY: 'Choose another source.',
};

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
