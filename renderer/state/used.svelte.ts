// What the file systems of the chosen source use, found on demand: it can take seconds.
import type { PlatterError } from '../../app/contract/errors.ts';
import type { Usage } from '../../app/contract/jobs.ts';
import type { Bridge } from '../../app/contract/window.ts';
import type { Mirror } from './mirror.svelte.ts';

/** What the search and a review find. */
type Found = Pick<Usage, 'size' | 'used' | 'parts'>;

/** The search for used blocks, and its answer. */
export class UsedBlocks {
  /** null until it is known, or when it cannot be found. */
  found = $state.raw<Found | null>(null);
  /** Why it cannot be found. */
  refusals = $state.raw<PlatterError[]>([]);
  /** The search runs. */
  looking = $state(false);
  /** Counts the questions, so that the answer to an older one is ignored. */
  #asked = 0;
  readonly #bridge: Bridge;
  readonly #mirror: Mirror;

  constructor(bridge: Bridge, mirror: Mirror) {
    this.#bridge = bridge;
    this.#mirror = mirror;
  }

  /** Looks at the source at `path`. */
  async look(path: string): Promise<void> {
    this.#asked += 1;
    const question = this.#asked;
    this.found = null;
    this.refusals = [];
    this.looking = true;
    const answer = await this.#mirror.ask(this.#bridge.findUsage(path));
    if (question !== this.#asked) return;
    this.looking = false;
    if (answer?.ok === true) this.found = answer.value;
    // A review ends the search, and finds the same.
    else if (answer !== undefined) this.refusals = answer.errors.filter(({ code }) => code !== 'CANCELLED');
  }

  /** Takes the answer from a review, which has looked itself. */
  take(found: Found): void {
    this.#asked += 1;
    this.looking = false;
    this.refusals = [];
    this.found = found;
  }

  /** Ends the search and forgets its answer. */
  stop(): void {
    this.#asked += 1;
    if (this.looking) void this.#mirror.ask(this.#bridge.stopUsage());
    this.looking = false;
    this.found = null;
    this.refusals = [];
  }
}
