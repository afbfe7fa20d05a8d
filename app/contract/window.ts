// What the window sees, may ask and is told: the IPC between main and the page.
import type { JobError, Outcome, PlatterError } from './errors.ts';
import type { Disk } from './disks.ts';
import type { SourceDownload } from './downloads.ts';
import type { Reading } from './host.ts';
import type { InterruptedJob, JobProgress, JobResult, Plan } from './jobs.ts';
import type { ReportForm } from './limits.ts';
import type { Described } from './disk-content.ts';
import type { JobRequest } from './request.ts';
import type { SettingsChange, SettingsState } from './settings.ts';
import type { FoundJobs, JobRecord } from './records.ts';

/** A job as the window sees it. Owned by main; the window only renders it. */
export interface JobView {
  plan: Plan;
  /** When it was started, milliseconds since the epoch. */
  startedAt: number;
  phase: 'running' | 'cancelling' | 'ended';
  progress: JobProgress;
  /** All errors so far, in order of arrival. */
  errors: JobError[];
  /** Set when phase is 'ended': the engine's, or with `failure` one in which no destination is good. */
  result: JobResult | null;
  /** Set when phase is 'ended' because the engine host failed. */
  failure: PlatterError | null;
  /** What the whole job is limited to now, bytes per second; null for no limit. */
  throttle: number | null;
  /** The same of each destination. */
  destinationThrottles: (number | null)[];
}

/**
 * What became of a destination's drive: never in the list of disks ('unlisted', as every file); in it; switched off and
 * still in it; switched off and gone ('ejected'); gone without that ('takenOut').
 */
export type Whereabouts = 'unlisted' | 'there' | 'switchedOff' | 'ejected' | 'takenOut';

/** A checked request that waits for the user's consent. */
export interface Review {
  /** Names this review and no other; `start` carries it. */
  id: string;
  plan: Plan;
}

/** An image that a job of the history has read, offered as a source again. */
export interface RecentImage {
  /** Name of the job in the history. */
  job: string;
  /** Absolute. */
  path: string;
  /** Where it was downloaded from, without secrets; null for any other file. */
  origin: string | null;
  /** The file of an archive that was taken; null when none was named. */
  entry: string | null;
  /** Bytes of the file. */
  size: number;
  /** When the job was started, milliseconds since the epoch. */
  usedAt: number;
  /** false: the download was removed when its job was done, and its whole link is known. */
  isThere: boolean;
}

/** Everything the window shows that main owns. */
export interface AppState extends SettingsState {
  /** The system is asked for the right to open disks: there may be a prompt on the screen. */
  elevating: boolean;
  /** How far a source was read that is read whole while its request is checked, or its job starts; null while none is. */
  reading: Reading | null;
  disks: Disk[];
  /** Why the list of disks is not what it should be, null when all is well. */
  disksError: PlatterError | null;
  /** Why the list is only read every two seconds, null when the kernel tells of drives that come and go. */
  hotplugError: PlatterError | null;
  review: Review | null;
  job: JobView | null;
  /** Of each destination of the job; empty without a job. */
  drives: readonly Whereabouts[];
  /** Interrupted jobs that can be continued, newest first. */
  interrupted: InterruptedJob[];
  /** Why that list is not what it should be, null when all is well. */
  interruptedError: PlatterError | null;
  /**
   * The image that the desktop asked to open, and when (milliseconds since the epoch): the next source, once. Null when
   * it asked for none.
   */
  opened: { path: string; at: number } | null;
  /** The source that is, or was, downloaded from a link; null for none. */
  download: SourceDownload | null;
  /** The images that were read last, newest first. Those that are no longer there are left out. */
  recent: RecentImage[];
  /** Name of the ended job in the history, null while it runs and when it could not be kept. */
  record: string | null;
  /** Why it could not be, null when all is well. */
  recordError: PlatterError | null;
}

/** How fast the destinations of the job have been since its start. */
export interface SpeedHistory {
  /** Of the job (`JobView.startedAt`); null when there was none yet. */
  startedAt: number | null;
  /** Least seconds from one point to the next. */
  every: number;
  /** Of each point, since the start of the job. */
  seconds: number[];
  /** Per destination, bytes per second at each point. */
  speeds: number[][];
}

/**
 * What the window may ask of main. Both ends of the IPC are derived from this table and `calls`; what main asks of the
 * person before it does each of them is in main/consent.ts (NEEDS).
 */
