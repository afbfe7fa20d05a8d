// The contenders, and how each reports its figures. Every run is a process of its own.
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { runProgram, type Sample } from './measure.ts';
import type { EngineTask, EngineReport } from './engine-run.ts';

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
export const ADDON = here('../../out/native/kcopyd.node');
/** The command line. */
export const PLATTER = here('../../out/cli/platter.js');

/** The task: copy `bytes` from the start of the source to the start of every destination. */
export interface Task {
  source: string;
  destinations: readonly string[];
  bytes: number;
  /** Index of a destination that is not waited for: `seconds` ends when the others are done. */
  slow?: number;
}

export type Kind = 'platter' | 'peer' | 'limit';

/** An entry in a row. */
export interface Entry {
  name: string;
  kind: Kind;
  /** Runs it once, or says why it cannot. */
  run: (() => Promise<Sample>) | string;
  /** False when it does not write the destinations. */
  writes?: boolean;
  /** Name of the entry to compare with, when that is not the row's limit. */
  against?: string;
}

/** The JSON in the last line that a program of ours printed. */
function lastLine(stdout: string): unknown {
  return JSON.parse(stdout.trim().split('\n').at(-1) ?? '');
}

// ---- Platter

/** The engine in a Node process, through the addon. */
export async function engine(task: Task & Partial<EngineTask>): Promise<Sample> {
  const full: EngineTask = { addon: ADDON, op: 'copy', io: 'uring', pages: 8192, ...task };
  const { wall, busy, memory, stdout } = await runProgram(process.execPath, [
    here('engine-run.ts'),
    JSON.stringify(full),
  ]);
  const report = lastLine(stdout) as EngineReport;
  return { ...report, wall, busy, memory };
}

/** Name of the command line in the table. */
export const COMMAND_LINE = 'platter command line';

/** The command line, as its users run it. */
export async function commandLine(task: Task, options: readonly string[], command = 'copy'): Promise<Sample> {
  const asked = command === 'copy' ? ['--yes', ...options] : options;
  const args = [PLATTER, command, task.source, ...task.destinations, '--json', ...asked];
  const { wall, busy, memory, stdout } = await runProgram(process.execPath, args);
  const { seconds } = lastLine(stdout) as { seconds: number };
  return { seconds, cpu: null, wall, busy, memory };
}

// ---- The limit

/** The work of one fio, all of it at the same time. */
export interface FioTask {
  reads: readonly string[];
  writes: readonly string[];
  bytes: number;
  depth?: number;
}

/** One fio with direct 1 MiB requests by io_uring, and `depth` of them in flight per device (default 4). */
export async function fio({ reads, writes, bytes, depth = 4 }: FioTask): Promise<Sample> {
  const job =
    (rw: string) =>
    (file: string, i: number): string[] => [`--name=${rw}${String(i)}`, `--rw=${rw}`, `--filename=${file}`];
  const common = [
    '--output-format=json',
    '--direct=1',
    '--bs=1M',
    '--ioengine=io_uring',
    `--iodepth=${String(depth)}`,
    `--size=${String(bytes)}`,
  ];
  const args = [...common, ...reads.flatMap(job('read')), ...writes.flatMap(job('write'))];
  const { wall, busy, memory, stdout } = await runProgram('fio', args);
  type Part = { runtime: number };
  const { jobs } = JSON.parse(stdout.slice(stdout.indexOf('{'))) as {
    jobs: { read: Part; write: Part; usr_cpu: number; sys_cpu: number; job_runtime: number }[];
  };
  const seconds = Math.max(...jobs.map(({ read, write }) => Math.max(read.runtime, write.runtime))) / 1000;
  const cpu = jobs.reduce((sum, j) => sum + ((j.usr_cpu + j.sys_cpu) / 100) * (j.job_runtime / 1000), 0);
  return { seconds, cpu, wall, busy, memory };
}

const FAN_OUT_PROGRAM = here('../../out/bench/fan-out');

/** The minimal copy in fan-out.c, or why it cannot run. It flushes, as a copy must, and does nothing else. */
export const fanOut = ({ source, destinations, bytes }: Task): Entry['run'] =>
  existsSync(FAN_OUT_PROGRAM)
    ? async () => {
        const { wall, busy, memory, stdout } = await runProgram(FAN_OUT_PROGRAM, [
          String(bytes),
          source,
          ...destinations,
        ]);
        return { ...(lastLine(stdout) as { seconds: number; cpu: number }), wall, busy, memory };
      }
    : `${FAN_OUT_PROGRAM} is missing: make -C test/bench (needs liburing-dev)`;

/** Runs one after the other. Adds the figures of both. */
export async function oneAfterTheOther(...runs: (() => Promise<Sample>)[]): Promise<Sample> {
  const [first, ...rest] = runs;
  if (first === undefined) throw new Error('nothing to run');
  let sum = await first();
  for (const next of rest) {
    const sample = await next();
    sum = {
      seconds: sum.seconds + sample.seconds,
      wall: sum.wall + sample.wall,
      cpu: sum.cpu === null || sample.cpu === null ? null : sum.cpu + sample.cpu,
      busy: sum.busy + sample.busy,
      memory: sum.memory.everything > sample.memory.everything ? sum.memory : sample.memory,
    };
  }
  return sum;
}
