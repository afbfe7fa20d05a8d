// What is kept of ended jobs, and found again. The schemas come first; the types are inferred from them.
import * as z from 'zod';
import { jobError, platterError } from './errors.ts';
import { note, socket } from './facts-schema.ts';
import { destinationResult, jobResult } from './jobs.ts';
import { backend, jobId, jobKind, jobRequest, origin } from './request.ts';
import { endKind } from './values.ts';

const count = z.int().nonnegative();
/** ISO 8601, UTC. */
const time = z.iso.datetime();

/** One end of a job as its record keeps it: enough to find the drive again on a shelf. */
const recordedEnd = z.object({
  /** Absolute. */
  path: z.string(),
  kind: endKind,
  /** Bytes. */
  size: count,
  model: z.string().nullable(),
  serial: z.string().nullable(),
  /** Where it was plugged in, as a hand finds it; null when that is not known. */
  port: z.array(socket).min(1).nullable(),
});
export type RecordedEnd = z.infer<typeof recordedEnd>;

/** One destination of a job, and how it ended. */
const recordedDestination = z.object({
  ...recordedEnd.shape,
  ...destinationResult.shape,
  /** ISO 8601, UTC. */
  endedAt: time,
  /** Bytes that were read back, or compared. */
  readBack: count,
  /** Mean over writing and reading back; null when it did neither. */
  bytesPerSecond: z.number().nonnegative().nullable(),
  /** How many errors there were; `errors` holds the first ones. */
  errorCount: count,
});
export type RecordedDestination = z.infer<typeof recordedDestination>;

/**
 * What is kept of a job that has ended: its place in the history. Files, and reports in JSON, say the facts in it in
 * English too (records/record.ts); their members are described in engine/formats/FORMATS.md.
 */
export const jobRecord = z.object({
  format: z.literal('platter-record'),
  version: z.literal(1),
  /** "20261123-235959-a1b2c3"; sorted by name they are sorted by time. */
  id: jobId,
  /** What ran the job: "platter 0.1.0". */
  program: z.string(),
  /** Of the batch, null when it has none. */
  name: z.string().nullable(),
  kind: jobKind,
  /**
   * As view/verdict.ts decides it: `partial` also when something was not compared, could not be read, or was written
   * to.
   */
  outcome: z.enum(['complete', 'partial', 'failed', 'cancelled']),
  /** ISO 8601, UTC. */
  startedAt: time,
  endedAt: time,
  seconds: z.number().nonnegative(),
  /** null when a manifest was all there was to compare with. */
  source: recordedEnd.nullable(),
  /** Where the source file was downloaded from: a URL without its secrets, "-" for standard input. */
  origin: origin.nullable(),
  /** Bytes that each destination got, or was compared with. */
  bytes: count,
  verify: z.boolean(),
  io: backend,
  /** SHA-256 of the manifest of the source (`JobResult.manifest`). */
  manifest: z.string().nullable(),
  destinations: z.array(recordedDestination).min(1),
  /** Errors of the source, the first ones. */
  errors: z.array(jobError),
  /** Why the machinery failed, null when it did not. */
  failure: platterError.nullable(),
  rescue: jobResult.shape.rescue,
  /** The source was written to while the job ran. */
  sourceWritten: z.boolean(),
  mapped: jobResult.shape.mapped,
  notes: z.array(note),
  request: jobRequest,
});
export type JobRecord = z.infer<typeof jobRecord>;

/** What a search of the history found. */
export interface FoundJobs {
  /** Newest first: as many as one answer carries, each with the first errors of each of its ends. */
  records: JobRecord[];
  /** How many there are. */
  found: number;
  /** Files in the history that are no record. */
  unreadable: number;
}
