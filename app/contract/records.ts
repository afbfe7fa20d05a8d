// Records of ended jobs, and the results of a search. The schemas come first; the types are inferred from them.
import * as z from 'zod';
import { jobError, platterError } from './errors.ts';
import { note, socket } from './facts-schema.ts';
import { destinationResult, jobResult } from './jobs.ts';
import { backend, jobId, jobKind, jobRequest, origin } from './request.ts';
import { endKind } from './values.ts';

const count = z.int().nonnegative();
/** ISO 8601, UTC. */
const time = z.iso.datetime();

/** One end of a job in its record, with enough to find the drive again on a shelf. */
const recordedEnd = z.object({
  /** Absolute. */
  path: z.string(),
  kind: endKind,
  /** Bytes. */
  size: count,
  model: z.string().nullable(),
  serial: z.string().nullable(),
  /** The path to its socket that a person follows; null when unknown. */
  port: z.array(socket).min(1).nullable(),
  /** The bay it was in; null when that had no number. */
  bay: z.object({ number: count.min(1), name: z.string().nullable() }).nullable(),
});
export type RecordedEnd = z.infer<typeof recordedEnd>;

/** One destination of a job, and how it ended. */
const recordedDestination = z.object({
  ...recordedEnd.shape,
  ...destinationResult.shape,
  /** ISO 8601, UTC. */
  endedAt: time,
  /** Bytes that were read back or compared. */
  readBack: count,
  /** Mean over writing and reading back; null when it did neither. */
  bytesPerSecond: z.number().nonnegative().nullable(),
  /** The number of errors. `errors` holds only the first ones. */
  errorCount: count,
});
export type RecordedDestination = z.infer<typeof recordedDestination>;

/**
 * The record of an ended job: its entry in the history. Files and JSON reports add each fact as an English sentence
 * (records/record.ts). FORMATS.md in engine/formats describes their members.
 */
export const jobRecord = z.object({
  format: z.literal('platter-record'),
  version: z.literal(1),
  /** "20261123-235959-a1b2c3". Ids sort by time. */
  id: jobId,
  /** The program that ran the job: "platter 0.1.0". */
  program: z.string(),
  /** The name of the batch; null when it has none. */
  name: z.string().nullable(),
  kind: jobKind,
  /**
   * Decided by view/verdict.ts. `partial` includes a job with data that was not compared or could not be read, and one
   * whose source was written to.
   */
  outcome: z.enum(['complete', 'partial', 'failed', 'cancelled']),
  /** ISO 8601, UTC. */
  startedAt: time,
  endedAt: time,
  seconds: z.number().nonnegative(),
  /** null when the destinations were compared with a manifest alone. */
  source: recordedEnd.nullable(),
  /** The origin of a downloaded source file: a URL without secrets, or "-" for standard input. */
  origin: origin.nullable(),
  /** Bytes that were written to, or compared on, each destination. */
  bytes: count,
  verify: z.boolean(),
  io: backend,
  /** SHA-256 of the manifest of the source (`JobResult.manifest`). */
  manifest: z.string().nullable(),
  destinations: z.array(recordedDestination).min(1),
  /** The first errors of the source. */
  errors: z.array(jobError),
  /** Why the engine broke down; null when it did not. */
  failure: platterError.nullable(),
  rescue: jobResult.shape.rescue,
  /** The source was written to while the job ran. */
  sourceWritten: z.boolean(),
  mapped: jobResult.shape.mapped,
  notes: z.array(note),
  request: jobRequest,
});
export type JobRecord = z.infer<typeof jobRecord>;

/** The result of a search of the history. */
export interface FoundJobs {
  /** The newest records, as many as fit into one answer. Each has only the first errors of each end. */
  records: JobRecord[];
  /** The number of records found. */
  found: number;
  /** The number of files in the history that are not records. */
  unreadable: number;
}
