// The keyboard's place in the list of destinations, and the range that Shift selects.
import type { Disk } from '../../app/contract/disks.ts';
import type { Choice } from './choice.svelte.ts';

/** Rows are named by the path of their disk or image. */
export class Selection {
  /** The row that had the focus last. */
  #at = $state.raw<string | null>(null);
  /** Where a range begins: the row that was chosen or reached last without Shift. */
  #anchor: string | null = null;
  /** What the range has added. It is dropped where the range shrinks. */
  #added: readonly Disk[] = [];
  readonly #choice: Choice;

  constructor(choice: Choice) {
    this.#choice = choice;
  }

  /** The one row that Tab reaches; null when there is none. */
  get stop(): string | null {
    const paths = [...this.#choice.listed.map(({ path }) => path), ...this.#choice.images];
    return this.#at !== null && paths.includes(this.#at) ? this.#at : (paths[0] ?? null);
  }

  /** The row at `path` has the focus now. */
  focus(path: string): void {
    this.#at = path;
    this.#anchor ??= path;
  }

  /** A click, or the space bar. With Shift it selects from the anchor on. */
  click(disk: Disk, isRange: boolean): void {
    if (this.#choice.busy !== null) return;
    if (isRange) this.#extend(disk.path);
    else {
      this.#begin(disk.path);
      this.#choice.toggle(disk);
    }
  }

  /** An arrow key has moved the focus to `path`. With Shift the range follows it. */
  move(path: string, isRange: boolean): void {
    if (isRange && this.#choice.busy === null) this.#extend(path);
    else this.#begin(path);
  }

  #begin(path: string): void {
    this.#anchor = path;
    this.#added = [];
  }

  #extend(to: string): void {
    const choice = this.#choice;
    const disks = choice.listed;
    const index = (path: string | null): number => disks.findIndex((disk) => disk.path === path);
    const [from, end] = [index(this.#anchor ?? to), index(to)];
    if (from < 0 || end < 0) return;
    const range = disks.slice(Math.min(from, end), Math.max(from, end) + 1);
    choice.pick(
      this.#added.filter((disk) => !range.includes(disk)),
      false,
    );
    const fresh = range.filter((disk) => !choice.has(disk));
    choice.pick(fresh, true);
    this.#added = [...this.#added.filter((disk) => range.includes(disk)), ...fresh];
  }
}
