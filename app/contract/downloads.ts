// The progress of a download, and the download of a source as the window sees it.
import type { PlatterError } from './errors.ts';

/** The progress of a download. */
export interface DownloadProgress {
  /** Its URL without secrets. */
  origin: string;
  /** Bytes in the file so far. */
  bytes: number;
  /** Bytes of the whole file; null when the server does not say. */
  length: number | null;
  bytesPerSecond: number;
  /** null when unknown. */
  secondsLeft: number | null;
}

/** A download that was stopped or cut, and that nothing shows otherwise. */
export interface LeftDownload {
  /** Names it in calls. */
  id: string;
  /** The link without secrets; "-" for standard input. */
  origin: string;
  /** Bytes in the file so far. */
  bytes: number;
  /** Bytes of the whole file; null when the server did not say. */
  length: number | null;
  /** Its link is known, and its server gives the rest of the same file. */
  canContinue: boolean;
}

/** A source that is downloaded from the user's link. Owned by main. */
export interface SourceDownload {
  /** Start, in milliseconds since the epoch. It also identifies the download. */
  at: number;
  /** The link without secrets; "-" for standard input, when the command line ran the job. */
  origin: string;
  /** 'stopped': by the user, and the partial file stays. 'removed': its job has ended, or its file is gone. */
  state: 'running' | 'stopped' | 'failed' | 'whole' | 'removed';
  /** null until the server has answered. */
  progress: DownloadProgress | null;
  /** Why it failed, or why the current request is a retry; null otherwise. */
  error: PlatterError | null;
  /** The complete file; null before it is complete, and after it was removed. */
  path: string | null;
  /** The file stays when its job is done. */
  isKept: boolean;
  /** Main knows the link with its secrets, so the file can be downloaded again. */
  hasLink: boolean;
}
