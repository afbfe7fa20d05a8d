// The type of a row in the table of options, and the settings that only the command line has.
import type { Hash } from '../hashes.ts';
import type { JobKind, JobRequest } from '../request.ts';

/** The value of an option; true for an option that takes none. */
export type OptionValue = true | string | number | ReadonlyMap<string, number>;

/** How a value is parsed (`cli/option-values.ts`). */
export type ValueKind =
  | 'text'
  | 'entry'
  | 'file'
  | 'name'
  | 'size'
  | 'length'
  | 'rate'
  | 'destinationRate'
  | 'retries'
  | 'level'
  | 'threads'
  | 'split'
  | 'seconds'
  | Hash;

interface Row<K extends JobKind> {
  flag: `--${string}`;
  /** The value after the flag; null when the option takes none. */
  value: { name: string; is: ValueKind; choices?: readonly string[] } | null;
  /** The commands that accept it. */
  kinds: readonly K[];
  help: string;
  /** It is refused without this option. */
  needs?: `--${string}`;
  /** It includes this option. */
  implies?: `--${string}`;
  conflicts?: readonly `--${string}`[];
}

/** An option that is part of the request. */
export interface JobOption<K extends JobKind = JobKind, V extends OptionValue = OptionValue> extends Row<K> {
  /** The window has a control for it. Other options are carried over when a job is repeated. */
  inWindow: boolean;
  /** The value in a request; null when it was not given. */
  get(request: Extract<JobRequest, { kind: K }>): V | null;
  set(request: Extract<JobRequest, { kind: K }>, value: V | null): void;
}

/** Levels of the log, from urgent to interesting for developers only. */
export const LOG_LEVELS = ['error', 'warn', 'info', 'debug'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** How a source from a URL or from standard input is kept. */
export interface Downloads {
  /** The folder; null for the user's cache. */
  downloadDir: string | null;
  /** The maximum size in bytes; null for no limit. */
  downloadLimit: number | null;
  /** Keep the file when the job is done. */
  keepDownload: boolean;
}

/** How the command line runs a job. This is not part of the request. */
export interface Run extends Downloads {
  /** Overwrite without asking. */
  yes: boolean;
  /** Print events as JSON. */
  json: boolean;
  /** Print log entries on stderr too. */
  verbose: boolean;
  /** The least severe level to log; null for that of PLATTER_LOG. */
  logLevel: LogLevel | null;
}

/** An option that only the command line has. */
export interface RunOption<V extends OptionValue = OptionValue> extends Row<JobKind> {
  setRun(run: Run, value: V): void;
}

export const plainDownloads: Downloads = { downloadDir: null, downloadLimit: null, keepDownload: false };
export const plainRun: Run = { yes: false, json: false, verbose: false, logLevel: null, ...plainDownloads };
