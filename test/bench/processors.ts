// Reads what the machine's processors have done since boot.
import { readFileSync } from 'node:fs';

/** Ticks per second in /proc/stat. It is 100 on all common Linux systems. */
const TICKS_PER_SECOND = 100;

/** The named columns of the line `cpu` of /proc/stat (proc(5)), in ticks. */
function ticks(): { user: number; nice: number; system: number; irq: number; softirq: number } {
  const stat = readFileSync('/proc/stat', 'utf8');
  const [, user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0] = (stat.split('\n')[0] ?? '')
    .split(/\s+/u)
    .map(Number);
  return { user, nice, system, irq, softirq };
}

/** Seconds of work, summed over all processors. */
export function busySeconds(): number {
  const { user, nice, system, irq, softirq } = ticks();
  return (user + nice + system + irq + softirq) / TICKS_PER_SECOND;
}

/** Seconds of work for the kernel, divided by the number of processors: the least time that such work takes. */
export function kernelSeconds(): number {
  const { system, irq, softirq } = ticks();
  const processors = readFileSync('/proc/stat', 'utf8').match(/^cpu\d/gmu)?.length ?? 1;
  return (system + irq + softirq) / TICKS_PER_SECOND / processors;
}
