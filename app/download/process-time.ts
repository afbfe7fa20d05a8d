// Tells a process from a later one with its number.
import { statOf } from '../base/process-stat.ts';

/** When a process began, in clock ticks since the start of the machine; null when there is none with this number. */
export const processTime = (pid: number): string | null => statOf(pid)[19] ?? null;
