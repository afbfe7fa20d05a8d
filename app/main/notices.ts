// Decides what the window is sent and how often: the whole state, or only the job's progress when nothing else is new,
// which is the normal case for hours.
import type { JobProgress } from '../contract/jobs.ts';
import type { AppState, JobView, WindowNotices } from '../contract/window.ts';
import { throttle } from './throttle.ts';

/** Least milliseconds between two notices: after a change of figures only, and after an event in a job. */
const FIGURES_INTERVAL = 500;
const NEWS_INTERVAL = 250;

/** What changes in a job with each sample. The window needs only the first: times left are in it. */
const FIGURES: readonly (keyof JobView)[] = ['progress', 'paces'];

/** Tells the window something, if there is a window. */
type Tell = <N extends keyof WindowNotices>(name: N, value: WindowNotices[N]) => void;

/**
 * Gives the function that takes every new state and passes it to the window (with `tell`) and to the followers of the
 * job.
 */
export function stateNotices(
  tell: Tell,
  followers: readonly ((job: JobView | null) => void)[],
): (state: AppState) => void {
  let told: AppState | null = null;
  const send = (state: AppState): void => {
    const progress = told === null ? null : onlyProgress(told, state);
    told = state;
    if (progress === null) tell('state', state);
    else tell('progress', progress);
    for (const follow of followers) follow(state.job);
  };
  const interval = (state: AppState): number => {
    // Without a job, a new state answers a user's action. Send it at once, because their next action depends on it.
    if (state.job === null) return 0;
    return told !== null && onlyFigures(told, state) ? FIGURES_INTERVAL : NEWS_INTERVAL;
  };
  return throttle(send, interval);
}

/** The new progress of the job; null when more than that has changed. */
function onlyProgress(before: AppState, after: AppState): JobProgress | null {
  const sameJob = before.job !== null && after.job !== null && sameBut(FIGURES, before.job, after.job);
  return sameJob && sameBut(['job'], before, after) ? (after.job?.progress ?? null) : null;
}

/** True when every destination is in the same state as before. */
function onlyFigures(before: AppState, after: AppState): boolean {
  const is = onlyProgress(before, after)?.destinations;
  const was = before.job?.progress.destinations;
  return (
    is?.every(({ state, paused }, index) => state === was?.[index]?.state && paused === was[index].paused) ?? false
  );
}

/** Changes always create new objects, so identity means equality. */
const sameBut = <T extends object>(members: readonly (keyof T)[], before: T, after: T): boolean =>
  (Object.keys(after) as (keyof T)[]).every((key) => members.includes(key) || before[key] === after[key]);
