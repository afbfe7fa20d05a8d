// A running copy to four sticks, one of which has failed.
import type { DestinationProgress } from '../../../app/contract/jobs.ts';
import * as make from './fixtures.ts';

export const drives = make.sticks(4);
export const plan = make.plan(drives.map((disk) => make.endpoint(disk)));
export const half: Partial<DestinationProgress> = { written: plan.bytes / 2, bytesPerSecond: 31.4e6, secondsLeft: 240 };
export const running = make.job(plan, [half, half, { state: 'failed', written: plan.bytes / 4 }, half], {
  errors: [make.writeError(2, '/dev/sdd')],
});
