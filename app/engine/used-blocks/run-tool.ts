// Runs the programs that know file systems. What they read was made by others, so they get no rights of root, no
// environment, and limits of time, memory and output.
import { spawn, type ChildProcess } from 'node:child_process';
import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import { totalmem } from 'node:os';
import { join } from 'node:path';
import { StringDecoder } from 'node:string_decoder';
import { unlessErrno } from '../../base/errors.ts';
import type { LineReader } from '../../parsers/used-blocks/used-map.ts';
import { SYSTEM_PATH } from '../devices/run-program.ts';

/** nobody, who owns nothing. */
export const NOBODY = 65_534;
/** Milliseconds that a program may take: the check of a large file system with many files takes tens of minutes. */
const LIMIT_MS = 60 * 60_000;
/** Least memory that a program may map. More is half of the machine's: a check of a large file system needs it. */
const LEAST_MEMORY = 1024 ** 3;
/** Milliseconds without output after its end, when another program still holds its pipes. */
const DRAIN_MS = 5000;
/** Most bytes that it may print, and most in one line of text. */
const MOST_OUTPUT = 8 * 1024 ** 3;
const LONGEST_LINE = 8 * 1024 ** 2;
/** Bytes of its complaints that are kept. */
const MOST_SAID = 400;

/** What takes the output of a program. Gives false when it has seen enough. */
export type Sink = (bytes: Buffer) => boolean;

/** How a program ended: well; not installed; or with a failure, in its words. */
export type ToolEnd =
  | { kind: 'done' }
  | { kind: 'missing'; program: string }
  // The exit code is null when the program was ended, or could not be started.
  | { kind: 'failed'; program: string; said: string; code: number | null };

/**
 * Runs `program` with `sink` for its output. `file`: a descriptor that it gets as its descriptor 3; null for none.
 * `signal` ends it. Never rejects.
 */
export async function runTool(
  program: string,
  args: readonly string[],
  file: number | null,
  sink: Sink,
  signal: AbortSignal | null = null,
): Promise<ToolEnd> {
  const path = await installed(program);
  if (path === null) return { kind: 'missing', program };
  const [command, ...words] = await withoutRights(path, args);
  return new Promise((resolve) => {
    const child = spawn(command!, words, {
      env: { LC_ALL: 'C' },
      cwd: '/',
      stdio: ['ignore', 'pipe', 'pipe', file ?? 'ignore'],
      // A process group of its own, so that what it has started ends with it.
      detached: true,
    });
    const watch = watched(child, signal);
    let printed = 0;
    let said = '';
    let isEnough = false;
    const { stdout, stderr } = child;
    if (stdout === null || stderr === null) return;
    stdout.on('data', (bytes: Buffer) => {
      printed += bytes.length;
      watch.heard();
      if (isEnough || (printed <= MOST_OUTPUT && sink(bytes))) return;
      isEnough = printed <= MOST_OUTPUT;
      watch.end();
    });
    stderr.setEncoding('utf8').on('data', (text: string) => {
      said = (said + text).slice(0, MOST_SAID);
    });
    child.on('error', (error) => resolve({ kind: 'failed', program, said: error.message, code: null }));
    child.on('close', (code, killedBy) => {
      const why = watch.close();
      if (isEnough || (code === 0 && why === null)) resolve({ kind: 'done' });
      else {
        const words = why ?? wordsOf(said) ?? killedBy ?? `exit code ${String(code)}`;
        resolve({ kind: 'failed', program, said: words, code: why === null ? code : null });
      }
    });
  });
}

/**
 * Ends a child and all of its process group when its time is up, when `signal` is aborted, and when the child itself has
 * ended. A program that has left the group may hold the pipes for ever: after the end, they are read only as long as
 * something comes.
 */
function watched(
  child: ChildProcess,
  signal: AbortSignal | null,
): { heard: () => void; end: () => void; close: () => string | null } {
  let why: string | null = null;
  let draining: NodeJS.Timeout | null = null;
  const leavePipes = (): void => {
    why ??= 'it left a program behind that holds its output';
    for (const stream of [child.stdout, child.stderr]) stream?.destroy();
  };
  const end = (): void => {
    if (child.pid !== undefined) unlessErrno(false, () => process.kill(-child.pid!, 'SIGKILL'));
    draining ??= setTimeout(leavePipes, DRAIN_MS);
  };
  const late = setTimeout(() => {
    why = `it took more than ${LIMIT_MS / 60_000} minutes`;
    end();
  }, LIMIT_MS);
  child.once('exit', end);
  if (signal?.aborted === true) end();
  signal?.addEventListener('abort', end);
  return {
    heard: () => draining?.refresh(),
    end,
    close: () => {
      clearTimeout(late);
      if (draining !== null) clearTimeout(draining);
      signal?.removeEventListener('abort', end);
      return why;
    },
  };
}

/** The last line of a program's complaints; null for none. */
function wordsOf(said: string): string | null {
  const lines = said.split('\n').map((line) => line.replaceAll(/[\p{Cc}\p{Cf}]/gu, ' ').trim());
  return lines.findLast((line) => line !== '') ?? null;
}

/** Gives `reader` whole lines. False for a line that is too long. */
export function lineSink(reader: LineReader): Sink & { end: () => void } {
  const decoder = new StringDecoder('latin1');
  let rest = '';
  const sink = (bytes: Buffer): boolean => {
    const lines = (rest + decoder.write(bytes)).split('\n');
    rest = lines.pop()!;
    for (const line of lines) reader.line(line);
    return rest.length <= LONGEST_LINE;
  };
  return Object.assign(sink, {
    end: (): void => {
      if (rest !== '') reader.line(rest);
      rest = '';
    },
  });
}

/** The path of an installed program; null when there is none. */
async function installed(program: string): Promise<string | null> {
  for (const folder of SYSTEM_PATH.split(':')) {
    const path = join(folder, program);
    try {
      await access(path, constants.X_OK);
      return path;
    } catch {
      // not in this folder
    }
  }
  return null;
}

/** The command that runs a program without rights and with a limit of memory: as nobody, when this process is root. */
async function withoutRights(path: string, args: readonly string[]): Promise<string[]> {
  const [setpriv, prlimit] = [await installed('setpriv'), await installed('prlimit')];
  // xfs_repair takes as much memory as it finds, and heeds this limit.
  const most = Math.max(LEAST_MEMORY, Math.floor(totalmem() / 2));
  const limit = prlimit === null ? [] : [prlimit, `--as=${most}`, '--'];
  const isRoot = process.geteuid?.() === 0;
  if (setpriv === null) {
    if (isRoot) throw new Error('setpriv of util-linux is missing');
    return [...limit, path, ...args];
  }
  const drop = isRoot
    ? [`--reuid=${NOBODY}`, `--regid=${NOBODY}`, '--clear-groups', '--inh-caps=-all', '--bounding-set=-all']
    : [];
  return [...limit, setpriv, ...drop, '--no-new-privs', '--pdeathsig=KILL', '--', path, ...args];
}
