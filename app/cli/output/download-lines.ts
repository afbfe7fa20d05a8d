// A download in words, and how the command line reports it before its job: as JSON, on a terminal, or in lines.
import { createLogUpdate } from 'log-update';
import type { DownloadProgress } from '../../contract/downloads.ts';
import type { PlatterError } from '../../contract/errors.ts';
import { STANDARD_INPUT } from '../../contract/request-facts.ts';
import { english } from '../../base/english.ts';
import { size } from '../../base/figures.ts';
import type { DownloadListener, Fetched } from '../../download/download.ts';
import { rate } from '../../words/figures.ts';
import { errorFacts, type ErrorFacts } from './json.ts';
import { formatTime } from './quantities.ts';
import { errorSentence } from './reporter.ts';
import { screenOf } from './streams.ts';
import { fit, inAscii, printable, printableJson } from './text.ts';

/** A line of `--json` about a download. Sizes in bytes. */
export type DownloadLine = {
  event: 'download';
  /** It begins or continues, it is running, a request failed and is repeated, or the file is complete. */
  state: 'begins' | 'runs' | 'again' | 'done';
  /** Where the file is written. */
  path: string;
  /** The error of the failed request; null otherwise. */
  error: ErrorFacts | null;
} & DownloadProgress;

/** Receives the events of a download. */
export interface DownloadReporter extends DownloadListener {
  done(fetched: Fetched): void;
}

/** The line for the start of a download from `origin` to `path`, which already has `bytes`. */
export function beginning(
  origin: string,
  path: string,
  { bytes, length }: Pick<DownloadProgress, 'bytes' | 'length'>,
  free: number,
): string {
  const what = length === null ? '' : ` (${size(length)})`;
  const on = bytes === 0 ? '' : `, continuing at ${size(bytes)}`;
  return printable(
    `${origin === STANDARD_INPUT ? 'Receiving' : 'Downloading'} ${english.origin(origin)}${what} to ${path}${on}. ${size(free)} are free there. No drive is touched yet.`,
  );
}

/** The line for the end of a download of `bytes`. `begun`: something was fetched in this run. */
const ending = (bytes: number, begun: boolean): string =>
  begun ? `Complete: ${size(bytes)}.` : `The server has no newer file: the earlier download of ${size(bytes)} is used.`;

/** "35 %, 1.1 GB of 3.1 GB, 35.2 MB/s, 1 min left" */
export function progressWords({ bytes, length, bytesPerSecond, secondsLeft }: DownloadProgress): string {
  const share = length === null || length === 0 ? [] : [`${String(Math.floor((100 * bytes) / length))} %`];
  return [
    ...share,
    length === null ? size(bytes) : `${size(bytes)} of ${size(length)}`,
    rate(bytesPerSecond),
    ...(secondsLeft === null ? [] : [`${formatTime(secondsLeft)} left`]),
  ].join(', ');
}

const retrying = (error: PlatterError, seconds: number): string =>
  `${errorSentence({ ...error, advice: '' }).trimEnd()} Trying again in ${String(seconds)} s.`;

/** Reports in JSON. `origin`: its URL without secrets. */
export function jsonDownload(
  stdout: NodeJS.WritableStream & { writableNeedDrain?: boolean },
  origin: string,
): DownloadReporter {
  let path = '';
  let last: DownloadProgress = { origin, bytes: 0, length: null, bytesPerSecond: 0, secondsLeft: null };
  const print = (state: DownloadLine['state'], error: ErrorFacts | null = null): void => {
    const line: DownloadLine = { event: 'download', state, path, ...last, error };
    stdout.write(`${printableJson(line)}\n`);
  };
  return {
    begins(to, at) {
      path = to;
      last = { ...last, ...at };
      print('begins');
    },
    progress(now) {
      last = now;
      if (stdout.writableNeedDrain !== true) print('runs');
    },
    again: (error) => print('again', errorFacts(error)),
    done(fetched) {
      path = fetched.path;
      last = { ...last, bytes: fetched.bytes, length: fetched.bytes, secondsLeft: 0 };
      print('done');
    },
  };
}

/** Least milliseconds between two lines in a log. */
const INTERVAL = 1000;

/** Reports in lines, for a file, a pipe or a journal. */
export function logDownload(
  stdout: NodeJS.WritableStream,
  stderr: NodeJS.WritableStream,
  origin: string,
  now: () => number = Date.now,
): DownloadReporter {
  let last = -Infinity;
  let begun = false;
  const print = (line: string): void => void stdout.write(`${line}\n`);
  return {
    begins(path, at, free) {
      begun = true;
      print(beginning(origin, path, at, free));
    },
    progress(progress) {
      if (now() - last < INTERVAL) return;
      last = now();
      print(`download: ${progressWords(progress)}`);
    },
    again: (error, seconds) => void stderr.write(`${retrying(error, seconds)}\n`),
    done: ({ bytes }) => print(ending(bytes, begun)),
  };
}

/** Reports on a terminal, in one line that is redrawn. */
export function liveDownload(
  stdout: NodeJS.WriteStream,
  stderr: NodeJS.WritableStream,
  origin: string,
  unicode: boolean,
): DownloadReporter {
  const draw = createLogUpdate(stdout);
  let begun = false;
  const shown = (text: string): string => (unicode ? text : inAscii(text));
  return {
    begins(path, at, free) {
      begun = true;
      draw.clear();
      stdout.write(`${shown(beginning(origin, path, at, free))}\n`);
    },
    progress: (progress) => draw(shown(fit(progressWords(progress), screenOf(stdout).width).trimEnd())),
    again(error, seconds) {
      draw.clear();
      stderr.write(`${shown(retrying(error, seconds))}\n`);
    },
    done({ bytes }) {
      draw.clear();
      draw.done();
      stdout.write(`${shown(ending(bytes, begun))}\n`);
    },
  };
}
