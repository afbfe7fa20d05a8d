// What may come out of the pipe at the host's end, and of files. Each schema is tied to its type in the contract: one
// that gives something else, or an enumeration with a member too few, does not compile.
import * as z from 'zod';
import type { ErrorCode, JobError, Operation, PlatterError } from './errors.ts';
import type { HostRequest } from './host.ts';
import type { DestinationResult, JobResult } from './jobs.ts';
import { MAX_DESTINATIONS } from './limits.ts';
import { BY_CODE } from './remedies.ts';
import { jobId, jobRequest, path } from './request.ts';
import { note, reason, remedy } from './facts-schema.ts';

/** One of the keys of a table that has every member of T. */
const oneOf = <T extends string>(members: Readonly<Record<T, unknown>>) => z.enum(Object.keys(members) as T[]);

const text = z.string();
const maybeText = text.nullable();
const count = z.int().nonnegative();
const bit = z.union([z.literal(0), z.literal(1)]);
/** SHA-256 of a manifest. */
export const manifestId = z.string().regex(/^[0-9a-f]{64}$/, 'This is no SHA-256.');

const code = oneOf<ErrorCode>(BY_CODE);
const operation = oneOf<Operation>({
  open: 1,
  check: 1,
  read: 1,
  write: 1,
  flush: 1,
  verify: 1,
  rename: 1,
  unmount: 1,
  eject: 1,
  host: 1,
});

export const platterError = z.object({
  code,
  op: operation,
  device: maybeText,
  offset: count.nullable(),
  length: count.nullable(),
  errno: maybeText,
  reason,
  remedy,
  message: text,
  advice: text,
}) satisfies z.ZodType<PlatterError>;

export const jobError = platterError.extend({
  side: z.enum(['read', 'write', 'verify']),
  destination: count.nullable(),
}) satisfies z.ZodType<JobError>;

const destinationResult = z.object({
  path: text,
  state: z.enum(['done', 'failed', 'cancelled']),
  verified: z.boolean().nullable(),
  uncompared: count,
  written: count,
  kept: count,
  durable: count.optional(),
  seconds: z.number().nonnegative(),
  errors: z.array(jobError),
}) satisfies z.ZodType<DestinationResult>;

/** How a job ended, as its log has it. */
export const jobResult = z.object({
  readErr: bit,
  writeErr: count,
  seconds: z.number().nonnegative(),
  bytes: count,
  cancelled: z.boolean(),
  errors: z.array(jobError),
  destinations: z.array(destinationResult),
  manifest: maybeText,
  rescue: z.object({ rescued: count, bad: count }).nullable(),
  sourceWritten: z.boolean(),
  notes: z.array(note),
}) satisfies z.ZodType<JobResult>;

const id = z.int().positive();
const index = z
  .int()
  .nonnegative()
  .max(MAX_DESTINATIONS - 1);
const nothing = z.strictObject({});

/** What the host may be asked. Anything more or less than this is refused. */
export const hostRequest = z.discriminatedUnion('method', [
  z.strictObject({ id, method: z.literal('list'), params: z.strictObject({ all: z.boolean() }) }),
  z.strictObject({ id, method: z.literal('watch'), params: z.strictObject({ all: z.boolean() }) }),
  z.strictObject({ id, method: z.literal('eject'), params: z.strictObject({ path }) }),
  z.strictObject({ id, method: z.literal('jobs'), params: nothing }),
  z.strictObject({ id, method: z.literal('forget'), params: z.strictObject({ job: jobId }) }),
  z.strictObject({ id, method: z.literal('saveManifest'), params: z.strictObject({ manifest: manifestId, path }) }),
  z.strictObject({ id, method: z.literal('prepare'), params: jobRequest }),
  z.strictObject({ id, method: z.literal('start'), params: nothing }),
  z.strictObject({
    id,
    method: z.literal('cancel'),
    params: z.strictObject({ destination: index.nullable().optional() }),
  }),
  z.strictObject({
    id,
    method: z.literal('pause'),
    params: z.strictObject({ destination: index.nullable(), paused: z.boolean() }),
  }),
  z.strictObject({
    id,
    method: z.literal('throttle'),
    params: z.strictObject({ destination: index.nullable(), bytesPerSecond: z.number().nullable() }),
  }),
  z.strictObject({ id, method: z.literal('retry'), params: z.strictObject({ destination: index }) }),
  z.strictObject({
    id,
    method: z.literal('rightsEnded'),
    params: z.strictObject({ question: count, code: z.int().nullable(), said: text.max(64 * 1024) }),
  }),
]) satisfies z.ZodType<HostRequest>;

/** A request that `hostRequest` has passed, method and parameters tied together. */
export type CheckedRequest = z.infer<typeof hostRequest>;
