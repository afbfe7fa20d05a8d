// The requests, kind by kind: a combination that makes no sense cannot be written. The schemas come first; the types
// are inferred from them. `request-facts.ts` reads a request without a schema.
import * as z from 'zod';
import { HASHES } from './hashes.ts';
import { MAX_DESTINATIONS, MAX_NAME } from './limits.ts';

/**
 * A path, up to the longest argument that the kernel hands to a program. The kernel itself refuses one that is too long
 * for a path.
 */
export const path = z
  .string()
  .min(1)
  .max(128 * 1024)
  .regex(/^[^\0]+$/, 'A path has no NUL in it.');

/** Name of a job log: nothing that could lead out of its folder. */
export const jobId = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9-]{0,63}$/, 'This is no id of a job.');

/** The name of a batch: one line of readable text. */
export const batchName = z
  .string()
  .max(MAX_NAME, `A name has at most ${MAX_NAME} characters.`)
  .regex(/^[^\s\p{Cc}]([^\p{Cc}]*[^\s\p{Cc}])?$/u, 'A name is one line of text.');

/** The engine's I/O backend. */
export const backend = z.enum(['uring', 'threads']);
export type Backend = z.infer<typeof backend>;

/** Bytes per second; null for no limit. */
const throttle = z.number().nullable();

/**
 * How a job is run, whatever it does. Bounds that deserve a sentence of their own are checked by
 * `base/request-rules.ts`.
 */
const running = {
  /** Backend of the engine; 'auto' probes. */
  io: z.enum(['auto', ...backend.options]),
  /** Bytes of page pool, a multiple of 4096; null for the default. */
  memory: z.number().nullable(),
  /** Bytes per second of the whole job, null for no limit. */
  throttle,
  /** Seconds without an answer after which an I/O counts as lost; 0: wait for ever. */
  stallTimeout: z.number(),
};

/** What a job that writes may do first. */
const writing = {
  /**
   * Unmount what is mounted of the destinations before anything is written; without it a mounted one is refused. Never
   * the system's.
   */
  unmount: z.boolean(),
};

const destination = z.strictObject({
  path,
  /** Bytes per second of this destination, null for no limit. */
  throttle,
});

/** A job that names its destinations. */
const named = {
  /** What the user calls this batch; null for none. */
  name: batchName.nullable(),
  /** More than MAX_DESTINATIONS are refused with a sentence. */
  destinations: z
    .array(destination)
    .min(1)
    .max(16 * MAX_DESTINATIONS),
  /** A destination's bad blocks are listed and it goes on, instead of dropping out. */
  keepGoing: z.boolean(),
  ...running,
};

/** A checksum as text: "sha256:0f34…", in lower case. */
export const checksum = z.string().regex(
  new RegExp(
    `^(${Object.entries(HASHES)
      .map(([name, digits]) => `${name}:[0-9a-f]{${String(digits)}}`)
      .join('|')})$`,
  ),
  'A checksum is the name of a hash, a colon and its hexadecimal digits.',
);

/** The checksum of a source, or "list:" and the path of the list of checksums that has it. */
const givenChecksum = z.union([checksum, z.string().regex(/^list:[^\0]+$/)]);

/** Where a source file came from: a URL without its secrets, or "-" for standard input. */
export const origin = z
  .string()
  .min(1)
  .max(8192)
  .regex(/^[^\p{Cc}]+$/u, 'It is one line of text.');

/** The name of a file in an archive; null for its only one. */
export const entry = z.string().min(1).nullable();

/**
 * Which block map (bmap) says what of a source counts. 'beside': the one that lies beside the source file, if any does;
 * in a log and in a history none did. 'none': not even that. Plans and files name the file, and its SHA-256 (hex), so
 * that a job is continued by no other map; null until it was read.
 */
export const bmapChoice = z.union([
  z.enum(['beside', 'none']),
  z.strictObject({
    path,
    sha256: z
      .string()
      .regex(/^[0-9a-f]{64}$/)
      .nullable(),
  }),
]);
export type BmapChoice = z.infer<typeof bmapChoice>;

const mapped = {
  bmap: bmapChoice,
  /** What the block map leaves out counts as zeros, instead of being left alone. */
  zeroUnmapped: z.boolean(),
};

