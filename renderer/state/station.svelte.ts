// The set-up of a station, until it is armed: which bays, which drives, how many.
import type { Disk } from '../../app/contract/disks.ts';
import type { KeptBay } from '../../app/contract/bays.ts';
import type { Outcome, PlatterError } from '../../app/contract/errors.ts';
import type { BayState, StationAtWork, StationProposal, StationWish } from '../../app/contract/station.ts';
import type { Bridge } from '../../app/contract/window.ts';
import { language, say } from '../words.ts';
import type { Bays } from './bays.svelte.ts';
import type { Choice } from './choice.svelte.ts';
import type { Mirror } from './mirror.svelte.ts';

const GB = 1e9;
/**
 * The largest drive that is started unless the person says otherwise, in GB: larger ones are seldom meant. A large
 * source has twice its size.
 */
const USUAL_MOST = 256;

/** What the person sets up. Main's state has the station itself. */
export class StationDesk {
  /** The set-up is on the screen. */
  open = $state(false);
  /** Ports of the chosen bays. */
  chosen = $state.raw<readonly string[]>([]);
  /** As typed, in GB. */
  least = $state('');
  most = $state('');
  /** The sizes that were suggested last, unless the person typed others. */
  #suggested = { least: '', most: '' };
  model = $state('');
  eraseUsed = $state(false);
  startPresent = $state(false);
  /** As typed; empty: until it is stopped. */
  count = $state('');
  busy = $state(false);
  refusals = $state.raw<PlatterError[]>([]);
  readonly #bridge: Bridge;
  readonly #mirror: Mirror;
  readonly #choice: Choice;
  readonly #bays: Bays;

  constructor(bridge: Bridge, mirror: Mirror, choice: Choice, bays: Bays) {
    this.#bridge = bridge;
    this.#mirror = mirror;
    this.#choice = choice;
    this.#bays = bays;
  }

  /** The station that waits for consent. */
  get proposal(): StationProposal | null {
    const station = this.#mirror.state?.station ?? null;
    return station?.phase === 'proposed' ? station : null;
  }

  /** The station that is armed, or has stopped. */
  get atWork(): StationAtWork | null {
    const station = this.#mirror.state?.station ?? null;
    return station === null || station.phase === 'proposed' ? null : station;
  }

  /** All bays, in the order of their numbers. */
  get bays(): readonly KeptBay[] {
    return this.#bays.kept;
  }

  driveIn(bay: KeptBay): Disk | undefined {
    return this.#bays.driveIn(bay);
  }

  /** A station can be set up: a source is chosen, and it is copied. */
  get isPossible(): boolean {
    const { source, options } = this.#choice;
    return options.task === 'copy' && source !== null && source.kind !== 'manifest';
  }

  /** Begins the set-up. */
  async begin(): Promise<void> {
    this.open = true;
    this.refusals = [];
    await this.#bays.load();
    const known = this.bays.map(({ port }) => port);
    this.chosen = this.chosen.filter((port) => known.includes(port));
    this.#suggestSizes();
  }

  toggle(port: string): void {
    this.chosen = this.chosen.includes(port) ? this.chosen.filter((each) => each !== port) : [...this.chosen, port];
  }

  chooseAll(): void {
    this.chosen = this.bays.map(({ port }) => port);
  }

  get hasWrongSize(): boolean {
    const { least, most } = this.#sizes();
    return least === null || most === null || least > most;
  }

  get hasWrongCount(): boolean {
    return this.count.trim() !== '' && this.#count() === null;
  }

  /** What is missing or wrong, in words; null when it can be proposed. */
  get missing(): string | null {
    if (this.chosen.length === 0) return say('station.missingBay');
    if (this.hasWrongSize) return say('station.wrongSize');
    return this.hasWrongCount ? say('station.wrongCount') : null;
  }

