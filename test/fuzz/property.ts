// Shared by the fuzz targets.

/** The result of `act`; null when it throws the one type of error that it may throw. Any other error is a finding. */
export function allowing<T>(type: abstract new (...args: never[]) => Error, act: () => T): T | null {
  try {
    return act();
  } catch (error) {
    if (error instanceof type) return null;
    throw error;
  }
}

/** Throws when a property does not hold, which is a finding. */
export function must(holds: boolean, what: string): asserts holds {
  if (!holds) throw new Error(`property broken: ${what}`);
}

/** The fuzzer's bytes as decisions; zeros when there are no more. */
export class Dice {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get isEmpty(): boolean {
    return this.#at >= this.#bytes.length;
  }

  /** From 0 to `limit` - 1, `limit` being 256 at the most. */
  below(limit: number): number {
    return (this.#bytes[this.#at++] ?? 0) % limit;
  }
}