/** A source whose bytes are copied. */
const source = {
  source: path,
  /** Where the source file was downloaded from; null for what the user named by its path. */
  origin: origin.nullable(),
  /** Take the source file's bytes as they are, though it is recognised as no disk image. */
  asIs: z.boolean(),
  /** The file to take of an archive with several; null for its only one. */
  entry,
  /** The publisher's checksum of the source file or of the image in it; null for none. Plans and files name no list. */
  checksum: givenChecksum.nullable(),
  /**
   * The key that checks the signature of that list, or of the source file: the path of a file with public keys, or a
   * key of minisign in base64; null for none. Plans and files have none, because their checksum is the signed one.
   */
  key: path.nullable(),
  ...mapped,
};

/**
 * Whether a copy is read back past the cache; `repair` rewrites the ranges that are bad, once, and verifies those
 * again.
 */
const check = z.enum(['none', 'verify', 'repair']);
/**
 * Whether zeros are written, or become holes (files) or are zeroed by the device (disks), or are left out: the disks
 * are all zeros already.
 */
const zeros = z.enum(['written', 'sparse', 'assumed']);

const method = z.discriminatedUnion('kind', [
  /** Write every chunk. */
  z.strictObject({ kind: z.literal('write'), check, zeros }),
  /** Read the destinations first, and write only the chunks that differ. */
  z.strictObject({
    kind: z.literal('update'),
    check,
    zeros: zeros.exclude(['assumed']),
    /** A manifest of the source from before: what changed since is told. */
    manifest: path.nullable(),
  }),
  /** Go on past unreadable source sectors, as ddrescue does. */
  z.strictObject({
    kind: z.literal('rescue'),
    check: check.exclude(['repair']),
    zeros,
    /** Passes over what stayed unreadable after the first attempt at every sector. */
    retries: z.number(),
    /** GNU ddrescue mapfile: continued when it exists, written as the rescue goes; null for none. */
    map: path.nullable(),
  }),
]);

const copyRequest = z.strictObject({
  kind: z.literal('copy'),
  ...source,
  method,
  /** File that gets the manifest of what was read. */
  saveManifest: path.nullable(),
  ...named,
  ...writing,
});

const verifyRequest = z.strictObject({
  kind: z.literal('verify'),
  /** What the destinations are compared with. */
  against: z.discriminatedUnion('kind', [
    z.strictObject({
      kind: z.literal('source'),
      path,
      origin: source.origin,
      entry: source.entry,
      checksum: source.checksum,
      key: source.key,
      ...mapped,
    }),
    z.strictObject({ kind: z.literal('manifest'), path }),
  ]),
  ...named,
});

const repairRequest = z.strictObject({
  kind: z.literal('repair'),
  ...source,
  /** A manifest that the source has to agree with. */
  manifest: path.nullable(),
  ...named,
  ...writing,
});

const resumeRequest = z.strictObject({
  kind: z.literal('resume'),
  /** Id of the interrupted job. Its log has its name, its ends and what was asked for. */
  job: jobId,
  ...running,
  ...writing,
});

/**
 * What the user asks for: `copy` writes every destination; `verify` only compares; `repair` compares and rewrites what
 * differs; `resume` goes on with an interrupted job.
 */
export const jobRequest = z.discriminatedUnion('kind', [copyRequest, verifyRequest, repairRequest, resumeRequest]);

export type JobRequest = z.infer<typeof jobRequest>;
export const jobKind = z.enum(jobRequest.options.map(({ shape }) => shape.kind.value));
export type JobKind = z.infer<typeof jobKind>;
export type CopyRequest = z.infer<typeof copyRequest>;
export type VerifyRequest = z.infer<typeof verifyRequest>;
export type RepairRequest = z.infer<typeof repairRequest>;
export type ResumeRequest = z.infer<typeof resumeRequest>;
/** A request that names what it works on. */
export type WorkRequest = Exclude<JobRequest, ResumeRequest>;
/** A request that keeps a log, so that it can be continued. */
export type LoggedRequest = CopyRequest | RepairRequest;
export type CopyMethod = CopyRequest['method'];
/** How far a rescue goes. */
export type Rescue = Extract<CopyMethod, { kind: 'rescue' }>;
export type Running = Pick<JobRequest, keyof typeof running>;