export interface WindowCalls {
  getState: { args: []; result: AppState };
  /** Asked once, by a page that was just loaded: from then on it measures itself. */
  getSpeeds: { args: []; result: SpeedHistory };
  refreshDisks: { args: []; result: null };
  /** Native dialog for an image to read; null when the user changed their mind. */
  chooseImage: { args: []; result: string | null };
  /**
   * Describes an image file and its content. `entry`: the file of an archive that is meant; null for its only one.
   * Refused with a file that the user did not give to Platter.
   */
  describeImage: { args: [path: string, entry: string | null]; result: Outcome<Described> };
  /**
   * Downloads a source from a link; `AppState.download` shows how far it is. Main asks about a link that the user did
   * not paste or drop. Refused when it is no link, or the user says no.
   */
  download: { args: [link: string]; result: Outcome<null> };
  /** Stops the download. What is there stays. */
  stopDownload: { args: []; result: null };
  /** Downloads from the same link again, or the rest. */
  resumeDownload: { args: []; result: Outcome<null> };
  /** Puts the download away, and removes what is there of one that is not whole. */
  discardDownload: { args: []; result: Outcome<null> };
  /** Says whether the downloaded file stays when its job is done. */
  keepDownload: { args: [isKept: boolean]; result: Outcome<null> };
  /**
   * Takes one of the recent images as the source, by the name of its job: from then on a request may name its file. A
   * download that was removed becomes `AppState.download`. Refused when the file is no longer there.
   */
  chooseRecent: { args: [job: string]; result: Outcome<RecentImage> };
  /** Native dialog for an image to check or repair; null when the user changed their mind. */
  chooseOldImage: { args: []; result: string | null };
  /** Native dialog for a manifest; null when the user changed their mind. */
  chooseManifest: { args: []; result: string | null };
  /** Native save dialog for a new image file; null when the user changed their mind. */
  chooseNewImage: { args: []; result: string | null };
  /**
   * Checks a request; on success `AppState.review` holds the plan. Nothing is written. Refused with a file that the
   * user did not give to Platter.
   */
  review: { args: [request: JobRequest]; result: Outcome<Review> };
  /** Gives up a review, or the check of a request. */
  dismissReview: { args: []; result: null };
  /**
   * Starts the review `id`, which has to be the one in `AppState`. Refused until main has seen the user agree to it.
   */
  start: { args: [id: string]; result: Outcome<null> };
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
  /**
   * Unmounts, flushes and switches off disks, by their paths, one after the other; those that fail do not stop the
   * others.
   */
  eject: { args: [paths: string[]]; result: Outcome<null> };
  /** Puts an ended job away. */
  dismissJob: { args: []; result: null };
  /** The jobs in the history that have every word of `query` in them. */
  findJobs: { args: [query: string]; result: Outcome<FoundJobs> };
  /** A job of the history, to be chosen again: from then on a request may name its files. */
  repeatJob: { args: [id: string]; result: Outcome<JobRecord> };
  /** Native save dialog, then the report on these jobs; its path, null when the user changed their mind. */
  reportJobs: { args: [ids: string[], form: ReportForm]; result: Outcome<string | null> };
  /**
   * Native save dialog, then the manifest that a job has made, named by its SHA-256 (hex); its path, null when the user
   * changed their mind.
   */
  saveManifest: { args: [manifest: string]; result: Outcome<string | null> };
  /** Shows the log file in the desktop's file manager; gives its path. */
  showLog: { args: []; result: string };
  /** Puts what support needs to know on the clipboard. */
  copyDiagnostics: { args: []; result: null };
  /**
   * Changes and keeps settings; what is left out stays. Refused when they could not be kept: then nothing has changed.
   */
  changeSettings: { args: [change: SettingsChange]; result: Outcome<null> };
}

/** Names of the calls, for the ends that loop over them. */
export const calls = [
  'getState',
  'getSpeeds',
  'refreshDisks',
  'chooseImage',
  'describeImage',
  'download',
  'stopDownload',
  'resumeDownload',
  'discardDownload',
  'keepDownload',
  'chooseRecent',
  'chooseOldImage',
  'chooseManifest',
  'chooseNewImage',
  'review',
  'dismissReview',
  'start',
  'cancel',
  'pause',
  'throttle',
  'retry',
  'forget',
  'eject',
  'dismissJob',
  'findJobs',
  'repeatJob',
  'reportJobs',
  'saveManifest',
  'showLog',
  'copyDiagnostics',
  'changeSettings',
] as const satisfies readonly (keyof WindowCalls)[];

/** What main tells the window without being asked. */
export interface WindowNotices {
  /** All of it, after anything but the progress of the job has changed. */
  state: AppState;
  /** Where the job is, after nothing else has changed since the notice before: a new `state.job.progress`. */
  progress: JobProgress;
}

/** Names of the notices. While there is a job they come four times a second at most, together. */
export const notices = ['state', 'progress'] as const satisfies readonly (keyof WindowNotices)[];

type Calls = { [C in keyof WindowCalls]: (...args: WindowCalls[C]['args']) => Promise<WindowCalls[C]['result']> };
type Listeners = {
  [N in keyof WindowNotices as `on${Capitalize<N>}`]: (listener: (value: WindowNotices[N]) => void) => () => void;
};

/**
 * `window.platter`: the calls, `onState(listener)` and its like (they return the function that stops listening), and
 * `pathOf` for dropped files.
 */
export type Bridge = Calls & Listeners & { pathOf(file: object): string };

/**
 * Channel on which the preload script tells main the path of a file that the user dropped on the window. The page has
 * no way to it.
 */
export const DROPPED = 'platter:dropped';

/** The same of a link that the user pasted or dropped. */
export const GIVEN_LINK = 'platter:link';

/** Is `text` a link as far as its form says: http or https, and one line? */
export const isLink = (text: string): boolean => /^https?:\/\/\S+$/iu.test(text.trim());

/** Channel of a call or notice on Electron's IPC. */
export const channel = (name: keyof WindowCalls | keyof WindowNotices): string => `platter:${name}`;
