// Stdout: the exit code when it cannot be written, and what its terminal supports.
import { setTimeout as sleep } from 'node:timers/promises';
import { EXIT } from './exit-code.ts';

/** Exit codes that promise a result on stdout. The others already report a failure. */
const PROMISES: ReadonlySet<number> = new Set([EXIT.allGood, EXIT.someFailed]);

/**
 * Watches `stdout` for the life of the process. The first failed write is reported on `stderr`, and exit code 0 or 1
 * becomes 3. EPIPE is not a failure: the reader has seen enough.
 */
export function watchOutput(stdout: NodeJS.WritableStream, stderr: NodeJS.WritableStream): void {
  let failed = false;
  stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE' || failed) return;
    failed = true;
    stderr.write(`platter: cannot write to stdout: ${error.message}\n`);
  });
  stderr.on('error', () => undefined); // there is no other place for messages
  process.on('exit', (code) => {
    if (failed && PROMISES.has(code)) process.exitCode = EXIT.noneGood;
  });
}

/** Milliseconds until the user is told that stdout is not being read. */
const REPORT_AFTER = 2000;

/**
 * Waits until the system has taken everything written to `stdout`, or refused it. When nobody reads a full pipe, says
 * so on `stderr`, and resolves to false after `patience` milliseconds of that; 0 waits forever.
 */
export async function drain(
  stdout: NodeJS.WritableStream,
  stderr: NodeJS.WritableStream,
  patience: number,
): Promise<boolean> {
  const taken = new Promise<true>((resolve) => void stdout.write('', () => resolve(true)));
  const first = patience === 0 ? REPORT_AFTER : Math.min(REPORT_AFTER, patience);
  if (await Promise.race([taken, after(first)])) return true;
  stderr.write('platter: waiting for the program that reads stdout\n');
  if (patience === 0) return taken;
  if (await Promise.race([taken, after(patience - first)])) return true;
  stderr.write(`platter: nothing has read stdout for ${patience / 1000} seconds. Part of the output is lost.\n`);
  return false;
}

const after = (milliseconds: number): Promise<false> => sleep(milliseconds, false, { ref: false });

/**
 * Usable columns and rows of the terminal `stdout`. A terminal of unknown size reports 0. One column stays free,
 * because some terminals wrap when the last one is filled.
 */
export const screenOf = ({
  columns,
  rows,
}: Pick<NodeJS.WriteStream, 'columns' | 'rows'>): { width: number; height: number } => ({
  width: (columns > 0 ? columns : 80) - 1,
  height: (rows > 0 ? rows : 24) - 1,
});

export interface TerminalKind {
  /** The cursor can be moved, so that lines can be redrawn. */
  moves: boolean;
  /** It shows more than ASCII. */
  utf8: boolean;
}

/** The kernel's console takes UTF-8, but its font has few of our glyphs. */
const LIMITED_FONT = 'linux';

/** The kind of terminal by TERM and the locale's variables, read in the order of setlocale(3). */
export function terminalOf({ TERM = '', LC_ALL = '', LC_CTYPE = '', LANG = '' }: NodeJS.ProcessEnv): TerminalKind {
  const locale = [LC_ALL, LC_CTYPE, LANG].find((value) => value !== '') ?? 'C';
  return { moves: TERM !== '' && TERM !== 'dumb', utf8: TERM !== LIMITED_FONT && /\.utf-?8(?:@|$)/iu.test(locale) };
}
