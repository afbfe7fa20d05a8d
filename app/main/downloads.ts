// The source that is downloaded from a link, one at a time. Main alone has the whole link; the page sees how far it is.
import type { SourceDownload } from '../contract/downloads.ts';
import type { Outcome } from '../contract/errors.ts';
import type { JobView } from '../contract/window.ts';
import { failure, outcome } from '../base/errors.ts';
import { readUrl, shownUrl } from '../download/addresses.ts';
import { discard, download, type DownloadListener, type Fetched } from '../download/download.ts';
import { downloadAt, downloadsDir } from '../download/download-folder.ts';
import { tidy, tidyForgotten } from '../download/remove-download.ts';
import { continuable } from '../view/continuable.ts';

/** What the rest of main does for downloads. */
export interface Surroundings {
  /** Every change of `SourceDownloads.current`. */
  changed(): void;
  /** The user gave the file at `path`: they asked for its download. */
  given(path: string): void;
  /** Seconds without an answer after which a server counts as silent; 0: wait for ever. */
  patience(): number;
}

/** The download of the window, and the only ways to change it. */
export class SourceDownloads {
  readonly #around: Surroundings;
  readonly #directory: string;
  #current: SourceDownload | null = null;
  /** The whole link; null when only the one without secrets is known. */
  #url: URL | null = null;
  #running: { stop: AbortController; over: Promise<void> } | null = null;

  constructor(around: Surroundings, directory = downloadsDir()) {
    this.#around = around;
    this.#directory = directory;
  }

  /** The download that is shown; null for none. */
  get current(): SourceDownload | null {
    return this.#current;
  }

  /** Downloads from the link `text`. One that runs is stopped. Refused with what is no link; the end shows in `current`. */
  async begin(text: string): Promise<Outcome<null>> {
    const url = await urlOf(text);
    if (!url.ok) return url;
    await this.stop();
    this.#run(url.value);
    return { ok: true, value: null };
  }

  /** Stops the download. What is there stays, and `again` goes on with it. */
  async stop(): Promise<void> {
    this.#running?.stop.abort();
    await this.#running?.over;
  }

  /** Downloads once more, or the rest. Refused when the link is not known. */
  again(): Outcome<null> {
    if (this.#url === null)
      return {
        ok: false,
        errors: [failure({ code: 'BAD_ARGUMENT', op: 'check', reason: { kind: 'urlWrong' } })],
      };
    if (this.#running === null) this.#run(this.#url);
    return { ok: true, value: null };
  }

  /** Puts the download away, and removes what is there of it, unless it is whole. */
  async discard(): Promise<Outcome<null>> {
    await this.stop();
    const url = this.#url;
    const left = this.#current?.state;
    this.#url = null;
    this.#set(null);
    if (url === null || (left !== 'stopped' && left !== 'failed')) return { ok: true, value: null };
    return outcome(() => discard(url, this.#directory).then(() => null));
  }

  /** Says whether the file stays when its job is done. */
  keep(isKept: boolean): Promise<Outcome<null>> {
    return outcome(async () => {
      const path = this.#current?.path ?? null;
      await (path === null ? null : await downloadAt(path))?.keep(isKept);
      this.#change({ isKept });
      return null;
    });
  }

  /** A job is repeated: its source may have been downloaded, and be there still. */
  async repeated({ origin, source }: { origin: string | null; source: { path: string } | null }): Promise<void> {
    if (origin === null || source === null || this.#running !== null) return;
    // Is it the one that is shown, whose link is known with its secrets?
    const isShown = this.#current?.origin === origin && this.#url !== null;
    if (!isShown) this.#url = await linkIn(origin);
    const found = await downloadAt(source.path);
    this.#set({
      at: Date.now(),
      origin,
      state: found === null ? 'removed' : 'whole',
      progress: null,
      error: null,
      path: found === null ? null : source.path,
      isKept: found?.isKept ?? false,
      hasLink: this.#url !== null,
    });
  }

  /** A job has ended: removes its source when it was downloaded and is of no more use. */
  async ended(view: JobView): Promise<void> {
    const { source, origin } = view.plan;
    if (source === null || origin === null) return;
    const left = await tidy({ path: source.realPath, origin }, view, continuable(view) !== null);
    if (left === null) this.#gone(source.path, source.realPath);
  }

  /** Removes the source `path` of a job that was forgotten (null: none), which no other job has. */
  forgotten(path: string | null): Promise<Outcome<null>> {
    return outcome(async () => {
      if (await tidyForgotten(path)) this.#gone(path!);
      return null;
    });
  }

  #run(url: URL): void {
    const stop = new AbortController();
    const isCurrent = (): boolean => this.#running?.stop === stop;
    const origin = shownUrl(url);
    this.#url = url;
    this.#set({
      at: Date.now(),
      origin,
      state: 'running',
      progress: null,
      error: null,
      path: null,
      isKept: false,
      hasLink: true,
    });
    const listener: DownloadListener = {
      begins: (_path, at) =>
        isCurrent() && this.#change({ progress: { origin, ...at, bytesPerSecond: 0, secondsLeft: null }, error: null }),
      progress: (progress) => isCurrent() && this.#change({ progress, error: null }),
      again: (error) => isCurrent() && this.#change({ error }),
    };
    const options = { directory: this.#directory, most: null, patience: this.#around.patience(), isKept: false };
    const over = outcome(() => download(url, options, listener, stop.signal)).then(async (ended) => {
      if (!isCurrent()) return;
      this.#running = null;
      await this.#finish(ended);
    });
    this.#running = { stop, over };
  }

  async #finish(ended: Outcome<Fetched>): Promise<void> {
    if (!ended.ok) {
      const error = ended.errors.find(({ code }) => code !== 'CANCELLED') ?? null;
      this.#change({ state: error === null ? 'stopped' : 'failed', error });
      return;
    }
    const { path, bytes, origin } = ended.value;
    const isKept = (await downloadAt(path))?.isKept ?? false;
    this.#around.given(path);
    const progress = { origin, bytes, length: bytes, bytesPerSecond: 0, secondsLeft: 0 };
    this.#change({ state: 'whole', path, progress, error: null, isKept });
  }

  /** The file of these names was removed. */
  #gone(...paths: string[]): void {
    const shown = this.#current?.path ?? null;
    if (shown !== null && paths.includes(shown)) this.#change({ state: 'removed', path: null });
  }

  #change(change: Partial<SourceDownload>): void {
    if (this.#current !== null) this.#set({ ...this.#current, ...change });
  }

  #set(current: SourceDownload | null): void {
    this.#current = current;
    this.#around.changed();
  }
}

/** The URL that a link is, or why it is none. */
const urlOf = (text: string): Promise<Outcome<URL>> => outcome(() => Promise.resolve(text).then(readUrl));

/** The link that is left of one without its secrets; null when it had some, or is none. */
export async function linkIn(origin: string): Promise<URL | null> {
  if (origin.endsWith('?...')) return null;
  const url = await urlOf(origin);
  return url.ok ? url.value : null;
}
