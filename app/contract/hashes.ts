// The hashes of checksums. Without zod, whose code the policy of the window refuses.

/** The hashes that a checksum can be of, and how many hexadecimal digits each has. */
export const HASHES = { sha256: 64, sha512: 128, sha1: 40, md5: 32 } as const;
export type Hash = keyof typeof HASHES;
