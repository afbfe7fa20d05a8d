// Everything that crosses a process boundary: values, error codes and channels. Imports nothing, so that
// every room (host, command line, main process, preload, renderer) can read it.

/** Bytes in a sector, everywhere in Platter, whatever the device's own block size (Linux's `sector_t`). */
export const SECTOR_SIZE = 512;

/** Most characters in the name of a batch. */
export const MAX_NAME = 80;

/** Most destinations one job can have: the width of kcopyd's `write_err` mask. */
export const MAX_DESTINATIONS = 32;

/**
 * What went wrong, by cause. One code means one thing; `advice` below says what to do about it.
 * Codes are stable: scripts match on them.
 */
export type ErrorCode =
  // While copying or verifying
  | 'MEDIUM_ERROR' // EIO, ENODATA, EILSEQ, EREMOTEIO: the device answered that it cannot read or write there
  | 'DEVICE_GONE' // ENODEV, ENXIO, ENOMEDIUM; any failure of a device that the system has no more, or that has no size any more
  | 'NO_SPACE' // ENOSPC, EDQUOT, EFBIG: the file system is full, or what lies behind a device
  | 'READ_ONLY' // EROFS, EPERM on a write
  | 'TIMED_OUT' // ETIMEDOUT
  | 'STALLED' // no answer within the time that was allowed; the system may still wait for one
  | 'VERIFY_MISMATCH' // what was read back is not what was written
  | 'SOURCE_CHANGED' // read a second time, for a slower destination, it gave other data
  | 'CANCELLED' // the user asked for it
  | 'SOURCE_FAILED' // a destination that could not be finished because the source could not be read
  | 'IO_ERROR' // any other errno: named by its errno, never guessed at
  // Before anything is written
  | 'NOT_FOUND'
  | 'NOT_PERMITTED' // EACCES, EPERM on open
  | 'ELEVATION_DENIED' // the system was asked for an administrator's rights and did not give them
  | 'ELEVATION_CANCELLED' // ... and whoever sat before the prompt put it away
  | 'NO_AGENT' // ... and has nobody to ask: the desktop shows no prompt for a password
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
  | 'NOT_EJECTABLE' // there is nothing to switch off: a loop device, a partition, a drive that is built in
  | 'CONFIRM' // would be overwritten, and nobody said yes
  | 'BAD_ARGUMENT'
  | 'BAD_FILE' // a manifest, job log or map that is none, is damaged, or belongs to something else
  | 'NOTHING_TO_DO' // no such interrupted job, or nothing of it is left
  // The machinery
  | 'HOST_FAILED' // the engine host ended or broke the protocol
  | 'ENGINE_UNAVAILABLE'; // the addon, or the io backend asked for, cannot be had here

/** The operation that failed. */
export type Operation = 'open' | 'check' | 'read' | 'write' | 'flush' | 'verify' | 'rename' | 'unmount' | 'eject' | 'host';

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

/** The socket that a drive is plugged into. */
export interface Port {
  /**
   * Orders sockets as they lie beside each other, compared as a plain string; the same socket has the same one as long
   * as the machine runs, and as a rule after a restart.
   */
  path: string;
  /** As a hand finds it: "USB bus 1, hub 2, port 3". */
  label: string;
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
  /** null for what has no socket (a loop device), or none that the kernel tells of. */
  port: Port | null;
  /** It can be switched off, to be taken out (`eject`). */
  ejectable: boolean;
  /** Why it cannot be a destination, null if it can. What is only mounted can, after it is unmounted (`CopyRequest.unmount`). */
  locked: { code: ErrorCode; reason: string } | null;
}

/** A file system in use: the device it is on, and where. */
export interface Mounted {
  device: string;
  target: string;
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
  /** Where it is plugged in. */
  port: Port | null;
  logicalSector: number;
  /** What is on it now and will be lost, in words; empty when nothing was recognised. */
  contents: string[];
  /** What of it is mounted, and will be unmounted at the start; only where the request says `unmount`. */
  mounts: Mounted[];
  /** True when data is there that the job would overwrite: any block device, an existing file. */
  overwrites: boolean;
}

