// Writing to stdout, and what the exit code says when that fails.
import { EXIT } from './exit-code.ts';

/** Exit codes that promise a result on stdout. The others say already that the command did not end well. */
const PROMISES: ReadonlySet<number> = new Set([EXIT.allGood, EXIT.someFailed]);

/**
 * Watches `stdout` for the life of the process. The first failed write is told on `stderr`, and exit code 0 or 1 becomes 3.
 * EPIPE is no failure: the reader has seen enough.
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

/** Writes `text` and waits until the system has it, or refuses it. */
export function written(stdout: NodeJS.WritableStream, text: string): Promise<void> {
  return new Promise((resolve) => void stdout.write(text, () => resolve()));
}
