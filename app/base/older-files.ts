// What files have kept, of this Platter or of another one: where facts are missing, or are of a kind that is not known here,
// the English sentence beside them stands for them.
import type { Note, Reason, Remedy } from '../contract/facts.ts';
import { note, reason, remedy } from '../contract/facts-schema.ts';

/** The facts of an error that was kept, as far as they are facts. Anything else stays as it is, for the schema to judge. */
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

/** The same of a list of errors. */
export const keptErrors = (values: unknown): unknown => (Array.isArray(values) ? values.map(keptError) : values);

/** Notes that were kept: `facts`, or sentences. */
export function keptNotes(values: unknown, facts: unknown = values): unknown {
  if (!Array.isArray(values)) return values;
  return values.map(
    (value: unknown, index): unknown =>
      (Array.isArray(facts) ? note.safeParse(facts[index]).data : undefined) ??
      (typeof value === 'string' ? ({ kind: 'said', text: value } satisfies Note) : value),
  );
}

/** The result of a job that was kept. An older Platter did not record what was not compared, nor whether the source was written to. */
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
