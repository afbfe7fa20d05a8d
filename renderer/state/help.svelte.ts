// The help: whether it is open, the versions that it names, and the text that it shows.
import type { About, Bridge, HelpText } from '../../app/contract/window.ts';
import type { Mirror } from './mirror.svelte.ts';

/** The state of the help. */
export class Help {
  open = $state(false);
  /** null until main has answered. */
  about = $state.raw<About | null>(null);
  /** The text that is shown in place of the help; null while none is. */
  shown = $state.raw<{ name: HelpText; text: string } | null>(null);
  readonly #bridge: Bridge;
  readonly #mirror: Mirror;

  constructor(bridge: Bridge, mirror: Mirror) {
    this.#bridge = bridge;
    this.#mirror = mirror;
  }

  /** Opens it. The versions do not change while the window is open. */
  async show(): Promise<void> {
    this.open = true;
    this.shown = null;
    this.about ??= (await this.#mirror.ask(this.#bridge.getAbout())) ?? null;
  }

  /** Shows a text of the help. */
  async read(name: HelpText): Promise<void> {
    const text = await this.#mirror.ask(this.#bridge.getHelpText(name));
    if (text !== undefined) this.shown = { name, text };
  }
}
