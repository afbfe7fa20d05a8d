// `npm run dev`: all the set-up, then the window, whose page is built again (vite) and loaded again with each change in
// renderer/.
//
// It is not vite's own server: the page would come from another origin, with scripts and styles that its policy
// forbids, and main would have to load an address that somebody names. The window is the one that ships, with its
// policy and its sandbox; all that main knows of this is to load its own page again (app/main/window.ts). Starts on
// Node 20.
import { rmSync } from 'node:fs';
import { onCurrentNode } from './packages.mjs';
import { electron, setUp } from './setup.mjs';
import { fail, inRoot, root, say } from './tools.mjs';
import { openWindow } from './window.mjs';

async function dev() {
  await onCurrentNode(import.meta.url);
  await setUp('window');
  const { build } = await import('vite');
  rmSync(inRoot('out/.stamps/index.html'), { force: true }); // what is built from here on is not what bundle.mjs knows of
  const watcher = await build({ configFile: inRoot('build/vite.config.ts'), logLevel: 'warn', build: { watch: {} } });
  watcher.on('event', (event) => {
    if (event.code === 'ERROR') say(`dev: ${event.error.message}`);
    if (event.code === 'END') say('dev: the page is built');
  });
  try {
    process.exitCode = await openWindow({ electron, appDir: root, env: { ...process.env, PLATTER_DEV: '1' } });
  } finally {
    await watcher.close();
  }
}

await dev().catch(fail);
