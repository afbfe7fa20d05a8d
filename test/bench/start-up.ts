// Time from starting the package until its list can be used, and how much of that is ours. The lower limit is the same
// Electron with an empty app.
import { createPackage } from '@electron/asar';
import { execFileSync } from 'node:child_process';
import { chownSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { screen } from '../electron/support/app.ts';
import { makePackages } from '../package/packages.ts';
import { openPackaged } from '../package/window.ts';
import { orWhy } from './extras.ts';
import type { Say } from './run.ts';

/** The app's folder in a package. */
const HOME = 'usr/lib/platter';
const NOBODY = 65534;
/** Milliseconds after which a start has certainly ended. Checking earlier would slow it down. */
const SETTLED = 4000;

/** The results. Times in seconds from the start of the program. */
export interface StartUp {
  /** Until the window shows the list of disks. */
  usable: number[];
  /** Until the bare Electron has loaded its page. */
  bare: number[];
  /** Installed size of the package in bytes, without Electron's own files and Node. */
  bytes: number;
}

/** Size of the files below `folder`, in bytes. Links count as 0. */
function bytesBelow(folder: string): number {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return files.reduce((sum, { parentPath, name }) => sum + statSync(join(parentPath, name)).size, 0);
}

/** Size of the files in the app's folder that belong to Electron or Node, in bytes. */
function bytesOfElectron(home: string): number {
  const ours = new Set(['LICENSE', 'platter', 'platter-broker', 'resources']);
  return readdirSync(home)
    .filter((name) => !ours.has(name))
    .reduce(
      (sum, name) =>
        sum +
        (statSync(join(home, name)).isDirectory() ? bytesBelow(join(home, name)) : statSync(join(home, name)).size),
      0,
    );
}

/** The same Electron with an app in `folder` that only opens a page. */
async function makeBare(home: string, folder: string): Promise<string> {
  const app = `${folder}-app`;
  mkdirSync(app);
  writeFileSync(join(app, 'package.json'), JSON.stringify({ name: 'bare', version: '1.0.0', main: 'main.js' }));
  // Not a file in the archive, because the fuses forbid loading a page from there by its path.
  const page = `data:text/html,${encodeURIComponent('<!doctype html><title>bare</title><script>performance.mark("usable")</script>')}`;
  writeFileSync(
    join(app, 'main.js'),
    `
    const { app, BrowserWindow } = require('electron');
    app.whenReady().then(() => new BrowserWindow({ width: 1200, height: 800 }).loadURL(${JSON.stringify(page)}));
  `,
  );
  execFileSync('cp', ['--archive', '--link', home, folder]);
  rmSync(join(folder, 'resources'), { recursive: true });
  mkdirSync(join(folder, 'resources'));
  await createPackage(app, join(folder, 'resources/app.asar'));
  return join(folder, 'platter-window');
}

/** Starts a program as an ordinary user. Gives the seconds until its page could be used. */
async function timed(program: string, home: string): Promise<number> {
  const user = process.getuid?.() === 0 ? ['setpriv', `--reuid=${NOBODY}`, `--regid=${NOBODY}`, '--clear-groups'] : [];
  const env = {
    PATH: process.env.PATH,
    DISPLAY: process.env.DISPLAY,
    HOME: home,
    XDG_CONFIG_HOME: home,
    XDG_RUNTIME_DIR: home,
    LANG: 'C.UTF-8',
  };
  const started = Date.now();
  const window = await openPackaged([...user, program], env, SETTLED);
  try {
    const usable = await window.page.evaluate(
      () => performance.timeOrigin + (performance.getEntriesByName('usable')[0]?.startTime ?? Number.NaN),
    );
    await window.close();
    return (usable - started) / 1000;
  } finally {
    window.child.kill();
  }
}

async function measure(rounds: number, say: Say): Promise<StartUp> {
  await screen();
  using packages = makePackages('tree');
  const home = join(packages.root, HOME);
  const folder = mkdtempSync(join(tmpdir(), 'platter-start-up-'));
  try {
    chownSync(folder, NOBODY, NOBODY);
    const programs = { usable: join(home, 'platter-window'), bare: await makeBare(home, `${packages.root}-bare`) };
    const result: StartUp = { usable: [], bare: [], bytes: bytesBelow(packages.root) - bytesOfElectron(home) };
    for (let i = 0; i <= rounds; i += 1) {
      for (const [name, program] of Object.entries(programs) as ['usable' | 'bare', string][]) {
        const seconds = await timed(program, folder);
        if (i > 0) result[name].push(seconds); // the first start of each has a cold cache
        say(
          `start-up, ${name === 'bare' ? 'bare Electron' : 'Platter'}, ${i === 0 ? 'to warm up' : `round ${String(i)}/${String(rounds)}`}: ${seconds.toFixed(2)} s`,
        );
      }
    }
    return result;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Measures the package in `rounds` turns. Gives a sentence when that is not possible. */
export const takeStartUp = (rounds: number, say: Say): Promise<StartUp | string> => orWhy(() => measure(rounds, say));
