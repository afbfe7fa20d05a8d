// Everything that crosses a process boundary: values, error codes and channels. Imports nothing, so that
// every room (host, command line, main process, preload, renderer) can read it.

/** Bytes in a sector, everywhere in Platter, whatever the device's own block size (Linux's `sector_t`). */
export const SECTOR_SIZE = 512;

/** Most destinations one job can have: the width of kcopyd's `write_err` mask. */
export const MAX_DESTINATIONS = 32;

/**
 * What went wrong, by cause. One code means one thing; `advice` below says what to do about it.
 * Codes are stable: scripts match on them.
 */
export type ErrorCode =
  // While copying or verifying
  | 'MEDIUM_ERROR' // EIO, ENODATA, EILSEQ, EREMOTEIO: the device answered that it cannot read or write there
  | 'DEVICE_GONE' // ENODEV, ENXIO, ENOMEDIUM, a read of 0 bytes or ENOSPC before a device's end
  | 'NO_SPACE' // ENOSPC, EDQUOT, EFBIG on a regular file
  | 'READ_ONLY' // EROFS, EPERM on a write
  | 'TIMED_OUT' // ETIMEDOUT
  | 'VERIFY_MISMATCH' // what was read back is not what was written
  | 'SOURCE_CHANGED' // read a second time, for a slower destination, it gave other data
  | 'CANCELLED' // the user asked for it
  | 'SOURCE_FAILED' // a destination that could not be finished because the source could not be read
  | 'IO_ERROR' // any other errno: named by its errno, never guessed at
  // Before anything is written
  | 'NOT_FOUND'
  | 'NOT_PERMITTED' // EACCES, EPERM on open
  | 'NOT_BLOCK_OR_FILE' // a directory, FIFO, socket or character device
  | 'SOURCE_EMPTY'
  | 'SOURCE_UNREADABLE'
  | 'IS_SOURCE' // destination is the source, or overlaps it (a partition of it, the disk it is on)
  | 'IS_SYSTEM' // holds the running system
  | 'MOUNTED' // it or a partition of it is mounted, or used as swap
  | 'IN_USE' // EBUSY on an exclusive open: RAID, LVM, another copy, another program
  | 'TOO_SMALL'
  | 'DUPLICATE' // the same device named twice, perhaps under two names
  | 'TOO_MANY'
  | 'CHANGED' // not the device it was when it was chosen
  | 'CONFIRM' // would be overwritten, and nobody said yes
  | 'BAD_ARGUMENT'
  // The machinery
  | 'HOST_FAILED' // the engine host ended or broke the protocol
  | 'ENGINE_UNAVAILABLE'; // the addon, or the io backend asked for, cannot be had here

/** The operation that failed. */
export type Operation = 'open' | 'check' | 'read' | 'write' | 'flush' | 'verify' | 'rename' | 'host';

/** A failure as a value. It crosses processes as it stands and is shown as it stands. */
export interface PlatterError {
  code: ErrorCode;
  op: Operation;
  /** The path as the user gave it, or null when no single device is at fault. */
  device: string | null;
  /** Byte offset on `device` of the range that failed; null when no place is meant. */
  offset: number | null;
  /** Length in bytes of the range that failed; null when no place is meant. */
  length: number | null;
  /** Name of the errno as the kernel gave it ("EIO"), null when there was none (a mismatch, a read of 0 bytes). */
  errno: string | null;
  /** What happened and where, one sentence. */
  message: string;
  /** What to do, one sentence. */
  advice: string;
}

/** A PlatterError that comes from a running job. */
export interface JobError extends PlatterError {
  side: 'read' | 'write' | 'verify';
  /** Index into the job's destinations; null for the source. */
  destination: number | null;
}

/** A partition as lsblk sees it. */
export interface Partition {
  path: string;
  /** Bytes. */
  size: number;
  label: string | null;
  fileSystem: string | null;
  mountedAt: string[];
}

