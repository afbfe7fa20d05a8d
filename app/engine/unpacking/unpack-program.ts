// Runs platter-unpack, the sandboxed program that reads packed files. No byte of one is parsed here.
import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, existsSync, openSync } from 'node:fs';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import * as z from 'zod';
import { asJson } from '../../base/json.ts';
import { SYSTEM_PATH } from '../devices/run-program.ts';

const PROGRAM = fileURLToPath(new URL('../native/platter-unpack', import.meta.url));
/** Is there a decoder on this machine? Without its libraries it was not built (build/native.mjs). */
export const canUnpack = (): boolean => existsSync(PROGRAM);

/** A count of bytes. */
const bytes = z.number().int().nonnegative();
const digests = z.record(z.string(), z.string());

const FAULTS = [
  'truncated',
  'damaged',
  'trailing',
  'unsupported',
  'memory',
  'read',
  'write',
  'usage',
  'sandbox',
] as const;

const report = z.discriminatedUnion('event', [
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
  z.object({ event: z.literal('error'), fault: z.enum(FAULTS), offset: bytes, said: z.string() }),
]);

/** What a decoder says of the whole file when it has read it to its end. Sizes in bytes. */
export type Decoded = Omit<Extract<z.infer<typeof report>, { event: 'done' }>, 'event'>;
/** What is wrong with a packed file: `offset` in bytes from its start, `said` in English. */
export type UnpackFault = Omit<Extract<z.infer<typeof report>, { event: 'error' }>, 'event'>;
/** How a decoder ended. 'stopped': nobody read on, or it was told to stop, so it says nothing of the file. */
export type DecoderEnd = { kind: 'done'; of: Decoded } | { kind: 'fault'; fault: UnpackFault } | { kind: 'stopped' };

/** The decoder gives the bytes of a name one by one. Where they are UTF-8, that is what they mean. */
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
  /** Unpacked; absent where the format does not keep it. */
  size: bytes.optional(),
  /** Pieces that can be decoded on their own. */
  blocks: bytes.optional(),
  /** Decoders at the same time, and the bytes in flight that they take. */
  threads: bytes.optional(),
  memory: bytes.optional(),
  /** It is an Android sparse image, packed or not. */
  sparse: z.boolean().optional(),
  seekable: z.boolean().optional(),
  entries: z.array(entry).optional(),
});
/** What a packed file says of itself. */
export type Probed = z.infer<typeof probed>;

/** A running decoder. */
export interface Decoder {
  readonly ended: Promise<DecoderEnd>;
  /** Milliseconds on the clock of performance.now() of its last sign of life. */
  heard(): number;
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
}

/**
 * Asks what the open `file` is. `entry`: the file of an archive that is meant; null for the only one. Gives a fault when
 * it cannot be read as what it seems to be.
 */
export async function probeFile(
  file: number,
  entry: string | null = null,
): Promise<{ ok: true; probed: Probed } | { ok: false; fault: UnpackFault }> {
  const child = start(['probe', ...(entry === null ? [] : ['--entry', entry])], file, 'pipe');
  const text: string[] = [];
  child.stdout!.setEncoding('utf8').on('data', (part: string) => text.push(part));
  const fault = faultIn(child);
  const code = await exit(child);
  if (code === 0) {
    const answer = probed.safeParse(asJson(text.join('')));
    if (answer.success) return { ok: true, probed: answer.data };
  }
  return { ok: false, fault: (await fault) ?? unexplained(code) };
}

/** Starts a decoder of the open `file`. `to`: where the image goes, a descriptor or a pipe; null for nowhere. */
export function decodeFile(file: number, to: number | Writable | null, options: DecodeOptions): Decoder {
  return decoderIn(start(['decode', ...wordsOf(options), ...(to === null ? ['--discard'] : [])], file, to ?? 'ignore'));
}

/** The same, with the image as a stream: for a short look at it. */
export function decodeToStream(file: number, options: DecodeOptions): { decoder: Decoder; image: Readable } {
  const child = start(['decode', ...wordsOf(options)], file, 'pipe');
  return { decoder: decoderIn(child), image: child.stdout! };
}

function decoderIn(child: ChildProcess): Decoder {
  let heard = performance.now();
  let stopped = false;
  let end: DecoderEnd | null = null;
  const said = new Promise<void>((resolve) => {
    createInterface({ input: child.stdio[3] as Readable })
      .on('line', (line) => {
        heard = performance.now();
        const { data } = report.safeParse(asJson(line));
        if (data === undefined) return;
        if (data.event === 'done') end = { kind: 'done', of: data };
        // The pipe was closed by its reader.
        if (data.event === 'error') end = data.fault === 'write' ? { kind: 'stopped' } : { kind: 'fault', fault: data };
      })
      .on('close', resolve);
  });
  const ended = Promise.all([exit(child), said]).then(([code]): DecoderEnd => {
    if (stopped) return { kind: 'stopped' };
    if (end?.kind === 'done' && code !== 0) return { kind: 'fault', fault: unexplained(code) };
    return end ?? (code === 'SIGPIPE' ? { kind: 'stopped' } : { kind: 'fault', fault: unexplained(code) });
  });
  return {
    ended,
    heard: () => heard,
    stop: () => {
      stopped = true;
      child.kill('SIGKILL');
    },
  };
}

function start(args: readonly string[], file: number, stdout: number | Writable | 'pipe' | 'ignore'): ChildProcess {
  // Decoders of one descriptor would share its place in the file.
  const own = openSync(`/proc/self/fd/${String(file)}`, 'r');
  try {
    const child = spawn(PROGRAM, args, {
      stdio: [own, stdout, 'pipe', 'pipe'],
      env: { PATH: SYSTEM_PATH, LC_ALL: 'C.UTF-8' },
      // Ctrl-C is for the job, which ends its decoders in order.
      detached: true,
    });
    child.stderr!.resume();
    return child;
  } finally {
    closeSync(own);
  }
}

const wordsOf = ({ entry: name, isRaw, from, threads, digests: names }: DecodeOptions): string[] => [
  ...(isRaw ? ['--raw'] : []),
  ...(name === null ? [] : ['--entry', name]),
  ...(from === 0 ? [] : ['--from', String(from)]),
  ...(threads === null ? [] : ['--threads', String(threads)]),
  ...(names.length === 0 ? [] : ['--digest', names.join(','), '--image-digest', names.join(',')]),
];

/** The exit code of a child, or the signal that ended it, or why it could not be started. */
const exit = (child: ChildProcess): Promise<number | string> =>
  new Promise((resolve) => {
    child.on('error', (error) => resolve(error.message)).on('close', (code, signal) => resolve(code ?? signal ?? ''));
  });

/** The last fault that a child reports. */
const faultIn = async (child: ChildProcess): Promise<UnpackFault | null> => {
  let fault: UnpackFault | null = null;
  for await (const line of createInterface({ input: child.stdio[3] as Readable })) {
    const { data } = report.safeParse(asJson(line));
    if (data?.event === 'error') fault = data;
  }
  return fault;
};

const unexplained = (code: number | string): UnpackFault => ({
  fault: 'unsupported',
  offset: 0,
  said: `platter-unpack ended with ${String(code)}`,
});
