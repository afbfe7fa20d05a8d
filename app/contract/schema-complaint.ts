// Turns a schema's complaints about a value into one line for an error.
import type * as z from 'zod';

/** A schema's complaints, separated by semicolons. */
export const complaints = (error: z.ZodError): string =>
  error.issues.map(({ path, message }) => (path.length === 0 ? message : `${path.join('.')}: ${message}`)).join('; ');
