// The IPC between main and the page: the state that the window sees, its calls, and main's notices.
import type { KeptBay } from './bays.ts';
import type { JobError, Outcome, PlatterError } from './errors.ts';
import type { Disk } from './disks.ts';
import type { LeftDownload, SourceDownload } from './downloads.ts';
import type { Reading } from './host.ts';
import type { InterruptedJob, JobProgress, JobResult, Plan, Usage } from './jobs.ts';
import type { ReportForm } from './limits.ts';
import type { OpenImage } from './opened-images.ts';
import type { Described } from './disk-content.ts';
import type { JobRequest } from './request.ts';
import type { SettingsChange, SettingsState } from './settings.ts';
import type { FoundJobs, JobRecord } from './records.ts';
import type { StationState, StationWish } from './station.ts';

/** A job as the window sees it. Owned by main; the window only renders it. */
export interface JobView {
  plan: Plan;
  /** When it was started, milliseconds since the epoch. */
  startedAt: number;
  phase: 'running' | 'cancelling' | 'ended';
  progress: JobProgress;
  /** All errors so far, in order of arrival. */
  errors: JobError[];
  /**
   * Set when phase is 'ended': the engine's result, or with `failure` one in which only destinations that were done
   * count.
   */
  result: JobResult | null;
  /** Set when phase is 'ended' because the engine host failed. */
  failure: PlatterError | null;
  /** The current limit of the whole job in bytes per second; null for none. */
  throttle: number | null;
  /** The current limit of each destination. */
  destinationThrottles: (number | null)[];
  /** What smooths the time left of each destination. Only main and the command line need it (view/time-left.ts). */
  paces: readonly Pace[];
}

/** What is known of how long a destination takes. */
export interface Pace {
  /** Its speed of writing and of reading, over the last one and a half minutes. */
  written: MeasuredSpeed;
  verified: MeasuredSpeed;
  /** The time left that was shown last, in seconds; null before there is evidence for one. */
  left: number | null;
}

/** A smoothed speed, and for how many seconds it was measured. */
export interface MeasuredSpeed {
  bytesPerSecond: number;
  measured: number;
}

/**
 * The whereabouts of a destination's drive: never in the list of disks ('unlisted', as for every file); in the list;
 * switched off but still in it; switched off and gone ('ejected'); gone without being switched off ('takenOut').
 */
export type DrivePresence = 'unlisted' | 'there' | 'switchedOff' | 'ejected' | 'takenOut';

/** A checked request that waits for the user's consent. */
export interface Review {
  /** Identifies this review. `start` names it. */
  id: string;
  plan: Plan;
}

/** An image that a job of the history read. The window offers it as a source again. */
export interface RecentImage {
  /** Id of the job in the history. */
  job: string;
  /** Absolute. */
  path: string;
  /** The origin of a download, without secrets; null for any other file. */
  origin: string | null;
  /** The file that the job took from an archive; null when none was named. */
  entry: string | null;
  /** Bytes of the file. */
  size: number;
  /** Start of the job, in milliseconds since the epoch. */
  usedAt: number;
  /** false: the file was a download that was removed after its job, and its whole link is known. */
  isThere: boolean;
}

