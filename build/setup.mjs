// All the set-up of a fresh clone, idempotent, on stderr only: packages, the distribution's libraries, the addon,
// the bundles, the Electron runtime. `node build/setup.mjs [PURPOSE]` does it alone. Starts on Node 20.
import { existsSync, symlinkSync } from 'node:fs';
import { distributionPackages } from './debian.mjs';
import { buildNative } from './native.mjs';
import { onCurrentNode } from './packages.mjs';
import { fail, inRoot, isMain, must } from './tools.mjs';

/** Path of the Electron binary that `setUp('window')` brings in. */
export const electron = inRoot('node_modules/electron/dist/electron');

/**
 * Makes everything that `purpose` needs (one of debian.mjs); quick when nothing changed. To be
 * called after `onCurrentNode`. Throws Stop with what the user can do.
 */
export async function setUp(purpose) {
  await distributionPackages(purpose);
  if (purpose === 'tools') return;
  // Programs of their own: neither compilers nor bundlers stay in the memory of what is started next.
  await buildNative();
  await must(process.execPath, [inRoot('build/bundle.mjs')]);
  const link = inRoot('node_modules/.bin/platter');
  if (!existsSync(link)) symlinkSync('../../build/platter.mjs', link);
  const wantsElectron = ['window', 'test', 'pictures', 'bench', 'package'].includes(purpose);
  if (wantsElectron && !(existsSync(electron) && existsSync(inRoot('node_modules/electron/path.txt')))) {
    await must(process.execPath, [inRoot('build/electron.mjs')]);
  }
}

if (isMain(import.meta.url)) {
  await onCurrentNode(import.meta.url)
    .then(() => setUp(process.argv[2] ?? 'window'))
    .catch(fail);
}
