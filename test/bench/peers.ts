// The programs that people use today, with the best options of each: blocks of 1 MiB, direct I/O if supported, and
// everything on the medium before it counts as done.
import { etcher, etcherMissing } from './etcher.ts';
import { MiB, median } from './figures.ts';
import type { Entry, Task } from './contenders.ts';
import { missingProgram, quoted, shell, type Script } from './shell.ts';

/** The task of a row. */
export type Job = 'copy' | 'copy and verify' | 'verify' | 'update';

const START_UP_RUNS = 3;

const ranks = ({ destinations }: Task): number[] => destinations.map((_, i) => i);
const names = (task: Task, prefix = 'to'): string =>
  ranks(task)
    .filter((i) => i !== task.slow)
    .map((i) => `${prefix}${String(i)}`)
    .join(' ');
const dd = (operands: string, bytes?: number): string =>
  `dd ${operands} bs=1M${bytes === undefined ? '' : ` count=${String(bytes / MiB)}`}`;
const giveUpSlow = ({ slow }: Task): string => (slow === undefined ? '' : `kill "\${pid[to${String(slow)}]}"; wait`);

function parallelDd(task: Task): string {
  const { source, destinations, bytes } = task;
  const starts = destinations.map(
    (to, i) =>
      `start to${String(i)} ${dd(`if=${quoted(source)} iflag=direct of=${quoted(to)} oflag=direct conv=fsync`, bytes)}`,
  );
  return [...starts, `wait_for ${names(task)} || return`, giveUpSlow(task)].join('\n');
}

function compare(task: Task): string {
  const read = (path: string): string => `<(${dd(`if=${quoted(path)} iflag=direct status=none`, task.bytes)})`;
  const starts = task.destinations.map((to, i) => `start with${String(i)} cmp ${read(task.source)} ${read(to)}`);
  return [...starts, `wait_for ${names(task, 'with')} || return`].join('\n');
}

/** Writes the output of `reading` to all destinations at the same time. */
export function teeOf(reading: string, task: Task): string {
  const { destinations } = task;
  const fifos = destinations.map((_, i) => `"$T/fifo${String(i)}"`);
  const last = fifos.pop() ?? '/dev/null';
  const starts = destinations.map(
    (to, i) =>
      `start to${String(i)} ${dd(`if="$T/fifo${String(i)}" iflag=fullblock of=${quoted(to)} oflag=direct conv=fsync`)}`,
  );
  const read = `${reading} | tee ${fifos.join(' ')} > ${last}`;
  return [
    `mkfifo ${[...fifos, last].join(' ')}`,
    ...starts,
    `${read} || return`,
    `wait_for ${names({ ...task, slow: undefined })} || return`,
  ].join('\n');
}

const readingOf = ({ source, bytes }: Task): string => dd(`if=${quoted(source)} iflag=direct status=none`, bytes);

function dcfldd({ source, destinations, bytes }: Task, options = ''): string {
  const outs = destinations.map((to) => `of=${quoted(to)}`).join(' ');
  return `dcfldd if=${quoted(source)} ${outs} bs=1M count=${String(bytes / MiB)} ${options} status=off && sync -d ${destinations.map(quoted).join(' ')}`;
}

function dcflddVerify({ source, destinations, bytes }: Task): string {
  const each = destinations.map(
    (to, i) =>
      `start with${String(i)} dcfldd if=${quoted(source)} vf=${quoted(to)} bs=1M count=${String(bytes / MiB)} status=off`,
  );
  return [...each, `wait_for ${destinations.map((_, i) => `with${String(i)}`).join(' ')} || return`].join('\n');
}

const ddrescue = ({ source, destinations, bytes }: Task): string =>
  `ddrescue --quiet --force --idirect --odirect --cluster-size=${String(MiB / 512)} --size=${String(bytes)} ${quoted(source)} ${quoted(destinations[0] ?? '')}`;

/** Drops the page cache of the devices, so that what a buffered program left there is neither read nor stored. */
const flushed = ({ source, destinations }: Task): string =>
  `for d in ${[source, ...destinations].map(quoted).join(' ')}; do [ ! -b "$d" ] || blockdev --flushbufs "$d"; done`;

