// A packaged window. Its fuses keep Playwright out of the main process, so it is driven through Chromium's own
// protocol.
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { chromium, type Page } from 'playwright-core';

/** A running window. */
export interface PackagedWindow {
  readonly page: Page;
  readonly child: ChildProcess;
  /** Its output on stderr so far. */
  said(): string;
  /** Closes the window. Resolves with the program's exit code, which is 0 only after an orderly end. */
  close(): Promise<number | null>;
}

/** The address of Chromium's remote debugging. Throws when the program ends before it listens. */
async function endpoint(child: ChildProcess, ended: Promise<unknown>, said: () => string): Promise<string> {
  const end = ended.then(() => true);
  for (let over = false; ; over = await Promise.race([once(child.stderr!, 'data').then(() => false), end])) {
    const url = /DevTools listening on (ws:\S+)/.exec(said())?.[1];
    if (url !== undefined) return url;
    if (over) throw new Error(`the window ended with ${String(child.exitCode ?? child.signalCode)}: ${said().trim()}`);
  }
}

/** Runs `argv`, a packaged window, and waits for its page. It is left alone for `settle` milliseconds first. */
export async function openPackaged(
  argv: readonly string[],
  env: NodeJS.ProcessEnv = process.env,
  settle = 0,
): Promise<PackagedWindow> {
  const [program = '', ...args] = argv;
  const child = spawn(program, [...args, '--remote-debugging-port=0'], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env,
    cwd: '/',
  });
  const ended = once(child, 'close') as Promise<[number | null]>;
  let text = '';
  child.stderr.setEncoding('utf8').on('data', (more: string) => (text += more));
  const said = (): string => text;
  const url = await endpoint(child, ended, said);
  await sleep(settle);
  const browser = await chromium.connectOverCDP(url);
  const [context] = browser.contexts();
  if (context === undefined) throw new Error('the window has no page');
  const page = context.pages()[0] ?? (await context.waitForEvent('page'));
  return {
    page,
    child,
    said,
    async close() {
      await page.close();
      const [code] = await ended;
      return code;
    },
  };
}
