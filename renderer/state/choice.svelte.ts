// The user's current choice: the task, the source, the destinations and the options; or the interrupted job to
// continue. It lives until a job replaces it.
import { SvelteMap } from 'svelte/reactivity';
import { isRemovable, type Disk } from '../../app/contract/disks.ts';
import type { Outcome, PlatterError } from '../../app/contract/errors.ts';
import type { Plan } from '../../app/contract/jobs.ts';
import { MANIFEST_EXTENSION, MAX_DESTINATIONS } from '../../app/contract/limits.ts';
import { assumesBlank, entryOf, givenManifest, mapOf, plainResume } from '../../app/contract/request-facts.ts';
import type { JobRequest } from '../../app/contract/request.ts';
import type { RecordedEnd } from '../../app/contract/records.ts';
import type { Bridge } from '../../app/contract/window.ts';
import { sameDisk } from '../../app/view/drives.ts';
import { taskOf } from '../command-line.ts';
import { destinationLock, diskName, endpointName, identity, type SourceFacts } from '../disk-facts.ts';
import { baseName, listed, say } from '../words.ts';
import { withoutStaleFacts, movedTo } from './carried-options.ts';
import type { Mirror } from './mirror.svelte.ts';
import { Filters } from './filters.svelte.ts';
import { ChosenImage } from './image.svelte.ts';
import { Options } from './options.svelte.ts';

/** A chosen source. */
export type Source = { kind: 'disk'; path: string; identity: string } | { kind: 'image' | 'manifest'; path: string };

/** One end of an earlier job, with the facts by which its drive is recognised. */
type FormerEnd = Pick<RecordedEnd, 'path' | 'kind' | 'size' | 'model' | 'serial'>;

/** An earlier job (a plan or a record), with the facts that are needed to choose the same again. */
export interface Former extends Pick<Plan, 'kind' | 'name' | 'verify' | 'request' | 'origin'> {
  source: FormerEnd | null;
  destinations: readonly FormerEnd[];
}

/** The current choice. Disks are held by identity, because another drive under the same path is not the chosen one. */
export class Choice {
  /** The chosen source; null when none is. */
  source = $state.raw<Source | null>(null);
  readonly image: ChosenImage;
  /** The manifest chosen last. It stays in the list when something else is chosen. */
  manifest = $state.raw<string | null>(null);
  /** Image files among the destinations: new ones, and existing ones to check or repair. */
  #newImages = $state.raw<string[]>([]);
  #oldImages = $state.raw<string[]>([]);
  readonly options: Options;
  readonly filters = new Filters();
  /** Why the last review or start was refused. */
  refusals = $state.raw<PlatterError[]>([]);
  /** Names the choices that went away. A function, because the language can change. */
  #lost = $state.raw<() => string[]>(() => []);
  /** A call about this choice is running. Nothing may change until it has ended. */
  busy = $state.raw<'checking' | 'starting' | null>(null);

  /** Drives that "select all" leaves alone. */
  isSpared: (disk: Disk) => boolean = () => false;

  #givenUp = false;
  readonly #bridge: Bridge;
  readonly #mirror: Mirror;
  readonly #picked = new SvelteMap<string, string>();