/** A whole disk (or loop device), with the identity that has to stay the same between choosing and writing. */
export interface Disk {
  path: string;
  /** "8:16" */
  majorMinor: string;
  /** Size in bytes. */
  size: number;
  /** Bytes. */
  logicalSector: number;
  /** Bytes. */
  physicalSector: number;
  model: string | null;
  serial: string | null;
  /** "usb", "sata", "nvme", "mmc", "loop"... as lsblk says; null when unknown. */
  transport: string | null;
  removable: boolean;
  readOnly: boolean;
  kind: 'disk' | 'loop';
  /** File behind a loop device. */
  backingFile: string | null;
  /** Where the disk or anything on it is mounted ("[SWAP]" for swap). */
  mountedAt: string[];
  /** Holds (part of) the running system. */
  system: boolean;
  /** File system written on the whole disk, without a partition table. */
  fileSystem: string | null;
  label: string | null;
  partitions: Partition[];
  /** Why it cannot be a destination, null if it can. */
  locked: { code: ErrorCode; reason: string } | null;
}

/** One end of a job, described for review before anything is written. */
export interface Endpoint {
  /** As the user gave it, made absolute. */
  path: string;
  /** After links were followed; for a new image the path it will get. */
  realPath: string;
  kind: 'block' | 'file';
  /** Bytes; for a new image the bytes it will have. */
  size: number;
  model: string | null;
  serial: string | null;
  majorMinor: string | null;
  logicalSector: number;
  /** What is on it now and will be lost, in words; empty when nothing was recognised. */
  contents: string[];
  /** True when data is there that the job would overwrite: any block device, an existing file. */
  overwrites: boolean;
}

/** What the user asks for. */
export interface CopyRequest {
  kind: 'copy' | 'verify';
  source: string;
  destinations: string[];
  /** Read every destination back past the cache when it is written. Always true when kind is 'verify'. */
  verify: boolean;
  /** Backend of the engine; 'auto' probes. */
  io: 'auto' | 'uring' | 'threads';
  /** Bytes of page pool, a multiple of 4096; null for the default. */
  memory: number | null;
}

/** A checked request: every device is open, held, and known; nothing has been written. */
export interface Plan {
  kind: 'copy' | 'verify';
  source: Endpoint;
  destinations: Endpoint[];
  /** Bytes that each destination will get. */
  bytes: number;
  verify: boolean;
  io: 'uring' | 'threads';
  /** Bytes of page pool. */
  memory: number;
  /** Facts the user should know (buffered I/O where direct I/O is refused, a mounted source...). */
  notes: string[];
}

/** State of one destination. 'done' with verified null reads "written, not verified". */
export type DestinationState = 'waiting' | 'copying' | 'flushing' | 'verifying' | 'done' | 'failed' | 'cancelled';

/** One destination of a running job. */
export interface DestinationProgress {
  path: string;
  state: DestinationState;
  /** Bytes written so far. */
  written: number;
  /** Bytes read back and compared so far. */
  verified: number;
  /** Smoothed, of the phase it is in. */
  bytesPerSecond: number;
  /** Seconds left in all phases, null when unknown. */
  secondsLeft: number | null;
}

/** A sample of a running job, about ten a second. */
export interface JobProgress {
  /** Bytes read from the source so far. */
  bytes: number;
  /** Bytes each destination will get. */
  totalBytes: number;
  seconds: number;
  destinations: DestinationProgress[];
}

/** How one destination ended. */
export interface DestinationResult {
  path: string;
  state: 'done' | 'failed' | 'cancelled';
  /** true: read back and equal; false: read back and different, or not readable; null: not read back. */
  verified: boolean | null;
  written: number;
  errors: JobError[];
}

/** How a job ended. `readErr` and `writeErr` are kcopyd's own two answers. */
export interface JobResult {
  readErr: 0 | 1;
  /** Bit i is destination i: it failed in writing, flushing or verifying. */
  writeErr: number;
  seconds: number;
  /** Bytes read from the source. */
  bytes: number;
  cancelled: boolean;
  /** Errors of the source. */
  errors: JobError[];
  destinations: DestinationResult[];
}

// ---------------------------------------------------------------- engine host (frames on stdin and stdout)

/** Longest frame either end of the host's pipe accepts, in bytes of JSON. A longer one ends the conversation. */
export const MAX_FRAME_BYTES = 4 * 1024 * 1024;

