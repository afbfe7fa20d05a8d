// Lists the disks again when the kernel reports changes of block devices.
import type { Disk } from '../../contract/disks.ts';
import type { DisksEvent } from '../../contract/host.ts';
import { Refusal } from '../../base/errors.ts';

/** One drive causes a dozen events within milliseconds. Wait, and report them together. */
const SETTLE_MS = 100;

/** Lists the disks after a change, one list at a time. */
export class DiskWatch {
  readonly #list: () => Promise<Disk[]>;
  readonly #emit: (event: DisksEvent) => void;
  readonly #broken: (error: unknown) => void;
  #waiting: NodeJS.Timeout | null = null;
  #listing = false;

  /** `list` gives the disks or rejects with a Refusal. `emit` receives each list, `broken` any unexpected error. */
  constructor(list: () => Promise<Disk[]>, emit: (event: DisksEvent) => void, broken: (error: unknown) => void) {
    this.#list = list;
    this.#emit = emit;
    this.#broken = broken;
  }

  /** Something has changed. */
  changed(): void {
    this.#waiting ??= setTimeout(() => this.#refresh(), SETTLE_MS);
  }

  /** Makes no more lists after one that is under way. */
  stop(): void {
    if (this.#waiting !== null) clearTimeout(this.#waiting);
  }

  #refresh(): void {
    this.#waiting = null;
    if (this.#listing) {
      // The list may have missed a change that came while it was made.
      this.changed();
      return;
    }
    this.#listing = true;
    this.#list()
      .then(
        (disks) => this.#emit({ event: 'disks', disks: { ok: true, value: disks } }),
        (error: unknown) => {
          if (error instanceof Refusal) this.#emit({ event: 'disks', disks: { ok: false, errors: [...error.errors] } });
          else this.#broken(error);
        },
      )
      .finally(() => (this.#listing = false));
  }
}
