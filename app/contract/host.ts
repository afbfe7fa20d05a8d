// What the engine host is asked and answers: frames on stdin and stdout.
import type { JobError, Outcome, PlatterError } from './errors.ts';
import type { Disk } from './disks.ts';
import type { InterruptedJob, JobProgress, JobResult, Plan } from './jobs.ts';
import type { JobRequest } from './request.ts';

/** Longest frame either end of the host's pipe accepts, in bytes of JSON. A longer one ends the conversation. */
export const MAX_FRAME_BYTES = 4 * 1024 * 1024;

/**
 * Version of all that is in this file. To be raised with every change: the client does not check what the host says.
 */
export const PROTOCOL = 1;

/** Calls to the host and what they give. A refused call answers with a list of errors instead. */
export interface HostCalls {
  /** Lists disks; `all` adds loop devices. */
  list: { params: { all: boolean }; result: Disk[] };
  /**
   * From now on every change of the disks is told (`DisksEvent`), as the kernel tells of it. Refused
   * (ENGINE_UNAVAILABLE) where the kernel cannot be heard.
   */
  watch: { params: { all: boolean }; result: Record<string, never> };
  /**
   * Unmounts, flushes and switches off a disk, by its path, so that it is safe to take out. Refused while a job has it.
   */
  eject: { params: { path: string }; result: Record<string, never> };
  /** Interrupted jobs, newest first. */
  jobs: { params: Record<string, never>; result: InterruptedJob[] };
  /** Forgets an interrupted job. */
  forget: { params: { job: string }; result: Record<string, never> };
  /**
   * Writes the manifest that a job has made, named by its SHA-256 (hex), to a file. Refused when it is not kept any
   * more.
   */
  saveManifest: { params: { manifest: string; path: string }; result: Record<string, never> };
  /** Checks a request, opens and holds every device. Writes nothing. */
  prepare: { params: JobRequest; result: Plan };
  /** Starts what was prepared. The job reports by events; `result` is the last one. */
  start: { params: Record<string, never>; result: Record<string, never> };
  /** Stops the running job, or one destination of it, after its in-flight writes, or releases what was prepared. */
  cancel: { params: { destination?: number | null }; result: Record<string, never> };
  /** Pauses or continues the job (null) or one destination. */
  pause: { params: { destination: number | null; paused: boolean }; result: Record<string, never> };
  /** Limits the job (null) or one destination to so many bytes a second; null for no limit. */
  throttle: { params: { destination: number | null; bytesPerSecond: number | null }; result: Record<string, never> };
  /** Starts a failed or cancelled destination again, while the job still runs for others: what is on it is kept. */
  retry: { params: { destination: number }; result: Record<string, never> };
  /**
   * The command of a question (`RightsEvent`) has ended: its exit code, null when a signal ended it or it could not be
   * started, and what it said on stderr.
   */
  rightsEnded: { params: { question: number; code: number | null; said: string }; result: Record<string, never> };
}
export type HostMethod = keyof HostCalls;

/** Client to host. */
export interface HostRequest<M extends HostMethod = HostMethod> {
  id: number;
  method: M;
  params: HostCalls[M]['params'];
}

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

/**
 * Host to client, while a request is prepared: this file of it has not answered yet. Paths are those of the request.
 */
export interface WaitingEvent {
  event: 'waiting';
  path: string;
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
