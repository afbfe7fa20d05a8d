// Parses files from untrusted sources in a separate thread, so that they cannot hold up the thread that serves the job
// (samples, cancelling, the log).
import { Worker } from 'node:worker_threads';
import { Refusal } from '../../base/errors.ts';
import type { Answer, Question, Work } from './reading.ts';

/** The thread's bundle, shared by host, command line and window; in a test, its source. */
const READER = new URL(import.meta.url.endsWith('.ts') ? './reader-thread.ts' : '../engine/reader.js', import.meta.url);

/**
 * Calls a function of `reading.ts` in a new thread, which frees its memory when it ends. Rejects with the Refusal
 * or other error that the function threw, or when the thread ended without a result.
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