  constructor(bridge: Bridge, mirror: Mirror) {
    this.#bridge = bridge;
    this.#mirror = mirror;
    this.image = new ChosenImage(bridge, mirror);
    this.options = new Options(() => this.#changed());
  }

  /** Names, in words, the choices that went away. */
  get lost(): string[] {
    return this.#lost();
  }

  /** The facts about the source that decide which destinations are possible. */
  get sourceFacts(): SourceFacts {
    const source = this.source;
    if (source?.kind === 'image') return { image: source.path, bytes: this.#imageBytes };
    if (source?.kind !== 'disk') return null;
    const disk = this.#mirror.disks.find((each) => identity(each) === source.identity);
    return disk === undefined ? null : { disk };
  }

  /** Bytes that the chosen image needs at least; null while that is unknown. */
  get #imageBytes(): number | null {
    const { described } = this.image;
    return (this.options.asIs ? described?.bytes : described?.size) ?? null;
  }

  /** Why a disk cannot be a destination, null if it can. */
  lockOf(disk: Disk): string | null {
    const lock = destinationLock(disk, this.sourceFacts, this.options.task);
    if (lock !== null) return lock;
    return this.full && !this.#picked.has(disk.path) ? say('choose.most', { most: MAX_DESTINATIONS }) : null;
  }

  /** True when this disk is a chosen destination. */
  has(disk: Disk): boolean {
    return (
      this.#picked.get(disk.path) === identity(disk) &&
      destinationLock(disk, this.sourceFacts, this.options.task) === null
    );
  }

  /** The chosen disks in the list's order, not in that of the clicks, so that tiles keep the order of the ports. */
  get disks(): Disk[] {
    return this.#mirror.disks.filter((disk) => this.has(disk));
  }

  /** The disks to list: those that pass the search, and the chosen ones, so that nothing is erased unseen. */
  get listed(): Disk[] {
    return this.filters.sorted(this.#mirror.disks.filter((disk) => this.filters.pass(disk) || this.has(disk)));
  }

  /** All disks that can be destinations, listed or not. */
  get free(): Disk[] {
    return this.#mirror.disks.filter((disk) => destinationLock(disk, this.sourceFacts, this.options.task) === null);
  }

  /** Image files among the destinations. */
  get images(): string[] {
    return this.options.task === 'copy' ? this.#newImages : this.#oldImages;
  }

  set images(paths: string[]) {
    if (this.options.task === 'copy') this.#newImages = paths;
    else this.#oldImages = paths;
  }

  /** The paths of everything that will be written or compared. */
  get destinations(): string[] {
    return [...this.disks.map(({ path }) => path), ...this.images];
  }

  get full(): boolean {
    return this.destinations.length >= MAX_DESTINATIONS;
  }

  /**
   * The disks that "select all" chooses: removable, in the list and free. Desktops mount every stick, so mounted ones
   * are among them, and the review says what is unmounted. The user must choose fixed disks one by one.
   */
  get selectable(): Disk[] {
    const { task } = this.options;
    return this.listed.filter(
      (disk) =>
        isRemovable(disk) &&
        !disk.system &&
        !this.isSpared(disk) &&
        destinationLock(disk, this.sourceFacts, task) === null,
    );
  }

  /** What is missing from the choice, in words; null when it is complete. */
  get missing(): string | null {
    if (this.source === null)
      return this.#mirror.download?.state === 'running' ? say('download.missing') : say('choose.missingSource');
    if (this.source.kind === 'image' && this.image.files.length > 0 && this.entry === null && !this.options.asIs)
      return say('image.missingEntry');
    if (this.destinations.length === 0) return say('choose.missingDestination');
    return this.options.wrong;
  }

  /** The request as it stands, null while something is missing. */
  get request(): JobRequest | null {
    const { source, destinations, missing } = this;
    if (source === null || missing !== null) return null;
    const unmount = this.disks.some(({ mountedAt }) => mountedAt.length > 0);
    const kind = source.kind === 'manifest' ? 'manifest' : 'source';
    const origin = source.kind === 'image' ? this.image.origin : null;
    return this.options.request({ kind, path: source.path, origin }, destinations, unmount);
  }

  /** Refusals about one path. */
  refusalsOf(path: string): PlatterError[] {
    return this.refusals.filter(({ device }) => device === path);
  }

  /**
   * True when the user must be asked whether to copy the bytes of the source unchanged. It stays true after the answer.
   */
  get asksAsIs(): boolean {
    return this.options.asIs || this.refusals.some(({ code }) => code === 'NOT_AN_IMAGE');
  }

  chooseDisk(disk: Disk): void {
    this.options.sourceChanged();
    this.source = { kind: 'disk', path: disk.path, identity: identity(disk) };
    this.#picked.delete(disk.path);
    this.#changed();
  }

  /**
   * `origin`: where the file was downloaded from; null for any other file. `entry`: the file of an archive to use; null
   * for its only one, or the one chosen before.
   */
  chooseImage(path: string, origin: string | null = null, entry: string | null = null): void {
    if (this.image.path !== path || this.source?.kind !== 'image') this.options.sourceChanged();
    if (entry !== null) this.options.entry = entry;
    this.image.show(path, origin, this.options.entry);
    this.source = { kind: 'image', path };
    this.#changed();
  }

  /** The file of an archive that is used: the chosen one, or the only image in it; null until the user has chosen. */
  get entry(): string | null {
    return this.options.entry ?? this.image.described?.packed?.entry ?? null;
  }

  /** Chooses a file of an archive. */
  chooseEntry(name: string): void {
    this.options.entry = name;
    this.image.ask(name);
  }

  /** Asks for an image with the native dialog. */
  async browseImage(): Promise<void> {
    const path = await this.#mirror.ask(this.#bridge.chooseImage());
    if (typeof path === 'string') this.chooseImage(path);
  }

  /** Chooses a manifest instead of a source. Drives can only be compared with it. */
  chooseManifest(path: string): void {
    this.manifest = path;
    this.options.task = 'verify';
    this.source = { kind: 'manifest', path };
    this.#changed();
  }

  /** Asks for a manifest with the native dialog. */
  async browseManifest(): Promise<void> {
    const path = await this.#mirror.ask(this.#bridge.chooseManifest());
    if (typeof path === 'string') this.chooseManifest(path);
  }

  /**
   * Takes a dropped file as the image, or as a manifest if its name says so. Ignores anything that is not a file of
   * this machine.
   */
  drop(file: File): void {
    const path = this.#bridge.pathOf(file);
    if (path.endsWith(`.${MANIFEST_EXTENSION}`)) this.chooseManifest(path);
    else if (path !== '') this.chooseImage(path);
  }

  /**
   * Asks for an image file with the native dialog and adds it to the destinations. It is a new one, or one to check or
   * repair.
   */
  async addImage(): Promise<void> {
    const path = await this.#mirror.ask(
      this.options.task === 'copy' ? this.#bridge.chooseNewImage() : this.#bridge.chooseOldImage(),
    );
    if (typeof path !== 'string' || this.full || this.images.includes(path)) return;
    this.images = [...this.images, path];
    this.#changed();
  }

  removeImage(path: string): void {
    this.images = this.images.filter((each) => each !== path);
    this.#changed();
  }

  /** Chooses a disk as a destination, or drops it from them. A locked disk does not change. */
  toggle(disk: Disk): void {
    this.pick([disk], !this.has(disk));
  }

  /** Chooses these disks as destinations, or drops them. Locked disks do not change. */
  pick(disks: readonly Disk[], isChosen: boolean): void {
    for (const disk of disks) {
      if (!isChosen) this.#picked.delete(disk.path);
      else if (this.lockOf(disk) === null) this.#picked.set(disk.path, identity(disk));
    }
    this.#changed();
  }

  /** Chooses every free removable disk, up to the limit of one job. */
  selectAll(): void {
    this.pick(this.selectable, true);
  }

  /** Chooses no destination. */
  clear(): void {
    this.#picked.clear();
    this.#newImages = [];
    this.#oldImages = [];
    this.#changed();
  }

  /** Has the choice checked; on success main's state holds the plan. */
  async review(): Promise<void> {
    const request = this.request;
    if (request !== null) await this.#whileBusy('checking', () => this.#bridge.review(request));
  }

  /** Has the rest of an interrupted job checked; on success main's state holds the plan. */
  async resume(job: string): Promise<void> {
    await this.#whileBusy('checking', () => this.#bridge.review({ ...plainResume(job), unmount: true }));
  }

  /** Forgets an interrupted job. */
  async forget(job: string): Promise<void> {
    await this.#whileBusy('checking', () => this.#bridge.forget(job));
  }

  /** Starts the review `id`, to which the user has agreed. */
  async start(id: string): Promise<void> {
    await this.#whileBusy('starting', () => this.#bridge.start(id));
  }

  /** Cancels the check of the choice. */
  async giveUp(): Promise<void> {
    this.#givenUp = true;
    await this.dismissReview();
  }

  /** Returns from a review to choosing. */
  async dismissReview(): Promise<void> {
    await this.#mirror.ask(this.#bridge.dismissReview());
  }

  /** Takes over the choice from a plan, which is all that remains of it after a reload. */
  adopt(plan: Plan, disks: readonly Disk[]): void {
    // The choice of a resumed job was made long ago, and not here.
    if (plan.kind === 'resume') return;
    const at = (path: string): Disk | undefined => disks.find((disk) => disk.path === path);
    const source = plan.source === null ? undefined : at(plan.source.realPath);
    if (source !== undefined) this.source = { kind: 'disk', path: source.path, identity: identity(source) };
    else if (plan.source?.kind === 'file') {
      this.image.show(plan.source.path, plan.origin, entryOf(plan.request));
      this.source = { kind: 'image', path: plan.source.path };
    } else if (plan.source === null) {
      this.manifest = givenManifest(plan.request);
      if (this.manifest !== null) this.source = { kind: 'manifest', path: this.manifest };
    }
    for (const { realPath } of plan.destinations) {
      const disk = at(realPath);
      if (disk !== undefined) this.#picked.set(disk.path, identity(disk));
    }
    const paths = plan.destinations.map(({ path, realPath }) => at(realPath)?.path ?? path);
    this.options.adopt(movedTo(plan.request, paths), {
      task: taskOf(plan.kind),
      name: plan.name,
      verify: plan.verify,
    });
    this.images = plan.destinations.filter(({ kind }) => kind === 'file').map(({ path }) => path);
  }

  /**
   * Chooses the drives and options of an ended job again. A drive is found wherever it is plugged in now, and never
   * replaced by another. `lost` names what has changed.
   */
  repeat(former: Former, disks: readonly Disk[]): void {
    const { source, destinations, request, origin } = former;
    const missing: FormerEnd[] = [];
    const present = (end: FormerEnd): Disk[] => {
      const disk = sameDisk(end, disks);
      if (disk === undefined) missing.push(end);
      return disk === undefined ? [] : [disk];
    };
    this.source = null;
    this.#picked.clear();
    // For a downloaded source that no longer exists, the window shows the download.
    const isThere = origin === null || this.#mirror.download?.path === source?.path;
    if (source?.kind === 'file' && isThere) this.chooseImage(source.path, origin);
    for (const disk of source?.kind === 'block' ? present(source) : []) this.chooseDisk(disk);
    const manifest = givenManifest(request);
    if (source === null && manifest !== null) this.chooseManifest(manifest);
    for (const disk of destinations.filter(({ kind }) => kind === 'block').flatMap(present))
      this.#picked.set(disk.path, identity(disk));
    const paths = destinations.map((end) => (end.kind === 'file' ? end.path : (sameDisk(end, disks)?.path ?? null)));
    const map = mapOf(request);
    this.options.adopt(withoutStaleFacts(movedTo(request, paths)), {
      task: taskOf(former.kind),
      name: former.name,
      verify: former.verify,
    });
    if (this.options.entry !== null) this.image.ask(this.options.entry);
    this.images = destinations.filter(({ kind }) => kind === 'file').map(({ path }) => path);
    this.#changed();
    this.#lost = () => [
      ...missing.map((end) => say('history.missing', { name: endpointName(end) })),
      ...(assumesBlank(request) ? [say('history.notBlank')] : []),
      ...(map === null ? [] : [say('history.newMap', { map })]),
      ...(former.kind === 'resume' ? [say('history.ofContinued')] : []),
    ];
  }

