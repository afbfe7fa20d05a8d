// The result of a job whose engine broke down before it gave one. It claims nothing.
import type { PlatterError } from '../contract/errors.ts';
import type { DestinationState, JobResult } from '../contract/jobs.ts';
import type { JobView } from '../contract/window.ts';

/** States in which a destination is read. */
const READING: ReadonlySet<DestinationState> = new Set(['comparing', 'verifying']);

/**
 * The result of a job that was ended by `failure`. No destination counts as good, because nothing that the engine
 * reported before is sure to be on the medium.
 */
export function brokenResult(
  { progress, errors }: Pick<JobView, 'progress' | 'errors'>,
  failure: PlatterError,
): JobResult {
  const { bytes, seconds, destinations, rescue } = progress;
  return {
    readErr: 0,
    writeErr: (2 ** destinations.length - 1) >>> 0,
    seconds,
    bytes,
    cancelled: false,
    errors: errors.filter((error) => error.destination === null),
    destinations: destinations.map(({ path, state, written }, destination) => ({
      path,
      state: 'failed',
      verified: null,
      uncompared: 0,
      written,
      kept: 0,
      seconds,
      errors: [
        ...errors.filter((error) => error.destination === destination),
        { ...failure, device: path, side: READING.has(state) ? 'verify' : 'write', destination },
      ],
    })),
    manifest: null,
    rescue: rescue === null ? null : { rescued: rescue.rescued, bad: rescue.bad },
    sourceWritten: false,
    notes: [],
  };
}
