// The types of the native addon (native/addon). Only this file loads it. One interface, so one file.
import { createRequire } from 'node:module';
import type { Extent } from '../../contract/values.ts';

/** Facts about an open device, from its descriptor. Sizes in bytes. */
export interface NativeDeviceInfo {
  size: number;
  logicalBlock: number;
  physicalBlock: number;
  kind: 'block' | 'file';
  readOnly: boolean;
  /** False when the file system refused O_DIRECT; I/O is then buffered, and the cache dropped afterwards. */
  direct: boolean;
  /** Seeks cost time. */
  rotational: boolean;
  /** Writes have to ascend. */
  zoned: boolean;
  /** Preferred bytes for one request; 0 when unknown. */
  optimalIo: number;
  /** Most bytes for one request; 0 when unknown. */
  maxRequest: number;
  major: number;
  minor: number;
  /** Inode of a regular file; 0 for a block device. */
  inode: number;
  /**
   * For a block device: a number that differs for every disk or medium the kernel detects. 0 for a file, or when
   * unknown.
   */
  diskSequence: number;
}

/**
 * A program that packs and unpacks frames: the memory that is shared with it, and the ends of the pipes for requests and
 * answers.
 */
export type FrameWorker = readonly [memory: number, requests: number, answers: number];

/** Frames in a file, in the order of their chunks. */
export interface Frames {
  /** Bytes of each. */
  sizes: Uint32Array;
  /** Where in the file each begins. */
  offsets: Float64Array;
  /** Where `finishFrames` writes. */
  end: number;
}

/** An open device or file. Closing it while a job uses it throws. */
export interface NativeDevice {
  info(): NativeDeviceInfo;
  /** Current bytes of a file; for a block device, those when it was opened. */
  sizeNow(): number;
  /**
   * Makes this new file share `source`'s blocks (FICLONE). False when the file system, or the place of the files, does
   * not allow it.
   */
  cloneFrom(source: NativeDevice): Promise<boolean>;
  /**
   * Up to `length` bytes from `offset` on, at most 1 MiB, read from the medium; fewer at the end. For inspection before
   * a job.
   */
  peek(offset: number, length: number): Promise<Buffer>;
  /**
   * A source with the `length` bytes that this packed file unpacks to. `ask` asks for one stream of them: where it
   * begins, its number, and whether it is for the head of drives that have all the rest. `provide` answers. A gap of up
   * to `reach` bytes is read and dropped; beyond it a new stream is asked for.
   */
  unpack(length: number, reach: number, ask: (at: number, stream: number, seals: boolean) => void): NativeDevice;
  /** The stream asked for: a descriptor, which is the device's from now on, or a negative errno. */
  provide(stream: number, descriptor: number): void;
  /**
   * Splits this new file, NAME.000.part of `folder`, before it is packed: behind `size` bytes it goes on in NAME.001.part,
   * and so on. Throws with an errno.
   */
  split(folder: string, name: string, size: number): void;
  /**
   * A destination of this growing file: an image of `length` bytes that is written as frames of `chunk` bytes each, in
   * their order. The descriptors of `workers` are the device's from now on; without any the frames are the bytes of the
   * image. `sizes`: bytes of the frames that the file has already. `written`: a bitmap of the chunks that will be
   * written; the others are zeros.
   */
  pack(
    length: number,
    chunk: number,
    inClusters: boolean,
    workers: readonly FrameWorker[],
    sizes: Uint32Array,
    written: Uint8Array,
  ): NativeDevice;
  /** For a device that `pack` made: the frames that have their place in the file. */
  frames(): Frames;
  /**
   * For a device that `pack` made: the identities of the files that the frames are in ("file:8:1:1234"), the first piece
   * first. Their names may belong to other files by now. Throws with an errno.
   */
  frameFiles(): string[];
  /**
   * For a device that `pack` made: writes `bytes` behind the frames, ends the file there, and flushes it. Then writes
   * `start` at the start of the file, and flushes that. Rejects with an errno, EINVAL when frames are missing or `start`
   * would overwrite one.
   */
  finishFrames(bytes: Buffer, start: Buffer): Promise<boolean>;
  /**
   * Has the kernel read the partition table again. Does nothing on a device without partitions. Rejects with EBUSY when
   * a partition is in use.
   */
  rereadPartitions(): Promise<boolean>;
  /**
   * Resets the zones that contain the first `bytes`, so that they can be written again. False for a device without
   * zones. Rejects with the device's errno.
   */
  resetZones(bytes: number): Promise<boolean>;
  /**
   * Gives up the claim and the lock of a block device, which stays open: a job that goes on for others still names it.
   * Others can claim it then.
   */
  unclaim(): void;
  close(): void;
}

