// Reads files of this or another version of Platter. Where facts are missing or of an unknown kind, the English
// sentence beside them is used.
import type { Note, Reason, Remedy } from '../contract/facts.ts';
import { note, reason, remedy } from '../contract/facts-schema.ts';

/** The facts of a kept error. Anything else is passed on for the schema to judge. */
export function keptError(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || !('message' in value) || !('advice' in value)) return value;
  const error: { message: unknown; advice: unknown; reason?: unknown; remedy?: unknown } = value;
  const said = (text: unknown): Reason & Remedy => ({ kind: 'said', text: String(text) });
  return {
    ...value,
    reason: reason.safeParse(error.reason).data ?? said(error.message),
    remedy: remedy.safeParse(error.remedy).data ?? said(error.advice),
  };
}

/** The facts of each in a list of kept errors. */
export const keptErrors = (values: unknown): unknown => (Array.isArray(values) ? values.map(keptError) : values);

/** Kept notes, as facts or as sentences. */
export function keptNotes(values: unknown, facts: unknown = values): unknown {
  if (!Array.isArray(values)) return values;
  return values.map(
    (value: unknown, index): unknown =>
      (Array.isArray(facts) ? note.safeParse(facts[index]).data : undefined) ??
      (typeof value === 'string' ? ({ kind: 'said', text: value } satisfies Note) : value),
  );
}

/**
 * The kept result of a job. Older versions did not record what was not compared, or whether the source was
 * written to.
 */
export function keptResult(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  const { errors, destinations, notes }: { errors?: unknown; destinations?: unknown; notes?: unknown } = value;
  const kept = (destination: unknown): unknown =>
    typeof destination === 'object' && destination !== null && 'errors' in destination
      ? { uncompared: 0, ...destination, errors: keptErrors(destination.errors) }
      : destination;
  return {
    sourceWritten: false,
    ...value,
    errors: keptErrors(errors),
    destinations: Array.isArray(destinations) ? destinations.map(kept) : destinations,
    notes: keptNotes(notes),
  };
}
