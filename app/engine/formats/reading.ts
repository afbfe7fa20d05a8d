// What the reading thread can be asked, and how it answers. Both of its ends import this.
import type { PlatterError } from '../../contract/errors.ts';
import { openLog, summarize } from './open-log.ts';
import { checkManifest, readManifest } from './manifest.ts';
import { readMapfile } from './mapfile.ts';

/** The functions that can be called. Structured cloning must be able to copy their arguments and results. */
export const work = { checkManifest, openLog, readManifest, readMapfile, summarize };
export type Work = typeof work;

/** A call in the reading thread: a name of `Work` and its arguments. */
export interface Question {
  what: keyof Work;
  args: readonly unknown[];
}

/** The result. Its large arrays are transferred, not copied. */
export type Answer = { value: unknown } | { errors: readonly PlatterError[] };
