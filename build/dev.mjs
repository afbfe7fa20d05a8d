// `npm run dev`: all the set-up, then the window. Each change in renderer/ rebuilds the page (vite) and reloads it.
// Starts on Node 20.
// vite's own server is not used: the page would come from another origin, its policy forbids that server's scripts and
// styles, and main would have to load an address from outside. The window is the one that ships, with its policy and
// its sandbox. Main only reloads its own page (app/main/window.ts).
import { rmSync } from 'node:fs';
import { onCurrentNode } from './npm.mjs';
import { electron, setUp } from './setup.mjs';
import { fail, inRoot, root, say } from './tools.mjs';
import { openWindow } from './window.mjs';

async function dev() {
  await onCurrentNode(import.meta.url);
  await setUp('window');
  const { build } = await import('vite');
  rmSync(inRoot('out/.stamps/index.html'), { force: true }); // bundle.mjs must rebuild the page
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
