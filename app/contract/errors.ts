// What can go wrong, by cause, and how a failure crosses a process: as a value, never as an exception.
import type { ErrorCode } from './codes.ts';
import type { Reason, Remedy } from './facts.ts';

export type { ErrorCode } from './codes.ts';

/** The operation that failed. */
export type Operation =
  'open' | 'check' | 'read' | 'write' | 'flush' | 'verify' | 'rename' | 'unmount' | 'eject' | 'host';

/** What is known of a failure, in no language. The window says `reason` and `remedy` in its own. */
export interface FailureFacts {
  code: ErrorCode;
  op: Operation;
  /** The path as the user gave it, or null when no single device is at fault. */
  device: string | null;
  /** Byte offset on `device` of the range that failed; null when no place is meant. */
  offset: number | null;
  /** Length in bytes of the range that failed; null when no place is meant. */
  length: number | null;
  /** Name of the errno as the kernel gave it ("EIO"), null when there was none (a mismatch, a read of 0 bytes). */
  errno: string | null;
  /** What happened and where. */
  reason: Reason;
  /** What to do. */
  remedy: Remedy;
}

/** A failure as a value. It crosses processes as it stands. */
export interface PlatterError extends FailureFacts {
  /** `reason` as an English sentence, for logs, scripts and records. */
  message: string;
  /** The same of `remedy`. */
  advice: string;
}

/** A PlatterError that comes from a running job. */
export interface JobError extends PlatterError {
  side: 'read' | 'write' | 'verify';
  /** Index into the job's destinations; null for the source. */
  destination: number | null;
}

/** Either a value or the reasons why not. Failures cross the IPC as values, never as exceptions. */
export type Outcome<T> = { ok: true; value: T } | { ok: false; errors: PlatterError[] };
