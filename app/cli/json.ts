// What `--json` prints: one object a line on stdout and nothing else there. Scripts rely on these shapes.
import type { DestinationState, JobError, JobProgress, JobResult, Plan, PlatterError } from '../contract.ts';

/** The checked request, before anything is written. */
export type PlanLine = { event: 'plan' } & Plan;

/** A sample, about ten a second. Sizes in bytes. */
export interface ProgressLine {
  event: 'progress';
  /** Read from the source. */
  bytes: number;
  destinations: { path: string; written: number; verified: number; bytesPerSecond: number; state: DestinationState }[];
}

/** An error, without the event's name: as it stands in a result. */
export interface ErrorFacts {
  /** null when no transfer failed: the job was refused, or the engine broke down. */
  side: 'read' | 'write' | 'verify' | null;
  /** As the user gave it; null when no single device is at fault. */
  path: string | null;
  code: PlatterError['code'];
  /** The kernel's name of the errno ("EIO"), null when there was none. */
  errno: string | null;
  /** In bytes on `path`; null, like `length`, when no place is meant. */
  offset: number | null;
  length: number | null;
  message: string;
  advice: string;
}

export type ErrorLine = { event: 'error' } & ErrorFacts;

/** The last line of a job that was started. A refused job has none: only its errors, and exit code 2. */
export interface ResultLine {
  event: 'result';
  readErr: 0 | 1;
  writeErr: number;
  seconds: number;
  bytes: number;
  destinations: { path: string; state: 'done' | 'failed' | 'cancelled'; verified: boolean | null; errors: ErrorFacts[] }[];
}

export type JsonLine = PlanLine | ProgressLine | ErrorLine | ResultLine;

export const planLine = (plan: Plan): PlanLine => ({ event: 'plan', ...plan });

export const progressLine = ({ bytes, destinations }: JobProgress): ProgressLine => ({
  event: 'progress',
  bytes,
  destinations: destinations.map(({ path, written, verified, bytesPerSecond, state }) =>
    ({ path, written, verified, bytesPerSecond, state })),
});

export const errorLine = (error: PlatterError | JobError): ErrorLine => ({ event: 'error', ...errorFacts(error) });

export const resultLine = ({ readErr, writeErr, seconds, bytes, destinations }: JobResult): ResultLine => ({
  event: 'result',
  readErr,
  writeErr,
  seconds: Math.round(seconds * 1000) / 1000,
  bytes,
  destinations: destinations.map(({ path, state, verified, errors }) =>
    ({ path, state, verified, errors: errors.map(errorFacts) })),
});

function errorFacts(error: PlatterError | JobError): ErrorFacts {
  const { device, code, errno, offset, length, message, advice } = error;
  return { side: 'side' in error ? error.side : null, path: device, code, errno, offset, length, message, advice };
}
