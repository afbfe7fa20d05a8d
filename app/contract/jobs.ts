// A job: the plan made from a request, its progress and its result. The result is stored in files, so it has a schema.
import * as z from 'zod';
import { jobError } from './errors.ts';
import type { Port } from './bays.ts';
import type { Mounted } from './disks.ts';
import type { Content, Note, Reason } from './facts.ts';
import { note } from './facts-schema.ts';
import type { Backend, JobKind, JobRequest } from './request.ts';
import type { EndKind } from './values.ts';

const count = z.int().nonnegative();

/** One end of a job, as the review shows it before anything is written. */
export interface Endpoint {
  /** The user's path, made absolute. */
  path: string;
  /** The path with links resolved; for a new image its final path. */
  realPath: string;
  kind: EndKind;
  /** Bytes; for a new image its final size. */
  size: number;
  model: string | null;
  serial: string | null;
  majorMinor: string | null;
  /** See Disk. null for a file. */
  diskSequence: number | null;
  /** Where it is plugged in. */
  port: Port | null;
  logicalSector: number;
  /** The content that will be lost; empty when nothing was recognised. */
  contents: Content[];
  /** The mounts that will be unmounted at the start. Empty unless the request says `unmount`. */
  mounts: Mounted[];
  /** The job would overwrite data: it is a block device or an existing file. */
  overwrites: boolean;
  /** The file that an image replaces; absent where there is none. */
  old?: OldFile;
}

/** An image that is replaced. */
export interface OldFile {
  /** Bytes, of all its pieces together. */
  size: number;
  /** The name of its last piece, which goes with those before it; null for an image in one file. */
  lastPiece: string | null;
}

/** How much of one partition is copied when only used blocks are. Sizes in bytes. */
export interface PartUse {
  /** Number of the partition; null for a file system without a partition table. */
  partition: number | null;
  /** Names of the signatures found there, usually one: "ext4". */
  signatures: string[];
  offset: number;
  size: number;
  /** Bytes that are copied; all of them where `whole` says why. */
  used: number;
  whole: Reason | null;
  /** Bytes that the map would have left out if it had been proven; 0 where that is not known. */
  saves: number;
}

/** How much of a source `--used` would copy. Sizes in bytes. */
export interface Usage {
  /** Bytes of the source. */
  size: number;
  /** Bytes that are in use: `mapped` of its plan. */
  used: number;
  /** Bytes of the whole chunks that would be copied for them. */
  copied: number;
  /** About how many bytes an image would take, packed as zstd at the usual level. null when that is not known. */
  image: number | null;
  /** Empty when the source has no partition table that can be trusted, and nothing is recognised in it. */
  parts: PartUse[];
}

/** A checked request. Every device is open and held; nothing has been written. */
export interface Plan {
  kind: JobKind;
  /** The name of the batch; null when it has none. */
  name: string | null;
  /** null when the destinations are compared with a manifest alone. */
  source: Endpoint | null;
  /** Where the source file was downloaded from (`request.ts`); null for any other source. */
  origin: string | null;
  destinations: Endpoint[];
  /** The length of the copy on each destination, in bytes. */
  bytes: number;
  /** How many of these bytes the map of the source lists. The rest does not count. null when all bytes count. */
  mapped: number | null;
  /** The partitions of the source, when only used blocks are copied. */
  parts?: PartUse[];
  verify: boolean;
  io: Backend;
  /** Bytes of page pool. */
  memory: number;
  /** What the user should know (buffered I/O because direct I/O is refused, a mounted source...). */
  notes: Note[];
  /** Id of the job log; null when the job has none (it writes nothing, or there is no place for a log). */
  job: string | null;
  /** The request, to show it as a command line or to repeat it. */
  request: JobRequest;
}

/** An interrupted job that can be continued. */
export interface InterruptedJob {
  id: string;
  /** The name of the batch; null when it has none. */
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
    /** Path of its incomplete image, which stays when the job is forgotten; null for a disk and a finished image. */
    part: string | null;
  }[];
  /** The length of the copy on each destination, in bytes. */
  bytes: number;
  /** The log is damaged, so everything will be copied again. */
  damaged: boolean;
}

/** An incomplete image that stays when its job is forgotten. */
export interface LeftImage {
  /** The file, or the first one of several pieces. */
  path: string;
  /** The destination as the user gave it. */
  image: string;
  /** How many files it has. */
  pieces: number;
}

/** The files that stay when a job is forgotten. */
export interface Forgotten {
  /** Path of the source when it was downloaded and no other job uses it. */
  download: string | null;
  left: LeftImage[];
}

