// The reports of the program that fetches.
import * as z from 'zod';
import { platterError } from '../contract/errors.ts';

const bytes = z.int().nonnegative();

/** A line on its stdout. */
export const report = z.discriminatedUnion('event', [
  /** The body from byte `from` on will follow once `GO` is sent. */
  z.object({
    event: z.literal('begins'),
    from: bytes,
    etag: z.string().nullable(),
    lastModified: z.string().nullable(),
    length: bytes.nullable(),
  }),
  /** `has`: bytes in the file. */
  z.object({ event: z.literal('progress'), has: bytes }),
  z.object({ event: z.literal('again'), error: platterError, attempt: bytes, seconds: z.number() }),
  z.object({ event: z.literal('unchanged') }),
  z.object({ event: z.literal('done'), has: bytes }),
  z.object({ event: z.literal('failed'), error: platterError }),
]);
export type Report = z.infer<typeof report>;
