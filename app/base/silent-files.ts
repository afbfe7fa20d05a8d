// Inspects files whose file system may not answer, such as that of a server that is gone.
import type { Stats } from 'node:fs';
import { stat } from 'node:fs/promises';
import { Refusal } from './errors.ts';
import { Answers } from './slow-answers.ts';

/** Seconds that a file system has to answer. */
const PATIENCE = 2;

let silent = 0;

/**
 * True while a file has not answered. Each such file blocks one of the four threads that Node has for file systems, so
 * whoever looks at files that nobody asked for stops here.
 */
export const isFileSilent = (): boolean => silent > 0;

/** Inspects the file. Rejects with a Refusal, which is STALLED when its file system does not answer. */
export async function statOf(path: string): Promise<Stats> {
  const asked = stat(path);
  try {
    return await new Answers(PATIENCE, () => undefined).of(path, asked);
  } catch (error) {
    if (error instanceof Refusal) {
      silent += 1;
      void asked.then(
        () => (silent -= 1),
        () => (silent -= 1),
      );
    }
    throw error;
  }
}
