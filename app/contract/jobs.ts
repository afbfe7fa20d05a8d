// A job: the plan that came of a request, its progress and its result. Files keep the result, so it has a schema.
import * as z from 'zod';
import { jobError } from './errors.ts';
import type { Mounted, Port } from './disks.ts';
import type { Content, Note } from './facts.ts';
import { note } from './facts-schema.ts';
import type { Backend, JobKind, JobRequest } from './request.ts';
import type { EndKind } from './values.ts';

const count = z.int().nonnegative();

/** One end of a job, described for review before anything is written. */
export interface Endpoint {
  /** As the user gave it, made absolute. */
  path: string;
  /** After links were followed; for a new image the path it will get. */
  realPath: string;
  kind: EndKind;
  /** Bytes; for a new image the bytes it will have. */
  size: number;
  model: string | null;
  serial: string | null;
  majorMinor: string | null;
  /** See Disk; null for a file. */
  diskSequence: number | null;
  /** Where it is plugged in. */
  port: Port | null;
  logicalSector: number;
  /** What is on it now and will be lost; empty when nothing was recognised. */
  contents: Content[];
  /** What of it is mounted, and will be unmounted at the start; only where the request says `unmount`. */
  mounts: Mounted[];
  /** True when data is there that the job would overwrite: any block device, an existing file. */
  overwrites: boolean;
}

/** A checked request: every device is open, held, and known; nothing has been written. */
export interface Plan {
  kind: JobKind;
  /** Of the batch, null when it has none. */
  name: string | null;
  /** null when a manifest is all there is to compare with. */
  source: Endpoint | null;
  /** Where the source file was downloaded from (`request.ts`); null for any other source. */
  origin: string | null;
  destinations: Endpoint[];
  /** Bytes that each destination has in the end. */
  bytes: number;
  /** Of them, those that the block map of the source lists: the rest is undefined. null when all of it counts. */
  mapped: number | null;
  verify: boolean;
  io: Backend;
  /** Bytes of page pool. */
  memory: number;
  /** Facts the user should know (buffered I/O where direct I/O is refused, a mounted source...). */
  notes: Note[];
  /** Id of the job log, null for a job that keeps none (nothing is written, or there is no place for it). */
  job: string | null;
  /** The request it was made of, for whoever wants to say it again (a command line, a retry). */
  request: JobRequest;
}

/** An interrupted job that can be continued. */
export interface InterruptedJob {
  id: string;
  /** Of the batch, null when it has none. */
  name: string | null;
  /** Milliseconds since the epoch. */
  startedAt: number;
  /** Paths as the user gave them. */
  source: string;
  destinations: {
    path: string;
    model: string | null;
    serial: string | null;
    /** Bytes that are on the medium. */ durable: number;
    finished: boolean;
  }[];
  /** Bytes of each destination. */
  bytes: number;
  /** The log is damaged: all of it will be copied again. */
  damaged: boolean;
}

/**
 * State of one destination. 'done' with verified null reads "written, not verified"; 'comparing' reads what is there
 * before an update or a repair; 'repairing' rewrites what verification named.
 */
export type DestinationState =
  | 'waiting'
  | 'comparing'
  | 'copying'
  | 'flushing'
  | 'verifying'
  | 'repairing'
  | 'paused'
  | 'stalled'
  | 'done'
  | 'failed'
  | 'cancelled';

/** One destination of a running job. */
export interface DestinationProgress {
  path: string;
  state: DestinationState;
  /** Bytes written so far, zeros that needed no writing included. */
  written: number;
  /** Bytes read back and compared so far. */
  verified: number;
  /**
   * As in the result, once the end is decided; null before. Until then a state 'done' only says how the last pass ended:
   * the image has no name yet, and what was compared is not counted.
   */
  uncompared: number | null;
  /** Bytes it will have to write, and to read back, in the phases that are known by now. */
  toWrite: number;
  toVerify: number;
  /** Smoothed, of the phase it is in. */
  bytesPerSecond: number;
  /** Seconds left in all phases, null when unknown. */
  secondsLeft: number | null;
  /** Told to pause, alone or with the job. */
  paused: boolean;
}

/** A sample of a running job, about ten a second. */
export interface JobProgress {
  /** Bytes read from the source so far. */
  bytes: number;
  /** Bytes each destination will get. */
  totalBytes: number;
  seconds: number;
  destinations: DestinationProgress[];
  /** What a rescue does now, null for a job that is none. */
  rescue: RescueProgress | null;
}

/** Where a rescue is. Bytes. */
export interface RescueProgress {
  /** As GNU ddrescue names its phases. */
  pass: 'copying' | 'trimming' | 'scraping' | 'retrying';
  /** Of `retrying`, from 1. */
  retry: number;
  rescued: number;
  bad: number;
  left: number;
  /** Destinations, by index, that were started again and wait until the others have all that can be read. */
  waiting: number[];
}

/** How one destination ended. */
export const destinationResult = z.object({
  path: z.string(),
  state: z.enum(['done', 'failed', 'cancelled']),
  /**
   * true: every byte (with a block map: every one that it lists) was compared and is equal; false: something was compared and differs, or could not be read; null:
   * not compared, or not all of it (`uncompared`).
   */
  verified: z.boolean().nullable(),
  /**
   * Bytes of a destination that is done which the job was meant to compare and could not: a manifest has no hash of
   * them, or they were on the destination before a rescue began. 0 for a job that does not read back.
   */
  uncompared: count,
  /** Bytes that were written, zeros that needed no writing included. */
  written: count,
  /** Bytes that needed no writing because they were there: of an update, a repair, a continued job. */
  kept: count,
  /**
   * For one that is not done: bytes of the copy that are known to be on its medium, because they were flushed or were
   * found there. Left out where that is unknown: in a job that only compares, or whose engine broke down.
   */
  durable: count.optional(),
  /** From the start of the job until it had ended. */
  seconds: z.number().nonnegative(),
  errors: z.array(jobError),
});
export type DestinationResult = z.infer<typeof destinationResult>;

/** How a job ended. `readErr` and `writeErr` are kcopyd's own two answers. */
export const jobResult = z.object({
  readErr: z.literal([0, 1]),
  /** Bit i is destination i: it failed in writing, flushing or verifying. */
  writeErr: count,
  seconds: z.number().nonnegative(),
  /** Bytes read from the source. */
  bytes: count,
  cancelled: z.boolean(),
  /** Errors of the source. */
  errors: z.array(jobError),
  destinations: z.array(destinationResult),
  /**
   * SHA-256 (hex) of the manifest of what was read, or of the one that stood for the source; null when not all of the
   * source was read.
   */
  manifest: z.string().nullable(),
  /** How much of the source a rescue got, in bytes; null for a job that is none. */
  rescue: z.object({ rescued: count, bad: count }).nullable(),
  /**
   * The source was written to while the job ran, or nobody can tell. A note says which. The destinations hold what was
   * read, which may be a mixture of old and new data, so the job is no plain success.
   */
  sourceWritten: z.boolean(),
  /** Bytes that the block map of the source lists: the rest is undefined. Left out when all of the source counts. */
  mapped: count.optional(),
  /**
   * Facts about what was done that the user should know (how much of the source changed since the manifest was
   * made...).
   */
  notes: z.array(note),
});
export type JobResult = z.infer<typeof jobResult>;
