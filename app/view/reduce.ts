// A job as a pure function of what has happened in it.
import type { PlatterError } from '../contract/errors.ts';
import type { HostEvent } from '../contract/host.ts';
import type { DestinationResult, DestinationState, JobProgress, JobResult, Plan } from '../contract/jobs.ts';
import type { JobView } from '../contract/window.ts';
import { failure } from '../base/errors.ts';
import { waiting } from './waiting.ts';

/** What can happen to a job: the host's events, the user's wish to stop, the end of the machinery. */
export type JobEvent = HostEvent | { event: 'cancelling' } | { event: 'failure'; failure: PlatterError };

/** No more will happen to a destination in this state, unless it is started again. */
export const isOver = (state: DestinationState): state is DestinationResult['state'] =>
  state === 'done' || state === 'failed' || state === 'cancelled';

/** A job that has just been started; `startedAt` in milliseconds since the epoch. */
export function jobStarted(plan: Plan, startedAt: number): JobView {
  return {
    plan,
    startedAt,
    phase: 'running',
    progress: {
      bytes: 0,
      totalBytes: plan.bytes,
      seconds: 0,
      destinations: plan.destinations.map(({ path }) => waiting(path)),
      rescue: null,
    },
    errors: [],
    result: null,
    failure: null,
    throttle: plan.request.throttle,
    destinationThrottles: plan.destinations.map((_, index) => plan.request.destinationThrottles[index] ?? null),
  };
}

/**
 * `ended` with advice that fits `view`: a job whose log says that something is on a drive is continued, not started again.
 */
export function failureOfJob(
  { plan, progress: { destinations } }: Pick<JobView, 'plan' | 'progress'>,
  ended: PlatterError,
): PlatterError {
  const begun = plan.kind === 'resume' || destinations.some(({ written }) => written > 0);
  return ended.code === 'HOST_FAILED' && plan.job !== null && begun
    ? failure({ ...ended, remedy: { kind: 'continueJob' } })
    : ended;
}

/** The job after `event`. One that ended does not change any more. */
export function reduce(view: JobView, event: JobEvent): JobView {
  if (view.phase === 'ended') return view;
  switch (event.event) {
    case 'progress':
      return { ...view, progress: event.progress };
    case 'error':
      return { ...view, errors: [...view.errors, event.error] };
    case 'cancelling':
      return { ...view, phase: 'cancelling' };
    case 'result':
      return { ...view, phase: 'ended', result: event.result, progress: ended(view.progress, event.result) };
    case 'failure':
      return { ...view, phase: 'ended', failure: failureOfJob(view, event.failure) };
  }
}

/** The last sample, brought to how the result says each destination ended. */
function ended(progress: JobProgress, result: JobResult): JobProgress {
  return {
    ...progress,
    bytes: result.bytes,
    seconds: result.seconds,
    destinations: progress.destinations.map((destination, index) => {
      const { state, written } = result.destinations[index] ?? destination;
      return { ...destination, state, written, bytesPerSecond: 0, secondsLeft: null, paused: false };
    }),
  };
}
