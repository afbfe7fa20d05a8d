// The images read last. They are offered while a source is being chosen.
import type { PlatterError } from '../../app/contract/errors.ts';
import type { Bridge, RecentImage } from '../../app/contract/window.ts';
import type { Choice } from './choice.svelte.ts';
import type { Mirror } from './mirror.svelte.ts';

/** The list of recent images, and the choice of one. */
export class Recent {
  /** Why the last choice was refused. */
  refusals = $state.raw<PlatterError[]>([]);
  readonly #bridge: Bridge;
  readonly #mirror: Mirror;
  readonly #choice: Choice;

  constructor(bridge: Bridge, mirror: Mirror, choice: Choice) {
    this.#bridge = bridge;
    this.#mirror = mirror;
    this.#choice = choice;
  }

  /** Newest first. */
  get images(): RecentImage[] {
    return this.#mirror.recent;
  }

  /** Makes the image the source. False when that was refused, or the image must be downloaded again. */
  async choose({ job }: RecentImage): Promise<boolean> {
    const taken = await this.#mirror.ask(this.#bridge.chooseRecent(job));
    this.refusals = taken?.ok === false ? taken.errors : [];
    if (taken?.ok !== true) return false;
    const { path, origin, entry, isThere } = taken.value;
    if (isThere) this.#choice.chooseImage(path, origin, entry);
    return isThere;
  }
}
