// What a running job is made of.
import type { RescueProgress } from '../../contract/jobs.ts';
import type { Attempts } from './attempts.ts';
import type { PassRecords, Passes } from './passes.ts';
import type { Run } from './run.ts';

/** The parts of one job, for those that work on several of them. */
export interface JobParts extends PassRecords {
  readonly run: Run;
  readonly passes: Passes;
  readonly attempts: Attempts;
  /** The user told the whole job to stop. */
  cancelled: boolean;
  /** How far a rescue is; null before it begins, and in other jobs. */
  rescue: Omit<RescueProgress, 'waiting'> | null;
}
