// Keeps the computer awake while a job runs, because drives can be gone after sleep. `systemd-inhibit` asks logind for
// that as long as its child process runs.
import { spawn } from 'node:child_process';
import type { Logger } from '../records/log.ts';

/** `cat` ends with its input, so the hold also ends when this process is killed. */
const HOLD = [
  '--what=sleep:idle',
  '--who=Platter',
  '--why=Drives are being read or written',
  '--mode=block',
  'cat',
] as const;

/**
 * Prevents sleep until the function that it gives is called. When that is not possible (no systemd, no right to it),
 * the job runs without it, and the log says so.
 */
export function inhibitSleep(log: Logger): () => void {
  const failed = (why: string): void => log.info(`sleep is not held off: ${why}`);
  // In its own session: Ctrl-C is for the job, which then still flushes its drives.
  const child = spawn('systemd-inhibit', HOLD, { stdio: ['pipe', 'ignore', 'pipe'], detached: true });
  let released = false;
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (said = (said + text).slice(-1000)));
  child.once('error', (error) => failed(error.message));
  child.once('close', (code) => {
    if (!released && child.pid !== undefined)
      failed(said.trim() === '' ? `systemd-inhibit ended with ${code ?? 'a signal'}` : said.trim());
  });
  // It has already ended; its exit says why.
  child.stdin.on('error', () => undefined);
  child.unref();
  return () => {
    released = true;
    child.stdin.end();
  };
}
