// The record of an ended job, made from the job's last view or read from a file.
import * as z from 'zod';
import type { DestinationResult, Endpoint } from '../contract/jobs.ts';
import { jobRecord, type JobRecord, type RecordedDestination, type RecordedEnd } from '../contract/records.ts';
import type { JobView } from '../contract/window.ts';
import { english } from '../base/english.ts';
import { socket } from '../contract/facts-schema.ts';
import { timedId } from '../engine/formats/job-log.ts';
import { keep, keptRequest, plainRequest, readRequest } from '../base/kept-request.ts';
import { keptError, keptErrors, keptNotes } from '../base/older-files.ts';
import { thisProgram } from '../base/program-name.ts';
import { outcomeOf, verdictOf } from '../view/verdict.ts';

/** Errors kept for each end. A drive that fails everywhere has thousands, which tell no more. */
export const MOST_ERRORS = 100;

/** The record of the ended job `view`; `endedAt` in milliseconds since the epoch. Throws when it has not ended. */
export function recordOf(view: JobView, endedAt: number): JobRecord {
  const { plan, startedAt, progress, result } = view;
  if (result === null) throw new Error('A job that runs has no record.');
  return {
    format: 'platter-record',
    version: 1,
    // The id by which the job can be continued. A continued job keeps it, so each part gets a record with an id of its
    // own.
    id: plan.kind === 'resume' ? timedId(startedAt) : (plan.job ?? timedId(startedAt)),
    program: thisProgram(),
    name: plan.name,
    kind: plan.kind,
    outcome: outcomeOf(result, plan.notes),
    startedAt: iso(startedAt),
    endedAt: iso(endedAt),
    seconds: result.seconds,
    source: plan.source === null ? null : recordedEnd(plan.source),
    origin: plan.origin,
    bytes: plan.bytes,
    verify: plan.verify,
    io: plan.io,
    manifest: result.manifest,
    destinations: result.destinations.map((destination, index) =>
      recordedDestination(destination, plan.destinations[index]!, progress.destinations[index]!.verified, startedAt),
    ),
    errors: result.errors.slice(0, MOST_ERRORS),
    failure: view.failure,
    rescue: result.rescue,
    sourceWritten: result.sourceWritten,
    ...(result.mapped === undefined ? {} : { mapped: result.mapped }),
    notes: [...plan.notes, ...result.notes],
    request: plan.request,
  };
}

function recordedEnd({ path, kind, size, model, serial, port }: Endpoint): RecordedEnd {
  return { path, kind, size, model, serial, port: port?.sockets ?? null, bay: port?.bay ?? null };
}

function recordedDestination(
  result: DestinationResult,
  end: Endpoint,
  readBack: number,
  startedAt: number,
): RecordedDestination {
  const { written, seconds, errors } = result;
  const moved = written + readBack;
  return {
    ...result,
    ...recordedEnd(end),
    endedAt: iso(startedAt + seconds * 1000),
    readBack,
    bytesPerSecond: moved > 0 && seconds > 0 ? Math.round(moved / seconds) : null,
    errorCount: errors.length,
    errors: errors.slice(0, MOST_ERRORS),
  };
}

const iso = (time: number): string => new Date(time).toISOString();

/**
 * A record for a file and for `--json`: with the verdict on each destination, and English sentences beside the facts.
 */
export function recordToKeep(record: JobRecord): object {
  const { notes, source, destinations, request, ...rest } = record;
  const end = ({ port, ...more }: RecordedEnd): object => ({
    ...more,
    port: port === null ? null : english.port({ sockets: port }),
    portFacts: port,
  });
  return {
    ...rest,
    source: source === null ? null : end(source),
    destinations: destinations.map((destination) => ({ ...end(destination), verdict: verdictOf(destination, record) })),
    notes: notes.map(english.note),
    noteFacts: notes,
    request: keep(request),
  };
}

/** A record whose request is in the form that files have. */
const record = jobRecord.extend({
  request: z
    .preprocess((value) => (typeof value === 'object' ? { ...plainRequest, ...value } : value), keptRequest)
    .transform((kept, context) => {
      const request = readRequest(kept);
      if (request !== null) return request;
      context.addIssue('no job can be asked for so');
      return z.NEVER;
    }),
});

const anyEnd = z.looseObject({ port: z.unknown().optional(), portFacts: z.unknown().optional() });
const anyRecord = z.looseObject({
  source: anyEnd.nullable(),
  destinations: z.array(anyEnd.extend({ errors: z.unknown().optional() })),
  errors: z.unknown().optional(),
  failure: z.unknown().optional(),
  notes: z.unknown().optional(),
  noteFacts: z.unknown().optional(),
});

/** The facts in the file; without facts, ones that quote the English. */
function read(value: unknown): unknown {
  const parsed = anyRecord.safeParse(value);
  if (!parsed.success) return value;
  const { source, destinations, errors, failure: failed, notes, noteFacts, ...rest } = parsed.data;
  return {
    // Older versions did not record these three.
    sourceWritten: false,
    origin: null,
    ...rest,
    source: source === null ? null : readEnd(source),
    destinations: destinations.map((destination) => ({
      uncompared: 0,
      ...readEnd(destination),
      errors: keptErrors(destination.errors),
    })),
    errors: keptErrors(errors),
    failure: keptError(failed),
    notes: keptNotes(notes, noteFacts),
  };
}

function readEnd({ port, portFacts, ...rest }: z.infer<typeof anyEnd>): object {
  const sockets = z.array(socket).safeParse(portFacts).data;
  // Older versions had no bays.
  return { bay: null, ...rest, port: sockets ?? (typeof port === 'string' ? [{ kind: 'named', name: port }] : port) };
}

/** A record in a file. Accepts those of other versions of Platter, with fewer options in their requests. */
export const recordSchema: z.ZodType<JobRecord> = z.preprocess(read, record);
