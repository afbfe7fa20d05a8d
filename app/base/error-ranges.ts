// Joins and sorts the ranges of a failure for people. Destinations are worked on in parallel, so the errors of one bad
// stretch arrive chunk by chunk and out of order.
import type { JobError } from '../contract/errors.ts';
import type { Reason } from '../contract/facts.ts';
import type { Extent } from '../contract/values.ts';
import { failure } from './errors.ts';

/** An entry of the engine's list of errors. */
interface Entry extends Extent {
  side: string;
  destination: number;
  cause: string;
  errno: string | null;
  flush: boolean;
}

/**
 * Entries of the engine's list, grouped by failure in the order in which the failures began, with neighbours joined.
 */
export function joinedEntries<T extends Entry>(entries: readonly T[]): T[] {
  const key = ({ side, destination, cause, errno, flush }: T): string =>
    [side, destination, cause, errno, flush].join(' ');
  return grouped(entries, key).flatMap((alike) =>
    alike[0]!.flush ? alike : mergeExtents(alike).map(({ offset, length }) => ({ ...alike[0]!, offset, length })),
  );
}

/** Joins a job's errors in the same way. An error without a place stays as it is. */
export function joinedErrors(errors: readonly JobError[]): JobError[] {
  return grouped(errors, failureKey).flatMap((alike) => {
    const places = alike.flatMap(placeOf);
    return places.length < alike.length ? alike : mergeExtents(places).map((place) => at(alike[0]!, place));
  });
}

/** `error` at another place. */
export function at(error: JobError, place: Extent): JobError {
  if (error.offset === place.offset && error.length === place.length) return error;
  const { side, destination } = error;
  return { ...failure({ ...error, ...place, reason: reasonAt(error.reason, place) }), side, destination };
}

/** A key that is equal for two errors of the same failure at different places. */
export function failureKey({ side, destination, code, op, device, errno, offset, reason, remedy }: JobError): string {
  return JSON.stringify([
    side,
    destination,
    code,
    op,
    device,
    errno,
    remedy,
    offset === null ? reason : reasonAt(reason, { offset: 0, length: 0 }),
  ]);
}

const placeOf = ({ offset, length }: JobError): Extent[] =>
  offset === null || length === null ? [] : [{ offset, length }];

function reasonAt(reason: Reason, place: Extent): Reason {
  if (reason.kind === 'keptAs') return { ...reason, reason: reasonAt(reason.reason, place) };
  return reason.kind === 'failedAt' || reason.kind === 'unreadable' ? { ...reason, place } : reason;
}

function mergeExtents(places: readonly Extent[]): Extent[] {
  const result: Extent[] = [];
  for (const { offset, length } of places.toSorted((one, other) => one.offset - other.offset)) {
    const last = result.at(-1);
    if (last !== undefined && offset <= last.offset + last.length)
      last.length = Math.max(last.length, offset + length - last.offset);
    else result.push({ offset, length });
  }
  return result;
}

/** `items` grouped by key, in the order of the first of each. */
function grouped<T>(items: readonly T[], keyOf: (item: T) => string): T[][] {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const group = groups.get(keyOf(item));
    if (group === undefined) groups.set(keyOf(item), [item]);
    else group.push(item);
  }
  return [...groups.values()];
}
