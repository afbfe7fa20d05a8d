// Downloads a URL into a file, which is then a source like any other. A separate program fetches the bytes (fetch.ts).
// This side owns the folder, checks for room, and stores what a later run needs to continue.
import type { ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { DownloadProgress } from '../contract/downloads.ts';
import type { PlatterError } from '../contract/errors.ts';
import { failure, Refusal, refuse } from '../base/errors.ts';
import { asJson } from '../base/json.ts';
import { thisProgram } from '../base/program-name.ts';
import { fileName, keyOf, shownUrl } from './addresses.ts';
import { endedUnexpectedly, endOf, say, startFetching } from './fetching.ts';
import { GO, type Order } from './orders.ts';
import { DownloadFolder } from './download-folder.ts';
import { report, type Report } from './reports.ts';
import { Speed } from './speed.ts';

/** The options of a download. */
export interface DownloadOptions {
  /** Folder for the files. */
  directory: string;
  /** The most bytes that the file may have; null for no limit. */
  most: number | null;
  /** Seconds without an answer after which the server counts as silent; 0: wait forever. */
  patience: number;
  /** Keep the file after the job. */
  isKept: boolean;
}

/** Receives the events of a download. */
export interface DownloadListener {
  /** Writing begins at `path`, which has `bytes` already. `free`: free bytes there. */
  begins(path: string, at: Pick<DownloadProgress, 'bytes' | 'length'>, free: number): void;
  progress(now: DownloadProgress): void;
  /** The request failed with `error`. It is repeated in `seconds`. */
  again(error: PlatterError, seconds: number): void;
}

/** A downloaded file. */
export interface Fetched {
  /** Absolute. */
  path: string;
  /** Its URL without secrets; "-" for standard input. */
  origin: string;
  bytes: number;
}

/**
 * Downloads `url`, or continues an earlier download of it. Rejects with a Refusal. When `signal` ends it, the Refusal
 * is CANCELLED and the partial file stays.
 */
export async function download(
  url: URL,
  { directory, most, patience, isKept }: DownloadOptions,
  listener: DownloadListener,
  signal: AbortSignal,
): Promise<Fetched> {
  const origin = shownUrl(url);
  const place = await DownloadFolder.open(directory, keyOf(url), fileName(url), origin, isKept);
  try {
    const start = await place.start();
    const order: Order = {
      kind: 'file',
      url: url.href,
      start,
      patience,
      most,
      program: thisProgram(),
      folder: place.folder,
    };
    const bytes = await new Fetching(place, origin, listener).run(order, signal);
    return { path: await place.finish(), origin, bytes: bytes ?? start.has };
  } finally {
    await place.close();
  }
}

/** Removes the download of `url`, unless the user keeps it. Rejects with a Refusal. */
export async function discard(url: URL, directory: string): Promise<void> {
  const place = await DownloadFolder.open(directory, keyOf(url), fileName(url), shownUrl(url), false);
  if (place.isKept) await place.close();
  else await place.remove();
}

/** The fetching program and the conversation with it. */
class Fetching {
  readonly #folder: DownloadFolder;
  readonly #origin: string;
  readonly #listener: DownloadListener;
  #speed: Speed | null = null;

  constructor(place: DownloadFolder, origin: string, listener: DownloadListener) {
    this.#folder = place;
    this.#origin = origin;
    this.#listener = listener;
  }

  /**
   * Bytes of the file; null when the server still has the same file as in our complete download. Rejects with a
   * Refusal.
   */
  async run(order: Order, signal: AbortSignal): Promise<number | null> {
    const check = (): void => {
      if (signal.aborted) throw this.#cancelled();
    };
    check();
    const child = startFetching(this.#folder.descriptor);
    const stop = (): void => void child.kill('SIGKILL');
    signal.addEventListener('abort', stop, { once: true });
    const ended = endOf(child);
    let end: Report | null = null;
    try {
      // Writing to a program that is gone fails with EPIPE. Its end says more.
      child.stdin!.on('error', () => undefined);
      say(child, JSON.stringify(order));
      for await (const line of createInterface({ input: child.stdout! })) {
        const { data } = report.safeParse(asJson(line));
        if (data !== undefined) end = await this.#handleReport(data, child);
      }
      const said = await ended;
      check();
      if (end?.event === 'failed') throw new Refusal([end.error]);
      if (end?.event === 'done') return end.has;
      if (end?.event === 'unchanged') return null;
      return endedUnexpectedly(this.#origin, said);
    } finally {
      signal.removeEventListener('abort', stop);
      stop();
    }
  }

  /** Handles a report. Gives it when it is the last one. */
  async #handleReport(told: Report, child: ChildProcess): Promise<Report | null> {
    switch (told.event) {
      case 'begins':
        await this.#begins(told);
        say(child, GO);
        return null;
      case 'progress':
        this.#listener.progress({ origin: this.#origin, ...this.#speed!.at(told.has) });
        return null;
      case 'again':
        this.#listener.again(told.error, told.seconds);
        return null;
      default:
        return told;
    }
  }

  /** The body is about to come. Rejects with a Refusal when there is no room for it. */
  async #begins({ from, ...file }: Extract<Report, { event: 'begins' }>): Promise<void> {
    const free = await this.#folder.free();
    const needed = file.length === null ? 0 : file.length - from;
    if (needed > free)
      refuse({
        code: 'NO_SPACE',
        op: 'check',
        device: this.#folder.folder,
        reason: { kind: 'noRoom', missing: needed - free },
        remedy: { kind: 'otherDownloadFolder' },
      });
    await this.#folder.begins(file);
    if (this.#speed?.length !== file.length || from === 0)
      this.#listener.begins(this.#folder.path, { bytes: from, length: file.length }, free);
    this.#speed = new Speed(from, file.length);
  }

  #cancelled(): Refusal {
    return new Refusal([
      failure({ code: 'CANCELLED', op: 'read', device: this.#origin, reason: { kind: 'downloadCancelled' } }),
    ]);
  }
}
