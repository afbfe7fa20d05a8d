// Runs programs of the system.
import { execFile, type ExecFileException } from 'node:child_process';
import { whenStuck } from './drive-waits.ts';

/** Fixed, because a host that runs as root must not trust its caller's PATH. */
export const SYSTEM_PATH = '/usr/sbin:/usr/bin:/sbin:/bin:/run/current-system/sw/bin';

/** The output of a program, and how it ended. */
export interface ProgramOutput {
  stdout: string;
  stderr: string;
  /** Why it failed, in words; "timeout" when it did not answer; null when it succeeded. */
  failed: string | null;
}

/**
 * Runs `program` from `path`, in English, for at most `timeout` milliseconds (0: no limit), or longer while `moved`
 * keeps changing. Never rejects.
 */
export function runProgram(
  program: string,
  args: readonly string[],
  path = SYSTEM_PATH,
  timeout = 0,
  moved = (): string => '',
): Promise<ProgramOutput> {
  return new Promise((resolve) => {
    const child = execFile(
      program,
      args,
      { env: { PATH: path, LC_ALL: 'C.UTF-8' }, maxBuffer: 64 * 1024 * 1024 },
      (error, stdout, stderr) => {
        stopWaiting();
        resolve({ stdout, stderr, failed: error === null ? null : endOf(error) });
      },
    );
    // A program that waits for a hanging device cannot be killed, so do not wait for it to end.
    const giveUp = (): void => {
      child.kill('SIGKILL');
      child.unref();
      resolve({ stdout: '', stderr: '', failed: 'timeout' });
    };
    const stopWaiting = timeout === 0 ? (): void => undefined : whenStuck(moved, timeout, giveUp);
  });
}

/** How a failed program ended, in words. */
const endOf = ({ signal, code, message }: ExecFileException): string =>
  signal ? `it was killed by ${signal}` : typeof code === 'number' ? `it ended with exit code ${code}` : message;
