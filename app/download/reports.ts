// The reports of the program that fetches.
import * as z from 'zod';
import { platterError } from '../contract/errors.ts';

const bytes = z.int().nonnegative();

const opened = z.object({
  event: z.literal('opened'),
  /** Bytes of the file; null when the server does not say. */
  length: bytes.nullable(),
  /** Whether the server gives parts; 'unpinned': without a mark of their version. */
  ranges: z.enum(['yes', 'no', 'unpinned']),
  /** Bytes of its start that were fetched. */
  has: bytes,
});
/** The facts in the first answer about a file that is fetched in parts. */
export type Opened = Omit<z.infer<typeof opened>, 'event'>;

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
  opened,
  /** The part that was asked for is in the file. */
  z.object({ event: z.literal('part') }),
  z.object({ event: z.literal('failed'), error: platterError }),
]);
export type Report = z.infer<typeof report>;