  /** A download has begun. It will be the next source. */
  awaitDownload(): void {
    this.source = null;
    this.#changed();
  }

  /** A downloaded file was removed. Its download says so. */
  forgetRemoved(): void {
    const { image } = this;
    if (image.origin === null || this.#mirror.download?.path === image.path) return;
    if (this.source?.kind === 'image') this.source = null;
    image.forget();
  }

  /** Drops the choices that are gone, or are another drive under the same path, and reports them. */
  reconcile(disks: readonly Disk[]): void {
    const present = disks.map(identity);
    const gone: string[] = [];
    const at = (path: string): Disk | undefined => disks.find((disk) => disk.path === path);
    for (const [path, chosen] of this.#picked) {
      if (present.includes(chosen)) continue;
      this.#picked.delete(path);
      gone.push(path);
    }
    if (this.source?.kind === 'disk' && !present.includes(this.source.identity)) {
      gone.unshift(this.source.path);
      this.source = null;
    }
    if (gone.length === 0) return;
    this.#changed();
    const removed = gone.filter((path) => at(path) === undefined);
    const swapped = gone.flatMap((path) => at(path) ?? []);
    this.#lost = () => [
      ...(removed.length > 0 ? [say('choose.lostRemoved', { names: listed(removed.map(baseName)) })] : []),
      ...swapped.map((now) => say('choose.lostSwapped', { name: baseName(now.path), model: diskName(now) })),
    ];
  }

