// The help: whether it is open, and the versions that it names.
import type { About, Bridge } from '../../app/contract/window.ts';
import type { Mirror } from './mirror.svelte.ts';

/** The state of the help. */
export class Help {
  open = $state(false);
  /** null until main has answered. */
  about = $state.raw<About | null>(null);
  readonly #bridge: Bridge;
  readonly #mirror: Mirror;

  constructor(bridge: Bridge, mirror: Mirror) {
    this.#bridge = bridge;
    this.#mirror = mirror;
  }

  /** Opens it. The versions do not change while the window is open. */
  async show(): Promise<void> {
    this.open = true;
    this.about ??= (await this.#mirror.ask(this.#bridge.getAbout())) ?? null;
  }
}
