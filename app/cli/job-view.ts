// What is known of a job, as a pure function of what has happened in it. Nothing here prints or waits.
import type { DestinationProgress, HostEvent, JobResult, JobView, Plan, PlatterError } from '../contract.ts';

/** What can happen to a job, as seen from the command line. */
export type JobEvent = HostEvent | { event: 'cancelling'; again: boolean } | { event: 'broke-down'; failure: PlatterError };

/** A job that has just been started. `startedAt` in milliseconds since the epoch. */
export function newJob(plan: Plan, startedAt: number): JobView {
  const waiting = ({ path }: { path: string }): DestinationProgress =>
    ({ path, state: 'waiting', written: 0, verified: 0, bytesPerSecond: 0, secondsLeft: null });
  return {
    plan,
    startedAt,
    phase: 'running',
    progress: { bytes: 0, totalBytes: plan.bytes, seconds: 0, destinations: plan.destinations.map(waiting) },
    errors: [],
    result: null,
    failure: null,
  };
}

/** The view after `event`. An ended job does not change any more. */
export function reduceJob(view: JobView, event: JobEvent): JobView {
  if (view.phase === 'ended') return view;
  switch (event.event) {
    case 'progress':
      return { ...view, progress: event.progress };
    case 'error':
      return { ...view, errors: [...view.errors, event.error] };
    case 'cancelling':
      return { ...view, phase: 'cancelling' };
    case 'result':
      return { ...view, phase: 'ended', result: event.result, progress: ended(view, event.result) };
    case 'broke-down': {
      const result = brokenResult(view, event.failure);
      return { ...view, phase: 'ended', result, failure: event.failure, progress: ended(view, result) };
    }
  }
}

/** The last progress, with every destination in the state in which the result left it. */
function ended(view: JobView, result: JobResult): JobView['progress'] {
  return {
    ...view.progress,
    bytes: result.bytes,
    seconds: result.seconds,
    destinations: view.progress.destinations.map((destination, index) => ({
      ...destination,
      state: result.destinations[index]?.state ?? destination.state,
      written: result.destinations[index]?.written ?? destination.written,
      bytesPerSecond: 0,
      secondsLeft: null,
    })),
  };
}

/**
 * The result of a job whose engine broke down. Nothing it said before can be relied on to be on the medium, so
 * no destination counts as good.
 */
function brokenResult(view: JobView, failure: PlatterError): JobResult {
  const { bytes, seconds, destinations } = view.progress;
  return {
    readErr: 0,
    writeErr: (2 ** destinations.length - 1) >>> 0,
    seconds,
    bytes,
    cancelled: false,
    errors: [],
    destinations: destinations.map(({ path, state, written }, destination) => ({
      path,
      state: 'failed',
      verified: null,
      written,
      errors: [
        ...view.errors.filter((error) => error.destination === destination),
        { ...failure, device: path, side: state === 'verifying' ? 'verify' : 'write', destination },
      ],
    })),
  };
}
