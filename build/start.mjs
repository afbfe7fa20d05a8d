// `npm start`: all the set-up, then the window, or with arguments the command line. Starts on Node 20.
import { onCurrentNode } from './npm.mjs';
import { commandLine } from './platter.mjs';
import { electron, setUp } from './setup.mjs';
import { fail, root } from './tools.mjs';

async function start() {
  await onCurrentNode(import.meta.url);
  // npm starts scripts in the project's folder. The user's paths are relative to the folder where npm was called.
  const { npm_lifecycle_event: script, INIT_CWD: calledFrom } = process.env;
  if (script === 'start' && calledFrom) process.chdir(calledFrom);
  if (process.argv.length > 2) return commandLine();
  await setUp('window');
  const { openWindow } = await import('./window.mjs');
  process.exitCode = await openWindow({ electron, appDir: root, args: [] });
}

await start().catch(fail);