/** All of the window's state that main owns. */
export interface AppState extends SettingsState {
  /** The system is asking for the right to open disks, so there may be a prompt on the screen. */
  elevating: boolean;
  /**
   * Progress of a source that must be read completely while its request is checked or its job starts; null otherwise.
   */
  reading: Reading | null;
  /** The path of a file or device that has not answered yet, while a request is checked or its job starts; else null. */
  slow: string | null;
  disks: Disk[];
  /** Why the list of disks may be wrong; null when all is well. */
  disksError: PlatterError | null;
  /** Why the list is only refreshed every two seconds; null when the kernel reports drives as they come and go. */
  hotplugError: PlatterError | null;
  review: Review | null;
  /** A disk that may join the running job, and waits for the user's consent: its only destination. */
  joining: Review | null;
  /** Station mode; null while it is off. */
  station: StationState;
  job: JobView | null;
  /** One for each destination of the job; empty without a job. */
  drives: readonly DrivePresence[];
  /** Interrupted jobs that can be continued, newest first. */
  interrupted: InterruptedJob[];
  /** Why that list may be wrong; null when all is well. */
  interruptedError: PlatterError | null;
  /**
   * The image that the desktop last asked to open, and when (milliseconds since the epoch). The window makes it the
   * source once. null: none.
   */
  opened: { path: string; at: number } | null;
  /** The source that is being downloaded, or was; null for none. */
  download: SourceDownload | null;
  /** Other downloads that were stopped or cut, newest first. */
  left: LeftDownload[];
  /** The images read last, newest first, without those that are gone and cannot be downloaded again. */
  recent: RecentImage[];
  /** The images that are open as files, in the order of opening. */
  openImages: OpenImage[];
  /** Id of the ended job in the history; null while it runs, and when it could not be stored. */
  record: string | null;
  /** Why it could not be stored; null when all is well. */
  recordError: PlatterError | null;
}

/** What this is, for the help. */
export interface About {
  version: string;
  electron: string;
  chrome: string;
  node: string;
}

/** The texts that the help shows in the window. */
export const HELP_TEXTS = ['manual', 'licence', 'notices'] as const;
export type HelpText = (typeof HELP_TEXTS)[number];

/** The speed of each destination since the start of the job. */
export interface SpeedHistory {
  /** Identifies the job (`JobView.startedAt`); null before the first one. */
  startedAt: number | null;
  /** Least seconds between two points. */
  every: number;
  /** The time of each point, in seconds since the start of the job. */
  seconds: number[];
  /** Per destination, bytes per second at each point. */
  speeds: number[][];
}

/**
 * The calls from the window to main. Both ends of the IPC are derived from this table and `calls`. NEEDS in
 * main/consent.ts has what main requires of the user before each call.
 */
