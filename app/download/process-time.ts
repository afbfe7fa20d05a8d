// Tells a process from a later one with the same number.
import { statOf } from '../base/process-stat.ts';

/** Start of a process, in clock ticks since boot; null when there is no process with this number. */
export const processTime = (pid: number): string | null => statOf(pid)[19] ?? null;
