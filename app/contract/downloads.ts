// How far a download is, and the download of a source as the window sees it.
import type { PlatterError } from './errors.ts';

/** How far a download is. */
export interface DownloadProgress {
  /** Where it is from, without secrets. */
  origin: string;
  /** Bytes in the file. */
  bytes: number;
  /** Bytes of the whole file; null when the server does not say. */
  length: number | null;
  bytesPerSecond: number;
  /** null when unknown. */
  secondsLeft: number | null;
}

/** A source that is downloaded from a link that the user gave. Owned by main. */
export interface SourceDownload {
  /** When it was asked for, milliseconds since the epoch; names it. */
  at: number;
  /** The link without its secrets; "-" for standard input, of a job that the command line ran. */
  origin: string;
  /** 'stopped' by the user; what is there stays. 'removed': its job has ended, or its file is gone. */
  state: 'running' | 'stopped' | 'failed' | 'whole' | 'removed';
  /** null until the server has answered. */
  progress: DownloadProgress | null;
  /** Why it failed, or, while it runs, why a request is made again; null otherwise. */
  error: PlatterError | null;
  /** The file once all of it is there; null before, and when it was removed. */
  path: string | null;
  /** The file stays when its job is done. */
  isKept: boolean;
  /** Main knows the whole link, so that it can be fetched again. */
  hasLink: boolean;
}
