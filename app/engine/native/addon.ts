// The types of the native addon (native/addon), and the only place that loads it.
import { createRequire } from 'node:module';

/** Facts about an open device, from its descriptor. Sizes in bytes. */
export interface NativeDeviceInfo {
  size: number;
  logicalBlock: number;
  physicalBlock: number;
  kind: 'block' | 'file';
  readOnly: boolean;
  /** False when the file system refused O_DIRECT: buffered, with the cache dropped afterwards. */
  direct: boolean;
  /** Seeks cost time. */
  rotational: boolean;
  /** Writes have to ascend. */
  zoned: boolean;
  /** Bytes that the device likes best for one request, 0 when it does not say. */
  optimalIo: number;
  /** Bytes that one request can have at the most, 0 when unknown. */
  maxRequest: number;
  major: number;
  minor: number;
  /** Size of a regular file; 0 for a block device. */
  inode: number;
  /** Of a block device's disk: another number with every disk or medium that the kernel finds; 0 for a file, or where it has none. */
  diskSequence: number;
}

/** An open device or file. Closing it while a job uses it throws. */
export interface NativeDevice {
  info(): NativeDeviceInfo;
  /** Bytes that a file has at this moment; of a block device those it had when it was opened. */
  sizeNow(): number;
  /** Makes this new file share `source`'s blocks (FICLONE). False where the file system, or where they lie, does not allow it. */
  cloneFrom(source: NativeDevice): Promise<boolean>;
  /** Up to `length` bytes from `offset` on, 1 MiB at the most, from the medium; fewer at the end. For a look before a job. */
  peek(offset: number, length: number): Promise<Buffer>;
  /**
   * Has the kernel read the partition table again; nothing happens where there can be none. Rejects with EBUSY when a
   * partition is in use.
   */
  rereadPartitions(): Promise<boolean>;
  /**
   * Resets the zones that the first `bytes` lie in: what was written there can be written again. False for a device without
   * zones. Rejects with the errno with which the device refused.
   */
  resetZones(bytes: number): Promise<boolean>;
  close(): void;
}

/** A file by its descriptor. Times in nanoseconds since the epoch. */
export interface NativeFileState {
  size: number;
  modified: bigint;
  /** Last change of it or its inode. Nobody can set it back. */
  changed: bigint;
  /** When it was made; null where its file system does not keep that. */
  born: bigint | null;
}

/** An event of one block device, from the kernel or from udevd after it. */
export interface NativeUevent {
  /** "add", "remove", "change"...; "" when some were missed, and anything may have happened. */
  action: string;
  /** Kernel name: "sdb1". */
  name: string;
  /** "8:17" */
  number: string;
}

/** Extra flags of an open; a source is opened with none of them. */
export interface NativeOpenOptions {
  write?: boolean;
  exclusive?: boolean;
  create?: boolean;
  grow?: boolean;
}

export type NativeState = 'waiting' | 'copying' | 'flushing' | 'verifying' | 'done' | 'failed' | 'cancelled';
export type NativeCause =
  'io' | 'medium' | 'gone' | 'no-space' | 'read-only' | 'timed-out' | 'mismatch' | 'cancelled' | 'stalled';

/** One entry of a job's error list. Offsets and lengths in bytes. */
export interface NativeError {
  side: 'read' | 'write' | 'verify';
  /** -1 for the source. */
  destination: number;
  cause: NativeCause;
  /** "EIO", or null when there was no errno. */
  errno: string | null;
  flush: boolean;
  offset: number;
  length: number;
}

/** One destination in a sample, in bytes. */
export interface NativeDestinationProgress {
  state: NativeState;
  paused: boolean;
  /** An I/O of it has had no answer for a while. */
  stalled: boolean;
  written: number;
  /** The part of `written` that needed no writing because it was zeros (`sparse`). */
  zeroed: number;
  verified: number;
  toWrite: number;
  toVerify: number;
}

/** A sample of a job, in bytes. */
export interface NativeProgress {
  bytesRead: number;
  bytesTotal: number;
  /** Entries in the error list. */
  errors: number;
  destinations: NativeDestinationProgress[];
}

/** kcopyd's two answers. */
export interface NativeResult {
  readErr: 0 | 1;
  writeErr: number;
}

/** Chunks [first, first + count). A chunk is a sub-job: the unit of reading, hashing and resuming. */
export interface ChunkRange {
  first: number;
  count: number;
}

/** Hashes of neighbouring chunks: 16 bytes each (canonical XXH3-128, big endian), and for each a byte, 1 when it is known. */
export interface NativeHashes {
  hashes: Uint8Array;
  known: Uint8Array;
}

