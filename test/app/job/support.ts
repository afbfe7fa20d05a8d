// A real engine host for a test, and its events.
import { execFileSync, spawn, type ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync } from 'node:fs';
import { mkdir, open, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach } from 'vitest';
import type { JobError, PlatterError } from '../../../app/contract/errors.ts';
import type { HostEvent } from '../../../app/contract/host.ts';
import type { InterruptedJob, JobResult } from '../../../app/contract/jobs.ts';
import type { JobRequest } from '../../../app/contract/request.ts';
import { countChunks } from '../../../app/engine/formats/chunks.ts';
import { Refusal, startEngine, type Engine } from '../../../app/client/client.ts';
import { readJobLog } from '../../../app/engine/formats/job-log.ts';
import { labdisk, seededBytes, type LabDisk, type LabDiskOptions, type LabEntry } from '../../lab/lab.ts';
import { asked, type Facts } from '../../requests.ts';

export const HOST = fileURLToPath(new URL('../../../out/engine/host.js', import.meta.url));
/** The command line that starts it. */
export const HOST_ARGV = [process.execPath, HOST];
export const MiB = 1024 ** 2;

/** A host with a client, and the events so far. */
export interface Session {
  engine: Engine;
  events: HostEvent[];
  host: ChildProcessByStdio<Writable, Readable, Readable>;
  /** Exit code and signal of the host. */
  exited: Promise<[number | null, NodeJS.Signals | null]>;
  /** Everything that the host said on stderr. */
  stderr(): string;
  /** Waits for an event that satisfies `condition`, also among those that came before. */
  until(condition: (event: HostEvent) => boolean): Promise<HostEvent>;
  /** Prepares and starts a job. Its id, and the path of its log. */
  begin(request: Facts): Promise<{ job: string; log: string }>;
  /** Kills the host and waits for its end. A stalled I/O of `disk` would keep it, so the rules of that are cleared. */
  kill(disk?: LabDisk): Promise<void>;
  /** Prepares, starts, and waits for the result. */
  run(request: Facts): Promise<JobResult>;
  errors(): JobError[];
}

export const requestOf = (facts: Facts): JobRequest => asked({ source: '/', ...facts });

/** The errors of a refused call. Throws when the call succeeded. */
export async function refused(call: Promise<unknown>): Promise<PlatterError[]> {
  const outcome = await call.then(
    (value) => ({ value }),
    (error: unknown) => error,
  );
  if (outcome instanceof Refusal) return [...outcome.errors];
  throw outcome instanceof Error ? outcome : new Error(`not refused: ${JSON.stringify(outcome)}`);
}

export const head = (path: string, length: number): Buffer => readFileSync(path).subarray(0, length);

/** Writes one byte at each offset straight into the medium, without the rules. */
export async function spoil(path: string, ...offsets: number[]): Promise<void> {
  const file = await open(path, 'r+');
  for (const offset of offsets) await file.write(Buffer.from([readFileSync(path)[offset]! ^ 1]), 0, 1, offset);
  await file.close();
}

/** Chunks of 1 MiB that writes touched. */
export const chunksWritten = (writes: LabEntry[]): number[] =>
  [...new Set(writes.map(({ offset }) => Math.floor(offset / MiB)))].sort((a, b) => a - b);

/** The first result of a session. */
export async function resultOf(session: Session): Promise<JobResult> {
  const last = await session.until(({ event }) => event === 'result');
  if (last.event !== 'result') throw new Error('impossible');
  return last.result;
}

export const interrupted = (session: Session): Promise<InterruptedJob[]> => session.engine.call('jobs', {});

/** Continues an interrupted job to its end. */
export const resume = (session: Session, job: string): Promise<JobResult> =>
  session.run({ kind: 'resume', source: null, destinations: [], job });

/** Waits until the log at `log` has at least `chunks` durable chunks of every destination. */
export async function untilDurable(log: string, chunks = 1): Promise<void> {
  while ((await readJobLog(log)).durable.some((durable) => countChunks(durable) < chunks)) await sleep(20);
}

/** Kills the host of `session` while an I/O of `disk` is stalled, then lets that I/O continue. */
export async function killAtStall(session: Session, disk: LabDisk): Promise<void> {
  await disk.waitFor(({ stalled }) => stalled > 0);
  await session.kill(disk);
}

/** Begins a copy. Kills its host while an I/O of `disk` is stalled, and every destination has `chunks` durable chunks. */
export async function killedCopy(
  bench: Workbench,
  disk: LabDisk,
  request: Facts,
  chunks = 1,
): Promise<{ job: string; log: string }> {
  const session = bench.session();
  const begun = await session.begin(request);
  await untilDurable(begun.log, chunks);
  await killAtStall(session, disk);
  return begun;
}

/** The workbench of each test of a file, or of a `describe`: call it once there, outside of the tests. */
export function oneBench(): Workbench {
  const bench = new Workbench();
  beforeEach(() => bench.open());
  afterEach(() => bench.clear());
  return bench;
}