export interface WindowCalls {
  getState: { args: []; result: AppState };
  /** A page calls this once after it is loaded, and then measures itself. */
  getSpeeds: { args: []; result: SpeedHistory };
  /** The versions of Platter and of what it runs on. */
  getAbout: { args: []; result: About };
  /** A text of the help: the manual as Markdown, the others as plain text. */
  getHelpText: { args: [name: HelpText]; result: string };
  refreshDisks: { args: []; result: null };
  /** Shows the native dialog for an image to read; null when the user cancels. */
  chooseImage: { args: []; result: string | null };
  /**
   * Describes an image file and its content. `entry`: the file of an archive to describe; null for its only one.
   * Refused for a file that the user did not give to Platter.
   */
  describeImage: { args: [path: string, entry: string | null]; result: Outcome<Described> };
  /**
   * Finds what the file systems of a disk or raw image use, without asking for rights. It can take seconds. Refused for a
   * file that the user did not give to Platter, and when it is stopped.
   */
  findUsage: { args: [path: string]; result: Outcome<Usage> };
  /** Ends the search for used blocks. */
  stopUsage: { args: []; result: null };
  /**
   * Downloads a source from a link. `AppState.download` shows the progress. Main asks the user about a link that they
   * did not paste or drop. Refused when it is not a link, or the user says no.
   */
  download: { args: [link: string]; result: Outcome<null> };
  /** Stops the download. The partial file stays. */
  stopDownload: { args: []; result: null };
  /** Continues the download, or downloads again from the same link. `left` names one of `AppState.left` instead. */
  resumeDownload: { args: [left: string | null]; result: Outcome<null> };
  /** Dismisses the download, and removes its file unless it is complete. `left`: as above. */
  discardDownload: { args: [left: string | null]; result: Outcome<null> };
  /** Decides whether the downloaded file stays when its job is done. */
  keepDownload: { args: [isKept: boolean]; result: Outcome<null> };
  /**
   * Makes the image of this job the source. From then on a request may name its file. A removed download becomes
   * `AppState.download`. Refused when the file is gone.
   */
  chooseRecent: { args: [job: string]; result: Outcome<RecentImage> };
  /**
   * Opens an image as files that can only be read, and shows them in the file manager. `AppState.openImages` has it until
   * it is closed. Refused for a file that the user did not give to Platter.
   */
  openImage: { args: [path: string, entry: string | null]; result: Outcome<null> };
  /** The same for the image that a job of the history wrote, by the index of the destination. */
  openRecorded: { args: [job: string, destination: number]; result: Outcome<null> };
  /** Indices of the destinations of a job that are complete images and still exist. */
  recordedImages: { args: [job: string]; result: number[] };
  /** Shows a file system of an open image in the file manager. `folder` names the image, as in `AppState.openImages`. */
  showFiles: { args: [folder: string, partition: number | null]; result: Outcome<null> };
  /** Closes an open image. Refused while something uses it. */
  closeImage: { args: [folder: string]; result: Outcome<null> };
  /** Shows the native dialog for an image to check or repair; null when the user cancels. */
  chooseOldImage: { args: []; result: string | null };
  /** Shows the native dialog for a manifest; null when the user cancels. */
  chooseManifest: { args: []; result: string | null };
  /** Shows the native save dialog for a new image file; null when the user cancels. */
  chooseNewImage: { args: []; result: string | null };
  /**
   * Checks a request. On success `AppState.review` holds the plan. Writes nothing. Refused for a file that the user did
   * not give to Platter.
   */
  review: { args: [request: JobRequest]; result: Outcome<Review> };
  /** Dismisses a review, or stops the check of a request. */
  dismissReview: { args: []; result: null };
  /** Starts the review `id`, which must be the one in `AppState`. Refused until main has seen the user's consent. */
  start: { args: [id: string]; result: Outcome<null> };
  /** Stops the job (null) or one destination. */
  cancel: { args: [destination: number | null]; result: null };
  /** Pauses or continues the job (null) or one destination. */
  pause: { args: [destination: number | null, paused: boolean]; result: Outcome<null> };
  /** Limits the job (null) or one destination, bytes per second; null for no limit. */
  throttle: { args: [destination: number | null, bytesPerSecond: number | null]; result: Outcome<null> };
  /** Starts a failed destination again. */
  retry: { args: [destination: number]; result: Outcome<null> };
  /**
   * Checks a disk of the list for the running job. On success `AppState.joining` holds its plan. Writes nothing.
   */
  prepareJoin: { args: [path: string]; result: Outcome<Review> };
  /** Adds the disk of `AppState.joining` to the job, by its id. Refused until main has seen the user's consent. */
  join: { args: [id: string]; result: Outcome<null> };
  /** Lets the disk of `AppState.joining` go. */
  leaveJoin: { args: []; result: null };
  /** Forgets an interrupted job. */
  forget: { args: [job: string]; result: Outcome<null> };
  /**
   * Unmounts, flushes and switches off the disks at these paths, one after the other. A failure does not stop the
   * others.
   */
  eject: { args: [paths: string[]]; result: Outcome<null> };
  /** Dismisses an ended job. */
  dismissJob: { args: []; result: null };
  /** The jobs in the history that contain every word of `query`. */
  findJobs: { args: [query: string]; result: Outcome<FoundJobs> };
  /** A job of the history to choose again. From then on a request may name its files. */
  repeatJob: { args: [id: string]; result: Outcome<JobRecord> };
  /** Shows the native save dialog and writes the report on these jobs. Gives its path; null when the user cancels. */
  reportJobs: { args: [ids: string[], form: ReportForm]; result: Outcome<string | null> };
  /**
   * Shows the native save dialog and writes the manifest that a job made, named by its SHA-256 (hex). Gives its path;
   * null when the user cancels.
   */
  saveManifest: { args: [manifest: string]; result: Outcome<string | null> };
  /** Opens a file that `reportJobs` or `saveManifest` has saved in this session with the desktop's program for it. */
  openSaved: { args: [path: string]; result: Outcome<null> };
  /** Shows such a file in the desktop's file manager. */
  showSaved: { args: [path: string]; result: Outcome<null> };
  /** Shows the log file in the desktop's file manager; gives its path. */
  showLog: { args: []; result: string };
  /** Copies the information that support needs to the clipboard. */
  copyDiagnostics: { args: []; result: null };
  /**
   * Changes and stores settings. Missing members do not change. When they cannot be stored, it is refused and nothing
   * changes.
   */
  changeSettings: { args: [change: SettingsChange]; result: Outcome<null> };
  /** The bays, in the order of their numbers. */
  getBays: { args: []; result: Outcome<KeptBay[]> };
  /** Numbers and names the bays anew. */
  setBays: { args: [bays: KeptBay[]]; result: Outcome<null> };
  /**
   * Proposes a station. On success `AppState.station` holds its plan. Refused for a file that the user did not give to
   * Platter.
   */
  proposeStation: { args: [wish: StationWish]; result: Outcome<null> };
  /** Arms the proposed station `id`. Refused until main has seen the user's consent. */
  armStation: { args: [id: string]; result: Outcome<null> };
  /** Stops the station. A running job goes on. */
  stopStation: { args: []; result: null };
  /** Does not start the drive that is in the bay with this port. */
  skipBay: { args: [port: string]; result: null };
  /** Dismisses a proposed or stopped station. */
  dismissStation: { args: []; result: null };
}

