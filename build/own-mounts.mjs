// Root's tests run in a mount namespace of their own, in which every mount is shared. Tests start programs in further
// namespaces that follow it (FOLLOWING). Without both, such a namespace keeps the mounts
// that other tests had when it was made: their unmounting detaches a file system without flushing it, and its device
// stays in use. Runs on Node 20.
import { run } from './tools.mjs';

/** Set in the environment inside such a namespace. */
export const INSIDE = 'PLATTER_OWN_MOUNTS';

/** Options of unshare(1) for a mount namespace that follows the one it is made in. */
export const FOLLOWING = ['--mount', '--propagation', 'slave'];

/** For `sh -c`, in a namespace that follows the one it was made in: shares every mount with those that follow it. */
export const SHARE = 'mount --make-rshared /';

/** Runs `script` (absolute) with `args` in such a namespace. Gives its exit code; null when the caller can continue. */
export async function inOwnMounts(script, args) {
  if (process.getuid() !== 0 || process.env[INSIDE] !== undefined) return null;
  const program = [process.execPath, script, ...args];
  return run('unshare', [...FOLLOWING, 'sh', '-c', `${SHARE} && exec "$@"`, 'sh', ...program], {
    stdio: ['ignore', 'inherit', 'inherit'],
    env: { ...process.env, [INSIDE]: '1' },
  });
}
