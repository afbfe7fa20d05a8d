// Failures, by cause. A failure crosses a process as a value, never as an exception. The types are inferred from the
// schemas.
import * as z from 'zod';
import { ERROR_CODES } from './codes.ts';
import { reason, remedy } from './facts-schema.ts';

export type { ErrorCode } from './codes.ts';

const count = z.int().nonnegative();

/** The operation that failed. */
const operation = z.enum(['open', 'check', 'read', 'write', 'flush', 'verify', 'rename', 'unmount', 'eject', 'host']);
export type Operation = z.infer<typeof operation>;

/** What is known of a failure, in no language. The window says `reason` and `remedy` in its own. */
const failureFacts = z.object({
  code: z.enum(ERROR_CODES),
  op: operation,
  /** The path as the user gave it, or null when no single device is at fault. */
  device: z.string().nullable(),
  /** Byte offset on `device` of the range that failed; null when no place is meant. */
  offset: count.nullable(),
  /** Length in bytes of the range that failed; null when no place is meant. */
  length: count.nullable(),
  /** Name of the errno as the kernel gave it ("EIO"), null when there was none (a mismatch, a read of 0 bytes). */
  errno: z.string().nullable(),
  /** What happened and where. */
  reason,
  /** What to do. */
  remedy,
});
export type FailureFacts = z.infer<typeof failureFacts>;

/** A failure as a value. It crosses processes as it stands. */
export const platterError = failureFacts.extend({
  /** `reason` as an English sentence, for logs, scripts and records. */
  message: z.string(),
  /** The same of `remedy`. */
  advice: z.string(),
});
export type PlatterError = z.infer<typeof platterError>;

/** A PlatterError that comes from a running job. */
export const jobError = platterError.extend({
  side: z.enum(['read', 'write', 'verify']),
  /** Index into the job's destinations; null for the source. */
  destination: count.nullable(),
});
export type JobError = z.infer<typeof jobError>;

/** Either a value or the reasons why not. Failures cross the IPC as values, never as exceptions. */
export type Outcome<T> = { ok: true; value: T } | { ok: false; errors: PlatterError[] };
