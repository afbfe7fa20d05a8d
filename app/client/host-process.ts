// Starts the host as a separate process and reports its end.
import { spawn, type ChildProcess } from 'node:child_process';
import { PassThrough, type Readable, type Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import type { End } from '../contract/facts.ts';
import { NO_INSPECTOR } from '../base/no-inspector.ts';

/** A running host. */
export interface HostProcess {
  /** null when unknown. */
  pid: number | null;
  readable: Readable;
  writable: Writable;
  /** How it ended. Resolves after the last byte of `readable`; never rejects. */
  ended: Promise<HostEnd>;
}

/** The end of a host. */
export interface HostEnd {
  /** null when it ended well. */
  how: End | null;
  /** Exit code; null when it was ended by a signal, could not be started, or the code is unknown. */
  code: number | null;
  /** The end of its stderr, and the last line of that. */
  said: string;
  lastWords: string;
}

/** The bundles of command line, main and host are each one folder below out/. */
const HOST = new URL('../engine/host.js', import.meta.url);

/**
 * In a package, main is inside an archive. The host is beside the archive, because neither plain Node nor dlopen reads
 * archives.
 */
const UNPACKED = ['/app.asar/', '/app.asar.unpacked/'] as const;

/**
 * Milliseconds from the end of the host to the end of its output, because a process that it left behind could keep the
 * pipe open.
 */
const DRAIN_MS = 3000;
const STDERR_KEPT = 4096;

/** How the host gets the rights to open disks. */
export interface HostRights {
  /** Descriptor of the control socket of `platter-broker --as`, inherited by this process; null without one. */
  control: number | null;
  /** This program runs sudo on its terminal when the host asks for it. */
  sudo: boolean;
}

/** The descriptor of the inherited control socket (PLATTER_BROKER_FD); null without one. */
export function controlSocket(env: NodeJS.ProcessEnv = process.env): number | null {
  const said = env.PLATTER_BROKER_FD ?? '';
  return /^\d{1,4}$/.test(said) && Number(said) > 2 ? Number(said) : null;
}

/** The default command of the host: this same program, as plain Node. */
export const hostCommand = (): readonly string[] => [
  process.execPath,
  ...NO_INSPECTOR,
  fileURLToPath(HOST).replace(...UNPACKED),
];

/** In the host, the control socket follows the three standard streams. */
const CONTROL = 3;

/**
 * Starts `command`, which takes the host's arguments. A command that cannot be started counts as a host that has ended.
 * `onStderr` receives its stderr.
 */
export function startHost(
  command: readonly string[],
  { control, sudo }: HostRights,
  onStderr: (text: string) => void = () => undefined,
): HostProcess {
  const [program = '', ...args] = [
    ...command,
    ...(control === null ? [] : ['--broker', String(CONTROL)]),
    ...(sudo ? ['--sudo'] : []),
  ];
  const { PLATTER_BROKER_FD: _control, ...env } = process.env;
  const asNode = 'electron' in process.versions ? { ELECTRON_RUN_AS_NODE: '1' } : {};
  const child = spawn(program, args, {
    stdio: ['pipe', 'pipe', 'pipe', ...(control === null ? [] : [control])],
    env: { ...env, ...asNode },
  });
  // With no descriptor left, Node gives a child without streams. Its error says so.
  const stdin = child.stdin ?? new PassThrough();
  const stdout = child.stdout ?? new PassThrough().end();
  const stderr = child.stderr ?? new PassThrough().end();
  let said = '';
  stderr.setEncoding('utf8').on('data', (text: string) => {
    said = (said + text).slice(-STDERR_KEPT);
    onStderr(text);
  });
  // Writing to a host that is gone fails with EPIPE; its end says more.
  stdin.on('error', () => undefined);
  return {
    pid: child.pid ?? null,
    readable: stdout,
    writable: stdin,
    ended: end(child, stdout).then(({ how, code }) => ({
      how,
      code,
      said,
      lastWords: said.trimEnd().split('\n').at(-1)!.trim(),
    })),
  };
}

/** How `child` ended, once its output is read. */
function end(child: ChildProcess, stdout: Readable): Promise<Pick<HostEnd, 'how' | 'code'>> {
  return new Promise((resolve) => {
    let how: End | null = { kind: 'outputClosed' };
    let exitCode: number | null = null;
    let timer: NodeJS.Timeout | null = null;
    const soon = (): void => void (timer ??= setTimeout(() => resolve({ how, code: exitCode }), DRAIN_MS));
    // Also emitted for a child that we may not kill, such as sudo. It is not waited for then.
    child.on('error', (error) => resolve({ how: { kind: 'notStarted', said: error.message }, code: null }));
    stdout.once('close', soon);
    child.once('exit', (code, signal) => {
      exitCode = code;
      how = code === 0 ? null : signal === null ? { kind: 'exitCode', code: String(code) } : { kind: 'signal', signal };
      soon();
    });
    child.once('close', () => {
      if (timer !== null) clearTimeout(timer);
      resolve({ how, code: exitCode });
    });
  });
}
