// The speed of each destination of a job from start to now, as a limited number of points. Main keeps it for windows
// that are reloaded; the window continues it. Pure.
import type { JobView, SpeedHistory } from '../contract/window.ts';

/** Most points. Beyond that every second one is dropped, and new ones come half as often. */
export const MOST_POINTS = 480;

/** The history before any job. */
export const noSpeeds: SpeedHistory = { startedAt: null, every: 1, seconds: [], speeds: [] };

/**
 * Adds a point for `job` to the history, when one is due. Another job starts a new history; an ended job adds nothing.
 */
export function withPoint(history: SpeedHistory, job: JobView | null): SpeedHistory {
  if (job === null || job.phase === 'ended') return history;
  const {
    startedAt,
    plan,
    progress: { seconds, destinations },
  } = job;
  const before =
    history.startedAt === startedAt
      ? history
      : { startedAt, every: 1, seconds: [], speeds: plan.destinations.map(() => []) };
  if (seconds - (before.seconds.at(-1) ?? Number.NEGATIVE_INFINITY) < before.every) return before;
  const now = {
    ...before,
    seconds: [...before.seconds, seconds],
    speeds: before.speeds.map((each, index) => [...each, destinations[index]?.bytesPerSecond ?? 0]),
  };
  return now.seconds.length > MOST_POINTS ? thinned(now) : now;
}

/** Prepends the history of the same job that was kept elsewhere. Unchanged when that is of another job. */
export function withEarlier(history: SpeedHistory, earlier: SpeedHistory): SpeedHistory {
  if (history.startedAt === null) return earlier;
  if (history.startedAt !== earlier.startedAt) return history;
  const first = history.seconds[0] ?? Number.POSITIVE_INFINITY;
  const count = earlier.seconds.filter((second) => second < first).length;
  const joined = (one: readonly number[], other: readonly number[]): number[] => [...one.slice(0, count), ...other];
  const all = {
    ...history,
    every: Math.max(history.every, earlier.every),
    seconds: joined(earlier.seconds, history.seconds),
    speeds: history.speeds.map((each, index) => joined(earlier.speeds[index] ?? [], each)),
  };
  return all.seconds.length > MOST_POINTS ? thinned(all) : all;
}

function thinned({ startedAt, every, seconds, speeds }: SpeedHistory): SpeedHistory {
  const half = (points: readonly number[]): number[] => points.filter((_, index) => index % 2 === 0);
  return { startedAt, every: every * 2, seconds: half(seconds), speeds: speeds.map(half) };
}
