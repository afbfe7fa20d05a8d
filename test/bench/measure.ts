// Runs one program and measures it, in the same way for all: wall-clock time, memory of its processes, and what all
// processors of the machine did meanwhile.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { busySeconds } from './processors.ts';

/** Peak memory of one program's processes, in bytes. */
export interface Memory {
  /** Resident memory of the largest process, including shared pages such as the program's own text. */
  resident: number;
  /** Anonymous memory of all its processes: buffers, heaps, stacks. */
  own: number;
  /** Sum of the resident memory of all its processes. Shared pages count more than once. */
  everything: number;
}

/** One measured run. Times in seconds. */
export interface Sample {
  /** From the first request to the last flush, as the program reports it. `Contender` explains those that cannot. */
  seconds: number;
  /** From starting the program to its end. */
  wall: number;
  /** Processor time of its processes, without start-up if the program can tell; null when unknown. */
  cpu: number | null;
  /** Processor time of the whole machine from its start to its end, including kernel threads. */
  busy: number;
  memory: Memory;
  /** The kernel's own work in `seconds`, divided by the number of processors, if the program reports it. */
  kernel?: number;
  /** Bytes written to all destinations together, if the program reports it. */
  written?: number;
  /** Bytes of the image that it wrote, where images are compared. */
  image?: number;
}

/** The facts about a program that ended well. */
export interface Ended {
  wall: number;
  busy: number;
  memory: Memory;
  stdout: string;
  stderr: string;
}

const SAMPLE_MILLISECONDS = 50;

/** Reads a file of a process. Empty when the process has ended. */
function readProc(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ESRCH') return '';
    throw error;
  }
}

/**
 * Current memory of a process and its descendants, in bytes. Children of threads other than the first are not found.
 */
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
 * Runs a program to its end. Throws the last line of its stderr unless it exits with 0.
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
