// Announces a job to screen readers: important changes at once, progress now and then.
import type { JobView } from '../../app/contract/window.ts';
import { headline, totalOf } from '../../app/view/total-progress.ts';
import { tilesOf } from '../../app/view/destination-progress.ts';
import { announcement } from '../job-sentences.ts';
import { say } from '../words.ts';

/** Milliseconds of silence before progress is announced. */
export const QUIET_MS = 30_000;

/** Follows the job; `spoken` is the text of a polite live region. */
export class Speaker {
  spoken = $state('');
  #before: JobView | null = null;
  #spokeAt = 0;

  /** Takes a view of the job; `now` in milliseconds, of any clock. */
  hear(job: JobView | null, now: number): void {
    const words = announcement(this.#before, job) || this.#progress(job, now);
    this.#before = job;
    if (words !== '') this.say(words, now);
  }

  /** Announces something that is not about the job (a new drive). */
  say(words: string, now: number): void {
    this.spoken = words;
    this.#spokeAt = now;
  }

  #progress(job: JobView | null, now: number): string {
    if (job?.phase !== 'running' || now - this.#spokeAt < QUIET_MS) return '';
    const tiles = tilesOf(job);
    return say('batch.told', { percent: Math.floor(totalOf(tiles) * 100), headline: headline(tiles) });
  }
}
