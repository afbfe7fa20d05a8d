// Installs the npm packages of the lockfile and runs scripts on the Node among them, because the tools need a newer
// Node than a stable distribution has. Runs on Node 20.
import { existsSync, mkdirSync, realpathSync } from 'node:fs';
import { isatty } from 'node:tty';
import { fileURLToPath } from 'node:url';
import { fingerprint, inRoot, run, say, Stop, unlessDone } from './tools.mjs';

const bundledNode = inRoot('node_modules/.bin/node');

/** Installs the packages of the lockfile in node_modules unless they are there. True when npm ran. */
function installPackages() {
  return unlessDone(
    'node_modules/.platter-packages',
    fingerprint(['package.json', 'package-lock.json']),
    [],
    async () => {
      say('npm: installing the packages of package-lock.json (once, about a minute)');
      // --include: the build needs all of these, whatever NODE_ENV or the user's npmrc says.
      const args = [
        'ci',
        '--ignore-scripts',
        '--include=dev',
        '--include=optional',
        '--no-audit',
        '--no-fund',
        '--loglevel=error',
      ];
      if ((await run('npm', args)) !== 0) throw new Stop('npm could not install the packages; its reason is above');
      mkdirSync(inRoot('node_modules'), { recursive: true });
    },
  );
}

function isNewEnough(version) {
  const [major, minor] = version.split('.').map(Number);
  return major > 22 || (major === 22 && minor >= 12);
}

/** Signals that end a program. Each is passed on once: npm and the terminal send their own copies as well. */
const endings = ['SIGINT', 'SIGTERM', 'SIGHUP'];

/** Runs a program in this one's place: same terminal, signals passed on, exits with its code. Never returns. */
async function become(command, args) {
  // Available in Node 22.15 and later.
  process.execve?.(command, [command, ...args], process.env);
  const terminals = [0, 1, 2].filter((fd) => isatty(fd));
  let child;
  for (const signal of endings) {
    let passedOn = false;
    process.on(signal, () => {
      if (!passedOn) child.kill(signal);
      passedOn = true;
    });
  }
  const code = await run(command, args, {
    cwd: process.cwd(),
    stdio: 'inherit',
    onSpawn: (started) => (child = started),
  });
  if (terminals.some((fd) => !isatty(fd))) await dieOfHangUp();
  process.exit(code);
}

/**
 * Ends this process by SIGHUP. Node 20 resets its terminals when it exits, and aborts when one of them has closed; a
 * signal ends it without that. Never returns.
 */
async function dieOfHangUp() {
  process.removeAllListeners('SIGHUP');
  process.kill(process.pid, 'SIGHUP');
  await new Promise((resolve) => setTimeout(resolve, 60_000));
}

/**
 * Installs the packages and returns when the script at `url` runs on their Node; otherwise restarts it there and never
 * returns. Where they include no Node, a running one that is new enough will do. Throws Stop when there is none.
 */
export async function onCurrentNode(url) {
  const installed = await installPackages();
  if (existsSync(bundledNode)) {
    if (!installed && realpathSync(process.execPath) === realpathSync(bundledNode)) return;
    await become(bundledNode, [fileURLToPath(url), ...process.argv.slice(2)]);
  }
  if (!isNewEnough(process.versions.node)) {
    throw new Stop(
      `Node ${process.versions.node} cannot run the build tools, and npm has no newer one for ${process.platform} ${process.arch}: install Node 22.12 or newer`,
    );
  }
}
