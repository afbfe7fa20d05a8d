// How a job ended, from the engine's two answers, its last sample, and the errors on the way.
import type { JobError } from '../../contract/errors.ts';
import { MAX_FRAME_BYTES } from '../../contract/host.ts';
import type { DestinationResult, JobResult, Plan } from '../../contract/jobs.ts';
import { joinedErrors } from '../../base/error-ranges.ts';
import { about, smallerThanSaid, type Named } from '../native/errors.ts';

/** How a destination ended, over all passes. */
export interface DestinationEnd extends Pick<
  DestinationResult,
  'state' | 'uncompared' | 'written' | 'kept' | 'durable' | 'seconds'
> {
  /** Its own errors made it end: kcopyd's bit. */
  failed: boolean;
  /** Index of the first error that counts. */
  errorsFrom: number;
}

/** What is known of a job that has ended. */
export interface Ended extends Pick<
  JobResult,
  'readErr' | 'seconds' | 'bytes' | 'manifest' | 'rescue' | 'sourceWritten' | 'mapped' | 'notes'
> {
  plan: Pick<Plan, 'kind' | 'verify' | 'bytes' | 'destinations'>;
  named: Named;
  ends: readonly DestinationEnd[];
  /** Every error that was reported. */
  errors: readonly JobError[];
}

/** A frame has room for this many bytes of errors beside the rest of a result. */
const ERROR_BUDGET = MAX_FRAME_BYTES / 2;

/** The result. Errors beyond what a frame can carry are left out at the end of each list: each was an event before. */
export function jobResult({ plan, named, ends, errors, ...rest }: Ended): JobResult {
  const share = ERROR_BUDGET / (ends.length + 1);
  const errorsOf = (of: number | null, from = 0): JobError[] =>
    fitting(joinedErrors(errors.slice(from).filter(({ destination }) => destination === of)), share);
  const destinations = ends.map(
    ({ state, uncompared, written, kept, durable, seconds, errorsFrom }, index): DestinationResult => {
      const own = errorsOf(index, errorsFrom).map((error) =>
        plan.destinations[index]?.kind === 'block' ? smallerThanSaid(error, plan) : error,
      );
      return {
        path: named.destinations[index]!.path,
        state,
        verified: verifiedOf(state, uncompared, own, plan),
        uncompared,
        written,
        kept,
        ...(durable === undefined ? {} : { durable }),
        seconds,
        errors: own,
      };
    },
  );
  return {
    ...rest,
    writeErr: ends.reduce(
      (mask, { state, failed }, index) =>
        state === 'cancelled' || (state === 'failed' && failed) ? (mask | (1 << index)) >>> 0 : mask,
      0,
    ),
    cancelled: ends.some(({ state }) => state === 'cancelled'),
    errors: errorsOf(null),
    destinations,
  };
}

/** Errors for the destinations that are not done and have no error of their own: something else stopped them. */
export function unexplained(ends: readonly DestinationEnd[], errors: readonly JobError[], named: Named): JobError[] {
  const ofSource = errors.filter(({ destination }) => destination === null);
  const isWrong = ofSource.some(({ code }) => code === 'BAD_IMAGE');
  return ends.flatMap(({ state, errorsFrom }, index) => {
    if (state === 'done' || errors.slice(errorsFrom).some(({ destination }) => destination === index)) return [];
    const side = named.kind === 'verify' ? 'verify' : 'write';
    if (state === 'cancelled')
      return about(named, index, side, { code: 'CANCELLED', op: side, reason: { kind: 'cancelled' } });
    if (isWrong)
      return about(named, index, side, {
        code: 'SOURCE_FAILED',
        op: 'read',
        reason: { kind: 'sourceWrong' },
        remedy: { kind: 'BAD_IMAGE' },
      });
    return ofSource.length > 0
      ? about(named, index, side, { code: 'SOURCE_FAILED', op: 'read', reason: { kind: 'sourceUnread' } })
      : about(named, index, side, { code: 'IO_ERROR', op: side, reason: { kind: 'stoppedUnexplained' } });
  });
}

/** Errors that say nothing about the bytes on a destination. */
const NO_DIFFERENCE: ReadonlySet<string> = new Set(['CANCELLED', 'SOURCE_FAILED', 'BAD_FILE']);

function verifiedOf(
  state: DestinationResult['state'],
  uncompared: number,
  errors: readonly JobError[],
  { verify }: Pick<Plan, 'verify'>,
): boolean | null {
  if (state === 'done') return verify && uncompared === 0 ? true : null;
  return errors.some(({ side, code }) => side === 'verify' && !NO_DIFFERENCE.has(code)) ? false : null;
}

function fitting(errors: readonly JobError[], budget: number): JobError[] {
  let used = 0;
  return errors.filter((error) => (used += Buffer.byteLength(JSON.stringify(error)) + 1) <= budget);
}