/** State of an open file. Times in nanoseconds since the epoch. */
export interface NativeFileState {
  size: number;
  modified: bigint;
  /** Time of the last change of the file or its inode. It cannot be set back. */
  changed: bigint;
  /** Time of birth; null when the file system does not keep it. */
  born: bigint | null;
}

/** An event of one block device, from the kernel or from udevd after it. */
export interface NativeUevent {
  /** "add", "remove", "change"...; "" when events were missed and anything may have happened. */
  action: string;
  /** Kernel name: "sdb1". */
  name: string;
  /** "8:17" */
  number: string;
}

/** Extra flags for opening; a source has none. */
export interface NativeOpenOptions {
  write?: boolean;
  exclusive?: boolean;
  create?: boolean;
  grow?: boolean;
}

export type NativeState = 'waiting' | 'copying' | 'flushing' | 'verifying' | 'done' | 'failed' | 'cancelled';
export type NativeCause =
  'io' | 'medium' | 'gone' | 'no-space' | 'read-only' | 'timed-out' | 'mismatch' | 'cancelled' | 'stalled';

/** An entry of a job's error list. */
export interface NativeError extends Extent {
  side: 'read' | 'write' | 'verify';
  /** -1 for the source. */
  destination: number;
  cause: NativeCause;
  /** "EIO"; null without an errno. */
  errno: string | null;
  flush: boolean;
}

/** One destination in a sample, in bytes. */
export interface NativeDestinationProgress {
  state: NativeState;
  paused: boolean;
  /** An I/O of it has been unanswered for a while. */
  stalled: boolean;
  written: number;
  /** The part of `written` that was zeros and needed no writing (`sparse`). */
  zeroed: number;
  verified: number;
  toWrite: number;
  toVerify: number;
}

/** A sample of a job, in bytes. */
export interface NativeProgress {
  bytesRead: number;
  bytesTotal: number;
  /** The number of entries in the error list. */
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

/**
 * Hashes of consecutive chunks: 16 bytes each (canonical XXH3-128, big endian), with a byte for each, 1 when it is
 * known.
 */
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
  /** Stops the job, or one destination, after the I/O in flight and a flush. */
  cancel(destination?: number): void;
  /** Starts no new sub-jobs for a destination, or for all (null); those in flight finish. */
  pause(destination: number | null, paused: boolean): void;
  /** Limits a destination, or the job (null), in bytes per second; 0 for no limit. */
  throttle(destination: number | null, bytesPerSecond: number): void;
  /** Entries from index `first` on of the list of a destination's durable chunks. */
  durable(destination: number, first: number): ChunkRange[];
  /** Hashes of chunks [first, first + count), fewer at the end; none for a job that computes none. */
  hashes(first: number, count: number): NativeHashes;
  /** Resolves when every destination has ended; never rejects for an error of a device. */
  readonly done: Promise<NativeResult>;
}

