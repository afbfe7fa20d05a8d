#!/usr/bin/env node
// Playwright runs this in Electron's place. It is the launcher of `npm start`, so that a test sees what a user sees: an
// ordinary user's window with its sandbox on. Playwright's switches go before the app's folder.
import { spawnSync } from 'node:child_process';
import { join, resolve } from 'node:path';
import { openWindow } from '../../../build/window.mjs';

// Records network calls: runs itself again under strace, which follows every process below.
const { PLATTER_TEST_TRACE: trace, ...untraced } = process.env;
if (trace !== undefined) {
  const listening = ['-f', '-qq', '-yy', '-e', 'trace=connect,sendto,sendmsg,sendmmsg', '-o', trace];
  const { status } = spawnSync('strace', [...listening, process.execPath, ...process.argv.slice(1)], {
    stdio: 'inherit',
    env: untraced,
  });
  process.exit(status ?? 1);
}

const root = resolve(import.meta.dirname, '../../..');

// Shows what an ordinary user gets without root behind the window.
if (process.env.PLATTER_TEST_UID !== undefined) {
  const id = Number(process.env.PLATTER_TEST_UID);
  process.setgroups([]);
  process.setgid(id);
  process.setuid(id);
}

// Another engine host, made by a test. It runs on the tests' own Node.
const otherHost =
  process.env.PLATTER_TEST_HOST === undefined ? [] : ['-r', join(import.meta.dirname, 'other-host.cjs')];
process.env.PLATTER_TEST_NODE = process.execPath;

process.exitCode = await openWindow({
  electron: join(root, 'node_modules/electron/dist/electron'),
  appDir: root,
  switches: [
    '-r',
    join(root, 'node_modules/playwright-core/lib/server/electron/loader.js'),
    ...otherHost,
    ...process.argv.slice(2),
  ],
});
