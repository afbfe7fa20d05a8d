// The download of a source. Asks main for it, and makes the file the source once it is complete.
import type { LeftDownload, SourceDownload } from '../../app/contract/downloads.ts';
import type { Outcome, PlatterError } from '../../app/contract/errors.ts';
import { isLink, type Bridge } from '../../app/contract/window.ts';
import { baseName } from '../words.ts';
import type { Choice } from './choice.svelte.ts';
import type { Mirror } from './mirror.svelte.ts';

/** The field for a link, and the current download. */
export class Downloads {
  /** The field for a link is open. */
  open = $state(false);
  /** The link as typed. */
  typed = $state('');
  /** Why the last call was refused. */
  refusals = $state.raw<PlatterError[]>([]);
  /** The download (`at`) that became the source last. */
  #taken = 0;
  readonly #bridge: Bridge;
  readonly #mirror: Mirror;
  readonly #choice: Choice;

  constructor(bridge: Bridge, mirror: Mirror, choice: Choice) {
    this.#bridge = bridge;
    this.#mirror = mirror;
    this.#choice = choice;
  }

  /** The download to show; null when its file is the source already. */
  get shown(): SourceDownload | null {
    return this.ofImage === null ? this.#mirror.download : null;
  }

  /** The download of the chosen image; null for any other image. */
  get ofImage(): SourceDownload | null {
    const { download } = this.#mirror;
    return download !== null && download.path !== null && download.path === this.#choice.image.path ? download : null;
  }

  get runs(): boolean {
    return this.#mirror.download?.state === 'running';
  }

  /** Main's state has changed. A complete download becomes the source, unless another one was chosen meanwhile. */
  follow(): void {
    const { download, review, job } = this.#mirror;
    this.#choice.forgetRemoved();
    if (download?.state !== 'whole' || download.at === this.#taken || review !== null || job !== null) return;
    this.#taken = download.at;
    if (this.#choice.source === null) this.use();
  }

  /** Takes pasted or dropped text if it is a link. Tells whether it was. */
  take(text: string): boolean {
    if (!isLink(text) || this.runs || this.#choice.busy !== null) return false;
    void this.begin(text.trim());
    return true;
  }

  /** Downloads from the link. */
  async begin(link: string): Promise<void> {
    await this.#ask(this.#bridge.download(link));
    if (this.refusals.length > 0 || this.#mirror.download === null) return;
    this.open = false;
    this.typed = '';
    this.#await();
  }

  /** Stops the download. The partial file stays. */
  async stop(): Promise<void> {
    await this.#mirror.ask(this.#bridge.stopDownload());
  }

  /** Continues the download, or downloads again. */
  async again(): Promise<void> {
    await this.#ask(this.#bridge.resumeDownload(null));
    if (this.refusals.length === 0) this.#await();
  }

  /** Dismisses the download. */
  async discard(): Promise<void> {
    await this.#ask(this.#bridge.discardDownload(null));
  }

  /** The other downloads that were stopped or cut, newest first. */
  get left(): LeftDownload[] {
    return this.#mirror.left;
  }

  /** Continues one of them. */
  async continueLeft({ id }: LeftDownload): Promise<void> {
    await this.#ask(this.#bridge.resumeDownload(id));
    if (this.refusals.length === 0) this.#await();
  }

  /** Removes one of them. */
  async discardLeft({ id }: LeftDownload): Promise<void> {
    await this.#ask(this.#bridge.discardDownload(id));
  }

  /** Decides whether the file stays when its job is done. */
  async keep(isKept: boolean): Promise<void> {
    await this.#ask(this.#bridge.keepDownload(isKept));
  }

  /** Makes a complete download the source. */
  use(): void {
    const { download } = this.#mirror;
    if (download !== null && download.path !== null) this.#choice.chooseImage(download.path, download.origin);
  }

  /** A download has begun. It will be the next source. */
  #await(): void {
    this.#taken = 0;
    this.#choice.awaitDownload();
    this.follow();
  }

  async #ask(call: Promise<Outcome<null>>): Promise<void> {
    const outcome = await this.#mirror.ask(call);
    // Do not report a "no" to the user who said it.
    this.refusals = outcome?.ok === false ? outcome.errors.filter(({ code }) => code !== 'CANCELLED') : [];
  }
}

/** The name of a download: that of its file, from its link. */
export const downloadName = ({ origin, path }: Pick<SourceDownload, 'origin' | 'path'>): string =>
  baseName(path ?? origin.replace(/\?\.\.\.$/u, '').replace(/\/+$/u, ''));
