// What may come out of the pipe, at either end. Each schema is tied to its type in the contract: one that gives
// something else, or an enumeration with a member too few, does not compile.
import * as z from 'zod';
import type { Disk, Mounted, Partition, Port } from './disks.ts';
import type { ErrorCode, JobError, Operation, PlatterError } from './errors.ts';
import type {
  DisksEvent,
  HostCalls,
  HostEvent,
  HostMethod,
  HostRequest,
  HostResponse,
  RightsEvent,
  WaitingEvent,
} from './host.ts';
import {
  MAX_DESTINATIONS,
  MAX_NAME,
  type CopyRequest,
  type DestinationProgress,
  type DestinationResult,
  type DestinationState,
  type Endpoint,
  type InterruptedJob,
  type JobProgress,
  type JobResult,
  type Plan,
  type RescueProgress,
} from './jobs.ts';
import { BY_CODE } from './remedies.ts';
import { content, note, reason, remedy, socket } from './facts-schema.ts';

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

const partition = z.object({
  path: text,
  size: count,
  label: maybeText,
  fileSystem: maybeText,
  mountedAt: z.array(text),
}) satisfies z.ZodType<Partition>;

const port = z.object({ path: text, sockets: z.array(socket).min(1) }) satisfies z.ZodType<Port>;

const disk = z.object({
  path: text,
  majorMinor: text,
  diskSequence: count.nullable(),
  size: count,
  logicalSector: count,
  physicalSector: count,
  model: maybeText,
  serial: maybeText,
  transport: maybeText,
  removable: z.boolean(),
  readOnly: z.boolean(),
  kind: z.enum(['disk', 'loop']),
  backingFile: maybeText,
  mountedAt: z.array(text),
  system: z.boolean(),
  fileSystem: maybeText,
  label: maybeText,
  partitionTable: maybeText,
  signatures: z.array(text).nullable(),
  partitions: z.array(partition),
  port: port.nullable(),
  ejectable: z.boolean(),
  locked: z.object({ code, reason }).nullable(),
}) satisfies z.ZodType<Disk>;

const mounted = z.object({ device: text, target: text }) satisfies z.ZodType<Mounted>;

const endpoint = z.object({
  path: text,
  realPath: text,
  kind: z.enum(['block', 'file']),
  size: count,
  model: maybeText,
  serial: maybeText,
  majorMinor: maybeText,
  diskSequence: count.nullable(),
  port: port.nullable(),
  logicalSector: count,
  contents: z.array(content),
  mounts: z.array(mounted),
  overwrites: z.boolean(),
}) satisfies z.ZodType<Endpoint>;

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

const plan = z.object({
  kind,
  name: maybeText,
  source: endpoint.nullable(),
  destinations: z.array(endpoint),
  bytes: count,
  verify: z.boolean(),
  io: z.enum(['uring', 'threads']),
  memory: count,
  notes: z.array(note),
  job: maybeText,
  request: copyRequest,
}) satisfies z.ZodType<Plan>;

const interruptedJob = z.object({
  id: text,
  name: maybeText,
  startedAt: z.number(),
  source: text,
  bytes: count,
  damaged: z.boolean(),
  destinations: z.array(
    z.object({ path: text, model: maybeText, serial: maybeText, durable: count, finished: z.boolean() }),
  ),
}) satisfies z.ZodType<InterruptedJob>;

const state = oneOf<DestinationState>({
  waiting: 1,
  comparing: 1,
  copying: 1,
  flushing: 1,
  verifying: 1,
  repairing: 1,
  paused: 1,
  stalled: 1,
  done: 1,
  failed: 1,
  cancelled: 1,
});

const destinationProgress = z.object({
  path: text,
  state,
  written: count,
  verified: count,
  uncompared: count,
  toWrite: count,
  toVerify: count,
  bytesPerSecond: z.number().nonnegative(),
  secondsLeft: z.number().nonnegative().nullable(),
  paused: z.boolean(),
}) satisfies z.ZodType<DestinationProgress>;

const rescueProgress = z.object({
  pass: z.enum(['copying', 'trimming', 'scraping', 'retrying']),
  retry: count,
  rescued: count,
  bad: count,
  left: count,
  waiting: z.array(count),
}) satisfies z.ZodType<RescueProgress>;

const jobProgress = z.object({
  bytes: count,
  totalBytes: count,
  seconds: z.number().nonnegative(),
  destinations: z.array(destinationProgress),
  rescue: rescueProgress.nullable(),
}) satisfies z.ZodType<JobProgress>;

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

const jobResult = z.object({
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

const response = z.discriminatedUnion('ok', [
  z.object({ id, ok: z.literal(true), result: z.unknown() }),
  z.object({ id, ok: z.literal(false), errors: z.array(platterError).min(1) }),
]) satisfies z.ZodType<HostResponse>;

const event = z.discriminatedUnion('event', [
  z.object({ event: z.literal('progress'), progress: jobProgress }),
  z.object({ event: z.literal('error'), error: jobError }),
  z.object({ event: z.literal('result'), result: jobResult }),
]) satisfies z.ZodType<HostEvent>;

const disksEvent = z.object({
  event: z.literal('disks'),
  disks: z.discriminatedUnion('ok', [
    z.object({ ok: z.literal(true), value: z.array(disk) }),
    z.object({ ok: z.literal(false), errors: z.array(platterError) }),
  ]),
}) satisfies z.ZodType<DisksEvent>;

const rightsEvent = z.object({
  event: z.literal('rights'),
  asking: z
    .object({ question: count, how: z.enum(['pkexec', 'sudo']), devices: z.array(text), argv: z.array(text) })
    .nullable(),
}) satisfies z.ZodType<RightsEvent>;

const waitingEvent = z.object({ event: z.literal('waiting'), path: text }) satisfies z.ZodType<WaitingEvent>;

/** What the host may say. */
export const hostMessage = z.union([event, disksEvent, rightsEvent, waitingEvent, response]) satisfies z.ZodType<
  HostEvent | DisksEvent | RightsEvent | WaitingEvent | HostResponse
>;

/** What each call may give. */
export const hostResults: { [M in HostMethod]: z.ZodType<HostCalls[M]['result']> } = {
  list: z.array(disk),
  watch: nothing,
  eject: nothing,
  jobs: z.array(interruptedJob),
  forget: nothing,
  saveManifest: nothing,
  prepare: plan,
  start: nothing,
  cancel: nothing,
  pause: nothing,
  throttle: nothing,
  retry: nothing,
  rightsEnded: nothing,
};
