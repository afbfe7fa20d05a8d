// The task and its options: write or only compare, read back, write only what differs, skip what cannot be read, limit
// the speed.
import { carryOver } from '../../app/contract/options/options.ts';
import {
  bmapOf,
  checksumOf,
  entryOf,
  keepsGoing,
  plainCopy,
  plainRepair,
  plainVerify,
  rescueOf,
  takesAsIs,
  takesUsed,
  updates,
  withDownload,
  withSourceFile,
  zeroesUnmapped,
} from '../../app/contract/request-facts.ts';
import type { CopyMethod, JobRequest, WorkRequest } from '../../app/contract/request.ts';
import { defaultSettings } from '../../app/contract/default-settings.ts';
import type { JobDefaults } from '../../app/contract/settings.ts';
import { typedChecksum } from '../typed-checksum.ts';
import type { Task } from '../command-line.ts';
import { listed, rate, say, speed, typedSpeed } from '../words.ts';
import { carriedWords } from './carried-options.ts';

/** The source of a copy or a comparison, or the manifest in its place. */
export interface From {
  kind: 'source' | 'manifest';
  path: string;
  /** Where the file was downloaded from; null for any other. */
  origin: string | null;
}

/** The bytes of an image with a bmap that count: what it maps, that and zeros elsewhere, or all. */
export type Counted = 'mapped' | 'zeroed' | 'all';

/** The number of retries of a rescue that the window starts. */
const RETRIES = 1;

/** The current options. Calls `changed` after every change. */
export class Options {
  #task = $state<Task>('copy');
  #name = $state('');
  #verify = $state(true);
  #update = $state(false);
  #rescue = $state(false);
  #keepGoing = $state(false);
  #asIs = $state(false);
  #checksum = $state('');
  #entry = $state<string | null>(null);
  #counted = $state<Counted>('mapped');
  #used = $state(false);
  #limit = $state('');
  /** The settings' defaults that were applied last. Options without a control come only from there. */
  #defaults = $state.raw(defaultSettings.defaults);
  /** The repeated job, for its options without a control. */
  #carried = $state.raw<JobRequest | null>(null);
  readonly #changed: () => void;

  constructor(changed: () => void) {
    this.#changed = changed;
  }

  /** The task. */
  get task(): Task {
    return this.#task;
  }

  set task(task: Task) {
    this.#task = task;
    this.#changed();
  }

  /** The name of the batch, as typed. */
  get name(): string {
    return this.#name;
  }

  set name(typed: string) {
    this.#name = typed;
    this.#changed();
  }

  get verify(): boolean {
    return this.#verify;
  }

  set verify(on: boolean) {
    this.#verify = on;
    this.#changed();
  }

  get update(): boolean {
    return this.#update;
  }

  /** Write only what differs. Not possible in a rescue, which has no complete source to compare with. */
  set update(on: boolean) {
    this.#update = on;
    if (on) this.#rescue = false;
    this.#changed();
  }

  get rescue(): boolean {
    return this.#rescue;
  }

  /** A rescue has no checksum, because it skips bytes that it cannot read. It takes no map of used blocks. */
  set rescue(on: boolean) {
    this.#rescue = on;
    if (on) {
      this.#update = false;
      this.#checksum = '';
      this.#used = false;
    }
    this.#changed();
  }

  get keepGoing(): boolean {
    return this.#keepGoing;
  }

  set keepGoing(on: boolean) {
    this.#keepGoing = on;
    this.#changed();
  }

  /** The bytes of the source file are copied unchanged, although it is not a disk image. */
  get asIs(): boolean {
    return this.#asIs;
  }

  set asIs(on: boolean) {
    this.#asIs = on;
    if (on) this.#used = false;
    this.#changed();
  }

  /** The checksum of the source file or of the image in it, as typed. */
  get checksum(): string {
    return this.#checksum;
  }

  set checksum(typed: string) {
    this.#checksum = typed;
    if (typed.trim() !== '') {
      this.#rescue = false;
      this.#used = false;
    }
    this.#changed();
  }

  /** The file to copy from an archive; null for its only one. */
  get entry(): string | null {
    return this.#entry;
  }

  set entry(name: string | null) {
    this.#entry = name;
    this.#changed();
  }

  /** The bytes that count, when a bmap lies beside the image or only used blocks are taken. */
  get counted(): Counted {
    return this.#counted;
  }

  set counted(counted: Counted) {
    this.#counted = counted;
    this.#changed();
  }

  /** Only what the file systems of the source use counts. */
  get used(): boolean {
    return this.#used;
  }

  /** A checksum is of all bytes, and a rescue takes all that can be read. Bytes that are taken as they are have no map. */
  set used(on: boolean) {
    this.#used = on;
    this.#counted = 'mapped';
    if (on) {
      this.#rescue = false;
      this.#asIs = false;
      this.#checksum = '';
    }
    this.#changed();
  }

  /** Another source was chosen, so the consent that was given for the old one ends. The caller reports the change. */
  sourceChanged(): void {
    this.#asIs = false;
    this.#checksum = '';
    this.#entry = null;
    this.#counted = 'mapped';
    this.#used = false;
  }

  /** The speed limit as typed, in MB/s. */
  get limit(): string {
    return this.#limit;
  }

