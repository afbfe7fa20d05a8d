// The requests to the engine host. It refuses a request with missing or additional members. The schema comes first; the
// types are inferred from it.
import * as z from 'zod';
import { bays } from './bays.ts';
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

/** Client to host. The answer to a refused call is a list of errors instead of its result (`HostResults`). */
export const hostRequest = z.discriminatedUnion('method', [
  /** Lists disks; `all` adds loop devices. */
  call('list', z.strictObject({ all: z.boolean() })),
  /**
   * Describes the file at `path` and its content, and reads little of it. `entry`: the file of an archive to describe;
   * null for its only one.
   */
  call('describe', z.strictObject({ path, entry })),
  /** Finds what the file systems on the disk, or in the raw image, at `path` use. Asks for no rights. */
  call('usage', z.strictObject({ path })),
  /** Gives up every `usage` that has not been answered. Each is refused (CANCELLED). */
  call('stopUsage', nothing),
  /**
   * Opens an image as files in a folder of its own. It stays open when the host ends. `entry`: the file of an archive;
   * null for its only one.
   */
  call('openImage', z.strictObject({ path, entry })),
  /** Closes the image that is open in this folder. Refused when none is. */
  call('closeImage', z.strictObject({ folder: path })),
  /**
   * From now on the host reports every change of the disks (`DisksEvent`) when the kernel does. Refused
   * (ENGINE_UNAVAILABLE) where the kernel's events cannot be received.
   */
  call('watch', z.strictObject({ all: z.boolean() })),
  /**
   * Unmounts, flushes and switches off the disk at this path, so that it is safe to take out. Refused while a job uses
   * it.
   */
  call('eject', z.strictObject({ path })),
  /** The bays, in the order of their numbers. */
  call('bays', nothing),
  /** Numbers and names the bays anew. A socket that is not in the list gets a number at its next removable drive. */
  call('setBays', z.strictObject({ bays })),
  /** Interrupted jobs, newest first. */
  call('jobs', nothing),
  /** Forgets an interrupted job. */
  call('forget', z.strictObject({ job: jobId })),
  /**
   * Writes a manifest that a job made to a file. The manifest is named by its SHA-256 (hex). Refused when it is no
   * longer stored.
   */
  call('saveManifest', z.strictObject({ manifest: manifestId, path })),
  /** Checks a request, and opens and holds every device. Writes nothing. */
  call('prepare', jobRequest),
  /**
   * Looks into the disks that are held and not written yet: the one that `prepareJoin` holds, or else those of the
   * prepared job. Gives for each whether it is blank; null where it could not be read.
   */
  call('looksBlank', nothing),
  /** Starts the prepared job. It reports by events, of which `result` is the last. */
  call('start', nothing),
  /** Stops the running job or one destination after the writes in flight, or releases the prepared job. */
  call('cancel', z.strictObject({ destination: index.nullable().optional() })),
  /** Pauses or continues the job (null) or one destination. */
  call('pause', z.strictObject({ destination: index.nullable(), paused: z.boolean() })),
  /** Limits the job (null) or one destination, in bytes per second; null for no limit. */
  call('throttle', z.strictObject({ destination: index.nullable(), bytesPerSecond: z.number().nullable() })),
  /** Restarts a failed or cancelled destination while the job still runs for others. The data on it is kept. */
  call('retry', z.strictObject({ destination: index })),
  /**
   * Checks a disk for the running job, and opens and holds it. Its plan has it as the only destination. Writes nothing.
   * One disk at a time: another that was held is let go.
   */
  call('prepareJoin', z.strictObject({ path })),
  /** Adds the disk that `prepareJoin` holds to the running job, as its last destination (`joined`). */
  call('join', nothing),
  /** Lets the disk go that `prepareJoin` holds. */
  call('leaveJoin', nothing),
  /**
   * The command of a question (`RightsEvent`) has ended: its exit code (null when a signal ended it or it could not be
   * started) and its stderr.
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
