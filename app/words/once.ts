/** Calls `make` at the first use. Making an `Intl` formatter takes milliseconds, and most runs need few of them. */
export function once<T extends object>(make: () => T): () => T {
  let made: T | null = null;
  return () => (made ??= make());
}
