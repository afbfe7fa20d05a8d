// What the engine host may be asked: anything more or less than this is refused. The schema comes first; the types are
// inferred from it.
import * as z from 'zod';
import { MAX_DESTINATIONS } from './limits.ts';
import { entry, jobId, jobRequest, path } from './request.ts';
import { manifestId } from './values.ts';

const id = z.int().positive();
const index = z
  .int()
  .nonnegative()
  .max(MAX_DESTINATIONS - 1);
const nothing = z.strictObject({});

const call = <M extends string, P extends z.ZodType>(method: M, params: P) =>
  z.strictObject({ id, method: z.literal(method), params });

/** Client to host. A refused call answers with a list of errors instead of its result (`HostResults`). */
export const hostRequest = z.discriminatedUnion('method', [
  /** Lists disks; `all` adds loop devices. */
  call('list', z.strictObject({ all: z.boolean() })),
  /**
   * Describes the file at `path` and its content. Reads little of it. `entry`: the file of an archive that is meant;
   * null for its only one.
   */
  call('describe', z.strictObject({ path, entry })),
  /**
   * From now on every change of the disks is told (`DisksEvent`), as the kernel tells of it. Refused
   * (ENGINE_UNAVAILABLE) where the kernel cannot be heard.
   */
  call('watch', z.strictObject({ all: z.boolean() })),
  /**
   * Unmounts, flushes and switches off a disk, by its path, so that it is safe to take out. Refused while a job has it.
   */
  call('eject', z.strictObject({ path })),
  /** Interrupted jobs, newest first. */
  call('jobs', nothing),
  /** Forgets an interrupted job. */
  call('forget', z.strictObject({ job: jobId })),
  /**
   * Writes the manifest that a job has made, named by its SHA-256 (hex), to a file. Refused when it is not kept any
   * more.
   */
  call('saveManifest', z.strictObject({ manifest: manifestId, path })),
  /** Checks a request, opens and holds every device. Writes nothing. */
  call('prepare', jobRequest),
  /** Starts what was prepared. The job reports by events; `result` is the last one. */
  call('start', nothing),
  /** Stops the running job, or one destination of it, after its in-flight writes, or releases what was prepared. */
  call('cancel', z.strictObject({ destination: index.nullable().optional() })),
  /** Pauses or continues the job (null) or one destination. */
  call('pause', z.strictObject({ destination: index.nullable(), paused: z.boolean() })),
  /** Limits the job (null) or one destination to so many bytes a second; null for no limit. */
  call('throttle', z.strictObject({ destination: index.nullable(), bytesPerSecond: z.number().nullable() })),
  /** Starts a failed or cancelled destination again, while the job still runs for others: what is on it is kept. */
  call('retry', z.strictObject({ destination: index })),
  /**
   * The command of a question (`RightsEvent`) has ended: its exit code, null when a signal ended it or it could not be
   * started, and what it said on stderr.
   */
  call(
    'rightsEnded',
    z.strictObject({
      question: z.int().nonnegative(),
      code: z.int().nullable(),
      said: z.string().max(64 * 1024),
    }),
  ),
]);

export type HostRequest = z.infer<typeof hostRequest>;
export type HostMethod = HostRequest['method'];
/** The arguments of a call. */
export type HostParams<M extends HostMethod> = Extract<HostRequest, { method: M }>['params'];
