// Runs platter-serve, the sandboxed program that shows parts of an image as files. No byte of one is parsed here.
import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import * as z from 'zod';
import { writtenFormat } from '../../contract/disk-content.ts';
import type { PlatterError } from '../../contract/errors.ts';
import { errnoOf, failure, Refusal, refuse } from '../../base/errors.ts';
import { asJson } from '../../base/json.ts';
import { SYSTEM_PATH } from '../devices/run-program.ts';
import { shell } from '../devices/release-commands.ts';
import { unpackFailure } from '../unpacking/packed-source.ts';
import { FAULTS } from '../unpacking/unpack-program.ts';

/** Beside the bundle, or, for sources that run as they are, where it was built. */
const PROGRAMS = ['../native/platter-serve', '../../../out/native/platter-serve'].map((path) =>
  fileURLToPath(new URL(path, import.meta.url)),
);

/** A part of an image that is shown as a file. Bytes. */
export interface ServedRange {
  name: string;
  offset: number;
  length: number;
}

/** How an image is served. */
export interface ServeOptions {
  /** The file of an archive that is meant; null for the only one. */
  entry: string | null;
  /** The bytes are the image, whatever they look like. */
  isRaw: boolean;
  /** The source that the kernel lists for the mount. */
  source: string;
  /** The user who gets the files; null for that of this process. Only root may name another one. */
  owner: { uid: number; gid: number } | null;
}

/** A folder with parts of an image, as long as the server runs. */
export interface Server {
  /** The format that the image is packed in; "none" when it is not packed. */
  readonly format: string;
  /** Bytes of the image. */
  readonly size: number;
  /** Shows a range under a name, which may have letters, digits, dots, "-" and "_". Rejects with a Refusal. */
  add(range: ServedRange): Promise<void>;
  /** From now on it outlives this process, until its folder is unmounted. */
  stay(): Promise<void>;
  /** Ends it. Its folder is unmounted when this resolves. */
  end(): Promise<void>;
}

const bytes = z.int().nonnegative();
const report = z.discriminatedUnion('event', [
  z.object({ event: z.literal('ready'), format: z.string(), size: bytes }),
  z.object({ event: z.literal('done') }),
  z.object({ event: z.literal('no') }),
  z.object({ event: z.literal('error'), fault: z.enum(FAULTS), offset: bytes, said: z.string() }),
  z.object({ event: z.literal('refused'), why: z.enum(['noIndex', 'largeBlocks', 'mount']), said: z.string() }),
]);
type Report = z.infer<typeof report>;

/**
 * Mounts a server on the empty `folder`, which shows parts of the image that the descriptors `pieces` read as one, in
 * their order. They must not be open for writing, and are free again when this resolves. `path` names the image in
 * errors. Rejects with a Refusal.
 */
export async function serve(
  pieces: readonly number[],
  path: string,
  folder: string,
  options: ServeOptions,
): Promise<Server> {
  const program = PROGRAMS.find((one) => existsSync(one));
  if (program === undefined)
    return refuse({ code: 'ENGINE_UNAVAILABLE', op: 'open', device: path, reason: { kind: 'serverUnavailable' } });
  const child = start(program, pieces, folder, options);
  const lost = (errno = ''): Refusal => new Refusal([lostServer(path, errno)]);
  if (child instanceof Error || child.pid === undefined) throw lost(await errnoOfStart(child));
  const running = new RunningServer(child, lost);
  const first = await running.next();
  if (first?.event === 'ready') return running.as(first);
  await running.end();
  throw first === null ? lost() : new Refusal([failureBy(path, first, running.said)]);
}

