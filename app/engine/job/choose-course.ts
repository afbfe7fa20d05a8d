// Which course a job takes, and which a retry.
import { rescueOf, updates } from '../../contract/request-facts.ts';
import type { RunningJob } from './pass/running-job.ts';
import { copy } from './courses/copy.ts';
import { catchUp } from './courses/rescue/catch-up.ts';
import { repair } from './courses/repair.ts';
import { rescue } from './courses/rescue/rescue.ts';
import { update } from './courses/update.ts';
import { verify } from './courses/verify.ts';

/**
 * Takes destinations of a job through its passes. `continues`: what is durable on them is of this job, written or found
 * equal, but perhaps never read back. Resolves when each destination has ended, cannot go on, or was retried.
 */
type Course = (running: RunningJob, destinations: readonly number[], continues: boolean) => Promise<void>;

const COURSES = { copy, update, verify, repair, rescue } satisfies Record<string, Course>;

/** Takes destinations through the job's course from its start. */
export const startCourse = (running: RunningJob, destinations: readonly number[]): Promise<void> =>
  COURSES[courseName(running)](running, destinations, running.prepared.resumed !== null);

/** Takes one destination through the job's course again, without reading a failing source for it alone. */
export function retryCourse(running: RunningJob, destination: number): Promise<void> {
  const name = courseName(running);
  return name === 'rescue' ? catchUp(running, destination) : COURSES[name](running, [destination], true);
}

function courseName({ request }: RunningJob): keyof typeof COURSES {
  if (request.kind !== 'copy') return request.kind;
  if (rescueOf(request) !== null) return 'rescue';
  return updates(request) ? 'update' : 'copy';
}
