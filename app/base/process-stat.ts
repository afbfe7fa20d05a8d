// Reads /proc/PID/stat.
import { readFileSync } from 'node:fs';
import { unlessErrno } from './errors.ts';

/**
 * The fields of a process, from its state (the third in proc_pid_stat(5)) on. Empty when there is no such process, or
 * it cannot be seen (procfs with hidepid).
 */
export function statOf(pid: number | 'self'): string[] {
  const text = unlessErrno('', () => readFileSync(`/proc/${pid}/stat`, 'utf8'));
  // "pid (name) state ...": the name may contain anything, even a parenthesis.
  return text === '' ? [] : text.slice(text.lastIndexOf(')') + 2).split(' ');
}