function start(
  program: string,
  [first = -1, ...further]: readonly number[],
  folder: string,
  { entry, isRaw, source, owner }: ServeOptions,
): ChildProcess | Error {
  const words = [
    ...(isRaw ? ['--raw'] : []),
    ...(entry === null ? [] : ['--entry', entry]),
    ...(further.length === 0 ? [] : ['--pieces', String(further.length)]),
    ...['--source', source, folder],
  ];
  try {
    return spawn(program, words, {
      stdio: [first, 'ignore', 'pipe', 'pipe', 'pipe', ...further],
      env: { PATH: SYSTEM_PATH, LC_ALL: 'C.UTF-8' },
      cwd: '/',
      // Ctrl-C is for the command, which ends its server in order.
      detached: true,
      ...(owner ?? {}),
    });
  } catch (error) {
    if (!(error instanceof Error) || errnoOf(error) === null) throw error;
    return error;
  }
}

const errnoOfStart = (child: ChildProcess | Error): Promise<string> =>
  child instanceof Error
    ? Promise.resolve(errnoOf(child) ?? child.message)
    : new Promise((resolve) => {
        child.once('error', (error) => resolve(errnoOf(error) ?? error.message));
      });

class RunningServer {
  /** What it and its helpers have said on stderr. */
  said = '';
  readonly #child: ChildProcess;
  readonly #ended: Promise<void>;
  readonly #answers: AsyncIterator<string>;
  readonly #lost: () => Refusal;

  constructor(child: ChildProcess, lost: () => Refusal) {
    this.#child = child;
    this.#lost = lost;
    this.#ended = new Promise((resolve) => {
      child.once('exit', () => resolve());
    });
    this.#commands.on('error', () => undefined);
    child.stderr!.setEncoding('utf8').on('data', (text: string) => (this.said = (this.said + text).slice(-4096)));
    this.#answers = createInterface({ input: child.stdio[3] as Readable })[Symbol.asyncIterator]();
  }

  get #commands(): Writable {
    return this.#child.stdio[4] as Writable;
  }

  /** Its next report; null when there is none, because it has ended. */
  async next(): Promise<Report | null> {
    const line = await this.#answers.next();
    return line.done === true ? null : (report.safeParse(asJson(line.value)).data ?? null);
  }

  as({ format, size }: Extract<Report, { event: 'ready' }>): Server {
    return {
      format,
      size,
      add: ({ name, offset, length }) => this.#command(`file ${name} ${offset} ${length}`),
      stay: async () => {
        await this.#command('stay');
        await this.end();
      },
      end: () => this.end(),
    };
  }

  async #command(line: string): Promise<void> {
    this.#commands.write(`${line}\n`);
    if ((await this.next())?.event !== 'done') throw this.#lost();
  }

  async end(): Promise<void> {
    this.#commands.end();
    await this.#ended;
    for (const stream of this.#child.stdio) stream?.destroy();
  }
}

const lostServer = (path: string, errno: string): PlatterError =>
  failure({
    code: 'DECODER_FAILED',
    op: 'open',
    device: path,
    reason: errno === '' ? { kind: 'serverEnded' } : { kind: 'serverUnstarted', errno },
  });

/** The failure that a report tells. `stderr`: what the server and fusermount3 said. */
function failureBy(path: string, said: Report, stderr: string): PlatterError {
  if (said.event === 'error') return unpackFailure(path, said);
  if (said.event !== 'refused') return lostServer(path, '');
  const command = shell(['platter', 'copy', path, 'disk.img']);
  if (said.why === 'mount')
    return failure({
      code: 'NOT_PERMITTED',
      op: 'open',
      device: path,
      reason: { kind: 'notServed', said: lastLine(stderr) ?? said.said },
      remedy: { kind: 'installFuse' },
    });
  return failure({
    code: 'BAD_ARGUMENT',
    op: 'open',
    device: path,
    reason:
      said.why === 'noIndex'
        ? { kind: 'readFromStart', format: writtenFormat(said.said) }
        : { kind: 'largeBlocks', size: said.said },
    remedy: { kind: 'unpackToOpen', command },
  });
}

/** The last line of what a program said, without the program's name and the full stop. */
const lastLine = (text: string): string | null => {
  const line = text.trim().split('\n').at(-1) ?? '';
  return line === '' ? null : line.replace(/^\w+: /, '').replace(/\.$/, '');
};
