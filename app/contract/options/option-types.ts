// What a row of the table of options has, and what the options of the command line alone set.
import type { Hash } from '../hashes.ts';
import type { JobKind, JobRequest } from '../request.ts';

/** The value of an option; true for an option that takes none. */
export type OptionValue = true | string | number | ReadonlyMap<string, number>;

/** How the text of a value is read (`cli/option-values.ts`). */
export type ValueKind =
  'text' | 'entry' | 'file' | 'name' | 'size' | 'length' | 'rate' | 'destinationRate' | 'retries' | 'seconds' | Hash;

interface Row<K extends JobKind> {
  flag: `--${string}`;
  /** The value after the flag; null when the option takes none. */
  value: { name: string; is: ValueKind; choices?: readonly string[] } | null;
  /** The commands that have it. */
  kinds: readonly K[];
  help: string;
  /** The option without which it is refused. */
  needs?: `--${string}`;
  /** The option that it stands for too. */
  implies?: `--${string}`;
  conflicts?: readonly `--${string}`[];
}

/** An option that says something about the request. */
export interface JobOption<K extends JobKind = JobKind, V extends OptionValue = OptionValue> extends Row<K> {
  /** The window has a control for it. What it has none for is carried over when a job is repeated. */
  inWindow: boolean;
  /** The value of the option in a request; null when it was not given. */
  get(request: Extract<JobRequest, { kind: K }>): V | null;
  set(request: Extract<JobRequest, { kind: K }>, value: V | null): void;
}

/** Levels of the log, from urgent to interesting for developers only. */
export const LOG_LEVELS = ['error', 'warn', 'info', 'debug'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** How a source from a URL or from standard input is kept. */
export interface Downloads {
  /** Where it goes; null for the user's cache. */
  downloadDir: string | null;
  /** The most bytes that it may have; null for no limit. */
  downloadLimit: number | null;
  /** It stays when the job is done. */
  keepDownload: boolean;
}

/** How the command line runs a job. None of it is part of the request. */
export interface Run extends Downloads {
  /** Overwrite without asking. */
  yes: boolean;
  /** Events as JSON. */
  json: boolean;
  /** Entries of the log go to stderr as well. */
  verbose: boolean;
  /** The least severe level that the log keeps; null for that of PLATTER_LOG. */
  logLevel: LogLevel | null;
}

/** An option of the command line alone. */
export interface RunOption<V extends OptionValue = OptionValue> extends Row<JobKind> {
  setRun(run: Run, value: V): void;
}

export const plainDownloads: Downloads = { downloadDir: null, downloadLimit: null, keepDownload: false };
export const plainRun: Run = { yes: false, json: false, verbose: false, logLevel: null, ...plainDownloads };
