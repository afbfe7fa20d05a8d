// Small values that others contain. The schemas come first; the types are inferred from them.
import * as z from 'zod';

/** A range of bytes. */
export const extent = z.strictObject({ offset: z.number(), length: z.number() });
export type Extent = z.infer<typeof extent>;

/** A drive, by the facts that tell it from others. */
export const driveFacts = z.strictObject({
  model: z.string().nullable(),
  serial: z.string().nullable(),
  /** Bytes. */
  size: z.number(),
});
export type DriveFacts = z.infer<typeof driveFacts>;

/** The kind of an end of a job. */
export const endKind = z.enum(['block', 'file']);
export type EndKind = z.infer<typeof endKind>;

/** SHA-256 (hex) of a manifest. */
export const manifestId = z.string().regex(/^[0-9a-f]{64}$/, 'This is no SHA-256.');
