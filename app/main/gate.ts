// What stands between a request and the engine host: what the person gave, and what the person agreed to.
import type { Disk } from '../contract/disks.ts';
import type { Outcome, PlatterError } from '../contract/errors.ts';
import type { Plan } from '../contract/jobs.ts';
import type { JobRequest } from '../contract/request.ts';
import type { Review } from '../contract/window.ts';
import { failure } from '../base/errors.ts';

/** Guards the engine host against the page, by what the user has given and agreed to. */
export interface Gate {
  /** Why the page may not make this request, with these disks in the list; empty when it may. */
  refusals(request: JobRequest, disks: readonly Disk[]): PlatterError[];
  /** This plan was checked, so later requests may name the same files. */
  checked(plan: Plan): void;
  /** null when the person has agreed to this review; otherwise why it may not start. */
  agreed(review: Review): Promise<PlatterError | null>;
}

/**
 * What of a checked plan goes beyond that to which the person agreed in advance. `looksBlank` looks into its
 * destinations: true for a blank one, null for one that could not be read.
 */
export type Objections = (
  plan: Plan,
  looksBlank: () => Promise<Outcome<(boolean | null)[]>>,
) => Promise<PlatterError[]>;

/** Another request is being checked. */
export const stillChecking = (): PlatterError =>
  failure({ code: 'BAD_ARGUMENT', op: 'check', reason: { kind: 'stillChecking' }, remedy: { kind: 'tryAgain' } });

/** The review that the page names is not the one that is open. */
export const anotherReview = (): PlatterError =>
  failure({ code: 'CONFIRM', op: 'check', reason: { kind: 'anotherReview' }, remedy: { kind: 'startAgain' } });

/** No review is open. */
export const nothingReviewed = (): PlatterError =>
  failure({ code: 'BAD_ARGUMENT', op: 'check', reason: { kind: 'nothingReviewed' } });