  set limit(typed: string) {
    this.#limit = typed;
    this.#changed();
  }

  /** What is wrong with the options, in words; null when all is well. */
  get wrong(): string | null {
    if (typedChecksum(this.#checksum) === undefined) return say('options.checksumWrong');
    return speed(this.#limit) === undefined ? say('options.limitWrong') : null;
  }

  /** The job is a rescue, which takes no bmap. */
  get #rescues(): boolean {
    return this.#task === 'copy' && this.#rescue;
  }

  /** How the controls and the settings make a copy. */
  get #method(): CopyMethod {
    const check = this.#verify ? 'verify' : 'none';
    const zeros = this.#defaults.sparse ? 'sparse' : 'written';
    if (this.#update) return { kind: 'update', check, zeros, manifest: null };
    return this.#rescue
      ? { kind: 'rescue', check, zeros, retries: RETRIES, map: null }
      : { kind: 'write', check, zeros };
  }

  /** The request from the controls and the settings; null when the task needs more than a manifest. */
  #usual(from: From, destinations: readonly string[], unmount: boolean): WorkRequest | null {
    const checksum = typedChecksum(this.#checksum) ?? null;
    const common = {
      name: this.#name.trim() || null,
      keepGoing: this.#keepGoing,
      throttle: speed(this.#limit) ?? null,
      stallTimeout: this.#defaults.stallTimeout,
    };
    const mapped = {
      bmap: this.#counted === 'all' ? ('none' as const) : ('beside' as const),
      zeroUnmapped: this.#counted === 'zeroed' && !this.#rescues,
      used: this.#used,
    };
    if (this.#task === 'verify')
      return withSourceFile(
        { ...plainVerify(from, destinations), ...common },
        { checksum, key: null, entry: this.#entry, ...mapped },
      );
    if (from.kind === 'manifest') return null;
    const entry = this.#asIs ? null : this.#entry;
    const written = { ...common, asIs: this.#asIs, entry, checksum, ...mapped, unmount };
    return this.#task === 'repair'
      ? { ...plainRepair(from.path, destinations), ...written }
      : { ...plainCopy(from.path, destinations), ...written, method: this.#method };
  }

  /** The request for these ends; null when the task needs more than a manifest. `unmount`: one of them is mounted. */
  request(from: From, destinations: readonly string[], unmount: boolean): WorkRequest | null {
    const request = this.#usual(from, destinations, unmount);
    if (request !== null && this.#carried !== null) carryOver(this.#carried, request);
    return request === null || from.origin === null ? request : withDownload(request, from.path, from.origin);
  }

  /**
   * The options that come from a repeated job and have no control here, as words of the command line; empty when there
   * are none.
   */
  carried(destinations: readonly string[]): string {
    if (this.#carried === null) return '';
    const from: From = { kind: 'source', path: '/', origin: null };
    return carriedWords(this.request(from, destinations, false)!, this.#usual(from, destinations, false)!);
  }

  /** Drops the options that come from a repeated job and have no control here. */
  drop(): void {
    this.#carried = null;
    this.#changed();
  }

  /** The unusual options besides verification, for the closed disclosure; empty when there are none. */
  get summary(): string {
    const throttle = speed(this.#limit) ?? null;
    const copies = this.#task === 'copy';
    return listed([
      ...(copies && this.#update ? [say('options.shortUpdate')] : []),
      ...(copies && this.#rescue ? [say('options.shortRescue')] : []),
      ...(this.#keepGoing
        ? [this.#task === 'verify' ? say('tasks.shortKeepGoing') : say('options.shortKeepGoing')]
        : []),
      ...(this.#asIs && this.#task !== 'verify' ? [say('options.shortAsIs')] : []),
      ...(throttle === null ? [] : [say('options.shortLimit', { rate: rate(throttle) })]),
    ]);
  }

  /** Applies the settings' defaults, again whenever they have changed. */
  begin(defaults: JobDefaults): void {
    const now = this.#defaults;
    if (JSON.stringify(defaults) === JSON.stringify(now)) return;
    this.#defaults = defaults;
    this.#verify = defaults.verify;
    this.#update = defaults.update;
    if (defaults.update) this.#rescue = false;
    this.#limit = typedSpeed(defaults.throttle);
    this.#changed();
  }

  /** Takes over the options of an earlier job from its `request`. `said` is what its review said about them. */
  adopt(request: JobRequest, said: { task: Task; name: string | null; verify: boolean }): void {
    this.#task = said.task;
    this.#name = said.name ?? '';
    // A check and a repair do not have these, so they stay for the next copy.
    if (this.#task === 'copy') {
      this.#verify = said.verify;
      this.#update = updates(request);
      this.#rescue = rescueOf(request) !== null;
    }
    this.#keepGoing = keepsGoing(request);
    this.#asIs = takesAsIs(request);
    this.#checksum = checksumOf(request) ?? '';
    this.#entry = entryOf(request);
    this.#used = takesUsed(request);
    this.#counted = bmapOf(request) === 'none' ? 'all' : zeroesUnmapped(request) ? 'zeroed' : 'mapped';
    this.#limit = typedSpeed(request.throttle);
    this.#carried = request;
  }
}
