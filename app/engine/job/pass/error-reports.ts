// The native error list grows at its end. While a job runs the last entry of each side of each device can grow too:
// neighbours are merged. This reports every failed byte exactly once, in ranges that have stopped growing.
import type { NativeError } from '../../native/addon.ts';

interface Open {
  entry: NativeError;
  /** Bytes of it that were given out; null before the first time. */
  given: number | null;
}

/** Turns looks at the growing list into errors to report. */
export class ErrorReports {
  /** Entries that were seen and can still grow, by their index in the list. */
  readonly #open = new Map<number, Open>();
  #seen = 0;

  /** What has to be looked at: the list from this index on. */
  get first(): number {
    return Math.min(this.#seen, ...this.#open.keys());
  }

  /**
   * Takes the list from `first` on and gives what is to be reported now; with `ended`, all that is left.
   */
  take(entries: readonly NativeError[], ended: boolean): NativeError[] {
    const first = this.first;
    const latest = new Map(entries.map((entry, index) => [sideOf(entry), first + index]));
    return entries.flatMap((entry, offset) => {
      const index = first + offset;
      const before = this.#open.get(index);
      if (before === undefined && index < this.#seen) return [];
      const final = ended || latest.get(sideOf(entry)) !== index;
      const rests = before?.entry.length === entry.length;
      this.#seen = Math.max(this.#seen, index + 1);
      const report = final || rests ? remainder(entry, before?.given ?? null) : null;
      if (final) this.#open.delete(index);
      else this.#open.set(index, { entry, given: report === null ? (before?.given ?? null) : entry.length });
      return report ?? [];
    });
  }
}

const sideOf = ({ side, destination }: NativeError): string => `${side} ${destination}`;

/** What of `entry` was not given out; null when all was. */
function remainder(entry: NativeError, given: number | null): NativeError | null {
  if (given === null) return entry;
  return given === entry.length ? null : { ...entry, offset: entry.offset + given, length: entry.length - given };
}
