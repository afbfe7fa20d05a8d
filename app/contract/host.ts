// What the engine host is asked and answers: frames on stdin and stdout.
import type { JobError, Outcome, PlatterError } from './errors.ts';
import type { Disk } from './disks.ts';
import type { HostMethod, HostParams } from './host-request.ts';
import type { Described } from './disk-content.ts';
import type { InterruptedJob, JobProgress, JobResult, Plan } from './jobs.ts';

export type { HostMethod, HostRequest } from './host-request.ts';

/** Longest frame either end of the host's pipe accepts, in bytes of JSON. A longer one ends the conversation. */
export const MAX_FRAME_BYTES = 4 * 1024 * 1024;

/**
 * Version of all that is in this file and in host-request.ts. To be raised with every change: the client does not check
 * what the host says.
 */
export const PROTOCOL = 5;

/** What these calls give. The others give an empty object. */
interface Results {
  list: Disk[];
  jobs: InterruptedJob[];
  prepare: Plan;
  describe: Described;
  /** Path of the source when that was downloaded and no other job has it. */
  forget: { download: string | null };
}

/** Calls to the host (`hostRequest`): what they are asked with, and what they give. */
export type HostCalls = {
  [M in HostMethod]: { params: HostParams<M>; result: M extends keyof Results ? Results[M] : Record<string, never> };
};

/** Host to client, the first frame of all. */
export interface HelloEvent {
  event: 'hello';
  /** `PROTOCOL` as the host knows it. */
  protocol: number;
}

/** Host to client: the answer to a request. */
export type HostResponse =
  { id: number; ok: true; result: unknown } | { id: number; ok: false; errors: PlatterError[] };

/** Host to client: what happens in the running job. Errors and the result are never dropped; samples may be. */
export type HostEvent =
  | { event: 'progress'; progress: JobProgress }
  | { event: 'error'; error: JobError }
  | { event: 'result'; result: JobResult };

/** A question for the rights to open disks. */
export interface RightsQuestion {
  /** Counts the questions of one host. */
  question: number;
  /** Who is asked: polkit by the host itself; or sudo, which the client runs on its terminal. */
  how: 'pkexec' | 'sudo';
  /** Paths of the disks, as the user gave them. */
  devices: string[];
  /** With sudo, the program and its arguments; else empty. The client answers with `rightsEnded`. */
  argv: string[];
}

/**
 * Host to client: rights are being asked for; null when no question is open any more, and what the client runs for it
 * is to end.
 */
export interface RightsEvent {
  event: 'rights';
  asking: RightsQuestion | null;
}

/** Progress, in bytes, of reading a whole packed source before the job: for the size of its image, or as a check. */
export interface Reading {
  why: 'size' | 'check';
  done: number;
  of: number;
}

/**
 * Host to client, while a request is prepared or a job starts: this file of it has not answered yet, or is being read.
 * Paths are those of the request.
 */
export interface WaitingEvent {
  event: 'waiting';
  path: string;
  reading: Reading | null;
}

/**
 * Host to client, after `watch`: what disks there are now, or why they cannot be listed. Changes close together are
 * told once.
 */
export interface DisksEvent {
  event: 'disks';
  disks: Outcome<Disk[]>;
}

/** Whatever the host says. */
export type HostMessage = HelloEvent | HostEvent | RightsEvent | WaitingEvent | DisksEvent | HostResponse;
