// Reads what the picture of the block devices is made of: util-linux's lsblk, and what /proc and /sys say.
import { readFile } from 'node:fs/promises';
import type { Reason } from '../contract/facts.ts';
import { Blocks, LSBLK_COLUMNS, unknownIn, type Block, type Facts } from './blocks.ts';
import { failure, Refusal } from './errors.ts';
import { fileIds, idOf } from './file-ids.ts';
import { parseSwaps } from './mounts.ts';
import type { NativeDeviceInfo } from './native.ts';
import { portsOf } from './port.ts';
import { runProgram, SYSTEM_PATH } from './programs.ts';
import { probe } from './probe.ts';
import { btrfsMembers, content, ejectable, loopBackings, places, sequences, serials } from './sysfs.ts';

const LSBLK_TIMEOUT_MS = 20_000;
/** It is an addition to what sysfs says, so a file system that hangs behind a loop device delays no list for long. */
const LOSETUP_TIMEOUT_MS = 3_000;

/**
 * The block devices of this machine as they are now. Rejects with a Refusal (ENGINE_UNAVAILABLE) when lsblk is not
 * there, fails, or does not answer. `path` is where programs are looked for;
 * `untouched` are the numbers of devices that are not to be read from now, because a job has them.
 */
export async function readBlocks(path: string = SYSTEM_PATH, untouched: ReadonlySet<string> = new Set()): Promise<Blocks> {
  try {
    return await lookAtBlocks(path, untouched);
  } catch (error) {
    // A disk that goes away while programs look at it can make them fail. The second look counts.
    if (error instanceof Refusal && error.errors[0]!.reason.kind !== 'lsblkSilent') return lookAtBlocks(path, untouched);
    throw error;
  }
}

async function lookAtBlocks(path: string, untouched: ReadonlySet<string>): Promise<Blocks> {
  const backings = loopBackings();
  const [lsblk, mountinfo, backingIds] = await Promise.all([runLsblk(path), readFile('/proc/self/mountinfo', 'utf8'), backings.size === 0 ? new Map<string, string>() : loopFiles(path)]);
  const placed = places();
  try {
    const probed = await probe(unknownIn(lsblk).filter(({ majorMinor }) => !untouched.has(majorMinor)), path);
    const swaps = content('/proc/swaps');
    const untold = [...backings].filter(([name]) => !backingIds.has(name)).map(([, file]) => file);
    const ids = await fileIds([...new Set([...untold, ...parseSwaps(swaps)])].filter((file) => !isNode(file)), path);
    const facts: Facts = {
      lsblk, mountinfo, swaps, backings, backingIds, ports: portsOf(placed), sequences: sequences(placed), serials: serials(placed),
      ejectable: ejectable(placed), probed, btrfs: btrfsMembers(), idOf: (file) => (isNode(file) ? idOf(file) : ids.get(file) ?? null),
    };
    return new Blocks(facts);
  } catch (error) {
    throw unavailable({ kind: 'lsblkOdd', said: String(error) });
  }
}

/** Nothing in /dev waits for a disk or a server to be looked at. What is elsewhere may. */
const isNode = (path: string): boolean => path.startsWith('/dev/') && !path.startsWith('/dev/shm/');

/** Whether an open device is the disk or medium that was looked at, as far as the kernel numbers them. */
export const isSequence = (block: Pick<Block, 'diskSequence'> | null, { diskSequence }: Pick<NativeDeviceInfo, 'diskSequence'>): boolean =>
  diskSequence === 0 || [null, diskSequence].includes(block?.diskSequence ?? null);

async function runLsblk(path: string): Promise<string> {
  const { stdout, failed, stderr } = await runProgram('lsblk', ['--all', '--json', '--bytes', '--output', LSBLK_COLUMNS], path, LSBLK_TIMEOUT_MS);
  if (failed === null) return stdout;
  throw unavailable(failed === 'timeout' ? { kind: 'lsblkSilent', seconds: String(LSBLK_TIMEOUT_MS / 1000) } : { kind: 'lsblkFailed', said: stderr.trim() || failed });
}

/**
 * Identities of the files behind loop devices, by kernel name, as the kernel has them: a deleted file has no path, and a
 * path can belong to another mount namespace. Only root is told; for others, and where losetup is missing or does not
 * answer, none.
 */
async function loopFiles(path: string): Promise<Map<string, string>> {
  const { stdout, failed } = await runProgram('losetup', ['--list', '--raw', '--noheadings', '--output', 'NAME,BACK-INO,BACK-MAJ:MIN'], path, LOSETUP_TIMEOUT_MS);
  if (failed !== null) return new Map();
  // It writes the blanks that it pads a number with as "\x20".
  return new Map(stdout.split('\n').flatMap((line) => {
    const [, name, inode, number] = /^\/dev\/(\S+) (\d+) (\d+:\d+)$/.exec(line.replaceAll('\\x20', '').trim()) ?? [];
    return name === undefined ? [] : [[name, `file:${number}:${inode}`] as const];
  }));
}

const unavailable = (reason: Reason): Refusal => new Refusal([failure({ code: 'ENGINE_UNAVAILABLE', op: 'check', reason, remedy: { kind: 'installLsblk' } })]);