/**
 * State of one destination. 'done' with verified null reads "written, not verified". 'comparing' reads the destination
 * before an update or a repair. 'repairing' rewrites the ranges that verification found bad.
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
  /** Bytes written so far, including zeros that needed no writing. */
  written: number;
  /** Bytes read back and compared so far. */
  verified: number;
  /**
   * As in the result, once the end is decided; null before that. Until then 'done' only says how the last pass ended:
   * the image does not have its name yet, and `uncompared` is unknown.
   */
  uncompared: number | null;
  /** Bytes to write and to read back in all phases that are known so far. */
  toWrite: number;
  toVerify: number;
  /** Smoothed, for the current phase. */
  bytesPerSecond: number;
  /** Seconds left in all phases, null when unknown. */
  secondsLeft: number | null;
  /** Paused by the user, alone or with the job. */
  paused: boolean;
  /** It has its end and its drive is closed, so that it can be taken out while the job goes on for others. */
  letGo?: true;
}

/** A sample of a running job. There are about ten a second. */
export interface JobProgress {
  /** Bytes read from the source so far. */
  bytes: number;
  /** The length of the copy on each destination. */
  totalBytes: number;
  seconds: number;
  destinations: DestinationProgress[];
  /** The state of a rescue; null for other jobs. */
  rescue: RescueProgress | null;
  /** The destinations that are slow beside the others, null for each other one (view/slow-drives.ts). Not the host's. */
  slow?: readonly (SlowDrive | null)[];
}

/** How slow a destination is, in bytes per second. */
export interface SlowDrive {
  bytesPerSecond: number;
  /** The speed of the middle one of those that do the same. */
  usual: number;
}

/** The state of a rescue. Sizes in bytes. */
export interface RescueProgress {
  /** The names are those of GNU ddrescue's phases. */
  pass: 'copying' | 'trimming' | 'scraping' | 'retrying';
  /** The number of the `retrying` pass, from 1. */
  retry: number;
  rescued: number;
  bad: number;
  left: number;
  /** Indices of restarted destinations that wait until the others have everything that can be read. */
  waiting: number[];
}

/** How one destination ended. */
export const destinationResult = z.object({
  path: z.string(),
  state: z.enum(['done', 'failed', 'cancelled']),
  /**
   * true: every byte (with a block map: every byte that it lists) was compared and is equal. false: some bytes differ,
   * or could not be read. null: nothing was compared, or not everything (`uncompared`).
   */
  verified: z.boolean().nullable(),
  /**
   * For a destination that is done: bytes that the job should have compared and could not, because a manifest has no
   * hash of them or a rescue found them on the destination. 0 when the job does not read back.
   */
  uncompared: count,
  /** Bytes written, including zeros that needed no writing. */
  written: count,
  /** Bytes that needed no writing because an update, a repair or a resume found them on the destination. */
  kept: count,
  /**
   * For a destination that is not done: bytes of the copy that are known to be on its medium, because they were flushed
   * or found there. Missing when unknown: the job only compares, or its engine broke down.
   */
  durable: count.optional(),
  /** Seconds from the start of the job to the end of the destination. */
  seconds: z.number().nonnegative(),
  errors: z.array(jobError),
});
export type DestinationResult = z.infer<typeof destinationResult>;

/** How a job ended. `readErr` and `writeErr` are kcopyd's two results. */
export const jobResult = z.object({
  readErr: z.literal([0, 1]),
  /** Bit i is set when destination i failed in writing, flushing or verifying. */
  writeErr: count,
  seconds: z.number().nonnegative(),
  /** Bytes read from the source. */
  bytes: count,
  cancelled: z.boolean(),
  /** Errors of the source. */
  errors: z.array(jobError),
  destinations: z.array(destinationResult),
  /**
   * SHA-256 (hex) of the manifest of what was read, or of the manifest given in place of the source; null when some of
   * the source was not read.
   */
  manifest: z.string().nullable(),
  /** Bytes that a rescue read and could not read; null for other jobs. */
  rescue: z.object({ rescued: count, bad: count }).nullable(),
  /**
   * The source was written to while the job ran, or this could not be determined. A note says which. The destinations
   * hold what was read, which may mix old and new data, so the job is not a plain success.
   */
  sourceWritten: z.boolean(),
  /** Bytes that the block map of the source lists. The rest is undefined. Missing when all bytes count. */
  mapped: count.optional(),
  /** What the user should know about the job (how much of the source has changed since the manifest...). */
  notes: z.array(note),
});
export type JobResult = z.infer<typeof jobResult>;
