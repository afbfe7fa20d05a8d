// Tests that run as root start the window as an ordinary user, who must be able to read the checkout. When a folder
// above the checkout is closed to other users, the tests run in a mount namespace that also shows the checkout in an
// open folder. The namespace ends with their last process. Runs on Node 20.
import { chmodSync, mkdtempSync, rmdirSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { FOLLOWING, INSIDE as SHARED, SHARE } from '../own-mounts.mjs';
import { root, run, say } from '../tools.mjs';
import { workarounds } from './switch.mjs';

const INSIDE = 'PLATTER_OPEN_FOLDER';
const SHOW = `${SHARE} && mount --bind "$1" "$2" && cd "$2" && shift 2 && exec "$@"`;

/** The folders above the checkout that other users may not enter. */
function closedAbove() {
  const closed = [];
  for (let folder = dirname(root); folder !== dirname(folder); folder = dirname(folder)) {
    if ((statSync(folder).mode & 0o001) === 0) closed.push(folder);
  }
  return closed;
}

/**
 * Runs `script` (absolute, in the checkout) with `args` where other users can read it. Gives its exit code; null when
 * the caller can continue here.
 */
export async function elsewhere(script, args) {
  if (process.getuid() !== 0 || process.env[INSIDE] !== undefined || workarounds === 'never') return null;
  const { mode } = statSync(root);
  if ((mode & 0o005) !== 0o005 && process.env.CI === 'true') {
    say(`tests: ${root} is closed to other users; CI's own checkout is opened to them`);
    chmodSync(root, mode | 0o005);
  }
  const closed = closedAbove();
  if (closed.length === 0) return null;
  const open = mkdtempSync(join(tmpdir(), 'platter-open-'));
  chmodSync(open, 0o755);
  say(`tests: ${closed.join(', ')} is closed to other users; for the tests the checkout is also at ${open}`);
  try {
    const program = [process.execPath, join(open, relative(root, script)), ...args];
    return await run('unshare', [...FOLLOWING, 'sh', '-c', SHOW, 'sh', root, open, ...program], {
      stdio: ['ignore', 'inherit', 'inherit'],
      env: { ...process.env, [INSIDE]: open, [SHARED]: '1' },
    });
  } finally {
    rmdirSync(open); // empty out here: nothing was ever mounted on it in this namespace
  }
}
