// What is done, and how, beyond what and where to: write or only compare, read back, only what differs, skipping what cannot be
// read, how fast.
import { plainRequest, type CopyRequest } from '../../app/contract/jobs.ts';
import { defaultSettings, type JobDefaults } from '../../app/contract/settings.ts';
import { taskOf, type Task } from '../command.ts';
import { listed, rate, say, speed, typedSpeed } from '../words.ts';
import { carriedRequest, carriedWords, type Carried } from './carried.ts';

/** What the window has controls, or settings, for. */
type Asked = Pick<
  CopyRequest,
  'name' | 'verify' | 'update' | 'rescue' | 'keepGoing' | 'throttle' | 'sparse' | 'stallTimeout' | 'asIs'
>;

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
  #limit = $state('');
  /** What was taken last from the settings; they alone have the seldom ones. */
  #defaults = $state.raw(defaultSettings.defaults);
  /** What a repeated job asked for beyond that. */
  #carried = $state.raw<Carried | null>(null);
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

  set rescue(on: boolean) {
    this.#rescue = on;
    if (on) this.#update = false;
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

  /** Another source was chosen: what was agreed to for the former one does not hold for it. The caller tells of the change. */
  sourceChanged(): void {
    this.#asIs = false;
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
    return speed(this.#limit) === undefined ? say('options.limitWrong') : null;
  }

  /** What is asked for by the controls and the settings. A check and a repair have fewer of them. */
  get #asked(): Asked {
    const { verify, update, rescue, sparse } = plainRequest;
    const common = {
      name: this.#name.trim() || null,
      keepGoing: this.#keepGoing,
      throttle: speed(this.#limit) ?? null,
      stallTimeout: this.#defaults.stallTimeout,
      asIs: this.#asIs && this.#task !== 'verify',
    };
    if (this.#task !== 'copy') return { ...common, verify, update, rescue, sparse };
    return {
      ...common,
      verify: this.#verify,
      update: this.#update,
      rescue: this.#rescue ? { retries: RETRIES, map: null } : null,
      sparse: this.#defaults.sparse,
    };
  }

  /** How to do it, to destinations with these paths. */
  request(destinations: readonly string[]): Asked & Partial<CopyRequest> {
    return { ...this.#asked, ...this.#carriedTo(destinations) };
  }

  /** What of that comes of a repeated job and has no control here, as options of the command line; empty when nothing does. */
  carried(destinations: readonly string[]): string {
    return carriedWords(this.#task, this.#carriedTo(destinations), this.#asked, destinations);
  }

  /** Leaves out what comes of a repeated job and has no control here. */
  drop(): void {
    this.#carried = null;
    this.#changed();
  }

  #carriedTo(destinations: readonly string[]): Partial<CopyRequest> {
    if (this.#carried === null) return {};
    return carriedRequest(
      this.#carried,
      { kind: this.#task, verify: this.#verify, update: this.#update, rescue: this.#rescue },
      destinations,
    );
  }

  /** What is out of the ordinary beyond verifying, for a closed disclosure; empty when nothing is. */
  get summary(): string {
    const { update, rescue, keepGoing, throttle, asIs } = this.#asked;
    return listed([
      ...(update ? [say('options.shortUpdate')] : []),
      ...(rescue === null ? [] : [say('options.shortRescue')]),
      ...(keepGoing ? [this.#task === 'verify' ? say('tasks.shortKeepGoing') : say('options.shortKeepGoing')] : []),
      ...(asIs ? [say('options.shortAsIs')] : []),
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

  /** Takes over those of a request; `carried` what of it has no control here. */
  adopt({ kind, name, verify, update, rescue, keepGoing, throttle, asIs }: CopyRequest, carried: Carried): void {
    this.#task = taskOf(kind);
    this.#name = name ?? '';
    // Of these a check and a repair say nothing: the next copy has them as they were.
    if (this.#task === 'copy') {
      this.#verify = verify;
      this.#update = update;
      this.#rescue = rescue !== null;
    }
    this.#keepGoing = keepGoing;
    this.#asIs = asIs;
    this.#limit = typedSpeed(throttle);
    this.#carried = carried;
  }
}
