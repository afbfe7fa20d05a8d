// Runs one program and takes its figures, the same way for all: the clock around it, the memory of its processes,
// and what the whole machine's processors did meanwhile.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { busySeconds } from './processors.ts';

/** Peaks, in bytes, of what the processes of one program took. */
export interface Memory {
  /** Resident memory of the largest process, what it shares (the program's own text) included. */
  resident: number;
  /** Anonymous memory of all its processes: buffers, heaps, stacks. */
  own: number;
  /** Resident memory of all its processes added up; what two of them share counts twice. */
  everything: number;
}

/** One measured run. Times in seconds. */
export interface Sample {
  /** From the first request to the last flush, by the program itself; see `Contender` for those that cannot tell. */
  seconds: number;
  /** From starting the program to its end. */
  wall: number;
  /** Processor time of its processes, start-up left out where it can tell; null when unknown. */
  cpu: number | null;
  /** Processor time of the whole machine from its start to its end, the kernel's threads included. */
  busy: number;
  memory: Memory;
  /** Seconds of the kernel's own work in `seconds`, spread over all processors, where it tells. */
  kernel?: number;
  /** Bytes that it wrote, all destinations added up, where it tells. */
  written?: number;
}

/** What is known of a program that has ended well. */
export interface Ended {
  wall: number;
  busy: number;
  memory: Memory;
  stdout: string;
  stderr: string;
}

const SAMPLE_MILLISECONDS = 50;

/** Reads a file of a process; empty when the process has gone. */
function readProc(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ESRCH') return '';
    throw error;
  }
}

/** Memory of a process and its descendants now, in bytes; children of other threads than the first are not seen. */
function memoryOf(pid: number): Memory {
  const status = readProc(`/proc/${String(pid)}/status`);
  const bytes = (field: string): number =>
    Number(new RegExp(`^${field}:\\s+(\\d+) kB$`, 'mu').exec(status)?.[1] ?? 0) * 1024;
  const peak = bytes('VmHWM');
  const sum: Memory = { resident: peak, own: bytes('RssAnon'), everything: peak };
  for (const child of readProc(`/proc/${String(pid)}/task/${String(pid)}/children`)
    .split(' ')
    .filter(Boolean)) {
    const { resident, own, everything } = memoryOf(Number(child));
    sum.resident = Math.max(sum.resident, resident);
    sum.own += own;
    sum.everything += everything;
  }
  return sum;
}

/**
 * Runs a program to its end. Throws with the last line of its stderr when it ends with something else than 0.
 * @param ended called with each line of stdout as it comes
 */
export async function runProgram(command: string, args: readonly string[]): Promise<Ended> {
  const busyBefore = busySeconds();
  const start = performance.now();
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, LC_ALL: 'C' } });
  const exit = once(child, 'close') as Promise<[number | null, NodeJS.Signals | null]>;
  let [stdout, stderr] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const memory: Memory = { resident: 0, own: 0, everything: 0 };
  const look = (): void => {
    if (child.pid === undefined) return;
    const now = memoryOf(child.pid);
    for (const name of ['resident', 'own', 'everything'] as const) memory[name] = Math.max(memory[name], now[name]);
  };
  const timer = setInterval(look, SAMPLE_MILLISECONDS);
  try {
    const [code, signal] = await exit;
    const wall = (performance.now() - start) / 1000;
    const lastLine = stderr.trim().split('\n').at(-1) ?? '';
    if (code !== 0) throw new Error(`${command} ended with ${String(code ?? signal)}${lastLine && `: ${lastLine}`}`);
    return { wall, busy: busySeconds() - busyBefore, memory, stdout, stderr };
  } finally {
    clearInterval(timer);
  }
}
