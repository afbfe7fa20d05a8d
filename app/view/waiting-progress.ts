// The progress of a destination that has not begun.
import type { DestinationProgress } from '../contract/jobs.ts';

/** A destination before anything is written to it. */
export const waiting = (path: string): DestinationProgress => ({
  path,
  state: 'waiting',
  written: 0,
  verified: 0,
  uncompared: null,
  toWrite: 0,
  toVerify: 0,
  bytesPerSecond: 0,
  secondsLeft: null,
  paused: false,
});
