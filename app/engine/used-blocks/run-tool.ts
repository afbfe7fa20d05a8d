// Runs the programs that know file systems. What they read was made by others, so they get no rights of root, no
// environment, and limits of time and output.
import { spawn } from 'node:child_process';
import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { StringDecoder } from 'node:string_decoder';
import type { LineReader } from '../../parsers/used-blocks/used-map.ts';
import { SYSTEM_PATH } from '../devices/run-program.ts';

/** nobody, who owns nothing. */
export const NOBODY = 65_534;
/** Milliseconds that a program may take: the extents of a large, full btrfs take minutes. */
const LIMIT_MS = 15 * 60_000;
/** Most bytes that it may print, and most in one line of text. */
const MOST_OUTPUT = 8 * 1024 ** 3;
const LONGEST_LINE = 8 * 1024 ** 2;
/** Bytes of its complaints that are kept. */
const MOST_SAID = 400;

/** What takes the output of a program. Gives false when it has seen enough. */
export type Sink = (bytes: Buffer) => boolean;

/** How a program ended: well; not installed; or with a failure, in its words. */
export type ToolEnd =
  { kind: 'done' } | { kind: 'missing'; program: string } | { kind: 'failed'; program: string; said: string };

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
      timeout: LIMIT_MS,
      killSignal: 'SIGKILL',
      ...(signal === null ? {} : { signal }),
    });
    let printed = 0;
    let said = '';
    let isEnough = false;
    const { stdout, stderr } = child;
    if (stdout === null || stderr === null) return;
    stdout.on('data', (bytes: Buffer) => {
      printed += bytes.length;
      if (isEnough || (printed <= MOST_OUTPUT && sink(bytes))) return;
      isEnough = printed <= MOST_OUTPUT;
      child.kill('SIGKILL');
    });
    stderr.setEncoding('utf8').on('data', (text: string) => {
      said = (said + text).slice(0, MOST_SAID);
    });
    child.on('error', (error) => resolve({ kind: 'failed', program, said: error.message }));
    child.on('close', (code, killedBy) => {
      if (code === 0 || isEnough) resolve({ kind: 'done' });
      else resolve({ kind: 'failed', program, said: wordsOf(said) ?? killedBy ?? `exit code ${String(code)}` });
    });
  });
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

/** The command that runs a program without rights: as nobody, when this process is root. */
async function withoutRights(path: string, args: readonly string[]): Promise<string[]> {
  const setpriv = await installed('setpriv');
  const isRoot = process.geteuid?.() === 0;
  if (setpriv === null) {
    if (isRoot) throw new Error('setpriv of util-linux is missing');
    return [path, ...args];
  }
  const drop = isRoot
    ? [`--reuid=${NOBODY}`, `--regid=${NOBODY}`, '--clear-groups', '--inh-caps=-all', '--bounding-set=-all']
    : [];
  return [setpriv, ...drop, '--no-new-privs', '--pdeathsig=KILL', '--', path, ...args];
}
