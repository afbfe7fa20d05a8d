// Turns the kernel's news of block devices into lists of disks.
import type { Disk } from '../../contract/disks.ts';
import type { DisksEvent } from '../../contract/host.ts';
import { Refusal } from '../../base/errors.ts';

/** One drive causes a dozen events within milliseconds: wait, and report them together. */
const SETTLE_MS = 100;

/** Lists the disks when something has changed; never twice at a time. */
export class DiskWatch {
  readonly #list: () => Promise<Disk[]>;
  readonly #tell: (event: DisksEvent) => void;
  readonly #broken: (error: unknown) => void;
  #waiting: NodeJS.Timeout | null = null;
  #listing = false;

  /** `list` gives the disks or rejects with a Refusal; `tell` hears of each list; `broken` of what must not happen. */
  constructor(list: () => Promise<Disk[]>, tell: (event: DisksEvent) => void, broken: (error: unknown) => void) {
    this.#list = list;
    this.#tell = tell;
    this.#broken = broken;
  }

  /** Something has changed. */
  changed(): void {
    this.#waiting ??= setTimeout(() => this.#look(), SETTLE_MS);
  }

  /** No more lists, but for one that is being made. */
  stop(): void {
    if (this.#waiting !== null) clearTimeout(this.#waiting);
  }

  #look(): void {
    this.#waiting = null;
    if (this.#listing) {
      // A change while the list is made may not be in it.
      this.changed();
      return;
    }
    this.#listing = true;
    this.#list()
      .then(
        (disks) => this.#tell({ event: 'disks', disks: { ok: true, value: disks } }),
        (error: unknown) => {
          if (error instanceof Refusal) this.#tell({ event: 'disks', disks: { ok: false, errors: [...error.errors] } });
          else this.#broken(error);
        },
      )
      .finally(() => (this.#listing = false));
  }
}
