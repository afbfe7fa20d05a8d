// The protocol of the engine host: frames on stdin and stdout.
import type { KeptBay } from './bays.ts';
import type { JobError, Outcome, PlatterError } from './errors.ts';
import type { Disk } from './disks.ts';
import type { HostMethod, HostParams } from './host-request.ts';
import type { Described } from './disk-content.ts';
import type { ClosedFolder, OpenedFolder } from './opened-images.ts';
import type { Note } from './facts.ts';
import type { Endpoint, Forgotten, InterruptedJob, JobProgress, JobResult, Plan, Usage } from './jobs.ts';

export type { HostMethod, HostRequest } from './host-request.ts';

/** The longest frame that either end accepts, in bytes of JSON. A longer one ends the connection. */
export const MAX_FRAME_BYTES = 4 * 1024 * 1024;

/**
 * The version of everything in this file and in host-request.ts. Raise it with every change, because the client does
 * not check the host's messages.
 */
export const PROTOCOL = 13;

/** The results of these calls. The others return an empty object. */
interface Results {
  list: Disk[];
  bays: KeptBay[];
  jobs: InterruptedJob[];
  prepare: Plan;
  prepareJoin: Plan;
  looksBlank: (boolean | null)[];
  describe: Described;
  usage: Usage;
  openImage: OpenedFolder;
  closeImage: ClosedFolder;
  forget: Forgotten;
}

/** The calls to the host (`hostRequest`), with their parameters and results. */
export type HostCalls = {
  [M in HostMethod]: { params: HostParams<M>; result: M extends keyof Results ? Results[M] : Record<string, never> };
};

/** Host to client, always the first frame. */
export interface HelloEvent {
  event: 'hello';
  /** The host's `PROTOCOL`. */
  protocol: number;
}

/** Host to client: the answer to a request. */
export type HostResponse =
  { id: number; ok: true; result: unknown } | { id: number; ok: false; errors: PlatterError[] };

/** Host to client: an event of the running job. Samples may be dropped, errors and the result never. */
export type HostEvent =
  | { event: 'progress'; progress: JobProgress }
  | { event: 'error'; error: JobError }
  /** A drive has joined: the job has one more destination at the end. `notes` are those of its review. */
  | { event: 'joined'; destination: Endpoint; notes: Note[] }
  | { event: 'result'; result: JobResult };

/** A question to the user for the rights to open disks. */
export interface RightsQuestion {
  /** The number of this question, unique for one host. */
  question: number;
  /** How it is asked: by polkit, which the host runs, or by sudo, which the client runs on its terminal. */
  how: 'pkexec' | 'sudo';
  /** Paths of the disks, as the user gave them. */
  devices: string[];
  /** For sudo, the program and its arguments; otherwise empty. The client answers with `rightsEnded`. */
  argv: string[];
}

/**
 * Host to client: the user is asked for rights. null: no question is open any more, and the client must end the program
 * that it runs for one.
 */
export interface RightsEvent {
  event: 'rights';
  asking: RightsQuestion | null;
}

/**
 * Bytes read of a packed source that is read completely before the job, to find the size of its image or to check it;
 * or bytes of the partitions in which the used blocks have been found.
 */
export interface Reading {
  why: 'size' | 'check' | 'used';
  done: number;
  of: number;
}

/**
 * Host to client, while a request is prepared or a job starts: this file of the request has not answered yet, or is
 * being read. The path is that of the request.
 */
export interface WaitingEvent {
  event: 'waiting';
  path: string;
  reading: Reading | null;
}

/**
 * Host to client, after `watch`: the current disks, or why they cannot be listed. Changes close together give one
 * event.
 */
export interface DisksEvent {
  event: 'disks';
  disks: Outcome<Disk[]>;
}

/** Any message of the host. */
export type HostMessage = HelloEvent | HostEvent | RightsEvent | WaitingEvent | DisksEvent | HostResponse;