/** What the user asks for. */
export interface CopyRequest {
  /**
   * `copy` writes every destination; `verify` only compares; `repair` compares and rewrites what differs; `resume`
   * goes on with an interrupted job (of which then source and destinations are taken, both empty here).
   */
  kind: 'copy' | 'verify' | 'repair' | 'resume';
  /** What the user calls this batch, at most MAX_NAME characters; null for none. `resume` has the name the job began with. */
  name: string | null;
  /** null with `resume`, and where `manifest` is all there is to compare with. */
  source: string | null;
  destinations: string[];
  /** Read every destination back past the cache when it is written. Always true when kind is 'verify' or 'repair'. */
  verify: boolean;
  /** Backend of the engine; 'auto' probes. */
  io: 'auto' | 'uring' | 'threads';
  /** Bytes of page pool, a multiple of 4096; null for the default. */
  memory: number | null;
  /** Id of the interrupted job, for `resume`. */
  job: string | null;
  /** A manifest of the source from before: `verify` and `repair` compare with it, `copy` checks the source against it. */
  manifest: string | null;
  /** File that gets the manifest of what was read. */
  saveManifest: string | null;
  /** `copy`: read the destinations first and write only the chunks that differ. */
  update: boolean;
  /** `copy`: rewrite the ranges that verification found bad, once, and verify those again. */
  repair: boolean;
  /** A destination's bad blocks are listed and it goes on, instead of dropping out. */
  keepGoing: boolean;
  /** Go on past unreadable source sectors, as ddrescue does; null: the first one ends the job. */
  rescue: Rescue | null;
  /** Zeros become holes (files) or are zeroed by the device (disks) instead of being written. */
  sparse: boolean;
  /** With `sparse`: the disks are all zeros already. */
  assumeBlank: boolean;
  /** Bytes per second of the whole job, null for no limit. */
  throttle: number | null;
  /** Bytes per second per destination, by index; null for no limit, and entries may be missing. */
  destinationThrottles: (number | null)[];
  /** Seconds without an answer after which an I/O counts as lost; 0: wait for ever. */
  stallTimeout: number;
  /** Unmount what is mounted of the destinations before anything is written; without it a mounted one is refused. Never the system's. */
  unmount: boolean;
}

/** How far a rescue goes. */
export interface Rescue {
  /** Passes over what stayed unreadable after the first attempt at every sector. */
  retries: number;
  /** GNU ddrescue mapfile: continued when it exists, written as the rescue goes; null for none. */
  map: string | null;
}

/** A request with nothing special about it, for whoever wants only some of it otherwise. */
export const plainRequest: Omit<CopyRequest, 'kind' | 'source' | 'destinations'> = {
  name: null, verify: true, io: 'auto', memory: null, job: null, manifest: null, saveManifest: null, update: false, repair: false,
  keepGoing: false, rescue: null, sparse: true, assumeBlank: false, throttle: null, destinationThrottles: [], stallTimeout: 60, unmount: false,
};

