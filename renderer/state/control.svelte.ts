// What a person does to a running job (pause, limit, stop, try again) and to the drives of one that ended: eject. The next
// snapshot shows what came of it.
import { SvelteSet } from 'svelte/reactivity';
import type { Disk } from '../../app/contract/disks.ts';
import type { Outcome, PlatterError } from '../../app/contract/errors.ts';
import type { Endpoint } from '../../app/contract/jobs.ts';
import type { Bridge } from '../../app/contract/window.ts';
import type { Mirror } from './mirror.svelte.ts';

/** Calls about the running job; `destination` is its index, null the whole job. */
export class Control {
  /** Why the last call was refused. */
  refusals = $state.raw<PlatterError[]>([]);
  /** Paths of the drives that are being ejected, and of those that were. */
  readonly ejecting = new SvelteSet<string>();
  readonly ejected = new SvelteSet<string>();
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

  /** The drive of an end as the system has it now; undefined when it is not there, or is another one. */
  driveOf({ kind, realPath, majorMinor, serial, size }: Endpoint): Disk | undefined {
    const disk = kind === 'block' ? this.#mirror.disks.find(({ path }) => path === realPath) : undefined;
    return disk?.majorMinor === majorMinor && disk.serial === serial && disk.size === size ? disk : undefined;
  }

  /** True when the job has let go of the drive of this end, and the system can switch it off. */
  canEject(end: Endpoint): boolean {
    return this.#mirror.job?.phase === 'ended' && this.driveOf(end)?.ejectable === true;
  }

  /** Ejects drives, one after the other; those that cannot be are told of, and the others go on. */
  async eject(paths: readonly string[]): Promise<void> {
    const refusals: PlatterError[] = [];
    for (const path of paths) this.ejecting.add(path);
    for (const path of paths) {
      const outcome = await this.#mirror.ask(this.#bridge.eject(path));
      this.ejecting.delete(path);
      if (outcome?.ok === true) this.ejected.add(path);
      else if (outcome?.ok === false) refusals.push(...outcome.errors);
    }
    this.refusals = refusals;
  }

  /** Another job: what was refused is of no interest any more. */
  clear(): void {
    this.refusals = [];
    this.ejected.clear();
  }

  async #ask(call: Promise<Outcome<null>>): Promise<void> {
    const outcome = await this.#mirror.ask(call);
    this.refusals = outcome?.ok === false ? outcome.errors : [];
  }
}
