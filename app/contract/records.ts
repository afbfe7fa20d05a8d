// What is kept of ended jobs, and found again.
import type { JobError, PlatterError } from './errors.ts';
import type { Note, Socket } from './facts.ts';
import type { DestinationResult, Endpoint, JobResult, Plan } from './jobs.ts';
import type { JobKind, JobRequest } from './request.ts';

/** One end of a job as its record keeps it: enough to find the drive again on a shelf. */
export interface RecordedEnd {
  /** Absolute. */
  path: string;
  kind: Endpoint['kind'];
  /** Bytes. */
  size: number;
  model: string | null;
  serial: string | null;
  /** Where it was plugged in, as a hand finds it; null when that is not known. */
  port: Socket[] | null;
}

/** One destination of a job, and how it ended. */
export interface RecordedDestination extends RecordedEnd, Omit<DestinationResult, 'path'> {
  /** ISO 8601, UTC. */
  endedAt: string;
  /** Bytes that were read back, or compared. */
  readBack: number;
  /** Mean over writing and reading back; null when it did neither. */
  bytesPerSecond: number | null;
  /** How many errors there were; `errors` holds the first ones. */
  errorCount: number;
}

/**
 * What is kept of a job that has ended: its place in the history. Files, and reports in JSON, say the facts in it in
 * English too (records/record.ts); their members are described in engine/formats/FORMATS.md.
 */
export interface JobRecord {
  format: 'platter-record';
  version: 1;
  /** "20261123-235959-a1b2c3"; sorted by name they are sorted by time. */
  id: string;
  /** What ran the job: "platter 0.1.0". */
  program: string;
  /** Of the batch, null when it has none. */
  name: string | null;
  kind: JobKind;
  /**
   * As view/verdict.ts decides it: `partial` also when something was not compared, could not be read, or was written
   * to.
   */
  outcome: 'complete' | 'partial' | 'failed' | 'cancelled';
  /** ISO 8601, UTC. */
  startedAt: string;
  endedAt: string;
  seconds: number;
  /** null when a manifest was all there was to compare with. */
  source: RecordedEnd | null;
  /** Bytes that each destination got, or was compared with. */
  bytes: number;
  verify: boolean;
  io: Plan['io'];
  /** SHA-256 of the manifest of the source (`JobResult.manifest`). */
  manifest: string | null;
  destinations: RecordedDestination[];
  /** Errors of the source, the first ones. */
  errors: JobError[];
  /** Why the machinery failed, null when it did not. */
  failure: PlatterError | null;
  rescue: JobResult['rescue'];
  /** The source was written to while the job ran. */
  sourceWritten: boolean;
  notes: Note[];
  request: JobRequest;
}

/** What a search of the history found. */
export interface FoundJobs {
  /** Newest first: as many as one answer carries, each with the first errors of each of its ends. */
  records: JobRecord[];
  /** How many there are. */
  found: number;
  /** Files in the history that are no record. */
  unreadable: number;
}

/** The forms a report can have. */
export const REPORT_FORMS = ['pdf', 'json', 'csv'] as const;
export type ReportForm = (typeof REPORT_FORMS)[number];
