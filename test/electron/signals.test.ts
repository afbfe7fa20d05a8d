// Signals to a window's processes, without a debugger: Playwright would open a port of its own.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { CALLER, screen } from './support/app.ts';
import { commandLine, descendants, ports } from './support/processes.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const ELECTRON = join(ROOT, 'node_modules/electron/dist/electron');

it.runIf(process.getuid?.() === 0)('S1 opens no port in any process of a window on SIGUSR1', async () => {
  await screen();
  const home = mkdtempSync(join(tmpdir(), 'platter-test-signals-'));
  const cookie = process.env.XAUTHORITY;
  if (cookie) copyFileSync(cookie, join(home, 'Xauthority'));
  for (const path of cookie ? [home, join(home, 'Xauthority')] : [home]) chownSync(path, CALLER, CALLER);
  const env = {
    PATH: process.env.PATH,
    DISPLAY: process.env.DISPLAY,
    HOME: home,
    XDG_RUNTIME_DIR: home,
    PLATTER_STATE: join(home, 'state'),
    XAUTHORITY: join(home, 'Xauthority'),
  };
  const window = spawn(ELECTRON, ['--log-level=3', ROOT], { stdio: 'ignore', env, cwd: '/', uid: CALLER, gid: CALLER });
  const ended = once(window, 'exit');
  try {
    const all = (): number[] => [window.pid!, ...descendants(window.pid!)];
    const of = (what: string): number[] => all().filter((pid) => commandLine(pid).includes(what));
    await expect.poll(() => [of('engine/host.js').length, of('--type=renderer').length]).toEqual([1, 1]);
    await sleep(1000); // the page has loaded, and the host answers
    expect(all().flatMap(ports)).toEqual([]);
    const [host] = of('engine/host.js');
    for (const pid of [window.pid!, host!]) process.kill(pid, 'SIGUSR1');
    await sleep(1000); // the inspector opens its port on a thread of its own
    expect(all().flatMap(ports)).toEqual([]);
    expect([window.exitCode, of('engine/host.js')]).toEqual([null, [host]]);
    // Chromium's own processes may end by the signal. Main starts new ones.
    for (const pid of all().filter((one) => commandLine(one).includes('--type='))) process.kill(pid, 'SIGUSR1');
    await sleep(1000);
    expect(all().flatMap(ports)).toEqual([]);
  } finally {
    window.kill();
    await ended;
    rmSync(home, { recursive: true, force: true });
  }
});