  /** Has main take the set-up, and show what it comes to. */
  async propose(): Promise<void> {
    const wish = this.#wish();
    if (wish !== null) await this.#ask(() => this.#bridge.proposeStation(wish));
  }

  /** Returns from the question to the set-up. */
  async back(): Promise<void> {
    this.open = true;
    this.refusals = [];
    await this.#mirror.ask(this.#bridge.dismissStation());
  }

  /** Arms the proposed station. */
  async arm(id: string): Promise<void> {
    await this.#ask(() => this.#bridge.armStation(id));
    if (this.refusals.length === 0) this.open = false;
  }

  async stop(): Promise<void> {
    await this.#mirror.ask(this.#bridge.stopStation());
  }

  async skip(port: string): Promise<void> {
    await this.#mirror.ask(this.#bridge.skipBay(port));
  }

  async dismiss(): Promise<void> {
    await this.#mirror.ask(this.#bridge.dismissStation());
  }

  async #ask(call: () => Promise<Outcome<null>>): Promise<void> {
    if (this.busy) return;
    this.busy = true;
    const outcome = await this.#mirror.ask(call());
    this.busy = false;
    this.refusals = outcome?.ok === false ? outcome.errors : [];
  }

  #wish(): StationWish | null {
    const { source, options, image } = this.#choice;
    const { least, most } = this.#sizes();
    if (this.missing !== null || source === null || least === null || most === null) return null;
    const origin = source.kind === 'image' ? image.origin : null;
    const request = options.request({ kind: 'source', path: source.path, origin }, [], false);
    if (request?.kind !== 'copy') return null;
    const { destinations: _none, ...template } = request;
    const model = this.model.trim();
    const { eraseUsed, startPresent } = this;
    const bays = [...this.chosen];
    return {
      request: template,
      bays,
      least,
      most,
      model: model === '' ? null : model,
      eraseUsed,
      startPresent,
      count: this.#count(),
    };
  }

  #sizes(): { least: number | null; most: number | null } {
    return { least: gigabytes(this.least), most: gigabytes(this.most) };
  }

  #count(): number | null {
    const typed = this.count.trim();
    return /^[1-9]\d{0,4}$/u.test(typed) ? Number(typed) : null;
  }

  /** Suggests sizes for the source as it is chosen now. It keeps what the person typed. */
  #suggestSizes(): void {
    const least = this.#sourceSize() ?? GB;
    const suggested = { least: inGigabytes(least), most: inGigabytes(Math.max(USUAL_MOST * GB, least * 2)) };
    if (this.least === this.#suggested.least) this.least = suggested.least;
    if (this.most === this.#suggested.most) this.most = suggested.most;
    this.#suggested = suggested;
  }

  /** Bytes of the source, as it is written; null while they are not known. */
  #sourceSize(): number | null {
    const facts = this.#choice.sourceFacts;
    if (facts === null) return null;
    return 'disk' in facts ? facts.disk.size : facts.bytes;
  }
}

/** Rounded down, so that a drive as large as the source is not left out. */
function inGigabytes(bytes: number): string {
  const value = String(Math.max(0.1, Math.floor(bytes / (GB / 10)) / 10));
  return language() === 'en' ? value : value.replace('.', ',');
}

/** Bytes for typed gigabytes; null when they are none. */
function gigabytes(typed: string): number | null {
  const text = typed.trim().replace(',', '.');
  const value = /^\d{1,6}(\.\d{1,3})?$/u.test(text) ? Number(text) : 0;
  return value > 0 ? Math.round(value * GB) : null;
}

/** The bays whose drive was refused since `before`. */
export function newRefusals(before: StationAtWork | null, after: StationAtWork | null): BayState[] {
  if (after === null) return [];
  const wasRefused = (port: string): boolean =>
    before?.bays.find(({ bay }) => bay.port === port)?.activity.kind === 'refused';
  return after.bays.filter(({ bay, activity }) => activity.kind === 'refused' && !wasRefused(bay.port));
}
