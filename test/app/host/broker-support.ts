// A real host of an ordinary user, with a real broker behind it that this test has started as root.
import { execFileSync, spawn, type ChildProcessByStdio } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import type { HostEvent, RightsQuestion } from '../../../app/contract/host.ts';
import type { JobResult, Plan } from '../../../app/contract/jobs.ts';
import { startEngine, type Engine } from '../../../app/client/client.ts';
import { labdisk, seededBytes, type LabDisk, type LabDiskOptions } from '../../lab/lab.ts';
import { HOST, MiB, requestOf } from '../job/support.ts';
import type { Facts } from '../../requests.ts';

export const BROKER = fileURLToPath(new URL('../../../out/native/platter-broker', import.meta.url));
/** There is no such account. */
export const USER = 54_777;

export interface UsersHost {
  engine: Engine;
  /** The process that the test started: the broker's server, or the host itself. */
  process: ChildProcessByStdio<Writable, Readable, Readable>;
  /** Process of the host. */
  pid: () => number;
  /** Questions for rights so far. null marks the end of one. */
  questions: (RightsQuestion | null)[];
  stderr: () => string;
}

/** Folders, disks and hosts of one test, released when it ends. */
export class UsersPlace {
  readonly folder = mkdtempSync(join(tmpdir(), 'platter-user-'));
  /** A folder of the user. */
  readonly own = join(this.folder, 'own');
  readonly #undo: (() => Promise<unknown>)[] = [];

  constructor() {
    chmodSync(this.folder, 0o755);
    mkdirSync(this.own);
    chownSync(this.own, USER, USER);
  }

  /** A loop device that only root may open. */
  async disk(options: LabDiskOptions = { size: 2 * MiB }): Promise<LabDisk> {
    const disk = await labdisk(options);
    chmodSync(disk.device, 0o600);
    this.#undo.push(() => disk.close());
    return disk;
  }

  /** A file of the given owner, in a folder that the user may not write to. */
  file(name: string, uid: number, mode: number, size = MiB): string {
    const path = join(this.folder, name);
    writeFileSync(path, seededBytes(size, 5), { mode });
    chownSync(path, uid, uid);
    return path;
  }

  /** An image of 16 MiB with an MBR of these partitions, each "FIRST SECTOR,SECTORS". */
  table(name: string, ...partitions: string[]): string {
    const path = this.file(name, 0, 0o644, 16 * MiB);
    execFileSync('sfdisk', ['--quiet', path], { input: `label: dos\n${partitions.join('\n')}\n` });
    return path;
  }

  /** A loop device over an image, with its partitions, that only root may open. */
  partitioned(image: string): string {
    const device = execFileSync('losetup', ['--find', '--show', '--partscan', image], { encoding: 'utf8' }).trim();
    this.#undo.push(() => Promise.resolve(execFileSync('losetup', ['--detach', device])));
    chmodSync(device, 0o600);
    return device;
  }

  /** A host behind `platter-broker --as`. Without `broker`, its only way to rights is what `args` say. */
  host({
    broker = true,
    args = [],
    env = {},
  }: { broker?: boolean; args?: readonly string[]; env?: NodeJS.ProcessEnv } = {}): UsersHost {
    const whole = {
      PATH: process.env.PATH,
      HOME: this.own,
      PLATTER_STATE: join(this.own, 'state'),
      XDG_RUNTIME_DIR: this.own,
      ...env,
    };
    const host = [process.execPath, HOST];
    const child = broker
      ? spawn(BROKER, ['--as', `${USER}:${USER}`, '--home', this.own, '--', ...host, '--broker', '3', ...args], {
          stdio: ['pipe', 'pipe', 'pipe'],
          env: whole,
        })
      : spawn(host[0]!, [...host.slice(1), ...args], {
          stdio: ['pipe', 'pipe', 'pipe'],
          env: whole,
          uid: USER,
          gid: USER,
        });
    let stderr = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    const engine = startEngine({ streams: { readable: child.stdout, writable: child.stdin } });
    const questions: UsersHost['questions'] = [];
    engine.onRights((asking) => questions.push(asking));
    this.#undo.push(() => engine.close());
    const pid = (): number =>
      broker ? childrenOf(child.pid!).find((one) => commandLine(one).includes(HOST))! : child.pid!;
    return { engine, process: child, pid, questions, stderr: () => stderr };
  }

  finally(undo: () => Promise<unknown>): void {
    this.#undo.push(undo);
  }

  async clear(): Promise<void> {
    for (const undo of this.#undo.splice(0).reverse()) await undo();
    rmSync(this.folder, { recursive: true });
  }
}

export const childrenOf = (pid: number): number[] =>
  readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').filter(Boolean).map(Number);
export const commandLine = (pid: number): string => readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');

export const prepare = (engine: Engine, request: Facts): Promise<Plan> => engine.call('prepare', requestOf(request));

/** Starts the prepared job. Resolves with its result. */
export async function finish(engine: Engine): Promise<JobResult> {
  const ended = new Promise<JobResult>((resolve) =>
    engine.onEvent((event: HostEvent) => event.event === 'result' && resolve(event.result)),
  );
  await engine.call('start', {});
  return ended;
}

/** Access modes of the descriptors that a process has of a device. */
export function modesOf(pid: number, device: string): number[] {
  return readdirSync(`/proc/${pid}/fd`).flatMap((fd) => {
    if (readlinkSync(`/proc/${pid}/fd/${fd}`) !== device) return [];
    return [parseInt(/^flags:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/fdinfo/${fd}`, 'utf8'))![1]!, 8) & 3];
  });
}
