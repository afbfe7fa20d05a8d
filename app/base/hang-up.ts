// The signals that stop our programs, and the meaning of SIGHUP.
import { isatty } from 'node:tty';

/**
 * The signals that stop the program and leave the devices in order. SIGHUP counts only when a standard stream was a
 * terminal at the start. Node resets a SIGHUP that nohup(1) had ignored, so its disposition tells nothing. But nohup
 * leaves no terminal among the streams, and a program without one loses nothing when the terminal closes.
 */
export const STOPPING: readonly NodeJS.Signals[] = [0, 1, 2].some((fd) => isatty(fd))
  ? ['SIGINT', 'SIGTERM', 'SIGHUP']
  : ['SIGINT', 'SIGTERM'];

/** Ignores SIGHUP when it is not a stop signal, so that it does not end this program. */
export function outliveHangUp(): void {
  if (!STOPPING.includes('SIGHUP')) process.on('SIGHUP', () => undefined);
}
