// Tells a process from a later one with its number.
import { readFileSync } from 'node:fs';
import { unlessErrno } from '../base/errors.ts';

/** When a process began, in clock ticks since the start of the machine; null when there is none with this number. */
export function processTime(pid: number): string | null {
  const stat = unlessErrno(null, () => readFileSync(`/proc/${String(pid)}/stat`, 'utf8'));
  // The name is in parentheses and can hold blanks. Field 22 of proc_pid_stat(5) is the 20th behind it.
  return stat?.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? null;
}