/** Whole devices, or the same region of all of them. */
export interface NativeJobRequest {
  op: 'copy' | 'compare' | 'zero';
  /** null for zeros, and for comparing with `hashes` alone. */
  source: NativeDevice | null;
  destinations: NativeDevice[];
  /**
   * Region in bytes, multiples of 512. Default: from 0, as long as the source, or the first destination without one.
   */
  offset?: number;
  length?: number;
  verify?: boolean;
  /** Replace unreadable blocks by zeros, and list them. */
  ignoreRead?: boolean;
  /** Write as much as possible to a destination, and list its bad blocks. */
  ignoreWrite?: boolean;
  /** Skip a chunk that cannot be read at the first try: write it nowhere, and list it whole. */
  skipBad?: boolean;
  sequential?: boolean;
  /** Copy only: compute hashes for `hashes()` even when nothing is verified. */
  hash?: boolean;
  /**
   * Copy only: let a file system shared by source and destination copy what was read (copy_file_range), where that is
   * faster.
   */
  copyRange?: boolean;
  /**
   * Copy only: where the hash of a chunk that is only verified is known, read the chunk from the source too, and
   * require that hash.
   */
  readKnown?: boolean;
  /** Copy only: keep the first chunk of every destination zeros until the rest is flushed, then write it. */
  headLast?: boolean;
  /** Do not write zeros: use holes in files, BLKZEROOUT on disks. */
  sparse?: boolean;
  /** With `sparse`: the disks are all zeros before the job. */
  assumeBlank?: boolean;
  /** For each destination a bitmap of the chunks to write (bit i % 8 of byte i / 8); null for all. */
  todo?: (Uint8Array | null)[];
  /** For each destination a bitmap of the chunks to read back; null for all. */
  check?: (Uint8Array | null)[];
  /** For each destination its limit in bytes per second; 0 for none. */
  limits?: number[];
  /** Hashes of the source known from before, 16 bytes a chunk, and a bitmap of the known ones. */
  hashes?: Uint8Array;
  known?: Uint8Array;
  /** Limit of the whole job; 0 for none. */
  bytesPerSecond?: number;
  /** Milliseconds without an answer after which an I/O counts as lost; 0 for never. */
  stallTimeout?: number;
  /** Milliseconds between flushes while writing; 0 for only at the end. */
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

/** A device of a job, as sent to platter-broker. */
export interface NativeBrokerDevice {
  major: number;
  minor: number;
  /** Bytes. */
  size: number;
  /** 0 when the kernel does not number disks. */
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
  /** "EBUSY", with `failed` and `busy`; otherwise null. */
  errno: string | null;
  /** For people: where it is mounted, what holds it. May be empty. */
  detail: string;
}

/**
 * A session with platter-broker. Each method waits on its own thread. It rejects with an EngineError when the
 * conversation fails: ECONNRESET when the broker has ended, EPROTO when it broke the protocol.
 */
export interface NativeBroker {
  /** Names the devices of the job. Call once, before anything else. Resolves when the rights are granted. */
  name(devices: readonly NativeBrokerDevice[]): Promise<NativeBrokerReply>;
  /**
   * Opens the device with this index, exclusively for writing. Rejects with ESTALE when the result is not the block
   * device `number`. Messages call it `path`.
   */
  open(
    index: number,
    access: 'read' | 'write',
    path: string,
    number: { major: number; minor: number },
  ): Promise<NativeBrokerReply & { device: NativeDevice | null }>;
  /** Has the kernel read the partition table again of a device named for writing; `device` holds its claim. */
  reread(index: number, device: NativeDevice): Promise<NativeBrokerReply>;
  /** Unmounts a mount (its id in /proc/self/mountinfo) of a device or one of its partitions. */
  unmount(index: number, mount: number): Promise<NativeBrokerReply>;
  /** Flushes a disk and has the kernel release it. */
  powerOff(index: number): Promise<NativeBrokerReply>;
  /** Ends the session; pending calls reject. Opened devices stay open. */
  close(): void;
}

/** A socket on which a broker is awaited that another program starts as root. */
export interface NativeBrokerListener {
  /** Resolves with the first connection from a root process. Rejects with EINVAL once the listener is closed. */
  accept(): Promise<NativeBroker>;
  close(): void;
}

/**
 * The addon. Everything it throws is an EngineError: `code`, `errno`, `op`, `device`, `offset`, `length` beside
 * `message`.
 */
export interface NativeAddon {
  /**
   * Keeps other processes of the same user from tracing this one or taking its descriptors, and disables its core
   * dumps.
   */
  protectProcess(): void;
  /** A session, and the descriptor to pass to a broker as its input. The caller closes `peer`. */
  brokerPair(): { broker: NativeBroker; peer: number };
  /** A session from the server behind the descriptor `control` (platter-broker --as). */
  brokerOver(control: number): NativeBroker;
  /** Listens at `path`, which the caller removes. Its folder must be closed to other users. */
  BrokerListener: new (path: string) => NativeBrokerListener;
  /** Opens `path` on its own thread, so that a hanging drive delays nothing else. Rejects with an EngineError. */
  openDevice(path: string, options?: NativeOpenOptions): Promise<NativeDevice>;
  /** The two ends of a new pipe, closed on exec: the one to read, the one to write. */
  makePipe(): [number, number];
  /** A descriptor of new memory of `bytes` bytes that programs can share, closed on exec. */
  makeMemory(bytes: number): number;
  /**
   * Renames `from` to `to`. 'noReplace' fails with EEXIST when `to` exists; 'exchange' swaps the two names atomically.
   * Throws EINVAL when the file system does not support that.
   */
  renameFile(from: string, to: string, how: 'noReplace' | 'exchange'): void;
  /** Truncates or extends a regular file that is open for writing to `bytes`, through its descriptor. */
  resizeFile(device: NativeDevice, bytes: number): void;
  /**
   * Takes a BSD lock (flock(2)), which other programs and udev respect, without waiting. False when a conflicting lock
   * exists. The lock ends with `unlockDevice` or when the device is closed.
   */
  lockDevice(device: NativeDevice, exclusive: boolean): boolean;
  unlockDevice(device: NativeDevice): void;
  /** Locks a file descriptor; the lock ends when it is closed. */
  lockDescriptor(fd: number, exclusive: boolean): boolean;
  /**
   * Identity of what lies behind a loop device, even a deleted file: "file:8:1:1234", or "block:8:16" for a block
   * device, whatever the name of its node. null for any other device.
   */
  loopFile(device: NativeDevice): Promise<string | null>;
  /** The identity behind the loop device at `path`; also null when this user may not open it. */
  loopFileAt(path: string): Promise<string | null>;
  /** The state of an open file, whatever its path leads to now. Rejects with an EngineError as fstat(2) does. */
  fileState(device: NativeDevice): Promise<NativeFileState>;
  /**
   * Bytes of data in a file, without its holes. Rejects with an EngineError, EINVAL when holes cannot be told from
   * data.
   */
  dataBytes(device: NativeDevice): Promise<number>;
  /** `chunkSize`: bytes of a sub-job, a power of two from 64 KiB to 16 MiB, 1 MiB by default (less in a small pool). */
  createClient(options: {
    pages: number;
    io?: 'auto' | 'uring' | 'threads';
    bytesPerSecond?: number;
    chunkSize?: number;
  }): NativeClient;
  /** Reports events of block devices until it is closed. Throws when the system refuses. */
  watchUevents(listener: (event: NativeUevent) => void): { close(): void };
}

/** Thrown by the addon. */
export interface NativeEngineError extends Error {
  /** "EBUSY", or "ERR_INVALID_ARG" for a call of the wrong shape. */
  code: string;
  /** Positive errno; 0 without one. */
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

/** The addon loaded by this process; null when there is none. */
export const loadedAddon = (): NativeAddon | null => loaded;
