// Reads what the picture of the block devices is made of: util-linux's lsblk, and what /proc and /sys say.
import { execFile } from 'node:child_process';
import { statSync, type BigIntStats } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { Blocks, LSBLK_COLUMNS, type Facts } from './blocks.ts';
import { errnoOf, failure, Refusal } from './errors.ts';
import { portsOf } from './port.ts';
import { btrfsMembers, content, loopBackings, places, serials } from './sysfs.ts';

/** The system's own lsblk: a host that runs as root does not take its caller's word for where programs are. */
export const SYSTEM_PATH = '/usr/sbin:/usr/bin:/sbin:/bin:/run/current-system/sw/bin';
const LSBLK_TIMEOUT_MS = 20_000;

/**
 * The block devices of this machine as they are now. Rejects with a Refusal (ENGINE_UNAVAILABLE) when lsblk is not
 * there, fails, or does not answer. `path` is where programs are looked for.
 */
export async function readBlocks(path: string = SYSTEM_PATH): Promise<Blocks> {
  const [lsblk, mountinfo] = await Promise.all([runLsblk(path), readFile('/proc/self/mountinfo', 'utf8')]);
  const placed = places();
  const facts: Facts = {
    lsblk, mountinfo, swaps: content('/proc/swaps'), backings: loopBackings(), ports: portsOf(placed), serials: serials(placed), btrfs: btrfsMembers(), idOf,
  };
  try {
    return new Blocks(facts);
  } catch (error) {
    throw unavailable(`lsblk printed something else than a list of block devices (${String(error)})`);
  }
}

/** Identity of what is at `path`, links followed, the same under every name; null when that cannot be told. */
export function idOf(path: string): string | null {
  try {
    return statsId(statSync(path, { bigint: true }));
  } catch (error) {
    // Gone, not a path at all ("... (deleted)"), or out of reach, as behind a network that is down.
    if (errnoOf(error) !== null) return null;
    throw error;
  }
}

/** The same of something already looked at. */
export const statsId = (stats: BigIntStats): string =>
  stats.isBlockDevice() ? `block:${numberOf(stats.rdev)}` : `file:${numberOf(stats.dev)}:${stats.ino}`;

/** "8:16" of a dev_t, which glibc spreads over its 64 bits (makedev(3)). */
export function numberOf(device: bigint): string {
  const major = ((device >> 8n) & 0xfffn) | ((device >> 32n) & 0xfffff000n);
  const minor = (device & 0xffn) | ((device >> 12n) & 0xffffff00n);
  return `${major}:${minor}`;
}

function runLsblk(path: string): Promise<string> {
  const args = ['--all', '--json', '--bytes', '--output', LSBLK_COLUMNS];
  return new Promise((resolve, reject) => {
    const child = execFile('lsblk', args, { env: { PATH: path, LC_ALL: 'C.UTF-8' }, maxBuffer: 64 * 1024 * 1024 }, (error, stdout, stderr) => {
      clearTimeout(timer);
      if (error === null) resolve(stdout);
      else reject(unavailable(`lsblk failed: ${stderr.trim() || error.message}`));
    });
    // An lsblk that waits for a device that hangs cannot even be killed, so its end is not what to wait for.
    const timer = setTimeout(() => {
      child.kill('SIGKILL');
      child.unref();
      reject(unavailable(`lsblk did not answer within ${LSBLK_TIMEOUT_MS / 1000} s; a device may hang`));
    }, LSBLK_TIMEOUT_MS);
  });
}

const unavailable = (reason: string): Refusal => new Refusal([failure({
  code: 'ENGINE_UNAVAILABLE', op: 'check', message: `The disks cannot be listed: ${reason}.`, advice: 'Install util-linux 2.34 or newer, then try again.',
})]);