/** A job that was accepted. */
export interface NativeJob {
  /** Bytes of a chunk; the last one can be shorter. */
  readonly chunkSize: number;
  progress(): NativeProgress;
  /** Entries of the error list from index `first` on. */
  errors(first: number): NativeError[];
  /** Stops the job, or one destination of it, after what is in flight, and a flush. */
  cancel(destination?: number): void;
  /** No new sub-jobs for a destination, or for all (null); what is in flight ends. */
  pause(destination: number | null, paused: boolean): void;
  /** Bytes per second for a destination, or for the job (null); 0 for no limit. */
  throttle(destination: number | null, bytesPerSecond: number): void;
  /** Entries from index `first` on of the list of what is on a destination's medium: written, then flushed. */
  durable(destination: number, first: number): ChunkRange[];
  /** Hashes of chunks [first, first + count), fewer at the end; none for a job that makes none. */
  hashes(first: number, count: number): NativeHashes;
  /** Resolves when every destination has ended; never rejects for an error of a device. */
  readonly done: Promise<NativeResult>;
}

/** Whole devices, or the same region of all of them. */
export interface NativeJobRequest {
  op: 'copy' | 'compare' | 'zero';
  /** null for zero, and for comparing with `hashes` alone. */
  source: NativeDevice | null;
  destinations: NativeDevice[];
  /** Region in bytes, multiples of 512; by default from 0, as long as the source (without one: as the first destination). */
  offset?: number;
  length?: number;
  verify?: boolean;
  /** Unreadable blocks become zeros, and are listed. */
  ignoreRead?: boolean;
  /** A destination gets all that it takes; its bad blocks are listed. */
  ignoreWrite?: boolean;
  /** A chunk that cannot be read at once is written nowhere, listed whole, and the job goes on. */
  skipBad?: boolean;
  sequential?: boolean;
  /** Copy only: hashes are made even when nothing is verified, for `hashes()`. */
  hash?: boolean;
  /** Copy only: the file system that source and destination share is asked to copy what was read (copy_file_range), where that is faster. */
  copyRange?: boolean;
  /** Copy only: chunks that are only read back are read from the source too where their hash is known, and have to have that hash. */
  readKnown?: boolean;
  /** Copy only: the first chunk of every destination is zeros until all the rest is flushed, and is written last. */
  headLast?: boolean;
  /** Zeros are not written: holes in files, BLKZEROOUT on disks. */
  sparse?: boolean;
  /** With `sparse`: disks are all zeros before the job. */
  assumeBlank?: boolean;
  /** Per destination a bitmap of the chunks to write (bit i % 8 of byte i / 8), null for all. */
  todo?: (Uint8Array | null)[];
  /** Per destination a bitmap of the chunks to read back, null for all. */
  check?: (Uint8Array | null)[];
  /** Per destination bytes per second, 0 for no limit. */
  limits?: number[];
  /** Hashes of the source that are known from before, 16 bytes a chunk, and a bitmap of which ones. */
  hashes?: Uint8Array;
  known?: Uint8Array;
  /** Limit of the whole job; 0 for none. */
  bytesPerSecond?: number;
  /** Milliseconds without an answer after which an I/O counts as lost, 0 for never. */
  stallTimeout?: number;
  /** Milliseconds between flushes while writing, 0 for only at the end. */
  flushInterval?: number;
}

/** A kcopyd client: a page pool, a worker thread and a backend. */
export interface NativeClient {
  readonly io: 'uring' | 'threads';
  /** Bytes of the page pool. */
  readonly memory: number;
  /** Bytes of a sub-job. */
  readonly chunkSize: number;
  submit(request: NativeJobRequest): NativeJob;
  /** Resolves when the ring is torn down and the pages are released. */
  destroy(): Promise<void>;
}

/** One device of a job, as sent to platter-broker. */
export interface NativeBrokerDevice {
  major: number;
  minor: number;
  /** Bytes. */
  size: number;
  /** 0 where the kernel has none. */
  diskSequence: number;
  /** The most that `open` may ask for. */
  access: 'read' | 'write';
}

/** The answer of platter-broker (native/broker/protocol.h). */
export type NativeBrokerStatus =
  | 'ok'
  | 'badMessage'
  | 'notNamed'
  | 'notApproved'
  | 'changed'
  | 'notBlock'
  | 'readOnly'
  | 'system'
  | 'mounted'
  | 'swap'
  | 'held'
  | 'busy'
  | 'notMounted'
  | 'unsupported'
  | 'failed';

export interface NativeBrokerReply {
  status: NativeBrokerStatus;
  /** "EBUSY", with `failed` and `busy`; else null. */
  errno: string | null;
  /** For a person: where it is mounted, what holds it. May be empty. */
  detail: string;
}

/**
 * A session with platter-broker. Each method waits for its answer on a thread of its own, and rejects with an EngineError
 * when the conversation fails: ECONNRESET, the broker has ended; EPROTO, it broke the protocol.
 */
