// The header of a job log: the request, and the devices and files that it was made for. Anyone with the user's rights
// can write a log, so the header is checked before anything is planned from it. The checksums detect damage, not
// intent: a header can be intact and contradict itself.
import * as z from 'zod';
import { MAX_DESTINATIONS } from '../../contract/limits.ts';
import { isLogged } from '../../contract/request-facts.ts';
import { endKind } from '../../contract/values.ts';
import { keptRequest, readRequest } from '../../base/kept-request.ts';
import { argumentErrors } from '../../base/request-rules.ts';
import { chunksOf, isChunkSize, MAX_CHUNKS } from './chunks.ts';

/** The last time that a Date can hold, in milliseconds since the epoch. */
const LAST_TIME = 8.64e15;

const count = z.int().nonnegative();
const maybeText = z.string().nullable();
const absolute = z.string().regex(/^\/[^\0]*$/, 'not an absolute path');
/** One end of a job, with what identifies it on resume. */
export const loggedEnd = z.strictObject({
  path: absolute,
  realPath: absolute,
  kind: endKind,
  size: count,
  model: maybeText,
  serial: maybeText,
  majorMinor: maybeText,
  /** Identity of the device or file ("block:8:16", "file:8:1:1234"); null when it did not exist yet. */
  id: maybeText,
  /** Time of the last write to a file, in milliseconds since the epoch; null for a device. */
  modified: z.number().min(-LAST_TIME).max(LAST_TIME).nullable(),
  /**
   * Time of birth of a file, in nanoseconds since the epoch. null for a device, when the file system does not keep it,
   * and in logs of earlier versions.
   */
  born: z
    .string()
    .regex(/^-?\d{1,20}$/)
    .nullable()
    .default(null),
});
export type LoggedEnd = z.infer<typeof loggedEnd>;

/** The map of used blocks of a part that had one when the job began. */
const loggedSign = z.strictObject({
  /** Where the part begins on the source, in bytes. */
  offset: count,
  /** SHA-256 of what was free, in hex. */
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
});
export type LoggedSign = z.infer<typeof loggedSign>;

/** Earlier versions had no `asIs`; their interrupted jobs can still be continued. */
const loggedRequest = keptRequest.extend({ asIs: z.boolean().default(false) }).transform((kept, context) => {
  const request = readRequest(kept);
  if (request !== null && request.kind !== 'resume' && isLogged(request)) return request;
  context.addIssue(request === null ? 'no job can be asked for so' : `a job of the kind "${kept.kind}" keeps no log`);
  return z.NEVER;
});

/** The header of a log. `contradictions` checks what the schema cannot. */
export const jobLogHeader = z
  .strictObject({
    request: loggedRequest,
    /** null when a manifest stood for the source. */
    source: loggedEnd.nullable(),
    destinations: z.array(loggedEnd).min(1).max(MAX_DESTINATIONS),
    /** Bytes: a power of two from 64 KiB to 16 MiB. */
    chunkSize: count.refine(isChunkSize, 'not a power of two from 64 KiB to 16 MiB'),
    /** Bytes that each destination gets. */
    bytes: count,
    /** Milliseconds since the epoch. */
    startedAt: count.max(LAST_TIME),
    /** The maps of used blocks of the source, when only those blocks are copied. Earlier versions did not keep them. */
    maps: z.array(loggedSign).default([]),
    /** The program that wrote it; default: this one. */
    program: z.string().optional(),
  })
  .refine(({ bytes, chunkSize }) => chunksOf(bytes, chunkSize) <= MAX_CHUNKS, 'too many chunks');
export type JobLogHeader = z.infer<typeof jobLogHeader>;

/** The header with a destination that has joined the job. */
export const withJoined = (header: JobLogHeader, destination: LoggedEnd): JobLogHeader => ({
  ...header,
  request: {
    ...header.request,
    destinations: [...header.request.destinations, { path: destination.path, throttle: null }],
  },
  destinations: [...header.destinations, destination],
});

/** Contradictions in a header, in English; empty when there are none. */
export function contradictions({ request, source, destinations, bytes }: JobLogHeader): string[] {
  return [
    ...argumentErrors(request).map(({ message }) => message.replace(/\.$/, '')),
    ...(source === null ? ['it has no source'] : []),
    ...(source !== null && source.size !== bytes
      ? [`its source has ${source.size} bytes, and ${bytes} were to be copied`]
      : []),
    ...(destinations.length === request.destinations.length
      ? []
      : [`${request.destinations.length} destinations were asked for, and it has ${destinations.length}`]),
    ...(source === null ? [] : againstEnd(source)),
    ...destinations.flatMap(againstEnd),
    ...destinations.flatMap(({ kind, path, size }) =>
      kind === 'block' && size < bytes ? [`${path} has ${size} bytes, and was to get ${bytes}`] : [],
    ),
  ];
}

function againstEnd({ kind, path, id, majorMinor, modified }: LoggedEnd): string[] {
  const isDevice = kind === 'block';
  return [
    ...(id === null || id.startsWith(`${kind}:`)
      ? []
      : [`${path} is a ${isDevice ? 'device' : 'file'} with the identity "${id}"`]),
    ...(isDevice === (majorMinor !== null)
      ? []
      : [`${path} is a ${isDevice ? 'device without' : 'file with'} a device number`]),
    ...(isDevice && modified !== null ? [`${path} is a device with a time of change`] : []),
  ];
}