/** What one test uses; released in reverse order when the test ends. */
export class Workbench {
  readonly #undo: (() => Promise<unknown>)[] = [];
  #folder = '';
  /** Where the hosts of this test keep their job logs. */
  state = '';

  /** Makes the folders of the next test. */
  open(): void {
    this.state = this.#newFolder('platter-state-');
    this.#folder = this.#newFolder('platter-engine-');
  }

  #newFolder(prefix: string): string {
    const folder = mkdtempSync(join(tmpdir(), prefix));
    this.#undo.push(() => rm(folder, { recursive: true, force: true }));
    return folder;
  }

  path(name: string): Promise<string> {
    return Promise.resolve(join(this.#folder, name));
  }

  /** An image of `size` bytes that depend only on `seed`. */
  async image(name: string, size: number, seed = 1): Promise<string> {
    const path = await this.path(name);
    await writeFile(path, seededBytes(size, seed));
    return path;
  }

  /** A folder in memory with room for `size`, as mount(8) spells it. */
  async smallFolder(size: string): Promise<string> {
    const folder = await this.path('small');
    await mkdir(folder);
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${size}`, 'platter-test', folder]);
    this.#undo.push(() => Promise.resolve(execFileSync('umount', [folder])));
    return folder;
  }

  async disk(options: LabDiskOptions): Promise<LabDisk> {
    const disk = await labdisk(options);
    this.#undo.push(() => disk.close());
    return disk;
  }

  /** Makes engines in this process keep their state here too, until the test ends. */
  holdState(): void {
    const before = process.env.PLATTER_STATE;
    process.env.PLATTER_STATE = this.state;
    this.#undo.push(() => {
      if (before === undefined) delete process.env.PLATTER_STATE;
      else process.env.PLATTER_STATE = before;
      return Promise.resolve();
    });
  }

  /** Path of the log that a job keeps. */
  log(job: string): string {
    return join(this.state, 'jobs', `${job}.log`);
  }

  /** Closes `open` when the test ends. */
  keep(open: { close(): Promise<void> }): void {
    this.#undo.push(() => open.close());
  }

  /** Starts a host by this command line. When the test ends, it must have ended or end with its input. */
  session(argv: readonly string[] = HOST_ARGV): Session {
    const host = spawn(argv[0]!, argv.slice(1), {
      stdio: ['pipe', 'pipe', 'pipe'],
      env: { ...process.env, PLATTER_STATE: this.state },
    });
    let stderr = '';
    host.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    const exited = once(host, 'exit') as Session['exited'];
    const engine = startEngine({ streams: { readable: host.stdout, writable: host.stdin } });
    const events: HostEvent[] = [];
    const waiting = new Set<() => void>();
    engine.onEvent((event) => {
      events.push(event);
      for (const look of waiting) look();
    });
    const until: Session['until'] = (condition) =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          const found = events.find(condition);
          if (found === undefined) return;
          waiting.delete(look);
          resolve(found);
        };
        waiting.add(look);
        void engine.closed.then(() => reject(new Error(`the host ended: ${stderr}`)));
        look();
      });
    this.#undo.push(async () => {
      await engine.close();
      await exited;
    });
    const begin: Session['begin'] = async (request) => {
      const { job } = await engine.call('prepare', requestOf(request));
      await engine.call('start', {});
      return { job: job!, log: this.log(job!) };
    };
    return {
      engine,
      events,
      host,
      exited,
      until,
      stderr: () => stderr,
      errors: () => events.flatMap((event) => (event.event === 'error' ? [event.error] : [])),
      begin,
      async kill(disk) {
        host.kill('SIGKILL');
        await disk?.rule('clear');
        await exited;
      },
      async run(request) {
        const before = events.length;
        await begin(request);
        const last = await until((event) => event.event === 'result' && events.indexOf(event) >= before);
        if (last.event !== 'result') throw new Error('impossible');
        return last.result;
      },
    };
  }

  finally(undo: () => Promise<unknown>): void {
    this.#undo.push(undo);
  }

  async clear(): Promise<void> {
    for (const undo of this.#undo.splice(0).reverse()) await undo();
  }
}

/** A copy of 16 MiB from a slow source to two disks; its last quarter waits until the source's rules are cleared. */
export async function slowCopy(
  bench: Workbench,
): Promise<{ session: Session; source: LabDisk; one: LabDisk; two: LabDisk; log: string }> {
  const source = await bench.disk({ size: 16 * MiB, file: await bench.image('disk.img', 16 * MiB) });
  const [one, two] = [await bench.disk({ size: 16 * MiB }), await bench.disk({ size: 16 * MiB })];
  await source.rule('rate r 6M', 'stall r 12M 1M');
  const session = bench.session();
  const { log } = await session.begin({ source: source.device, destinations: [one.device, two.device] });
  await one.waitFor(({ bytesWritten }) => bytesWritten >= 2 * MiB);
  return { session, source, one, two, log };
}
