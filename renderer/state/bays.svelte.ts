// The bays: their numbers and names, and how they are numbered anew.
import type { KeptBay } from '../../app/contract/bays.ts';
import { isRemovable, type Disk } from '../../app/contract/disks.ts';
import type { PlatterError } from '../../app/contract/errors.ts';
import type { Bridge } from '../../app/contract/window.ts';
import type { Mirror } from './mirror.svelte.ts';

/** The bays that are kept. Main stores every change at once. */
export class Bays {
  /** In the order of their numbers. */
  kept = $state.raw<readonly KeptBay[]>([]);
  /** Why they could not be read, or the last change was refused. */
  refusals = $state.raw<PlatterError[]>([]);
  /** While bays are learnt: the ports in which drives were seen so far, in this order. null otherwise. */
  learnt = $state.raw<readonly string[] | null>(null);
  /** The ports that were in use when drives were last listed. A drive in another one has just come. */
  #before: readonly string[] = [];
  readonly #bridge: Bridge;
  readonly #mirror: Mirror;

  constructor(bridge: Bridge, mirror: Mirror) {
    this.#bridge = bridge;
    this.#mirror = mirror;
  }

  /** Reads the bays. */
  async load(): Promise<void> {
    const outcome = await this.#mirror.ask(this.#bridge.getBays());
    if (outcome === undefined) return;
    this.refusals = outcome.ok ? [] : outcome.errors;
    if (outcome.ok) this.kept = outcome.value;
  }

  /** The drive in a bay; undefined when it is empty. */
  driveIn(bay: KeptBay): Disk | undefined {
    return this.#mirror.disks.find(({ port }) => port?.path === bay.port);
  }

  /** Names a bay; an empty name removes it. */
  async rename(bay: KeptBay, typed: string): Promise<void> {
    const name = typed.trim() === '' ? null : typed.trim().slice(0, 24);
    if (name !== bay.name) await this.#keep(this.kept.map((each) => (each === bay ? { ...each, name } : each)));
  }

  /** Numbers the bays in the order of their ports. */
  async orderByPort(): Promise<void> {
    await this.#keep([...this.kept].sort((a, b) => Number(a.port > b.port) - Number(a.port < b.port)));
  }

  /** Begins to number the bays in the order in which drives are plugged in. */
  learn(): void {
    this.learnt = [];
    this.#before = portsIn(this.#mirror.disks);
  }

  /** Takes the newest list of disks while bays are learnt. */
  see(disks: readonly Disk[]): void {
    const now = portsIn(disks);
    const before = this.#before;
    this.#before = now;
    if (this.learnt === null) return;
    const { learnt } = this;
    const come = now.filter((port) => !before.includes(port) && !learnt.includes(port)).sort();
    if (come.length > 0) this.learnt = [...learnt, ...come];
  }

  /** Ends learning. `isDone`: keeps the bays that were learnt, and forgets the others. */
  async endLearning(isDone: boolean): Promise<void> {
    const { learnt } = this;
    this.learnt = null;
    if (!isDone || learnt === null || learnt.length === 0) return;
    await this.#keep(learnt.map((port) => this.kept.find((bay) => bay.port === port) ?? { port, name: null }));
  }

  async #keep(bays: KeptBay[]): Promise<void> {
    const outcome = await this.#mirror.ask(this.#bridge.setBays(bays));
    this.refusals = outcome?.ok === false ? outcome.errors : [];
    // Drives that are plugged in get the next numbers.
    if (outcome?.ok === true) await this.load();
  }
}

/** The ports of removable drives. */
const portsIn = (disks: readonly Disk[]): readonly string[] =>
  disks.flatMap((disk) => (disk.port !== null && isRemovable(disk) ? [disk.port.path] : []));
