// Reading beside a running job: files that somebody else can have written are parsed in a thread of its own, so that the
// thread that serves the job goes on with samples, cancelling and its log, whatever is in them.
import { Worker } from 'node:worker_threads';
import type { PlatterError } from '../../contract/errors.ts';
import { Refusal } from '../../base/errors.ts';
import type { Work } from './reader-thread.ts';

/** What a reading thread is asked for: a name of `Work`, and its arguments. */
export interface Question {
  what: keyof Work;
  args: readonly unknown[];
}

/** What it answers. Its large arrays are handed over, not copied. */
export type Answer = { value: unknown } | { errors: readonly PlatterError[] };

/** Its bundle, which the host, the command line and the window share; in a test, its source. */
const READER = new URL(import.meta.url.endsWith('.ts') ? './reader-thread.ts' : '../engine/reader.js', import.meta.url);

/**
 * Calls a function of `reader-thread.ts` in a new thread, which ends with the answer and gives its memory back. Rejects with the
 * Refusal that it threw; with any other error, or when the thread ended without an answer, with that.
 */
export function readAside<K extends keyof Work>(
  what: K,
  ...args: Parameters<Work[K]>
): Promise<Awaited<ReturnType<Work[K]>>> {
  return new Promise((resolve, reject) => {
    const question: Question = { what, args };
    const thread = new Worker(READER, { workerData: question, name: `read ${what}` });
    thread.once('message', (answer: Answer) => {
      if ('errors' in answer) reject(new Refusal(answer.errors));
      else resolve(answer.value as Awaited<ReturnType<Work[K]>>);
    });
    thread.once('error', reject);
    thread.once('exit', (code) => reject(new Error(`The reading thread ended with ${code} and without an answer.`)));
  });
}
