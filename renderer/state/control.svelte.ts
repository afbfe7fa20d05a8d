// What a person does to a running job (pause, limit, stop, try again) and to the drives of one that ended: eject. The next
// snapshot shows what came of it.
import { SvelteMap, SvelteSet } from 'svelte/reactivity';
import type { Disk } from '../../app/contract/disks.ts';
import type { Outcome, PlatterError } from '../../app/contract/errors.ts';
import type { Endpoint } from '../../app/contract/jobs.ts';
import type { Bridge } from '../../app/contract/window.ts';
import { sameDisk } from '../disks.ts';
import type { Mirror } from './mirror.svelte.ts';

/** Calls about the running job; `destination` is its index, null the whole job. */
export class Control {
  /** Why the last call was refused. */
  refusals = $state.raw<PlatterError[]>([]);
  /** Drives are being ejected. */
  ejecting = $state(false);
  /** The ends of the job, by their paths, whose drives the system had in its list at some time. */
  readonly #seen = new SvelteSet<string>();
  /** The ends, by their paths, whose drives were ejected and have not come back: whether the system has seen them go. */
  readonly #ejected = new SvelteMap<string, { end: Endpoint; gone: boolean }>();
  readonly #bridge: Bridge;
  readonly #mirror: Mirror;

  constructor(bridge: Bridge, mirror: Mirror) {
    this.#bridge = bridge;
    this.#mirror = mirror;
  }

  async pause(destination: number | null, paused: boolean): Promise<void> {
    await this.#ask(this.#bridge.pause(destination, paused));
  }

  /** Limits it, bytes per second; null for no limit. */
  async throttle(destination: number | null, bytesPerSecond: number | null): Promise<void> {
    await this.#ask(this.#bridge.throttle(destination, bytesPerSecond));
  }

  async stop(destination: number | null): Promise<void> {
    await this.#mirror.ask(this.#bridge.cancel(destination));
  }

  async retry(destination: number): Promise<void> {
    await this.#ask(this.#bridge.retry(destination));
  }

  /** The drive of an end, wherever it is plugged in now; undefined when it is not there, or is another one. */
  driveOf({ kind, realPath, model, serial, size }: Endpoint): Disk | undefined {
    return kind === 'block' ? sameDisk({ path: realPath, model, serial, size }, this.#mirror.disks) : undefined;
  }

  /** The drive of this end was switched off, and has not been plugged in again. */
  isEjected({ realPath }: Endpoint): boolean {
    return this.#ejected.has(realPath);
  }

  /** The drive of this end was there, and is not any more, without having been switched off. */
  isTakenOut(end: Endpoint): boolean {
    return this.#seen.has(end.realPath) && this.driveOf(end) === undefined && !this.isEjected(end);
  }

  /** True when the job has let go of the drive of this end, and the system can switch it off. */
  canEject(end: Endpoint): boolean {
    return this.#mirror.job?.phase === 'ended' && !this.isEjected(end) && this.driveOf(end)?.ejectable === true;
  }

  /** Ejects the drives of these ends, one after the other; those that cannot be are told of, and the others go on. */
  async eject(ends: readonly Endpoint[]): Promise<void> {
    const refusals: PlatterError[] = [];
    this.ejecting = true;
    for (const end of ends) {
      const drive = this.driveOf(end);
      if (drive === undefined) continue;
      const outcome = await this.#mirror.ask(this.#bridge.eject(drive.path));
      if (outcome?.ok === true) this.#ejected.set(end.realPath, { end, gone: false });
      else if (outcome?.ok === false) refusals.push(...outcome.errors);
      this.reconcile();
    }
    this.ejecting = false;
    this.refusals = refusals;
  }

  /**
   * Sees which drives of the job are there; which of the ejected ones have gone, and which have come back: those are drives
   * like any other. To be called with every list of disks.
   */
  reconcile(): void {
    for (const end of this.#mirror.job?.plan.destinations ?? []) {
      if (this.driveOf(end) !== undefined) this.#seen.add(end.realPath);
    }
    for (const [path, { end, gone }] of this.#ejected) {
      const present = this.driveOf(end) !== undefined;
      if (present && gone) this.#ejected.delete(path);
      else if (!present && !gone) this.#ejected.set(path, { end, gone: true });
    }
  }

  /** Another job: what was refused is of no interest any more. */
  clear(): void {
    this.refusals = [];
    this.#ejected.clear();
    this.#seen.clear();
  }

  async #ask(call: Promise<Outcome<null>>): Promise<void> {
    const outcome = await this.#mirror.ask(call);
    this.refusals = outcome?.ok === false ? outcome.errors : [];
  }
}
