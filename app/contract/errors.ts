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

/** The facts about a failure, in no language. The window words `reason` and `remedy` in its own. */
const failureFacts = z.object({
  code: z.enum(ERROR_CODES),
  op: operation,
  /** The path as the user gave it; null when no single device is at fault. */
  device: z.string().nullable(),
  /** Byte offset on `device` of the range that failed; null without a place. */
  offset: count.nullable(),
  /** Length in bytes of the range that failed; null without a place. */
  length: count.nullable(),
  /** The kernel's name of the errno ("EIO"); null when there was none (a mismatch, a read of 0 bytes). */
  errno: z.string().nullable(),
  /** What happened and where. */
  reason,
  /** What to do. */
  remedy,
});
export type FailureFacts = z.infer<typeof failureFacts>;

/** A failure as a value that can cross processes. */
export const platterError = failureFacts.extend({
  /** `reason` as an English sentence, for logs, scripts and records. */
  message: z.string(),
  /** `remedy` as an English sentence. */
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

/** A value, or the reasons why there is none. Failures cross the IPC as values, never as exceptions. */
export type Outcome<T> = { ok: true; value: T } | { ok: false; errors: PlatterError[] };
