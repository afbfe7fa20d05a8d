// The signals that stop a program of ours, and the meaning of SIGHUP.
import { isatty } from 'node:tty';

/**
 * The signals that mean: stop, and leave the devices in order. SIGHUP is one of them only where a standard stream was a
 * terminal at the start. Node resets a SIGHUP that nohup(1) had ignored, so the disposition cannot tell; but nohup leaves
 * no terminal among the streams, and a program without one loses nothing when the terminal closes.
 */
export const STOPPING: readonly NodeJS.Signals[] = [0, 1, 2].some((fd) => isatty(fd))
  ? ['SIGINT', 'SIGTERM', 'SIGHUP']
  : ['SIGINT', 'SIGTERM'];

/** Keeps a SIGHUP that is not a stop signal from ending this program. */
export function outliveHangUp(): void {
  if (!STOPPING.includes('SIGHUP')) process.on('SIGHUP', () => undefined);
}
