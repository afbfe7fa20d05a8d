// What `--json` prints: one object a line on stdout and nothing else there. Scripts rely on these shapes.
import type { JobError, PlatterError } from '../contract/errors.ts';
import type { DestinationProgress, DestinationResult, JobProgress, JobResult, Plan, RescueProgress } from '../contract/jobs.ts';
import type { JobView } from '../contract/window.ts';
import { continuable } from './job-words.ts';

/** The checked request, before anything is written. */
export type PlanLine = { event: 'plan' } & Plan;

/** A sample, about ten a second. Sizes in bytes. */
export interface ProgressLine {
  event: 'progress';
  /** Read from the source. */
  bytes: number;
  /** What a rescue does now, null for a job that is none. */
  rescue: RescueProgress | null;
  destinations: DestinationProgress[];
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
export interface ResultLine extends Pick<JobResult, 'readErr' | 'writeErr' | 'seconds' | 'bytes' | 'manifest' | 'rescue' | 'notes'> {
  event: 'result';
  /** What `platter resume` finishes it by, null when nothing is left that it could. */
  job: string | null;
  destinations: (Omit<DestinationResult, 'errors'> & { errors: ErrorFacts[] })[];
}

export type JsonLine = PlanLine | ProgressLine | ErrorLine | ResultLine;

export const planLine = (plan: Plan): PlanLine => ({ event: 'plan', ...plan });

export const progressLine = ({ bytes, rescue, destinations }: JobProgress): ProgressLine => ({ event: 'progress', bytes, rescue, destinations });

export const errorLine = (error: PlatterError | JobError): ErrorLine => ({ event: 'error', ...errorFacts(error) });

/** The line for `result`, which ended `view`. */
export const resultLine = (result: JobResult, view: JobView): ResultLine => ({
  event: 'result',
  readErr: result.readErr,
  writeErr: result.writeErr,
  seconds: Math.round(result.seconds * 1000) / 1000,
  bytes: result.bytes,
  manifest: result.manifest,
  rescue: result.rescue,
  notes: result.notes,
  job: continuable(view),
  destinations: result.destinations.map((destination) => ({ ...destination, errors: destination.errors.map(errorFacts) })),
});

function errorFacts(error: PlatterError | JobError): ErrorFacts {
  const { device, code, errno, offset, length, message, advice } = error;
  return { side: 'side' in error ? error.side : null, path: device, code, errno, offset, length, message, advice };
}
