// The window's download of a source, one at a time. Only main has the link with its secrets; the page sees the
// progress.
import type { LeftDownload, SourceDownload } from '../contract/downloads.ts';
import type { Outcome } from '../contract/errors.ts';
import type { JobView } from '../contract/window.ts';
import { failure, outcome, refuse } from '../base/errors.ts';
import { keyOf, readUrl, shownUrl } from '../download/addresses.ts';
import { discard, download, type DownloadListener, type Fetched } from '../download/download.ts';
import { downloadAt, downloadsDir } from '../download/download-folder.ts';
import { leftDownloads, linkOf, removeLeft } from '../download/left-downloads.ts';
import { removeUnneeded, removeForgotten } from '../download/remove-download.ts';
import { continuable } from '../view/continuable.ts';

/** The number of earlier downloads to offer. */
const MOST_LEFT = 5;

/** What downloads need from the rest of main. */
export interface DownloadHooks {
  /** Called for every change of `SourceDownloads.current`. */
  changed(): void;
  /** The user gave the file at `path` by asking for its download. */
  granted(path: string): void;
  /** Seconds without an answer after which a server counts as silent; 0: wait forever. */
  patience(): number;
}

/** The download of the window, and the only ways to change it. */
export class SourceDownloads {
  readonly #hooks: DownloadHooks;
  readonly #directory: string;
  #current: SourceDownload | null = null;
  #left: LeftDownload[] = [];
  /** The link with its secrets; null when only the one without them is known. */
  #url: URL | null = null;
  #running: { stop: AbortController; over: Promise<void> } | null = null;

  constructor(hooks: DownloadHooks, directory = downloadsDir()) {
    this.#hooks = hooks;
    this.#directory = directory;
  }

  /** The current download; null for none. */
  get current(): SourceDownload | null {
    return this.#current;
  }

  /**
   * Starts a download from the link `text`, and stops a running one. Refused unless it is a link. `current` shows the
   * end.
   */
  async begin(text: string): Promise<Outcome<null>> {
    const url = await urlOf(text);
    if (!url.ok) return url;
    await this.stop();
    this.#run(url.value);
    return { ok: true, value: null };
  }

  /** Stops the download. The partial file stays, and `again` continues it. */
  async stop(): Promise<void> {
    this.#running?.stop.abort();
    await this.#running?.over;
  }

  /** Continues the download, or downloads again. Refused when the link is not known. */
  again(): Outcome<null> {
    if (this.#url === null)
      return {
        ok: false,
        errors: [
          failure({ code: 'BAD_ARGUMENT', op: 'check', reason: { kind: 'urlWrong' }, remedy: { kind: 'otherUrl' } }),
        ],
      };
    if (this.#running === null) this.#run(this.#url);
    return { ok: true, value: null };
  }

  /** Dismisses the download, and removes its file unless it is complete. */
  async discard(): Promise<Outcome<null>> {
    await this.stop();
    const url = this.#url;
    const left = this.#current?.state;
    this.#url = null;
    this.#set(null);
    if (url === null || (left !== 'stopped' && left !== 'failed')) return { ok: true, value: null };
    const gone = await outcome(() => discard(url, this.#directory).then(() => null));
    await this.lookForLeft();
    return gone;
  }

  /** The other downloads that were stopped or cut, newest first. */
  get left(): LeftDownload[] {
    const shown = this.#url === null ? null : keyOf(this.#url);
    return this.#left.filter(({ id }) => id !== shown);
  }

  /** Looks for them again. */
  async lookForLeft(): Promise<void> {
    const left = await leftDownloads(this.#directory);
    this.#left = left.slice(0, MOST_LEFT);
    this.#hooks.changed();
  }

  /** Continues one of them. Refused when it is gone, or its link is not known. */
  continueLeft(id: string): Promise<Outcome<null>> {
    return outcome(async () => {
      const left = this.#left.find((one) => one.id === id);
      const url = left === undefined ? null : linkOf(left);
      if (url === null) return refuse({ code: 'NOT_FOUND', op: 'open', reason: { kind: 'nothingThere' } });
      await this.stop();
      this.#run(url);
      return null;
    });
  }

  /** Removes one of them. */
  discardLeft(id: string): Promise<Outcome<null>> {
    return outcome(async () => {
      await removeLeft(this.#directory, id);
      await this.lookForLeft();
      return null;
    });
  }

  /** Decides whether the file stays when its job is done. */
  keep(isKept: boolean): Promise<Outcome<null>> {
    return outcome(async () => {
      const path = this.#current?.path ?? null;
      await (path === null ? null : await downloadAt(path))?.keep(isKept);
      this.#change({ isKept });
      return null;
    });
  }

  /** A job is repeated. Its source may be a download that still exists. */
  async repeated({ origin, source }: { origin: string | null; source: { path: string } | null }): Promise<void> {
    if (origin === null || source === null || this.#running !== null) return;
    // Only the current one is known with the secrets of its link.
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

  /** A job has ended. Removes its source if that is a download that is no longer needed. */
  async ended(view: JobView): Promise<void> {
    const { source, origin } = view.plan;
    if (source === null || origin === null) return;
    const left = await removeUnneeded({ path: source.realPath, origin }, view, continuable(view) !== null);
    if (left === null) this.#markRemoved(source.path, source.realPath);
  }

  /** Removes the source `path` of a forgotten job (null: none), which no other job uses. */
  removeForgotten(path: string | null): Promise<Outcome<null>> {
    return outcome(async () => {
      if (await removeForgotten(path)) this.#markRemoved(path!);
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
    const options = { directory: this.#directory, most: null, patience: this.#hooks.patience(), isKept: false };
    const over = outcome(() => download(url, options, listener, stop.signal)).then(async (ended) => {
      if (!isCurrent()) return;
      this.#running = null;
      await this.#finish(ended);
      await this.lookForLeft();
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
    this.#hooks.granted(path);
    const progress = { origin, bytes, length: bytes, bytesPerSecond: 0, secondsLeft: 0 };
    this.#change({ state: 'whole', path, progress, error: null, isKept });
  }

  /** A file with one of these paths was removed. */
  #markRemoved(...paths: string[]): void {
    const shown = this.#current?.path ?? null;
    if (shown !== null && paths.includes(shown)) this.#change({ state: 'removed', path: null });
  }

  #change(change: Partial<SourceDownload>): void {
    if (this.#current !== null) this.#set({ ...this.#current, ...change });
  }

  #set(current: SourceDownload | null): void {
    this.#current = current;
    this.#hooks.changed();
  }
}

/** The URL in a link, or why it is not one. */
const urlOf = (text: string): Promise<Outcome<URL>> => outcome(() => Promise.resolve(text).then(readUrl));

/** The link from one without secrets; null when secrets are missing, or it is not a link. */
export async function linkIn(origin: string): Promise<URL | null> {
  if (origin.endsWith('?...')) return null;
  const url = await urlOf(origin);
  return url.ok ? url.value : null;
}