/** Runs a program with nearly no work, once per destination, to measure start-up. */
function idle(task: Task, command: string): string {
  return [
    ...task.destinations.map((_, i) => `start with${String(i)} ${command}`),
    `wait_for ${names(task, 'with')} || return`,
  ].join('\n');
}

interface ShellPeer {
  name: string;
  program: string;
  debianPackage?: string;
  /** The script, or why there is none. */
  script: (job: Job, task: Task) => Script | string;
}

const whole = 'writes everything: see 1->4';

const shellPeers: readonly ShellPeer[] = [
  {
    name: 'dd',
    program: 'dd',
    script(job, task) {
      if (task.destinations.length > 1) return 'one destination only: see dd in parallel';
      if (job === 'copy') return { text: parallelDd(task), tells: true };
      return job === 'update' ? whole : 'cannot compare';
    },
  },
  {
    name: 'dd in parallel',
    program: 'dd',
    script(job, task) {
      if (task.destinations.length === 1) return 'one destination: that is dd';
      if (job === 'update') return whole;
      if (job === 'copy') return { text: parallelDd(task), tells: true };
      return { text: [...(job === 'verify' ? [] : [parallelDd(task)]), compare(task)].join('\n'), tells: false };
    },
  },
  {
    name: 'dd, tee, dd',
    program: 'tee',
    script(job, task) {
      if (job === 'copy') return { text: teeOf(readingOf(task), task), tells: true };
      return job === 'update' ? whole : 'cannot compare';
    },
  },
  {
    name: 'dcfldd',
    program: 'dcfldd',
    script(job, task) {
      if (job === 'copy and verify') return 'compares only in a run of its own: see verify';
      if (job === 'verify')
        return {
          text: dcflddVerify(task),
          tells: false,
          idle: idle(task, 'dcfldd if=/dev/zero of=/dev/null bs=1M count=1 status=off'),
        };
      return { text: dcfldd(task, job === 'update' ? 'diffwr=on' : ''), tells: false };
    },
  },
  {
    name: 'ddrescue',
    program: 'ddrescue',
    debianPackage: 'gddrescue',
    script(job, task) {
      if (task.destinations.length > 1) return 'one destination only';
      if (job === 'copy') return { text: ddrescue(task), tells: false };
      return job === 'update' ? whole : 'cannot compare';
    },
  },
];

/**
 * Wall-clock time of a program with nearly no work, for programs that do not report their own time: median of three.
 */
async function startUpOf(peer: ShellPeer, job: Job, task: Task): Promise<number> {
  const small = peer.script(job, { ...task, bytes: MiB });
  if (typeof small === 'string' || small.tells) return 0;
  const walls: number[] = [];
  for (let i = 0; i < START_UP_RUNS; i += 1)
    walls.push((await shell({ ...small, text: small.idle ?? small.text }, task)).wall);
  return median(walls);
}

function shellEntry(peer: ShellPeer, job: Job, task: Task): Entry {
  const name = job === 'verify' && peer.name === 'dd in parallel' ? 'dd, cmp, dd in parallel' : peer.name;
  const script = missingProgram(peer.program, peer.debianPackage) ?? peer.script(job, task);
  if (typeof script === 'string') return { name, kind: 'peer', run: script };
  let startUp: number | undefined;
  const run = async (): ReturnType<typeof shell> => {
    startUp ??= await startUpOf(peer, job, task);
    const sample = await shell(script, task, startUp);
    if (peer.program === 'dcfldd') await shell({ text: flushed(task), tells: false }, task); // it has no direct I/O
    return sample;
  };
  return { name, kind: 'peer', run, writes: job !== 'verify' };
}

function etcherEntry(job: Job, task: Task): Entry {
  const reasons = {
    update: whole,
    verify: 'compares only after a copy of its own',
    copy: null,
    'copy and verify': null,
  };
  const reason = reasons[job] ?? etcherMissing();
  return { name: 'etcher-sdk', kind: 'peer', run: reason ?? (() => etcher(task, job === 'copy and verify')) };
}

/** All peers for a task, with the reason for each that cannot do it. */
export function peers(job: Job, task: Task): Entry[] {
  return [...shellPeers.map((peer) => shellEntry(peer, job, task)), etcherEntry(job, task)];
}
