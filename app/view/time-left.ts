// The time left of each destination, smoothed so that a person can rely on it: it counts down, and a change of speed
// moves it gradually. Pure.
import type { DestinationProgress, DestinationState, JobProgress } from '../contract/jobs.ts';
import type { JobView, MeasuredSpeed, Pace } from '../contract/window.ts';

/** No time is shown before bytes have moved for this many seconds. */
const EVIDENCE_SECONDS = 5;
/** The speed of a phase counts after this many seconds. Until then the other phase's speed stands for it. */
const SETTLING_SECONDS = 3;
/** A speed is an average over its phase, and over about this many seconds once the phase is longer. */
const MEMORY_SECONDS = 90;
/** An estimate this near to the time shown leaves the countdown alone. A share of the estimate. */
const SLACK = 0.06;
/** Bounds of the seconds in which the time shown follows most of the way; in between, this share of the estimate. */
const FOLLOW_SECONDS = { least: 2, most: 30, share: 1 / 6 };

/** States in which bytes move, and the counter that tells how fast. */
const MOVING: Partial<Record<DestinationState, 'written' | 'verified'>> = {
  copying: 'written',
  repairing: 'written',
  comparing: 'verified',
  verifying: 'verified',
};

/** The pace of a destination that has not begun. */
export const noPace: Pace = {
  written: { bytesPerSecond: 0, measured: 0 },
  verified: { bytesPerSecond: 0, measured: 0 },
  left: null,
};

/** `after`, the next sample of the job `before`, with smoothed times left; and the paces behind them. */
export function withTimesLeft(
  { progress: before, paces: known }: Pick<JobView, 'progress' | 'paces'>,
  after: JobProgress,
): Pick<JobView, 'progress' | 'paces'> {
  const elapsed = Math.max(0, after.seconds - before.seconds);
  const paces = after.destinations.map((now, index) =>
    paceAfter(known[index] ?? noPace, before.destinations[index], now, elapsed),
  );
  const destinations = after.destinations.map((now, index) => ({
    ...now,
    // The engine gives none where none can be known, as of a paused or stalled destination, and 0 at the end.
    secondsLeft: now.secondsLeft === null || now.state === 'done' ? now.secondsLeft : paces[index]!.left,
  }));
  return { progress: { ...after, destinations }, paces };
}

function paceAfter(pace: Pace, was: DestinationProgress | undefined, now: DestinationProgress, elapsed: number): Pace {
  if (was === undefined || elapsed === 0) return pace;
  // It was restarted.
  if (now.written < was.written || now.verified < was.verified) return noPace;
  const counter = MOVING[now.state];
  const moved = counter !== undefined && MOVING[was.state] === counter;
  const next = moved ? { ...pace, [counter]: measured(pace[counter], now[counter] - was[counter], elapsed) } : pace;
  // A pause stops the clock. A flush does not.
  return counter === undefined && now.state !== 'flushing' ? next : { ...next, left: leftAfter(next, now, elapsed) };
}

function measured({ bytesPerSecond, measured: before }: MeasuredSpeed, bytes: number, elapsed: number): MeasuredSpeed {
  const seconds = before + elapsed;
  const weight = Math.min(1, elapsed / Math.min(seconds, MEMORY_SECONDS));
  return { bytesPerSecond: bytesPerSecond + (bytes / elapsed - bytesPerSecond) * weight, measured: seconds };
}

/** The time to show `elapsed` seconds after the last one; null before there is evidence. */
function leftAfter(pace: Pace, now: DestinationProgress, elapsed: number): number | null {
  const estimate = estimated(pace, now);
  if (estimate === null || pace.left === null) return estimate;
  const counted = Math.max(0, pace.left - elapsed);
  const gap = estimate - counted;
  const beyond = Math.sign(gap) * Math.max(0, Math.abs(gap) - SLACK * estimate);
  const { least, most, share } = FOLLOW_SECONDS;
  return counted + beyond * (1 - Math.exp(-elapsed / Math.min(most, Math.max(least, estimate * share))));
}

function estimated({ written, verified }: Pace, now: DestinationProgress): number | null {
  if (written.measured + verified.measured < EVIDENCE_SECONDS) return null;
  const [write, read] = [settled(written, verified), settled(verified, written)];
  const left = time(now.toWrite - now.written, write) + time(now.toVerify - now.verified, read);
  return Number.isFinite(left) ? left : null;
}

/** The speed of a phase; that of the other one while it is hardly measured. */
const settled = (own: MeasuredSpeed, other: MeasuredSpeed): number =>
  (own.measured >= SETTLING_SECONDS || own.measured > other.measured ? own : other).bytesPerSecond;

/** Seconds for so many bytes; infinite at no speed. */
const time = (bytes: number, bytesPerSecond: number): number => (bytes <= 0 ? 0 : bytes / bytesPerSecond);
