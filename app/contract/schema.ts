// What may come out of the pipe at the host's end, and of files. Each schema is tied to its type in the contract: one that gives
// something else, or an enumeration with a member too few, does not compile.
import * as z from 'zod';
import type { ErrorCode, JobError, Operation, PlatterError } from './errors.ts';
import type { HostRequest } from './host.ts';
import { MAX_DESTINATIONS, MAX_NAME, type CopyRequest, type DestinationResult, type JobResult } from './jobs.ts';
import { BY_CODE } from './remedies.ts';
import { note, reason, remedy } from './facts-schema.ts';

/** One of the keys of a table that has every member of T. */
const oneOf = <T extends string>(members: Readonly<Record<T, unknown>>) => z.enum(Object.keys(members) as T[]);

const text = z.string();
const maybeText = text.nullable();
const count = z.int().nonnegative();
const bit = z.union([z.literal(0), z.literal(1)]);
/** A path, up to the longest argument that the kernel hands to a program: of one that is too long for a path it says so itself, and it is named. */
const path = z
  .string()
  .min(1)
  .max(128 * 1024)
  .regex(/^[^\0]+$/, 'A path has no NUL in it.');
/** Name of a job log: nothing that could lead out of its folder. */
export const jobId = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9-]{0,63}$/, 'This is no id of a job.');

/** SHA-256 of a manifest. */
export const manifestId = z.string().regex(/^[0-9a-f]{64}$/, 'This is no SHA-256.');

/** What a batch may be called: one line that can be read. */
export const batchName = z
  .string()
  .max(MAX_NAME, `A name has at most ${MAX_NAME} characters.`)
  .regex(/^[^\s\p{Cc}]([^\p{Cc}]*[^\s\p{Cc}])?$/u, 'A name is one line of text.');

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

const kind = z.enum(['copy', 'verify', 'repair', 'resume']);

/** What a user asks for. Bounds that deserve a sentence of their own are the guard's. */
export const copyRequest = z.strictObject({
  kind,
  name: batchName.nullable(),
  source: path.nullable(),
  destinations: z.array(path).max(16 * MAX_DESTINATIONS),
  verify: z.boolean(),
  io: z.enum(['auto', 'uring', 'threads']),
  memory: z.number().nullable(),
  job: jobId.nullable(),
  manifest: path.nullable(),
  saveManifest: path.nullable(),
  update: z.boolean(),
  repair: z.boolean(),
  keepGoing: z.boolean(),
  rescue: z.strictObject({ retries: z.number(), map: path.nullable() }).nullable(),
  sparse: z.boolean(),
  assumeBlank: z.boolean(),
  throttle: z.number().nullable(),
  destinationThrottles: z.array(z.number().nullable()).max(16 * MAX_DESTINATIONS),
  stallTimeout: z.number(),
  asIs: z.boolean(),
  unmount: z.boolean(),
}) satisfies z.ZodType<CopyRequest>;

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
  z.strictObject({ id, method: z.literal('prepare'), params: copyRequest }),
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