/** Calls to the host and what they give. A refused call answers with a list of errors instead. */
export interface HostCalls {
  /** Lists disks; `all` adds loop devices. */
  list: { params: { all: boolean }; result: Disk[] };
  /** Checks a request, opens and holds every device. Writes nothing. */
  prepare: { params: CopyRequest; result: Plan };
  /** Starts what was prepared. The job reports by events; `result` is the last one. */
  start: { params: Record<string, never>; result: Record<string, never> };
  /** Stops the running job after its in-flight writes, or releases what was prepared. */
  cancel: { params: Record<string, never>; result: Record<string, never> };
}
export type HostMethod = keyof HostCalls;

/** Client to host. */
export interface HostRequest<M extends HostMethod = HostMethod> {
  id: number;
  method: M;
  params: HostCalls[M]['params'];
}

/** Host to client: the answer to a request. */
export type HostResponse = { id: number; ok: true; result: unknown } | { id: number; ok: false; errors: PlatterError[] };

/** Host to client: what happens in the running job. Errors and the result are never dropped; samples may be. */
export type HostEvent =
  | { event: 'progress'; progress: JobProgress }
  | { event: 'error'; error: JobError }
  | { event: 'result'; result: JobResult };

// ---------------------------------------------------------------- window (IPC)

/** A job as the window sees it. Owned by main; the window only renders it. */
export interface JobView {
  plan: Plan;
  /** When it was started, milliseconds since the epoch. */
  startedAt: number;
  phase: 'running' | 'cancelling' | 'ended';
  progress: JobProgress;
  /** All errors so far, in order of arrival. */
  errors: JobError[];
  /** Set when phase is 'ended' and the engine gave its result. */
  result: JobResult | null;
  /** Set when phase is 'ended' because the machinery failed (the host crashed). */
  failure: PlatterError | null;
}

/** Everything the window shows that main owns. Pushed whole, ten times a second at most. */
export interface AppState {
  disks: Disk[];
  /** Why the list of disks is not what it should be, null when all is well. */
  disksError: PlatterError | null;
  /** A checked request waiting for the user's consent. */
  review: Plan | null;
  job: JobView | null;
}

/** Either a value or the reasons why not. Failures cross the IPC as values, never as exceptions. */
export type Outcome<T> = { ok: true; value: T } | { ok: false; errors: PlatterError[] };

/** What the window may ask of main. Both ends of the IPC are derived from this table and `calls`. */
export interface WindowCalls {
  getState: { args: []; result: AppState };
  refreshDisks: { args: []; result: null };
  /** Native dialog; null when the user changed their mind. */
  chooseImage: { args: []; result: string | null };
  /** Native save dialog for a new image file; null when the user changed their mind. */
  chooseNewImage: { args: []; result: string | null };
  /** Checks a request; on success `AppState.review` holds the plan. Nothing is written. */
  review: { args: [request: CopyRequest]; result: Outcome<Plan> };
  /** Gives up a review. */
  dismissReview: { args: []; result: null };
  /** Starts the reviewed plan: the user has confirmed. */
  start: { args: []; result: Outcome<null> };
  cancel: { args: []; result: null };
  /** Puts an ended job away. */
  dismissJob: { args: []; result: null };
}

/** Names of the calls, for the ends that loop over them. */
export const calls = [
  'getState', 'refreshDisks', 'chooseImage', 'chooseNewImage', 'review', 'dismissReview', 'start', 'cancel', 'dismissJob',
] as const satisfies readonly (keyof WindowCalls)[];

/** What main tells the window without being asked. */
export interface WindowNotices {
  state: AppState;
}

/** Names of the notices. */
export const notices = ['state'] as const satisfies readonly (keyof WindowNotices)[];

type Calls = { [C in keyof WindowCalls]: (...args: WindowCalls[C]['args']) => Promise<WindowCalls[C]['result']> };
type Listeners = { [N in keyof WindowNotices as `on${Capitalize<N>}`]: (listener: (value: WindowNotices[N]) => void) => () => void };

/** `window.platter`: the calls, `onState(listener)` (returns the function that stops listening), and `pathOf` for dropped files. */
export type Bridge = Calls & Listeners & { pathOf(file: object): string };

/** Channel of a call or notice on Electron's IPC. */
export const channel = (name: keyof WindowCalls | keyof WindowNotices): string => `platter:${name}`;
