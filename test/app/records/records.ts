// Records of jobs that never ran.
import type { JobRecord } from '../../../app/contract/records.ts';
import { jobStarted } from '../../../app/view/reduce-events.ts';
import { recordOf } from '../../../app/records/record.ts';
import { ended, GB, plan, play, progress, result, sample } from '../cli/views.ts';

/** A view of a job of `paths` that has ended as `facts` say. */
export function view(
  paths: string[],
  ends = paths.map((path) => ended(path, 'done', true)),
  planned: Parameters<typeof plan>[1] = {},
  startedAt = 0,
) {
  const started = jobStarted(plan(paths, planned), startedAt);
  const read = sample(
    started,
    paths.map((path) => progress(path, 'verifying', { written: 64 * GB, verified: 64 * GB })),
  );
  return play(started, read, { event: 'result', result: result(ends) });
}

export const record = (...args: Parameters<typeof view>): JobRecord => recordOf(view(...args), (args[3] ?? 0) + 10_000);
