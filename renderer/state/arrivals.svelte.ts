// Drives that were plugged in a moment ago, so that an eye finds them in the list.
import { SvelteMap } from 'svelte/reactivity';
import type { Disk } from '../../app/contract/disks.ts';
import { identity } from '../disks.ts';

/** How long a drive is new, milliseconds. */
export const NEW_MS = 6000;

/** Remembers what came last. What is there at the start, or comes back with a reload, has not arrived. */
export class Arrivals {
  #known: readonly string[] | null = null;
  readonly #timers = new SvelteMap<string, ReturnType<typeof setTimeout>>();

  /** True for some seconds after the drive has come. */
  has(disk: Disk): boolean {
    return this.#timers.has(identity(disk));
  }

  /** Takes the newest list. Gives what has come with it. */
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
