// The result of a job whose engine broke down before it gave one. It claims only what the engine had decided.
import type { PlatterError } from '../contract/errors.ts';
import type { DestinationProgress, DestinationResult, DestinationState, JobResult, Plan } from '../contract/jobs.ts';
import { writes } from '../contract/request-facts.ts';
import type { JobView } from '../contract/window.ts';

/** States in which a destination is read. */
const READING: ReadonlySet<DestinationState> = new Set(['comparing', 'verifying']);

/**
 * The result of a job that was ended by `failure`. A destination that was done keeps its end: it was flushed, and read
 * back as far as `uncompared` says. The others do not count as good, because nothing that the engine reported of them
 * is sure to be on the medium. Nobody can tell whether the source was written to, so it counts as written to.
 */
export function brokenResult(
  { plan, progress, errors }: Pick<JobView, 'plan' | 'progress' | 'errors'>,
  failure: PlatterError,
): JobResult {
  const { bytes, seconds, rescue } = progress;
  const destinations = progress.destinations.map((now, index): DestinationResult => {
    const own = errors.filter(({ destination }) => destination === index);
    const done = resultOfDone(now, plan);
    if (done !== null) return { ...done, seconds, errors: own };
    const { path, state, written } = now;
    const side = READING.has(state) ? 'verify' : 'write';
    const why = { ...failure, device: path, side, destination: index } as const;
    return { path, state: 'failed', verified: null, uncompared: 0, written, kept: 0, seconds, errors: [...own, why] };
  });
  const unknown = destinations.some(({ state }) => state === 'done') ? (plan.source?.path ?? null) : null;
  return {
    readErr: 0,
    writeErr: destinations.reduce((mask, { state }, index) => (state === 'done' ? mask : mask + 2 ** index), 0),
    seconds,
    bytes,
    cancelled: false,
    errors: errors.filter(({ destination }) => destination === null),
    destinations,
    manifest: null,
    rescue: rescue === null ? null : { rescued: rescue.rescued, bad: rescue.bad },
    sourceWritten: unknown !== null,
    notes: unknown === null ? [] : [{ kind: 'sourceUnknown', path: unknown }],
  };
}

/** The end of a destination that was done; null when that was not decided. */
function resultOfDone(
  { path, state, uncompared, written }: DestinationProgress,
  { kind, verify, bytes }: Plan,
): Omit<DestinationResult, 'seconds' | 'errors'> | null {
  if (state !== 'done' || uncompared === null) return null;
  const verified = verify && uncompared === 0 ? true : null;
  const kept = writes(kind) ? Math.max(0, bytes - written) : 0;
  return { path, state, verified, uncompared, written, kept };
}