  /** "3 drives and 1 new image": the number of destinations. */
  get summary(): string {
    const images = this.images.length;
    const drives = this.disks.length;
    const files =
      this.options.task === 'copy'
        ? say('common.newImages', { count: images })
        : say('common.images', { count: images });
    return listed([...(drives > 0 ? [say('common.drives', { count: drives })] : []), ...(images > 0 ? [files] : [])]);
  }

  /** Runs one call about the choice and keeps its refusal. Only one call runs at a time. */
  async #whileBusy(busy: 'checking' | 'starting', call: () => Promise<Outcome<unknown>>): Promise<void> {
    if (this.busy !== null) return;
    this.#clearNotes();
    this.busy = busy;
    this.#givenUp = false;
    const outcome = await this.#mirror.ask(call());
    this.busy = null;
    // Do not report a cancellation to the user who made it.
    const isNews = ({ code }: PlatterError): boolean => !this.#givenUp || code !== 'CANCELLED';
    if (outcome?.ok === false) this.refusals = outcome.errors.filter(isNews);
  }

  #clearNotes(): void {
    this.refusals = [];
    this.#lost = () => [];
  }

  /** A review is about one choice. It is not valid for a changed one. */
  #changed(): void {
    this.#clearNotes();
    if (this.source?.kind === 'manifest' && this.options.task !== 'verify') this.source = null;
    if (this.#mirror.review !== null) void this.dismissReview();
  }
}
