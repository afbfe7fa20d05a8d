// Retries of a running job: a destination that has failed or was cancelled starts again, with what is on its medium.
import { cancelledOpening } from '../../base/errors.ts';
import { refuseRetry, reopenForRetry } from '../admission/retry.ts';
import { uncertainChunks } from '../admission/same-medium.ts';
import { chunksOfErrors } from '../formats/chunk-sets.ts';
import { isOver } from '../../view/reduce-events.ts';
import type { DestinationTotals } from './destination-totals.ts';
import type { JobParts } from './job-parts.ts';
import { moveTo } from './run.ts';

/** The retries of one job. */
export class Retries {
  readonly #parts: JobParts;
  readonly #begin: (destination: number) => void;
  /** What stops the opening of each destination that is about to start again. */
  readonly #opening = new Map<number, AbortController>();

  /** `begin` sends a destination on the job's course again. */
  constructor(parts: JobParts, begin: (destination: number) => void) {
    this.#parts = parts;
    this.#begin = begin;
  }

  /** Stops the retry of one destination, or of all (null), that has not begun yet. */
  cancel(destination: number | null): void {
    for (const [index, opening] of this.#opening) if (destination === null || destination === index) opening.abort();
  }

  /** Starts a destination again. Rejects with a Refusal when it has not ended, or is no longer the same device. */
  async retry(destination: number): Promise<void> {
    const { totals, attempts, reports, cancelled } = this.#parts;
    const own = reports.errors
      .slice(totals[destination]!.errorsFrom)
      .filter((error) => error.destination === destination);
    const state = this.#shownState(destination);
    const isPossible = attempts.areRunning && !cancelled && !this.#opening.has(destination);
    refuseRetry(this.#pathOf(destination), isPossible && isOver(state) ? state : null, own);
    const opening = new AbortController();
    this.#opening.set(destination, opening);
    try {
      await attempts.keepRunning(this.#open(destination, opening.signal));
    } finally {
      this.#opening.delete(destination);
    }
  }

  /** Its state as it is shown. After a failure or a cancellation, its course may not have recorded the end yet. */
  #shownState(destination: number): DestinationTotals['left'] {
    const { totals, passes } = this.#parts;
    const { end, left } = totals[destination]!;
    return end ?? passes.samples().find((progress) => progress.destination === destination)?.state ?? left;
  }

  async #open(destination: number, signal: AbortSignal): Promise<void> {
    const { run, record, reports, totals } = this.#parts;
    const reopened = await reopenForRetry(run, destination, signal, (session) => run.sessions.push(session));
    if (reopened !== null) moveTo(run, destination, reopened);
    await this.#withdrawUncertain(destination);
    this.#refuseIfStopped(destination, signal);
    await this.#takeFromCourse(destination);
    this.#refuseIfStopped(destination, signal);
    reports.removals.forget(destination);
    record.forgetEvidence(destination);
    totals[destination]!.reopen(reports.errors.length);
    this.#begin(destination);
  }

  /** Withdraws the chunks that have to be written again: those with errors, and those that may be of another medium. */
  async #withdrawUncertain(destination: number): Promise<void> {
    const { run, record, passes } = this.#parts;
    // Its course would have done this at the end of the pass.
    await record.withdraw(destination, chunksOfErrors(passes.collectErrors(), destination, run.grid));
    await record.withdraw(
      destination,
      await uncertainChunks(run, destination, record.durable(destination), record.hashes),
    );
  }

  /**
   * Takes a destination from its course: out of the pass that still runs for others, or, when that pass has ended, once
   * the course has recorded the end. Rejects with a Refusal when it is complete after all.
   */
  async #takeFromCourse(destination: number): Promise<void> {
    const { passes, totals, attempts } = this.#parts;
    if (passes.dismiss(destination)) return;
    await Promise.race([totals[destination]!.ended, attempts.latestOf(destination)]);
    refuseRetry(this.#pathOf(destination), totals[destination]!.end, []);
  }

  /** A retry that was cancelled while it was being prepared does not begin. */
  #refuseIfStopped(destination: number, { aborted }: AbortSignal): void {
    if (aborted) throw cancelledOpening(this.#pathOf(destination));
  }

  #pathOf(destination: number): string {
    return this.#parts.reports.named.destinations[destination]!.path;
  }
}
