// What the native addon offers JavaScript (native/addon). Types only, and the one place that loads it.
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
  major: number;
  minor: number;
  /** Of a regular file; 0 for a block device. */
  inode: number;
}

/** An open device or file. Closing it while a job uses it throws. */
export interface NativeDevice {
  info(): NativeDeviceInfo;
  close(): void;
}

/** Extra flags of an open; a source is opened with none of them. */
export interface NativeOpenOptions {
  write?: boolean;
  exclusive?: boolean;
  create?: boolean;
  grow?: boolean;
}

export type NativeState = 'waiting' | 'copying' | 'flushing' | 'verifying' | 'done' | 'failed' | 'cancelled';
export type NativeCause = 'io' | 'medium' | 'gone' | 'no-space' | 'read-only' | 'timed-out' | 'mismatch' | 'cancelled';

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

/** A sample of a job, in bytes. */
export interface NativeProgress {
  bytesRead: number;
  bytesTotal: number;
  /** Entries in the error list. */
  errors: number;
  destinations: { state: NativeState; written: number; verified: number }[];
}

/** kcopyd's two answers. */
export interface NativeResult {
  readErr: 0 | 1;
  writeErr: number;
}

/** A job that was accepted. */
export interface NativeJob {
  progress(): NativeProgress;
  /** Entries of the error list from index `first` on. */
  errors(first: number): NativeError[];
  cancel(): void;
  /** Resolves when every destination has ended; never rejects for an error of a device. */
  readonly done: Promise<NativeResult>;
}

/** Whole devices or files: from byte 0, as many bytes as the source has. */
export interface NativeJobRequest {
  op: 'copy' | 'compare';
  source: NativeDevice;
  destinations: NativeDevice[];
  verify?: boolean;
  ignoreError?: boolean;
  sequential?: boolean;
  /** Copy only: the first MiB of every destination is zeros until all the rest is flushed, and is written last. */
  headLast?: boolean;
}

/** A kcopyd client: a page pool, a worker thread and a backend. */
export interface NativeClient {
  readonly io: 'uring' | 'threads';
  /** Bytes of the page pool. */
  readonly memory: number;
  submit(request: NativeJobRequest): NativeJob;
  /** Resolves when the ring is torn down and the pages are released. */
  destroy(): Promise<void>;
}

/** The addon. Every throw is an EngineError: `code`, `errno`, `op`, `device`, `offset`, `length` beside `message`. */
export interface NativeAddon {
  openDevice(path: string, options?: NativeOpenOptions): NativeDevice;
  createClient(options: { pages: number; io?: 'auto' | 'uring' | 'threads'; bytesPerSecond?: number }): NativeClient;
}

/** Thrown by the addon. */
export interface NativeEngineError extends Error {
  /** "EBUSY", or "ERR_INVALID_ARG" for a call of the wrong shape. */
  code: string;
  /** Positive errno, 0 when there was none. */
  errno: number;
  op: 'open' | 'create' | 'submit' | 'close';
  device: string | null;
  offset: number | null;
  length: number | null;
}

/** Loads the addon from `path`. Throws what `dlopen` throws. */
export function loadAddon(path: string): NativeAddon {
  return createRequire(import.meta.url)(path) as NativeAddon;
}
