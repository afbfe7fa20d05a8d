// What is done, and how, beyond what and where to: write or only compare, read back, only what differs, skipping what
// cannot be read, how fast.
import { carryOver } from '../../app/contract/options/options.ts';
import {
  checksumOf,
  entryOf,
  keepsGoing,
  plainCopy,
  plainRepair,
  plainVerify,
  rescueOf,
  takesAsIs,
  updates,
  withChecksum,
  withDownload,
  withEntry,
} from '../../app/contract/request-facts.ts';
import type { CopyMethod, JobRequest, WorkRequest } from '../../app/contract/request.ts';
import { defaultSettings } from '../../app/contract/default-settings.ts';
import type { JobDefaults } from '../../app/contract/settings.ts';
import { typedChecksum } from '../typed-checksum.ts';
import type { Task } from '../command-line.ts';
import { listed, rate, say, speed, typedSpeed } from '../words.ts';
import { carriedWords } from './carried-options.ts';

/** What is compared, or copied: a source, or the manifest that stands for one. */
export interface From {
  kind: 'source' | 'manifest';
  path: string;
  /** Where the file was downloaded from; null for any other. */
  origin: string | null;
}

/** Times that a rescue from the window tries the bad sectors again. */
const RETRIES = 1;

/** The options as they are set; every change is told to `changed`. */
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
  #limit = $state('');
  /** What was taken last from the settings; they alone have the seldom ones. */
  #defaults = $state.raw(defaultSettings.defaults);
  /** The repeated job, for what it asked for beyond that. */
  #carried = $state.raw<JobRequest | null>(null);
  readonly #changed: () => void;

  constructor(changed: () => void) {
    this.#changed = changed;
  }

  /** What is to be done. */
  get task(): Task {
    return this.#task;
  }

  set task(task: Task) {
    this.#task = task;
    this.#changed();
  }

  /** What the batch is called, as typed. */
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

  /** Only what differs: not together with a rescue, which has no whole source to compare with. */
  set update(on: boolean) {
    this.#update = on;
    if (on) this.#rescue = false;
    this.#changed();
  }

  get rescue(): boolean {
    return this.#rescue;
  }

  /** A rescue has no checksum: it goes on past bytes that it cannot read. */
  set rescue(on: boolean) {
    this.#rescue = on;
    if (on) {
      this.#update = false;
      this.#checksum = '';
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

  /** The bytes of the source file are taken as they are, though it is no disk image. */
  get asIs(): boolean {
    return this.#asIs;
  }

  set asIs(on: boolean) {
    this.#asIs = on;
    this.#changed();
  }

  /** What the source file, or the image in it, has to be: as typed. */
  get checksum(): string {
    return this.#checksum;
  }

  set checksum(typed: string) {
    this.#checksum = typed;
    if (typed.trim() !== '') this.#rescue = false;
    this.#changed();
  }

  /** The file to take of an archive; null for its only one. */
  get entry(): string | null {
    return this.#entry;
  }

  set entry(name: string | null) {
    this.#entry = name;
    this.#changed();
  }

  /**
   * Another source was chosen: what was agreed to for the former one does not hold for it. The caller tells of the
   * change.
   */
  sourceChanged(): void {
    this.#asIs = false;
    this.#checksum = '';
    this.#entry = null;
  }

  /** As it was typed, in MB/s. */
  get limit(): string {
    return this.#limit;
  }

  set limit(typed: string) {
    this.#limit = typed;
    this.#changed();
  }

  /** What cannot be asked for as it stands, in words; null when all is well. */
  get wrong(): string | null {
    if (typedChecksum(this.#checksum) === undefined) return say('options.checksumWrong');
    return speed(this.#limit) === undefined ? say('options.limitWrong') : null;
  }

  /** How a copy is made by the controls and the settings. */
  get #method(): CopyMethod {
    const check = this.#verify ? 'verify' : 'none';
    const zeros = this.#defaults.sparse ? 'sparse' : 'written';
    if (this.#update) return { kind: 'update', check, zeros, manifest: null };
    return this.#rescue
      ? { kind: 'rescue', check, zeros, retries: RETRIES, map: null }
      : { kind: 'write', check, zeros };
  }

  /** What is asked for by the controls and the settings; null where the task cannot do with a manifest alone. */
  #usual(from: From, destinations: readonly string[], unmount: boolean): WorkRequest | null {
    const checksum = typedChecksum(this.#checksum) ?? null;
    const common = {
      name: this.#name.trim() || null,
      keepGoing: this.#keepGoing,
      throttle: speed(this.#limit) ?? null,
      stallTimeout: this.#defaults.stallTimeout,
    };
    if (this.#task === 'verify')
      return withEntry(withChecksum({ ...plainVerify(from, destinations), ...common }, checksum), this.#entry);
    if (from.kind === 'manifest') return null;
    const entry = this.#asIs ? null : this.#entry;
    const written = { ...common, asIs: this.#asIs, entry, checksum, unmount };
    return this.#task === 'repair'
      ? { ...plainRepair(from.path, destinations), ...written }
      : { ...plainCopy(from.path, destinations), ...written, method: this.#method };
  }

  /**
   * The request for these ends; null where the task cannot do with a manifest alone. `unmount`: something of them is
   * mounted.
   */
  request(from: From, destinations: readonly string[], unmount: boolean): WorkRequest | null {
    const request = this.#usual(from, destinations, unmount);
    if (request !== null && this.#carried !== null) carryOver(this.#carried, request);
    return request === null || from.origin === null ? request : withDownload(request, from.path, from.origin);
  }

  /**
   * What of that comes of a repeated job and has no control here, as options of the command line; empty when nothing
   * does.
   */
  carried(destinations: readonly string[]): string {
    if (this.#carried === null) return '';
    const from: From = { kind: 'source', path: '/', origin: null };
    return carriedWords(this.request(from, destinations, false)!, this.#usual(from, destinations, false)!);
  }

  /** Leaves out what comes of a repeated job and has no control here. */
  drop(): void {
    this.#carried = null;
    this.#changed();
  }

  /** What is out of the ordinary beyond verifying, for a closed disclosure; empty when nothing is. */
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

  /** Begins with the settings' defaults, again whenever those have changed. */
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

  /** Takes over those of a job from before, of `request`; `said` is what its review said of it. */
  adopt(request: JobRequest, said: { task: Task; name: string | null; verify: boolean }): void {
    this.#task = said.task;
    this.#name = said.name ?? '';
    // Of these a check and a repair say nothing: the next copy has them as they were.
    if (this.#task === 'copy') {
      this.#verify = said.verify;
      this.#update = updates(request);
      this.#rescue = rescueOf(request) !== null;
    }
    this.#keepGoing = keepsGoing(request);
    this.#asIs = takesAsIs(request);
    this.#checksum = checksumOf(request) ?? '';
    this.#entry = entryOf(request);
    this.#limit = typedSpeed(request.throttle);
    this.#carried = request;
  }
}
