// Drives that were just plugged in, to highlight them in the list.
import { SvelteMap } from 'svelte/reactivity';
import type { Disk } from '../../app/contract/disks.ts';
import { identity } from '../disk-facts.ts';

/** Milliseconds for which a drive is new. */
export const NEW_MS = 6000;

/** Remembers the latest arrivals. Drives that are there at the start, or after a reload, have not arrived. */
export class Arrivals {
  #known: readonly string[] | null = null;
  readonly #timers = new SvelteMap<string, ReturnType<typeof setTimeout>>();

  /** True for some seconds after the drive arrived. */
  has(disk: Disk): boolean {
    return this.#timers.has(identity(disk));
  }

  /** Takes the newest list. Gives the drives that are new in it. */
  see(disks: readonly Disk[]): Disk[] {
    const before = this.#known;
    this.#known = disks.map(identity);
    const come = before === null ? [] : disks.filter((disk) => !before.includes(identity(disk)));
    for (const disk of come) {
      const name = identity(disk);
      clearTimeout(this.#timers.get(name));
      this.#timers.set(
        name,
        setTimeout(() => this.#timers.delete(name), NEW_MS),
      );
    }
    return come;
  }
}
