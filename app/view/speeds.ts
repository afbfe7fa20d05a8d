// How fast each destination of a job has been, from its start to now, in a bounded number of points. Main keeps it, so
// that a window that is reloaded has it too; the window goes on with it. Pure.
import type { JobView, SpeedHistory } from '../contract/window.ts';

/** Most points that are kept; then every second one goes, and they come half as often. */
export const MOST_POINTS = 480;

/** Of no job. */
export const noSpeeds: SpeedHistory = { startedAt: null, every: 1, seconds: [], speeds: [] };

/**
 * The history with what a view of the job tells, when it is time for a point; another job begins anew, an ended one
 * adds nothing.
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

/** What was kept elsewhere of the same job, up to where this begins; as it is when this is of another job. */
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
