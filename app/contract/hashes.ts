// The hashes of checksums. Without zod, because the window's policy forbids its code.

/** The hashes that Platter can compute for a checksum, with the number of their hexadecimal digits. */
export const HASHES = { sha256: 64, sha512: 128, sha1: 40, md5: 32 } as const;
export type Hash = keyof typeof HASHES;

/** The hash with this number of hexadecimal digits; undefined when there is none. */
export const hashWith = (digits: number): Hash | undefined =>
  (Object.keys(HASHES) as Hash[]).find((hash) => HASHES[hash] === digits);
