// The hashes of checksums. Without zod, whose code the policy of the window refuses.

/** The hashes that a checksum can be of, and how many hexadecimal digits each has. */
export const HASHES = { sha256: 64, sha512: 128, sha1: 40, md5: 32 } as const;
export type Hash = keyof typeof HASHES;

/** The hash with so many hexadecimal digits; undefined when there is none. */
export const hashWith = (digits: number): Hash | undefined =>
  (Object.keys(HASHES) as Hash[]).find((hash) => HASHES[hash] === digits);
