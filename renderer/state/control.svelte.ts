// What a person does to a running job: pause, limit, stop, try again. The next snapshot shows what came of it.
import type { Bridge, Outcome, PlatterError } from '../../app/contract.ts';
import type { Mirror } from './mirror.svelte.ts';

/** Calls about the running job; `destination` is its index, null the whole job. */
export class Control {
  /** Why the last call was refused. */
  refusals = $state.raw<PlatterError[]>([]);
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

  /** Another job: what was refused is of no interest any more. */
  clear(): void {
    this.refusals = [];
  }

  async #ask(call: Promise<Outcome<null>>): Promise<void> {
    const outcome = await this.#mirror.ask(call);
    this.refusals = outcome?.ok === false ? outcome.errors : [];
  }
}
