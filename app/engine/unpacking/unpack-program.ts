// Runs platter-unpack, the sandboxed program that reads packed files. No byte of one is parsed here.
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, openSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { PassThrough, type Readable, type Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import * as z from 'zod';
import type { Reason } from '../../contract/facts.ts';
import type { Hash } from '../../contract/hashes.ts';
import { errnoOf } from '../../base/errors.ts';
import { asJson } from '../../base/json.ts';
import type { MappedRange } from '../../parsers/bmap.ts';
import { SYSTEM_PATH } from '../devices/run-program.ts';
import type { Descriptors } from './source-files.ts';

/** Path of platter-unpack. */
export const PROGRAM = fileURLToPath(new URL('../native/platter-unpack', import.meta.url));
/** True when this machine has a decoder. Without its libraries it was not built (build/native.mjs). */
export const canUnpack = (): boolean => existsSync(PROGRAM);

/** A count of bytes. */
const bytes = z.number().int().nonnegative();
const digests = z.record(z.string(), z.string());

/** What the decoder finds wrong (native/unpack/error.h). */
export const FAULTS = [
  'truncated',
  'damaged',
  'trailing',
  'unsupported',
  'memory',
  'otherFile',
  'encrypted',
  'unfinished',
  'resources',
  'read',
  'unreached',
  'write',
  'mapped',
  'usage',
] as const;

const report = z.discriminatedUnion('event', [
  z.object({ event: z.literal('need'), offset: bytes, length: bytes }),
  z.object({ event: z.literal('progress'), read: bytes, written: bytes }),
  z.object({
    event: z.literal('done'),
    read: bytes,
    written: bytes,
    zeros: bytes,
    checked: z.boolean(),
    digests,
    imageDigests: digests,
  }),
  z.object({
    event: z.literal('error'),
    fault: z.enum(FAULTS),
    offset: bytes,
    length: bytes.optional(),
    part: bytes.optional(),
    said: z.string(),
  }),
]);

/** What a decoder reports of the whole file when it has read it to its end. Sizes in bytes. */
export type Decoded = Omit<Extract<z.infer<typeof report>, { event: 'done' }>, 'event'>;
/**
 * A fault in a packed file: `offset` in bytes from its start, `said` in English. For `mapped`, `offset` and `length`
 * are those of the range in the image.
 */
export type UnpackFault = Omit<Extract<z.infer<typeof report>, { event: 'error' }>, 'event'>;
/** Why a decoder gave no image: a fault that it found, or it was `lost`, which says nothing about the file. */
export type Failed = { kind: 'fault'; fault: UnpackFault } | { kind: 'lost'; reason: Reason };
/** Failed, or stopped: nobody read its output, or it was told to stop. Being stopped says nothing about the file. */
export type NoImage = Failed | { kind: 'stopped' };
/** How a decoder ended. */
export type DecoderEnd = { kind: 'done'; of: Decoded } | NoImage;

/** Not of the file: the pipe was closed by its reader, or a part of the file could not be brought. */
const STOPS: ReadonlySet<UnpackFault['fault']> = new Set(['write', 'unreached']);

/** Signals that somebody else sends. The decoder causes any other itself. */
const SENT: ReadonlySet<string> = new Set(['SIGKILL', 'SIGTERM', 'SIGINT', 'SIGHUP', 'SIGQUIT', 'SIGXCPU']);

/** The decoder reports each byte of a name as a character. A name that is valid UTF-8 is taken as UTF-8. */
function asUtf8(name: string): string {
  const bytesOfName = Buffer.from(name, 'latin1');
  const text = bytesOfName.toString('utf8');
  return Buffer.from(text, 'utf8').equals(bytesOfName) ? text : name;
}

/** One file in an archive. */
const entry = z.object({
  name: z.string().transform(asUtf8),
  size: bytes,
  packed: bytes,
  method: bytes,
  encrypted: z.boolean(),
});
export type ArchiveEntry = z.infer<typeof entry>;

const probed = z.object({
  format: z.string(),
  /** Unpacked size; absent when the format does not keep it. */
  size: bytes.optional(),
  /** Unpacked bytes that there are at least, of a partial file without a size. */
  least: bytes.optional(),
  /** Pieces that can be decoded on their own. */
  blocks: bytes.optional(),
  /** Unpacked bytes of the largest of them. */
  largestBlock: bytes.optional(),
  /** Decoders at the same time, and the bytes in flight that they take. */
  threads: bytes.optional(),
  memory: bytes.optional(),
  /** It is an Android sparse image, packed or not. */
  sparse: z.boolean().optional(),
  seekable: z.boolean().optional(),
  entries: z.array(entry).optional(),
  /** States that a virtual disk keeps beside the current one. */
  snapshots: bytes.optional(),
});
/** What a packed file says of itself. */
export type Probed = z.infer<typeof probed>;

/** Brings the bytes of a partial file, which has holes where nothing was fetched yet. */
export interface Supply {
  /** Resolves when these bytes are in the file; to false when they cannot be had. */
  need(offset: number, length: number): Promise<boolean>;
}

/** A running decoder. */
export interface Decoder {
  readonly ended: Promise<DecoderEnd>;
  /** Its last sign of life, in milliseconds of performance.now(). */
  lastReport(): number;
  stop(): void;
}

/** How the file is decoded. */
export interface DecodeOptions {
  /** File to take of an archive; null for the only one. */
  entry: string | null;
  /** The bytes are passed on as they are. */
  isRaw: boolean;
  /** Byte of the unpacked image to begin at. */
  from: number;
  /** Decoders at the same time; null for one for each core. */
  threads: number | null;
  /** Hashes to make of the packed file and of what is in it: "sha256". */
  digests: readonly string[];
  /** The ranges of the image that count: all else is given as zeros. null for all of it. */
  map: DecodedMap | null;
  /** Brings what is decoded of a partial file; null for a file that is all there. */
  supply?: Supply | null;
}

/** Ranges of an image, and what is done with them. */
export interface DecodedMap {
  ranges: readonly MappedRange[];
  /** The hash of their checksums; null compares none. */
  hash: Hash | null;
  /** The image is read up to this byte only, but decoded to its end. null: all of it is read. */
  until: number | null;
}

/** Hears of a decoder that somebody waits for. */
export interface Watch {
  /** Ends it. The wait ends at once, even when the decoder waits for storage that does not answer. */
  signal: AbortSignal | null;
  /** Gets the bytes of the packed file that were read, about once a second. */
  read: (bytes: number) => void;
}
export const UNWATCHED: Watch = { signal: null, read: () => undefined };

/**
 * Asks what the open `files` are. `entry`: the file of an archive that is meant; null for the only one. `signal` ends it.
 * `supply` brings what is read of a partial file.
 */
export async function probeFile(
  files: Descriptors,
  entry: string | null = null,
  signal: AbortSignal | null = null,
  supply: Supply | null = null,
): Promise<{ ok: true; probed: Probed } | { ok: false; why: NoImage }> {
  const child = start(['probe', ...(entry === null ? [] : ['--entry', entry])], files, 'pipe', { supply });
  if (!isRunning(child)) return { ok: false, why: await unstarted(child) };
  const text: string[] = [];
  child.stdout!.setEncoding('utf8').on('data', (part: string) => text.push(part));
  const failed: Failed[] = [];
  const said = reports(child, supply, (data) => {
    if (data.event === 'error') failed.push(failedBy(data));
  });
  const code = await unlessAborted(signal, () => child.kill('SIGKILL'), exitAndOutput(child, said));
  if (code === null) return { ok: false, why: { kind: 'stopped' } };
  const answer = code === 0 ? probed.safeParse(asJson(text.join(''))) : null;
  return answer?.success === true
    ? { ok: true, probed: answer.data }
    : { ok: false, why: failed.at(-1) ?? unexplained(code) };
}

/** Starts a decoder of the open `files`. `to`: where the image goes, a descriptor or a pipe; null for nowhere. */
export function decodeFile(
  files: Descriptors,
  to: number | Writable | null,
  options: DecodeOptions,
  watch: Watch = UNWATCHED,
): Decoder {
  const words = ['decode', ...wordsOf(options), ...(to === null ? ['--discard'] : [])];
  const child = start(words, files, to ?? 'ignore', options);
  return decoderIn(child, options, watch);
}

/** The same, with the image as a stream: for a short look at it. */
export function decodeToStream(files: Descriptors, options: DecodeOptions): { decoder: Decoder; image: Readable } {
  const child = start(['decode', ...wordsOf(options)], files, 'pipe', options);
  return {
    decoder: decoderIn(child, options, UNWATCHED),
    image: isRunning(child) ? child.stdout! : new PassThrough().end(),
  };
}

function decoderIn(
  child: ChildProcess | NodeJS.ErrnoException,
  { supply = null }: Pick<DecodeOptions, 'supply'>,
  { signal, read }: Watch,
): Decoder {
  if (!isRunning(child)) return { ended: unstarted(child), lastReport: () => 0, stop: () => undefined };
  let heard = performance.now();
  let stopped = false;
  let end: DecoderEnd | null = null;
  const said = reports(child, supply, (data) => {
    heard = performance.now();
    if (data.event === 'progress') read(data.read);
    if (data.event === 'done') end = { kind: 'done', of: data };
    if (data.event === 'error') end = STOPS.has(data.fault) ? { kind: 'stopped' } : failedBy(data);
  });
  const stop = (): void => {
    stopped = true;
    child.kill('SIGKILL');
  };
  const ended = unlessAborted(signal, stop, exitAndOutput(child, said)).then((code): DecoderEnd => {
    if (stopped || code === null) return { kind: 'stopped' };
    if (end?.kind === 'done' && code !== 0) return unexplained(code);
    return end ?? (code === 'SIGPIPE' ? { kind: 'stopped' } : unexplained(code));
  });
  return {
    ended,
    lastReport: () => heard,
    stop,
  };
}

/** Waits until a child has ended and reported everything. Gives its exit code, or the signal that ended it. */
const exitAndOutput = async (child: ChildProcess, said: Promise<void>): Promise<number | string> =>
  (await Promise.all([exit(child), said]))[0];

/** The result of `work`. When `signal` is aborted before, calls `stop` and gives null. */
function unlessAborted<T>(signal: AbortSignal | null, stop: () => void, work: Promise<T>): Promise<T | null> {
  if (signal === null) return work;
  return new Promise((resolve, reject) => {
    const aborted = (): void => {
      stop();
      resolve(null);
    };
    if (signal.aborted) aborted();
    signal.addEventListener('abort', aborted, { once: true });
    void work.then(resolve, reject).finally(() => signal.removeEventListener('abort', aborted));
  });
}

/** Starts the program, or gives the error that the system has for it. */
function start(
  args: readonly string[],
  { descriptors, words = [] }: Descriptors,
  stdout: number | Writable | 'pipe' | 'ignore',
  { map = null, supply = null }: Partial<Pick<DecodeOptions, 'map' | 'supply'>>,
): ChildProcess | NodeJS.ErrnoException {
  const [first, ...further] = descriptors;
  let own = -1;
  try {
    // Decoders of one descriptor would share its place in the file.
    own = openSync(`/proc/self/fd/${String(first)}`, 'r');
    const asks = supply === null ? [] : ['--ask'];
    const pieces = further.length === 0 ? [] : ['--pieces', String(further.length)];
    const given = map === null && supply === null ? 'ignore' : 'pipe';
    const child = spawn(PROGRAM, [...args, ...words, ...asks, ...pieces, '--parent', String(process.pid)], {
      // Files are read by place, so that decoders share the further ones.
      stdio: [own, stdout, 'pipe', 'pipe', given, ...further],
      env: { PATH: SYSTEM_PATH, LC_ALL: 'C.UTF-8' },
      // Ctrl-C is for the job, which ends its decoders in order.
      detached: true,
    });
    if (child.pid !== undefined) {
      child.stderr!.resume();
      if (map !== null) sendMap(child.stdio[4] as Writable, map);
    }
    return child;
  } catch (error) {
    if (errnoOf(error) === null) throw error;
    return error as NodeJS.ErrnoException;
  } finally {
    if (own >= 0) closeSync(own);
  }
}

/** Tells a decoder the ranges of a map. When it ended before it had them all, its end says why. */
function sendMap(to: Writable, { ranges }: DecodedMap): void {
  to.on('error', () => undefined);
  to.end(ranges.map(({ offset, length, checksum }) => `${offset} ${length} ${checksum ?? '-'}\n`).join(''));
}

const isRunning = (child: ChildProcess | NodeJS.ErrnoException): child is ChildProcess =>
  !(child instanceof Error) && child.pid !== undefined;

/** Why the program does not run. Without free descriptors Node gives a child that has no streams. */
async function unstarted(child: ChildProcess | NodeJS.ErrnoException): Promise<Failed> {
  const error = child instanceof Error ? child : ((await once(child, 'error')) as [Error])[0];
  return { kind: 'lost', reason: { kind: 'decoderUnstarted', errno: errnoOf(error) ?? error.message } };
}

type Report = z.infer<typeof report>;

/** Reads the reports of a child to their end, and has `supply` bring what it needs. */
const reports = (
  child: ChildProcess,
  supply: Supply | null,
  hear: (data: Exclude<Report, { event: 'need' }>) => void,
): Promise<void> =>
  new Promise((resolve, reject) => {
    createInterface({ input: child.stdio[3] as Readable })
      .on('line', (line) => {
        const { data } = report.safeParse(asJson(line));
        if (data?.event === 'need') bring(child, supply, data).catch(reject);
        else if (data !== undefined) hear(data);
      })
      .on('close', resolve);
  });

/** Answers a child that needs bytes of a partial file. It may have ended meanwhile. */
async function bring(
  child: ChildProcess,
  supply: Supply | null,
  { offset, length }: Extract<Report, { event: 'need' }>,
): Promise<void> {
  const isThere = (await supply?.need(offset, length)) === true;
  const answers = child.stdio[4] as Writable;
  if (answers.listenerCount('error') === 0) answers.on('error', () => undefined);
  answers.write(isThere ? '1' : '0');
}

const wordsOf = ({ entry: name, isRaw, from, threads, digests: names, map }: DecodeOptions): string[] => [
  ...(isRaw ? ['--raw'] : []),
  ...(name === null ? [] : ['--entry', name]),
  ...(from === 0 ? [] : ['--from', String(from)]),
  ...(threads === null ? [] : ['--threads', String(threads)]),
  ...(map === null ? [] : ['--map']),
  ...((map?.hash ?? null) === null ? [] : ['--map-digest', map!.hash!]),
  ...((map?.until ?? null) === null ? [] : ['--until', String(map!.until)]),
  ...(names.length === 0 ? [] : ['--digest', names.join(','), '--image-digest', names.join(',')]),
];

/** The exit code of a child, or the signal that ended it. */
const exit = (child: ChildProcess): Promise<number | string> =>
  new Promise((resolve) => {
    child.on('error', (error) => resolve(error.message)).on('close', (code, signal) => resolve(code ?? signal ?? ''));
  });

/** What a report of the decoder says: of the file, or of the system. */
function failedBy(fault: UnpackFault): Failed {
  const { said } = fault;
  if (fault.fault === 'resources') return { kind: 'lost', reason: { kind: 'decoderStarved', said } };
  return fault.fault === 'read'
    ? { kind: 'lost', reason: { kind: 'packedUnreadable', said } }
    : { kind: 'fault', fault };
}

/** The end of a decoder that has not said why. */
const unexplained = (code: number | string): Failed =>
  typeof code === 'string' && SENT.has(code)
    ? { kind: 'lost', reason: { kind: 'decoderKilled', signal: code } }
    : { kind: 'fault', fault: { fault: 'unsupported', offset: 0, said: `platter-unpack ended with ${String(code)}` } };
