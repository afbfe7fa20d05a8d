/** Gives what `make` makes, which happens at the first call. Formatters of `Intl` take milliseconds, and most runs need few of them. */
export function once<T extends object>(make: () => T): () => T {
  let made: T | null = null;
  return () => (made ??= make());
}
