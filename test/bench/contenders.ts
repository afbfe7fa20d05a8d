// Those who run against each other: Platter, its peers, and fio as the limit of the devices. Each does one copy of
// `bytes` from a source to all destinations, with direct I/O, and says how long it took.
import { execFile, spawn } from 'node:child_process';
import { readFile, readdir } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);
const PLATTER = fileURLToPath(new URL('../../out/cli/platter.js', import.meta.url));

/** What is copied. */
export interface Task {
  source: string;
  destinations: string[];
  /** Bytes. */
  bytes: number;
}

/** One measured run. */
export interface Sample {
  /** Seconds of copying, start-up apart where the program can tell. */
  seconds: number;
  /** Seconds from starting the program to its end. */
  wall: number;
  /** Peak of the resident memory of all its processes together, in bytes; null when not measured. */
  memory: number | null;
}

export interface Contender {
  name: string;
  /** Null when it can run here, else why not. */
  missing(): Promise<string | null>;
  copy(task: Task): Promise<Sample>;
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await work();
  return (performance.now() - start) / 1000;
}

async function missingProgram(name: string): Promise<string | null> {
  try {
    await run('sh', ['-c', `command -v ${name}`]);
    return null;
  } catch {
    return `${name} is not installed: apt-get install ${name}`;
  }
}

/** A peer that is one shell command. It cannot tell its start-up apart; for a gigabyte that is some milliseconds. */
function shell(name: string, program: string, command: (task: Task) => string): Contender {
  return {
    name,
    missing: () => missingProgram(program),
    async copy(task) {
      const seconds = await timed(() => run('bash', ['-c', command(task)], { maxBuffer: 1 << 26 }));
      return { seconds, wall: seconds, memory: null };
    },
  };
}

const dd = (from: string, to: string, flags: string): string => `dd ${from} of=${to} bs=1M ${flags} status=none`;

/** Resident peak of a process and its children, in bytes. */
async function peakMemory(pid: number): Promise<number> {
  let sum = 0;
  try {
    const status = await readFile(`/proc/${String(pid)}/status`, 'utf8');
    sum += Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0) * 1024;
    for (const thread of await readdir(`/proc/${String(pid)}/task`)) {
      const children = await readFile(`/proc/${String(pid)}/task/${thread}/children`, 'utf8');
      for (const child of children.split(' ').filter(Boolean)) sum += await peakMemory(Number(child));
    }
  } catch (error) {
    // A process that has just ended has no peak any more.
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'ENOENT' && code !== 'ESRCH') throw error;
  }
  return sum;
}

/** Platter's own command line, as its users run it. */
export function platter(io: 'uring' | 'threads', options: readonly string[] = ['--no-verify']): Contender {
  const label = options.includes('--no-verify') ? '' : ' + verify';
  return {
    name: `platter (${io})${label}`,
    missing: () => Promise.resolve(null),
    async copy({ source, destinations }) {
      const start = performance.now();
      const args = [PLATTER, 'copy', source, ...destinations, '--yes', '--json', '--io', io, ...options];
      const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
      let seconds = Number.NaN;
      let memory = 0;
      for await (const line of createInterface(child.stdout)) {
        const event = JSON.parse(line) as { event: string; seconds?: number };
        if (child.pid !== undefined) memory = Math.max(memory, await peakMemory(child.pid));
        if (event.event === 'result') seconds = event.seconds ?? Number.NaN;
      }
      const code = child.exitCode ?? (await new Promise((resolve) => child.once('exit', resolve)));
      if (code !== 0) throw new Error(`platter ended with ${String(code)}`);
      return { seconds, wall: (performance.now() - start) / 1000, memory };
    },
  };
}

/** One fio that reads the source and writes every destination at the same time: what the devices give. */
export const fio: Contender = {
  name: 'fio: read and write at once',
  missing: () => missingProgram('fio'),
  async copy({ source, destinations, bytes }) {
    const job = (name: string, rw: string, file: string): string[] => [`--name=${name}`, `--rw=${rw}`, `--filename=${file}`];
    const common = ['--direct=1', '--bs=1M', '--ioengine=io_uring', '--iodepth=4', `--size=${String(bytes)}`];
    const jobs = destinations.flatMap((file, i) => job(`write${String(i)}`, 'write', file));
    const start = performance.now();
    const { stdout } = await run('fio', ['--output-format=json', ...common, ...job('read', 'read', source), ...jobs], { maxBuffer: 1 << 26 });
    const wall = (performance.now() - start) / 1000;
    const result = JSON.parse(stdout) as { jobs: { read: { runtime: number }; write: { runtime: number } }[] };
    const milliseconds = Math.max(...result.jobs.map((j) => Math.max(j.read.runtime, j.write.runtime)));
    return { seconds: milliseconds / 1000, wall, memory: null };
  },
};

/** What people use today. */
export const peers: readonly Contender[] = [
  shell('dd, one per destination', 'dd', ({ source, destinations }) =>
    [...destinations.map((to) => `${dd(`if=${source} iflag=direct`, to, 'oflag=direct conv=fsync')} &`), 'wait'].join(' '),
  ),
  shell('dd, tee, dd', 'tee', ({ source, destinations }) => {
    const ends = destinations.map((to) => dd('iflag=fullblock', to, 'oflag=direct conv=fsync'));
    const last = ends.pop() ?? 'cat >/dev/null';
    const tees = ends.map((end) => `>(${end})`).join(' ');
    return `set -o pipefail; dd if=${source} bs=1M iflag=direct status=none | tee ${tees} | ${last}; wait`;
  }),
  shell('dcfldd', 'dcfldd', ({ source, destinations }) => {
    const outs = destinations.map((to) => `of=${to}`).join(' ');
    return `dcfldd if=${source} ${outs} bs=1M statusinterval=0 status=off 2>/dev/null && sync -d ${destinations.join(' ')}`;
  }),
];
