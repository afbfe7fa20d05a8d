// The computer does not go to sleep while a job runs: drives can be gone when it wakes. `systemd-inhibit` asks logind
// for that, for as long as the program that it starts runs.
import { spawn } from 'node:child_process';
import type { Logger } from '../records/log.ts';

/** `cat` ends when its input does, so the hold also ends when this process is killed. */
const HOLD = [
  '--what=sleep:idle',
  '--who=Platter',
  '--why=Drives are being read or written',
  '--mode=block',
  'cat',
] as const;

/**
 * Holds off sleep until the function that it gives is called. Where that cannot be had (no systemd, no right to it) the
 * job runs without it, and the log says so.
 */
export function holdOffSleep(log: Logger): () => void {
  const failed = (why: string): void => log.info(`sleep is not held off: ${why}`);
  // In a session of its own: Ctrl-C is for the job, which still flushes its drives then.
  const child = spawn('systemd-inhibit', HOLD, { stdio: ['pipe', 'ignore', 'pipe'], detached: true });
  let released = false;
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (said = (said + text).slice(-1000)));
  child.once('error', (error) => failed(error.message));
  child.once('close', (code) => {
    if (!released && child.pid !== undefined)
      failed(said.trim() === '' ? `systemd-inhibit ended with ${code ?? 'a signal'}` : said.trim());
  });
  // It is gone already; why, its end says.
  child.stdin.on('error', () => undefined);
  child.unref();
  return () => {
    released = true;
    child.stdin.end();
  };
}
