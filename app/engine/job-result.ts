// How a job ended, from the engine's two answers, its last sample, and the errors on the way.
import { MAX_FRAME_BYTES, type DestinationResult, type JobError, type JobResult, type Plan } from '../contract.ts';
import { about, type Named } from './job-errors.ts';
import type { NativeProgress, NativeResult } from './native.ts';

/** What is known of a job that has ended. */
export interface Ended {
  plan: Pick<Plan, 'kind' | 'verify'>;
  named: Named;
  progress: NativeProgress;
  answers: NativeResult;
  /** Every error that was told. */
  errors: readonly JobError[];
  /** Images that are complete but could not get their name. */
  unnamed: ReadonlySet<number>;
  seconds: number;
}

/** A frame has room for this many bytes of errors beside the rest of a result. */
const ERROR_BUDGET = MAX_FRAME_BYTES / 2;

/** The result. Errors beyond what a frame can carry are left out at the end of each list: each was an event before. */
export function jobResult({ plan, named, progress, answers, errors, unnamed, seconds }: Ended): JobResult {
  const share = ERROR_BUDGET / (progress.destinations.length + 1);
  const errorsOf = (of: number | null): JobError[] => fitting(errors.filter(({ destination }) => destination === of), share);
  const destinations = progress.destinations.map(({ state, written }, index): DestinationResult => {
    const own = errorsOf(index);
    const ended = unnamed.has(index) ? 'failed' : endState(state);
    return { path: named.destinations[index]!.path, state: ended, verified: verdict(state, own, plan), written, kept: 0, errors: own };
  });
  return {
    readErr: answers.readErr,
    writeErr: [...unnamed].reduce((mask, index) => (mask | (1 << index)) >>> 0, answers.writeErr),
    seconds,
    bytes: progress.bytesRead,
    cancelled: destinations.some(({ state }) => state === 'cancelled'),
    errors: errorsOf(null),
    destinations,
    manifest: null,
    rescue: null,
  };
}

/** Errors for the destinations that are not good and have none of their own: what stopped them was not their fault. */
export function unexplained({ destinations }: NativeProgress, errors: readonly JobError[], named: Named): JobError[] {
  const sourceFailed = errors.some(({ destination }) => destination === null);
  return destinations.flatMap(({ state }, index) => {
    if (state === 'done' || errors.some(({ destination }) => destination === index)) return [];
    const side = named.kind === 'copy' ? 'write' : 'verify';
    if (state === 'cancelled') return about(named, index, side, { code: 'CANCELLED', op: side, message: 'Cancelled before it was complete.' });
    return sourceFailed
      ? about(named, index, side, { code: 'SOURCE_FAILED', op: 'read', message: 'Not complete: the source could not be read to its end.' })
      : about(named, index, side, { code: 'IO_ERROR', op: side, message: 'Not complete: the engine stopped it without a reason.' });
  });
}

const endState = (state: NativeProgress['destinations'][number]['state']): DestinationResult['state'] =>
  state === 'done' || state === 'cancelled' ? state : 'failed';

function verdict(state: string, errors: readonly JobError[], { verify }: Ended['plan']): boolean | null {
  if (state === 'done') return verify ? true : null;
  return errors.some(({ side, code }) => side === 'verify' && code !== 'CANCELLED' && code !== 'SOURCE_FAILED') ? false : null;
}

function fitting(errors: readonly JobError[], budget: number): JobError[] {
  let used = 0;
  return errors.filter((error) => (used += Buffer.byteLength(JSON.stringify(error)) + 1) <= budget);
}
