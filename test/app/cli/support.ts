// Runs the built command line as a user does: a process, its exit code, its stdout and stderr.
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { mkdtemp, open, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterEach } from 'vitest';
import { labdisk, seededBytes, type LabDisk, type LabDiskOptions } from '../../lab/lab.ts';

export const PLATTER = fileURLToPath(new URL('../../../out/cli/platter.js', import.meta.url));

export const MiB = 1024 ** 2;

/** How a run ended. `lines` are the JSON objects on stdout. Reading them throws when a line is not JSON. */
export interface Run {
  code: number | null;
  signal: NodeJS.Signals | null;
  stdout: string;
  stderr: string;
  readonly lines: JsonObject[];
}

export type JsonObject = Record<string, unknown>;

export interface RunOptions {
  cwd?: string;
  env?: NodeJS.ProcessEnv;
  /** Make stdin a pipe, for control lines. Default: /dev/null. */
  controlled?: boolean;
  /** A descriptor for stdout. Default: a pipe that is read. */
  stdout?: number;
  /** The build to run. Default: the one in out/. */
  program?: string;
}

/**
 * Why tests of update, repair, rescue, control and continuation skip: an engine without interrupted jobs runs every job
 * as one whole pass. null when they can run.
 */
export function engineLacks(): string | null {
  const { stdout } = spawnSync(process.execPath, [PLATTER, 'forget', '20000101-000000-000000', '--json'], {
    encoding: 'utf8',
  });
  return stdout.includes('"NOTHING_TO_DO"') ? null : 'the engine host knows no interrupted jobs yet';
}

let state: string | null = null;

/** The state folder of one test, where its jobs keep their logs. */
export const stateDirectory = (): string => (state ??= mkdtempSync(join(tmpdir(), 'platter-state-')));

afterEach(() => {
  // A host whose command line was killed may still write there.
  if (state !== null) rmSync(state, { recursive: true, maxRetries: 20, retryDelay: 50 });
  state = null;
});

/** A run that has not ended yet. */
export interface Running {
  child: ChildProcess;
  ended: Promise<Run>;
  /** Writes a line to its stdin: an object as JSON, text as it is. */
  say(value: object | string): void;
  stdout(): string;
  stderr(): string;
  /** Waits until `condition` holds for the output so far. Throws when the run ends first. */
  until(condition: (stdout: string, stderr: string) => boolean): Promise<void>;
}

/** Starts `platter ARGS`, not on a terminal. */
export function start(
  args: string[],
  { cwd, env, controlled = false, stdout: output, program = PLATTER }: RunOptions = {},
): Running {
  const child = spawn(process.execPath, [program, ...args], {
    cwd,
    env: { ...process.env, PLATTER_STATE: stateDirectory(), ...env },
    stdio: [controlled ? 'pipe' : 'ignore', output ?? 'pipe', 'pipe'],
  });
  const { stdin } = child;
  // Writing to a program that has ended is no error.
  stdin?.on('error', () => undefined);
  let stdout = '';
  let stderr = '';
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr!.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  let over = false;
  const ended = (once(child, 'close') as Promise<[number | null, NodeJS.Signals | null]>).then(
    ([code, signal]): Run => {
      over = true;
      return {
        code,
        signal,
        stdout,
        stderr,
        get lines() {
          return stdout
            .split('\n')
            .filter((line) => line !== '')
            .map((line) => JSON.parse(line) as JsonObject);
        },
      };
    },
  );
  return {
    child,
    ended,
    say: (value) => void stdin?.write(`${typeof value === 'string' ? value : JSON.stringify(value)}\n`),
    stdout: () => stdout,
    stderr: () => stderr,
    async until(condition) {
      while (!condition(stdout, stderr)) {
        if (over) throw new Error(`ended too early:\n${stdout}\n${stderr}`);
        await sleep(10);
      }
    },
  };
}

/** Runs `platter ARGS` to its end. */
export const platter = (args: string[], options?: RunOptions): Promise<Run> => start(args, options).ended;

/** The result in the last line. Throws when that is another line. */
export function resultOf(run: Run): JsonObject & { destinations: JsonObject[] } {
  const last = run.lines.at(-1);
  if (last?.event !== 'result') throw new Error(`no result at the end:\n${run.stdout}\n${run.stderr}`);
  return last as JsonObject & { destinations: JsonObject[] };
}

export const errorsOf = (run: Run): JsonObject[] => run.lines.filter(({ event }) => event === 'error');

/** What one test uses; released in reverse order when the test ends. */
export class Bench {
  readonly #undo: (() => Promise<void>)[] = [];
  #directory: string | null = null;

  /** A folder for image files. */
  async directory(): Promise<string> {
    if (this.#directory !== null) return this.#directory;
    const path = await mkdtemp(join(tmpdir(), 'platter-cli-'));
    this.#undo.push(() => rm(path, { recursive: true, force: true }));
    this.#directory = path;
    return path;
  }

  /** An image of `size` bytes that depend only on `seed`. */
  async image(name: string, size: number, seed = 1): Promise<string> {
    const path = join(await this.directory(), name);
    await writeFile(path, seededBytes(size, seed));
    return path;
  }

  async disk(options: LabDiskOptions): Promise<LabDisk> {
    const disk = await labdisk(options);
    this.#undo.push(() => disk.close());
    return disk;
  }

  /** Calls `undo` when the test ends. */
  finally(undo: () => Promise<void>): void {
    this.#undo.push(undo);
  }

  async clear(): Promise<void> {
    this.#directory = null;
    for (const undo of this.#undo.splice(0).reverse()) await undo();
  }
}

/** SHA-256 of a file's first `length` bytes. */
export async function digest(path: string, length?: number): Promise<string> {
  const bytes = await readFile(path);
  return createHash('sha256')
    .update(length === undefined ? bytes : bytes.subarray(0, length))
    .digest('hex');
}

/** The offset of the first difference within `length` bytes of two files. null when there is none. */
export async function firstDifference(a: string, b: string, length: number): Promise<number | null> {
  const [left, right] = await Promise.all([head(a, length), head(b, length)]);
  if (left.length !== right.length) return Math.min(left.length, right.length);
  if (left.equals(right)) return null;
  return left.findIndex((byte, index) => byte !== right[index]);
}

async function head(path: string, length: number): Promise<Buffer> {
  const file = await open(path);
  try {
    const bytes = Buffer.alloc(length);
    const { bytesRead } = await file.read(bytes, 0, length, 0);
    return bytes.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}
