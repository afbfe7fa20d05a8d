// Starts the host as a process of its own and puts its end into words.
import { spawn, type ChildProcess } from 'node:child_process';
import { type Readable, type Writable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

/** A host that can be talked to. */
export interface HostProcess {
  readable: Readable;
  writable: Writable;
  /** How it ended, in words; null when it ended well. Settles after the last byte of `readable`; never rejects. */
  ended: Promise<string | null>;
}

/** Both the command line's bundle and main's lie one folder below out/, as the host's does. */
const HOST = new URL('../engine/host.js', import.meta.url);

/** What remains in the pipes of a host that is gone is there at once; a process it left behind could keep them open. */
const DRAIN_MS = 1000;
const STDERR_KEPT = 4096;

/** The command that becomes the host where no other is asked for: this very program, as plain Node. */
export const hostCommand = (): readonly string[] => [process.execPath, fileURLToPath(HOST)];

/** Starts `command`. A command that cannot be started is a host that has ended. */
export function startHost(command: readonly string[]): HostProcess {
  const [program = '', ...args] = command;
  const asNode = 'electron' in process.versions ? { ELECTRON_RUN_AS_NODE: '1' } : {};
  const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'pipe'], env: { ...process.env, ...asNode } });
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said = (said + text).slice(-STDERR_KEPT);
  });
  // Writing to a host that is gone fails with EPIPE; how it ended says more.
  child.stdin.on('error', () => undefined);
  return { readable: child.stdout, writable: child.stdin, ended: end(child).then((how) => withLastWords(how, said)) };
}

/** How `child` ended, once its output is read. */
function end(child: ChildProcess): Promise<string | null> {
  const closed = new Promise<void>((resolve) => child.once('close', () => resolve()));
  return new Promise((resolve) => {
    child.once('error', (error) => resolve(`it could not be started: ${error.message}`));
    child.once('exit', (code, signal) => {
      const how = code === 0 ? null : signal === null ? `it ended with exit code ${code ?? 'unknown'}` : `it was ended by ${signal}`;
      void Promise.race([closed, sleep(DRAIN_MS, undefined, { ref: false })]).then(() => resolve(how));
    });
  });
}

function withLastWords(how: string | null, said: string): string | null {
  const line = said.trimEnd().split('\n').at(-1)?.trim() ?? '';
  return how === null || line === '' ? how : `${how}, saying "${line}"`;
}
