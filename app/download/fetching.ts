// Starts the program that fetches (fetch.ts), which alone talks to servers.
import { spawn, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { refuse } from '../base/errors.ts';
import { NO_INSPECTOR } from '../base/no-inspector.ts';

/** Each bundle has a folder below out/. In a package, plain Node cannot read the archive that main is in. */
const PROGRAM = new URL('fetch.js', new URL('../download/', import.meta.url));
const UNPACKED = ['/app.asar/', '/app.asar.unpacked/'] as const;

/** Starts it with the descriptor of the file that it writes. */
export function startFetching(file: number): ChildProcess {
  const program = fileURLToPath(PROGRAM).replace(...UNPACKED);
  const asNode = 'electron' in process.versions ? { ELECTRON_RUN_AS_NODE: '1' } : {};
  // A program that talks to servers must not get Platter's own descriptors (the broker's socket).
  const { PLATTER_BROKER_FD: _socket, ...env } = process.env;
  return spawn(process.execPath, [...NO_INSPECTOR, program], {
    stdio: ['pipe', 'pipe', 'pipe', file],
    env: { ...env, ...asNode },
    // Ctrl-C must reach only this process, which then ends the download.
    detached: true,
  });
}

/** Sends it a line. */
export const say = (child: ChildProcess, line: string): void => void child.stdin!.write(`${line}\n`);

/** How it ended, in English: its last line on stderr, or its exit code. */
export function endOf(child: ChildProcess): Promise<string> {
  let said = '';
  child.stderr!.setEncoding('utf8').on('data', (text: string) => (said = (said + text).slice(-4096)));
  return new Promise((resolve) => {
    child.once('error', (error) => resolve(error.message));
    child.once('close', (code, signal) => {
      const last = said.trimEnd().split('\n').at(-1)!;
      resolve(last === '' ? `it ended with ${String(code ?? signal)}` : last);
    });
  });
}

/** Throws the Refusal when it ended without saying why. `said`: how it ended. */
export const endedUnexpectedly = (device: string, said: string): never =>
  refuse({
    code: 'DOWNLOAD_FAILED',
    op: 'read',
    device,
    reason: { kind: 'downloadEnded', said },
    remedy: { kind: 'tryAgain' },
  });