/** Names of the calls, for the ends that loop over them. */
export const calls = [
  'getState',
  'getSpeeds',
  'getAbout',
  'getHelpText',
  'refreshDisks',
  'chooseImage',
  'describeImage',
  'findUsage',
  'stopUsage',
  'download',
  'stopDownload',
  'resumeDownload',
  'discardDownload',
  'keepDownload',
  'chooseRecent',
  'openImage',
  'openRecorded',
  'recordedImages',
  'showFiles',
  'closeImage',
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
  'prepareJoin',
  'join',
  'leaveJoin',
  'forget',
  'eject',
  'dismissJob',
  'findJobs',
  'repeatJob',
  'reportJobs',
  'saveManifest',
  'openSaved',
  'showSaved',
  'showLog',
  'copyDiagnostics',
  'changeSettings',
  'getBays',
  'setBays',
  'proposeStation',
  'armStation',
  'stopStation',
  'skipBay',
  'dismissStation',
] as const satisfies readonly (keyof WindowCalls)[];

/** The notices from main to the window. */
export interface WindowNotices {
  /** The whole state, after anything but the job's progress has changed. */
  state: AppState;
  /** The job's progress (`state.job.progress`), when nothing else has changed since the last notice. */
  progress: JobProgress;
}

/** Names of the notices. During a job there are at most four a second of both kinds together. */
export const notices = ['state', 'progress'] as const satisfies readonly (keyof WindowNotices)[];

type Calls = { [C in keyof WindowCalls]: (...args: WindowCalls[C]['args']) => Promise<WindowCalls[C]['result']> };
type Listeners = {
  [N in keyof WindowNotices as `on${Capitalize<N>}`]: (listener: (value: WindowNotices[N]) => void) => () => void;
};

/**
 * `window.platter`: the calls; `onState(listener)` and `onProgress(listener)`, which return a function that stops
 * listening; and `pathOf` for dropped files.
 */
export type Bridge = Calls & Listeners & { pathOf(file: object): string };

/** The channel on which the preload script tells main the path of a dropped file. The page cannot use it. */
export const DROPPED = 'platter:dropped';

/** The channel for a link that the user pasted or dropped. */
export const GIVEN_LINK = 'platter:link';

/** True when `text` has the form of a link: http or https, and one line. */
export const isLink = (text: string): boolean => /^https?:\/\/\S+$/iu.test(text.trim());

/** Channel of a call or notice on Electron's IPC. */
export const channel = (name: keyof WindowCalls | keyof WindowNotices): string => `platter:${name}`;
