// A person's actions on a running job (pause, limit, stop, retry), and ejecting the drives of an ended one. The next
// snapshot shows the effect.
import type { Disk } from '../../app/contract/disks.ts';
import type { Outcome, PlatterError } from '../../app/contract/errors.ts';
import type { Bridge, DrivePresence } from '../../app/contract/window.ts';
import { drivesOf } from '../../app/view/drives.ts';
import { removalOf, type Removal } from '../../app/view/removal.ts';
import type { Tile } from '../../app/view/destination-progress.ts';
import type { Mirror } from './mirror.svelte.ts';

/** Calls about the running job; `destination` is its index, null the whole job. */
export class Control {
  /** Why the last call was refused. */
  refusals = $state.raw<PlatterError[]>([]);
  /** Destinations that were told to start again, and have not yet. */
  restarting = $state.raw<readonly number[]>([]);
  /** Drives are being ejected. */
  ejecting = $state(false);
  readonly #bridge: Bridge;
  readonly #mirror: Mirror;
  readonly #plan = $derived.by(() => this.#mirror.job?.plan);
  readonly #disks = $derived.by(() => this.#mirror.disks);
  readonly #drives = $derived(drivesOf(this.#plan?.destinations ?? [], this.#disks));

  constructor(bridge: Bridge, mirror: Mirror) {
    this.#bridge = bridge;
    this.#mirror = mirror;
  }

  async pause(destination: number | null, paused: boolean): Promise<void> {
    await this.#ask(this.#bridge.pause(destination, paused));
  }

  /** Limits the speed, in bytes per second; null for no limit. */
  async throttle(destination: number | null, bytesPerSecond: number | null): Promise<void> {
    await this.#ask(this.#bridge.throttle(destination, bytesPerSecond));
  }

  async stop(destination: number | null): Promise<void> {
    await this.#mirror.ask(this.#bridge.cancel(destination));
  }

  async retry(destination: number): Promise<void> {
    if (this.restarting.includes(destination)) return;
    this.restarting = [...this.restarting, destination];
    await this.#ask(this.#bridge.retry(destination));
    this.restarting = this.restarting.filter((each) => each !== destination);
  }

  /**
   * The drive of a destination, wherever it is plugged in now; undefined when it is missing, has been replaced, or is a
   * file.
   */
  driveOf(destination: number): Disk | undefined {
    return this.#drives[destination];
  }

  /** What a hand can do with its drive while the job runs; null while it has not ended well. */
  removalOf(tile: Tile): Removal | null {
    return removalOf(tile, this.#presence(tile.index), this.driveOf(tile.index));
  }

  /** Its drive was switched off, and has not been plugged in again. */
  isEjected(destination: number): boolean {
    const where = this.#presence(destination);
    return where === 'switchedOff' || where === 'ejected';
  }

  /** Its drive was removed without having been switched off. */
  isTakenOut(destination: number): boolean {
    return this.#presence(destination) === 'takenOut';
  }

  /** True when the job has released its drive, and the system can switch it off. */
  canEject(destination: number): boolean {
    const { job } = this.#mirror;
    const isFree = job?.phase === 'ended' || job?.progress.destinations[destination]?.letGo === true;
    return isFree && !this.isEjected(destination) && this.driveOf(destination)?.ejectable === true;
  }

  /**
   * Ejects the drives of these destinations, one after the other. Reports those that fail, and continues with the
   * others.
   */
  async eject(destinations: readonly number[]): Promise<void> {
    const paths = destinations.flatMap((destination) => this.driveOf(destination)?.path ?? []);
    if (paths.length === 0) return;
    this.ejecting = true;
    await this.#ask(this.#bridge.eject(paths));
    this.ejecting = false;
  }

  /** Another job begins: forgets old refusals. */
  clear(): void {
    this.refusals = [];
  }

  #presence(destination: number): DrivePresence | undefined {
    return this.#mirror.state?.drives[destination];
  }

  async #ask(call: Promise<Outcome<null>>): Promise<void> {
    const outcome = await this.#mirror.ask(call);
    this.refusals = outcome?.ok === false ? outcome.errors : [];
  }
}
