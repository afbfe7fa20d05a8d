// A job as a pure function of what has happened in it.
import type { JobError, PlatterError } from '../contract/errors.ts';
import type { Note } from '../contract/facts.ts';
import type { HostEvent } from '../contract/host.ts';
import type { DestinationResult, DestinationState, JobProgress, JobResult, Plan } from '../contract/jobs.ts';
import type { JobView } from '../contract/window.ts';
import { destinationsOf } from '../contract/request-facts.ts';
import { failure, isHostFailure } from '../base/errors.ts';
import { brokenResult } from './broken-job.ts';
import { withSlowDrives } from './slow-drives.ts';
import { noPace, withTimesLeft } from './time-left.ts';
import { waiting } from './waiting-progress.ts';

/**
 * What can happen to a job: events of the host, requests of the user that the host carried out, the end of the host.
 */
export type JobEvent =
  | HostEvent
  | { event: 'cancelling' }
  /** The job (`destination` null) or one destination is limited, in bytes per second; null: no longer. */
  | { event: 'limited'; destination: number | null; bytesPerSecond: number | null }
  /** A destination was restarted; `over` are the errors of the previous attempt. */
  | { event: 'retried'; destination: number; over: ReadonlySet<JobError> }
  /** The host is gone, or cannot be understood. */
  | { event: 'failure'; failure: PlatterError };

/** Nothing more happens to a destination in this state, unless it is restarted. */
export const isOver = (state: DestinationState): state is DestinationResult['state'] =>
  state === 'done' || state === 'failed' || state === 'cancelled';

/** A job that was just started; `startedAt` in milliseconds since the epoch. */
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
    destinationThrottles: plan.destinations.map((_, index) => destinationsOf(plan.request)[index]?.throttle ?? null),
    paces: plan.destinations.map(() => noPace),
  };
}

/** `ended` with advice for `view`: a job with durable data in its log is continued, not restarted. */
export function failureOfJob(
  { plan, progress: { destinations } }: Pick<JobView, 'plan' | 'progress'>,
  ended: PlatterError,
): PlatterError {
  const begun = plan.kind === 'resume' || destinations.some(({ written }) => written > 0);
  return isHostFailure(ended) && plan.job !== null && begun
    ? failure({ ...ended, remedy: { kind: 'continueJob' } })
    : ended;
}

/** The job after `event`. An ended job no longer changes. */
export function reduce(view: JobView, event: JobEvent): JobView {
  if (view.phase === 'ended') return view;
  switch (event.event) {
    case 'progress':
      return { ...view, ...withSlowDrives(view, withTimesLeft(view, event.progress)) };
    case 'error':
      return { ...view, errors: [...view.errors, event.error] };
    case 'joined':
      return joined(view, event);
    case 'cancelling':
      return { ...view, phase: 'cancelling' };
    case 'limited':
      return { ...view, ...limited(view, event.destination, event.bytesPerSecond) };
    case 'retried':
      return { ...view, errors: view.errors.filter((error) => !event.over.has(error)) };
    case 'result':
      return endedBy(view, event.result);
    case 'failure': {
      const failed = failureOfJob(view, event.failure);
      return { ...endedBy(view, brokenResult(view, failed)), failure: failed };
    }
  }
}

/** The job with a drive that has joined it, as its last destination. */
function joined(view: JobView, { destination, notes }: Extract<HostEvent, { event: 'joined' }>): JobView {
  const { plan, progress } = view;
  const request =
    plan.request.kind === 'resume'
      ? plan.request
      : { ...plan.request, destinations: [...plan.request.destinations, { path: destination.path, throttle: null }] };
  return {
    ...view,
    plan: {
      ...plan,
      request,
      destinations: [...plan.destinations, destination],
      notes: [...plan.notes, ...notes.filter((note) => !plan.notes.some((other) => isSame(note, other)))],
    },
    progress: { ...progress, destinations: [...progress.destinations, waiting(destination.path)] },
    destinationThrottles: [...view.destinationThrottles, null],
  };
}

const isSame = (one: Note, other: Note): boolean => JSON.stringify(one) === JSON.stringify(other);

const limited = (
  { destinationThrottles }: JobView,
  destination: number | null,
  bytesPerSecond: number | null,
): Partial<JobView> =>
  destination === null
    ? { throttle: bytesPerSecond }
    : { destinationThrottles: destinationThrottles.with(destination, bytesPerSecond) };

const endedBy = (view: JobView, result: JobResult): JobView => ({
  ...view,
  phase: 'ended',
  result,
  progress: ended(view.progress, result),
});

/** The last sample, corrected by how the result says each destination ended. */
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
