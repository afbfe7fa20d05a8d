// Drives that are much slower than the others of their job: a bad port, a bad cable, a worn drive. Pure.
import type { DestinationProgress, SlowDrive } from '../contract/jobs.ts';
import type { JobView } from '../contract/window.ts';

/** A speed counts once it was measured for this many seconds, because caches make the start of a drive fast. */
const EVIDENCE_SECONDS = 15;
/** Fewer drives at the same work have no usual speed: of two, either may be the odd one. */
const LEAST_DRIVES = 3;
/** A drive is slow below this share of the usual speed, and is so until it is above the second share. */
const SLOW = { below: 0.5, until: 0.65 };

/** What a destination does now, as the part of its pace that tells its speed; null when nothing moves. */
function workOf({ state, paused }: DestinationProgress): 'written' | 'verified' | null {
  if (paused) return null;
  if (state === 'copying' || state === 'repairing') return 'written';
  return state === 'verifying' || state === 'comparing' ? 'verified' : null;
}

/**
 * `after`, the next sample of the job `before` with these paces, with the slow destinations marked. Compared are those
 * that do the same without a limit of their own. Paused and stalled ones have no speed.
 */
export function withSlowDrives(
  { progress: before, destinationThrottles }: Pick<JobView, 'progress' | 'destinationThrottles'>,
  { progress: after, paces }: Pick<JobView, 'progress' | 'paces'>,
): Pick<JobView, 'progress' | 'paces'> {
  const speeds = after.destinations.map((now, index) => {
    const work = destinationThrottles[index] === null ? workOf(now) : null;
    const speed = work === null ? undefined : paces[index]?.[work];
    return work === null || speed === undefined || speed.measured < EVIDENCE_SECONDS
      ? null
      : { work, bytesPerSecond: speed.bytesPerSecond };
  });
  const usual = (work: 'written' | 'verified'): number | null =>
    median(speeds.flatMap((speed) => (speed?.work === work ? [speed.bytesPerSecond] : [])));
  const usually = { written: usual('written'), verified: usual('verified') };
  const slow = speeds.map((speed, index): SlowDrive | null => {
    const usual = speed === null ? null : usually[speed.work];
    if (speed === null || usual === null) return null;
    const share = before.slow?.[index] ? SLOW.until : SLOW.below;
    return speed.bytesPerSecond < usual * share ? { bytesPerSecond: speed.bytesPerSecond, usual } : null;
  });
  return { paces, progress: { ...after, slow } };
}

/** The middle speed; null of too few. */
function median(speeds: readonly number[]): number | null {
  if (speeds.length < LEAST_DRIVES) return null;
  const sorted = speeds.toSorted((one, other) => one - other);
  const middle = sorted.length / 2;
  return Number.isInteger(middle) ? (sorted[middle - 1]! + sorted[middle]!) / 2 : sorted[Math.floor(middle)]!;
}