export interface NativeBroker {
  /** Names the devices of the job, once, before anything else. Answered when the rights are there. */
  name(devices: readonly NativeBrokerDevice[]): Promise<NativeBrokerReply>;
  /**
   * Opens the device with this index, claimed exclusively for writing. Rejects with ESTALE when what comes is not the block device
   * `number`. Messages call it `path`.
   */
  open(
    index: number,
    access: 'read' | 'write',
    path: string,
    number: { major: number; minor: number },
  ): Promise<NativeBrokerReply & { device: NativeDevice | null }>;
  /** Has the kernel read the partition table again of a device that was named for writing; `device` holds its claim. */
  reread(index: number, device: NativeDevice): Promise<NativeBrokerReply>;
  /** Unmounts one mount (its id in /proc/self/mountinfo) of a device or of a partition of it. */
  unmount(index: number, mount: number): Promise<NativeBrokerReply>;
  /** Flushes a disk and has the kernel let it go. */
  powerOff(index: number): Promise<NativeBrokerReply>;
  /** Ends the session; a call that waits rejects. What was opened stays open. */
  close(): void;
}

/** A socket on which a broker is awaited that somebody else starts as root. */
export interface NativeBrokerListener {
  /** Resolves with the first connection of a process that is root. Rejects with EINVAL once the listener is closed. */
  accept(): Promise<NativeBroker>;
  close(): void;
}

/** The addon. Every throw is an EngineError: `code`, `errno`, `op`, `device`, `offset`, `length` beside `message`. */
export interface NativeAddon {
  /** Keeps other processes of the same user from tracing this one or taking its descriptors, and gives it no core dump. */
  protectProcess(): void;
  /** A session, and the number of the descriptor that a broker gets as its input. The caller closes `peer`. */
  brokerPair(): { broker: NativeBroker; peer: number };
  /** A session from the server behind the descriptor `control` (platter-broker --as). */
  brokerOver(control: number): NativeBroker;
  /** Listens at `path`, which the caller removes. Its folder has to be closed to other users. */
  BrokerListener: new (path: string) => NativeBrokerListener;
  /** Opens `path` on a thread of its own: a drive that does not answer delays nothing else. Rejects with an EngineError. */
  openDevice(path: string, options?: NativeOpenOptions): Promise<NativeDevice>;
  /**
   * Renames `from` to `to`: 'noReplace' fails with EEXIST when `to` is there, 'exchange' swaps the two names at once.
   * Throws EINVAL where the file system has no such rename.
   */
  renameFile(from: string, to: string, how: 'noReplace' | 'exchange'): void;
  /** Cuts or extends a regular file that is open for writing to `bytes`, by its descriptor. */
  resizeFile(device: NativeDevice, bytes: number): void;
  /**
   * Takes a BSD lock (flock(2)), which other programs and udev respect, without waiting. False when somebody has a lock
   * that excludes it. The lock ends with `unlockDevice` or when the device is closed.
   */
  lockDevice(device: NativeDevice, exclusive: boolean): boolean;
  unlockDevice(device: NativeDevice): void;
  /** The same for a file descriptor; the lock ends when it is closed. */
  lockDescriptor(fd: number, exclusive: boolean): boolean;
  /**
   * Identity of what lies behind a loop device, even of a deleted file: "file:8:1:1234", or "block:8:16" of a block device,
   * whatever its node is called; null for any other device.
   */
  loopFile(device: NativeDevice): Promise<string | null>;
  /** The same of the loop device at `path`; null, too, where this user may not open it. */
  loopFileAt(path: string): Promise<string | null>;
  /** The state of an open file, whatever its path leads to now. Rejects with an EngineError as fstat(2) does. */
  fileState(device: NativeDevice): Promise<NativeFileState>;
  /** Bytes of the data in a file, without its holes. Rejects with an EngineError, EINVAL where they cannot be told apart. */
  dataBytes(device: NativeDevice): Promise<number>;
  /** `chunkSize`: bytes of a sub-job, a power of two from 64 KiB to 16 MiB, 1 MiB by default (less in a small pool). */
  createClient(options: {
    pages: number;
    io?: 'auto' | 'uring' | 'threads';
    bytesPerSecond?: number;
    chunkSize?: number;
  }): NativeClient;
  /** Hears of block devices until it is closed. Throws where the system refuses that. */
  watchUevents(listener: (event: NativeUevent) => void): { close(): void };
}

/** Thrown by the addon. */
export interface NativeEngineError extends Error {
  /** "EBUSY", or "ERR_INVALID_ARG" for a call of the wrong shape. */
  code: string;
  /** Positive errno, 0 when there was none. */
  errno: number;
  op:
    | 'open'
    | 'read'
    | 'create'
    | 'submit'
    | 'clone'
    | 'reread'
    | 'rename'
    | 'resize'
    | 'lock'
    | 'check'
    | 'close'
    | 'broker'
    | 'protect'
    | 'watch';
  device: string | null;
  offset: number | null;
  length: number | null;
}

/** Loads the addon from `path`. Throws what `dlopen` throws. */
export function loadAddon(path: string): NativeAddon {
  loaded = createRequire(import.meta.url)(path) as NativeAddon;
  return loaded;
}

let loaded: NativeAddon | null = null;

/** The addon that this process has loaded; null when it has loaded none. */
export const loadedAddon = (): NativeAddon | null => loaded;
