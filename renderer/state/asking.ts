// What a review needs of whatever asks for consent: the choice before a job, or a drive that joins one.
import type { PlatterError } from '../../app/contract/errors.ts';

/** Asks a person to agree to a review. */
export interface Asking {
  /** The call that runs; null for none. */
  readonly busy: 'checking' | 'starting' | null;
  /** Why the last call was refused. */
  readonly refusals: readonly PlatterError[];
  /** Carries the review `id` out, to which the person has agreed. */
  start(id: string): Promise<void>;
  /** Leaves the review. */
  dismissReview(): Promise<void>;
}
