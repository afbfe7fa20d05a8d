// platter on a terminal of 80 columns, made by `script`.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { PLATTER, stateDirectory, type Bench } from './support.ts';

export interface Session {
  /** Waits for `text` on the screen. */
  see(text: string | RegExp): Promise<void>;
  type(text: string): void;
  /** Closes the terminal, as a closed window or a broken connection does. */
  hangUp(): void;
  /** Exit code, and everything that was printed. */
  end(): Promise<{ code: number | null; screen: string }>;
}

/** Quotes `word` for a shell. */
export const quoted = (word: string): string => `'${word.replaceAll("'", `'\\''`)}'`;

/** Runs platter on a terminal of 80 columns, until the test of `bench` ends. */
export const onTerminal = (bench: Bench, args: string[]): Session =>
  inTerminal(bench, `exec ${[process.execPath, PLATTER, ...args].map(quoted).join(' ')}`);

/** Runs any shell command in the same way, with `env` added to its environment. */
export function inTerminal(bench: Bench, command: string, env: NodeJS.ProcessEnv = {}): Session {
  const child = spawn('script', ['-qec', `stty cols 80 rows 24; ${command}`, '/dev/null'], {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { ...process.env, TERM: 'xterm', LC_ALL: 'C.UTF-8', NO_COLOR: '1', PLATTER_STATE: stateDirectory(), ...env },
  });
  let screen = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    screen += text;
  });
  const ended = once(child, 'close') as Promise<[number | null]>;
  bench.finally(async () => {
    child.kill('SIGKILL');
    await ended;
  });
  return {
    async see(text) {
      const deadline = Date.now() + 60_000;
      while (typeof text === 'string' ? !screen.includes(text) : !text.test(screen)) {
        if (Date.now() > deadline) throw new Error(`never saw ${String(text)}:\n${screen}`);
        await sleep(20);
      }
    },
    type: (text) => void child.stdin.write(text),
    hangUp: () => void child.kill('SIGKILL'),
    async end() {
      const [code] = await ended;
      return { code, screen };
    },
  };
}