/** A checked request: every device is open, held, and known; nothing has been written. */
export interface Plan {
  kind: CopyRequest['kind'];
  /** Of the batch, null when it has none. */
  name: string | null;
  /** null when a manifest is all there is to compare with. */
  source: Endpoint | null;
  destinations: Endpoint[];
  /** Bytes that each destination has in the end. */
  bytes: number;
  verify: boolean;
  io: 'uring' | 'threads';
  /** Bytes of page pool. */
  memory: number;
  /** Facts the user should know (buffered I/O where direct I/O is refused, a mounted source...). */
  notes: string[];
  /** Id of the job log, null for a job that keeps none (nothing is written, or there is no place for it). */
  job: string | null;
  /** The request it was made of, for whoever wants to say it again (a command line, a retry). */
  request: CopyRequest;
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
  destinations: { path: string; model: string | null; serial: string | null; /** Bytes that are on the medium. */ durable: number; finished: boolean }[];
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
  | 'waiting' | 'comparing' | 'copying' | 'flushing' | 'verifying' | 'repairing' | 'paused' | 'stalled' | 'done' | 'failed' | 'cancelled';

/** One destination of a running job. */
export interface DestinationProgress {
  path: string;
  state: DestinationState;
  /** Bytes written so far, zeros that needed no writing included. */
  written: number;
  /** Bytes read back and compared so far. */
  verified: number;
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
}

/** How one destination ended. */
export interface DestinationResult {
  path: string;
  state: 'done' | 'failed' | 'cancelled';
  /** true: read back and equal; false: read back and different, or not readable; null: not read back. */
  verified: boolean | null;
  /** Bytes that were written, zeros that needed no writing included. */
  written: number;
  /** Bytes that needed no writing because they were there: of an update, a repair, a continued job. */
  kept: number;
  /** From the start of the job until it had ended. */
  seconds: number;
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
  /** SHA-256 that ends the manifest of what was read (hex), null when none was made. */
  manifest: string | null;
  /** How much of the source a rescue got, null for a job that is none. */
  rescue: { rescued: number; bad: number } | null;
  /** Facts about what was done that the user should know (how much of the source changed since the manifest was made...). */
  notes: string[];
}

// ---------------------------------------------------------------- engine host (frames on stdin and stdout)

/** Longest frame either end of the host's pipe accepts, in bytes of JSON. A longer one ends the conversation. */
export const MAX_FRAME_BYTES = 4 * 1024 * 1024;

/** Calls to the host and what they give. A refused call answers with a list of errors instead. */
export interface HostCalls {
  /** Lists disks; `all` adds loop devices. */
  list: { params: { all: boolean }; result: Disk[] };
  /**
   * From now on every change of the disks is told (`DisksEvent`), as the kernel tells of it. Refused (ENGINE_UNAVAILABLE)
   * where the kernel cannot be heard.
   */
  watch: { params: { all: boolean }; result: Record<string, never> };
  /** Unmounts, flushes and switches off a disk, by its path, so that it is safe to take out. Refused while a job has it. */
  eject: { params: { path: string }; result: Record<string, never> };
  /** Interrupted jobs, newest first. */
  jobs: { params: Record<string, never>; result: InterruptedJob[] };
  /** Forgets an interrupted job. */
  forget: { params: { job: string }; result: Record<string, never> };
  /** Checks a request, opens and holds every device. Writes nothing. */
  prepare: { params: CopyRequest; result: Plan };
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

// ---------------------------------------------------------------- settings

/** The languages that Platter's window speaks. The command line and logs are English. */
export const LANGUAGES = ['en', 'de', 'fr'] as const;
export type Language = (typeof LANGUAGES)[number];

/** What a job begins with in the window, before anybody changes it there. */
export type JobDefaults = Pick<CopyRequest, 'verify' | 'update' | 'sparse' | 'throttle' | 'stallTimeout'>;

/** What a person has chosen for good. Kept by main in settings.json; every change applies at once. */
export interface Settings {
  language: 'system' | Language;
  theme: 'system' | 'light' | 'dark';
  /** A sound when a job ends or a drive fails. */
  sounds: boolean;
  /** The desktop's notifications, while the window is not in front. */
  notifications: boolean;
  defaults: JobDefaults;
}

/** A change of settings: what is left out stays, of the defaults too. */
export type SettingsChange = Partial<Omit<Settings, 'defaults'>> & { defaults?: Partial<JobDefaults> };

/** As Platter comes. */
export const defaultSettings: Settings = {
  language: 'system', theme: 'system', sounds: true, notifications: true,
  defaults: { verify: plainRequest.verify, update: plainRequest.update, sparse: plainRequest.sparse, throttle: plainRequest.throttle, stallTimeout: plainRequest.stallTimeout },
};

/** The part of `AppState` that is about settings. */
export interface SettingsState {
  settings: Settings;
  /** The settings' language, or the one of the system that comes nearest. */
  language: Language;
  /** Why the settings are not the ones that were kept, null when all is well. The next change, even of nothing, clears it. */
  settingsError: PlatterError | null;
}

// ---------------------------------------------------------------- records of ended jobs

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
  port: string | null;
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
 * What is kept of a job that has ended: its place in the history, and its report in JSON. Its members are described in
 * ARCHITECTURE.md for those who read the files.
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
  kind: CopyRequest['kind'];
  /** `complete`: every destination is good; `partial`: some are, or the rescue of the source left holes. */
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
  /** SHA-256 of the manifest of the source, null when none was made. */
  manifest: string | null;
  destinations: RecordedDestination[];
  /** Errors of the source, the first ones. */
  errors: JobError[];
  /** Why the machinery failed, null when it did not. */
  failure: PlatterError | null;
  rescue: JobResult['rescue'];
  notes: string[];
  request: CopyRequest;
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

/** Host to client, after `watch`: what disks there are now, or why they cannot be listed. Changes close together are told once. */
export interface DisksEvent {
  event: 'disks';
  disks: Outcome<Disk[]>;
}

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
  /** What the whole job is limited to now, bytes per second; null for no limit. */
  throttle: number | null;
  /** The same of each destination. */
  destinationThrottles: (number | null)[];
}

/** Everything the window shows that main owns. Pushed whole, four times a second at most. */
export interface AppState extends SettingsState {
  /** The system is asked for the right to open disks: there may be a prompt on the screen. */
  elevating: boolean;
  disks: Disk[];
  /** Why the list of disks is not what it should be, null when all is well. */
  disksError: PlatterError | null;
  /** Why the list is only read every two seconds, null when the kernel tells of drives that come and go. */
  hotplugError: PlatterError | null;
  /** A checked request waiting for the user's consent. */
  review: Plan | null;
  job: JobView | null;
  /** Interrupted jobs that can be continued, newest first. */
  interrupted: InterruptedJob[];
  /** Why that list is not what it should be, null when all is well. */
  interruptedError: PlatterError | null;
  /** The image that the desktop asked to open, and when (milliseconds since the epoch): the next source, once. Null when it asked for none. */
  opened: { path: string; at: number } | null;
  /** Name of the ended job in the history, null while it runs and when it could not be kept. */
  record: string | null;
  /** Why it could not be, null when all is well. */
  recordError: PlatterError | null;
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
  /** Stops the job (null) or one destination. */
  cancel: { args: [destination: number | null]; result: null };
  /** Pauses or continues the job (null) or one destination. */
  pause: { args: [destination: number | null, paused: boolean]; result: Outcome<null> };
  /** Limits the job (null) or one destination, bytes per second; null for no limit. */
  throttle: { args: [destination: number | null, bytesPerSecond: number | null]; result: Outcome<null> };
  /** Starts a failed destination again. */
  retry: { args: [destination: number]; result: Outcome<null> };
  /** Forgets an interrupted job. */
  forget: { args: [job: string]; result: Outcome<null> };
  /** Unmounts, flushes and switches off a disk, by its path. */
  eject: { args: [path: string]; result: Outcome<null> };
  /** Puts an ended job away. */
  dismissJob: { args: []; result: null };
  /** The jobs in the history that have every word of `query` in them. */
  findJobs: { args: [query: string]; result: Outcome<FoundJobs> };
  /** Native save dialog, then the report on these jobs; its path, null when the user changed their mind. */
  reportJobs: { args: [ids: string[], form: ReportForm]; result: Outcome<string | null> };
  /** Shows the log file in the desktop's file manager; gives its path. */
  showLog: { args: []; result: string };
  /** Puts what support needs to know on the clipboard. */
  copyDiagnostics: { args: []; result: null };
  /** Changes and keeps settings; what is left out stays. Refused when they could not be kept: then nothing has changed. */
  changeSettings: { args: [change: SettingsChange]; result: Outcome<null> };
}

/** Names of the calls, for the ends that loop over them. */
export const calls = [
  'getState', 'refreshDisks', 'chooseImage', 'chooseNewImage', 'review', 'dismissReview', 'start', 'cancel', 'pause', 'throttle', 'retry',
  'forget', 'eject', 'dismissJob', 'findJobs', 'reportJobs', 'showLog', 'copyDiagnostics', 'changeSettings',
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
