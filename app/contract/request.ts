// The requests, by kind. Their types cannot express combinations that make no sense. The schemas come first; the types
// are inferred from them. `request-facts.ts` reads a request without a schema.
import * as z from 'zod';
import { HASHES } from './hashes.ts';
import { packedFormats } from './image-formats.ts';
import { MAX_DESTINATIONS, MAX_NAME } from './limits.ts';

/**
 * A path. The limit is the longest argument that the kernel passes to a program. The kernel refuses shorter ones that
 * are too long for a path.
 */
export const path = z
  .string()
  .min(1)
  .max(128 * 1024)
  .regex(/^[^\0]+$/, 'A path has no NUL in it.');

/** Id of a job log. It is safe as a file name. */
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

/** How any job is run. `base/request-rules.ts` checks the bounds whose errors need their own sentence. */
const running = {
  /** Backend of the engine; 'auto' probes. */
  io: z.enum(['auto', ...backend.options]),
  /** Bytes of page pool, a multiple of 4096; null for the default. */
  memory: z.number().nullable(),
  /** Bytes per second of the whole job, null for no limit. */
  throttle,
  /** Seconds without an answer after which an I/O counts as lost; 0: wait forever. */
  stallTimeout: z.number(),
};

/** What a job that writes may do before it starts. */
const writing = {
  /**
   * Unmount the destinations before anything is written. Without it a mounted destination is refused. The system's file
   * systems are never unmounted.
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
  /** The user's name for this batch; null for none. */
  name: batchName.nullable(),
  /** The schema allows more than MAX_DESTINATIONS, so that an error can explain the limit. */
  destinations: z
    .array(destination)
    .min(1)
    .max(16 * MAX_DESTINATIONS),
  /** A destination with bad blocks continues, and they are listed. Without it the destination fails. */
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

/** The checksum of a source, or "list:" and the path of a list of checksums. */
const givenChecksum = z.union([checksum, z.string().regex(/^list:[^\0]+$/)]);

/**
 * The bytes that the checksum covers: the source file, or the image in it. null: either one, and one has to match,
 * because a checksum without a name does not say what it is of.
 */
export const checksumCovers = z.enum(['file', 'image']).nullable();
export type ChecksumCovers = z.infer<typeof checksumCovers>;

/** Where a source file came from: a URL without its secrets, or "-" for standard input. */
export const origin = z
  .string()
  .min(1)
  .max(8192)
  .regex(/^[^\p{Cc}]+$/u, 'It is one line of text.');

/** The name of a file in an archive; null for its only one. */
export const entry = z
  .string()
  .min(1)
  .regex(/^[^\0]+$/, 'A name has no NUL in it.')
  .nullable();

/**
 * The block map (bmap) of a source. 'beside': the one beside the source file, if any; in a log or a history there was
 * none. 'none': no map, even if there is one. Plans and files give the path of the map and its SHA-256 (hex; null until
 * it is read), so that a job is never continued with another map.
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
  /** Bytes that the block map, or `used`, leaves out are written as zeros. Without it they are left alone. */
  zeroUnmapped: z.boolean(),
  /** Only what the file systems of the source use counts, as far as a map of that can be proven. */
  used: z.boolean(),
};

/** A source whose bytes are copied. */
const source = {
  source: path,
  /** The origin of a downloaded source file; null when the user gave its path. */
  origin: origin.nullable(),
  /** Copy the bytes of the source file unchanged, although it is not recognised as a disk image. */
  asIs: z.boolean(),
  /** The file to copy from an archive with several; null for its only one. */
  entry,
  /**
   * The publisher's checksum of the source file or of the image in it; null for none. Never a list in plans and files.
   */
  checksum: givenChecksum.nullable(),
  checksumCovers,
  /**
   * The key for the signature of that list or of the source file: the path of a file with public keys, or a minisign
   * key in base64; null for none. null in plans and files, because their checksum is already proved by the signature.
   */
  key: path.nullable(),
  ...mapped,
};

/** How a copy is read back past the cache. `repair` rewrites bad ranges once, and verifies them again. */
const check = z.enum(['none', 'verify', 'repair']);
/**
 * How zeros get onto a destination: they are written; or they become holes (files) or are zeroed by the device (disks);
 * or they are left out, because the disks are all zeros already.
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
    /** An earlier manifest of the source. The job reports what has changed since then. */
    manifest: path.nullable(),
  }),
  /** Continue past unreadable source sectors, as ddrescue does. */
  z.strictObject({
    kind: z.literal('rescue'),
    check: check.exclude(['repair']),
    zeros,
    /** Passes over the remaining unreadable sectors after each was tried once. */
    retries: z.number(),
    /** A GNU ddrescue mapfile, continued when it exists and updated during the rescue; null for none. */
    map: path.nullable(),
  }),
]);

/** The format of new images (image-formats.ts). `base/request-rules.ts` checks threads and pieces, the engine the level. */
export const imageFormat = z.strictObject({
  format: z.enum(['byName', 'raw', ...packedFormats]),
  level: z.int().nullable(),
  /** Earlier versions had none. */
  threads: z.int().nullable().default(null),
  /** Bytes of a piece. Earlier versions had none. */
  split: z.int().nullable().default(null),
});

const copyRequest = z.strictObject({
  kind: z.literal('copy'),
  ...source,
  method,
  /** The file for the manifest of what was read; null for none. */
  saveManifest: path.nullable(),
  /** Images and manifests do not tell which source was copied. Earlier versions had none. */
  anonymous: z.boolean().default(false),
  imageFormat,
  ...named,
  ...writing,
});

/** A copy without its destinations, which a station adds as drives come (station.ts). */
export const copyTemplate = copyRequest.omit({ destinations: true });
export type CopyTemplate = z.infer<typeof copyTemplate>;

const verifyRequest = z.strictObject({
  kind: z.literal('verify'),
  /** What the destinations are compared with. */
  against: z.discriminatedUnion('kind', [
    z.strictObject({
      kind: z.literal('source'),
      path,
      origin: source.origin,
      asIs: source.asIs,
      entry: source.entry,
      checksum: source.checksum,
      checksumCovers,
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
  /** A manifest that the source must match; null for none. */
  manifest: path.nullable(),
  ...named,
  ...writing,
});

const resumeRequest = z.strictObject({
  kind: z.literal('resume'),
  /** Id of the interrupted job. Its log has the name, the ends and the request. */
  job: jobId,
  ...running,
  ...writing,
});

/**
 * The user's request. `copy` writes every destination. `verify` only compares. `repair` compares, and rewrites what
 * differs. `resume` continues an interrupted job.
 */
export const jobRequest = z.discriminatedUnion('kind', [copyRequest, verifyRequest, repairRequest, resumeRequest]);

export type JobRequest = z.infer<typeof jobRequest>;
export const jobKind = z.enum(jobRequest.options.map(({ shape }) => shape.kind.value));
export type JobKind = z.infer<typeof jobKind>;
export type CopyRequest = z.infer<typeof copyRequest>;
export type VerifyRequest = z.infer<typeof verifyRequest>;
export type RepairRequest = z.infer<typeof repairRequest>;
export type ResumeRequest = z.infer<typeof resumeRequest>;
/** A request that names its source and destinations. */
export type WorkRequest = Exclude<JobRequest, ResumeRequest>;
/** A request whose job has a log and can be continued. */
export type LoggedRequest = CopyRequest | RepairRequest;
export type CopyMethod = CopyRequest['method'];
/** The options of a rescue. */
export type Rescue = Extract<CopyMethod, { kind: 'rescue' }>;
export type Running = Pick<JobRequest, keyof typeof running>;
