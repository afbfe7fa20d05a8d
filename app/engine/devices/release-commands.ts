// The commands that free a device from what lies on it and holds it: RAID, LVM, encryption, loop devices.
import { basename } from 'node:path';
import type { Remedy } from '../../contract/facts.ts';
import type { Block } from './block-devices.ts';

/**
 * True when it holds the devices below it. Everything does except the kernel's own partitions: encryption, LVM, RAID,
 * multipath, bcache, drbd, a loop device over a disk. Partitions made by the device-mapper are devices of their own and
 * hold.
 */
export const holds = ({ type, name }: Block): boolean => type !== 'part' || name.startsWith('dm-');

/**
 * The commands that make the holders of `block` release it, in working order. undefined when the command for a holder
 * is not known.
 */
export function releaseOf(block: Block): Remedy | undefined {
  const commands: string[] = [];
  const known = block.children.every((child) => release(child, false, commands));
  return known && commands.length > 0 ? { kind: 'release', command: lastOfEach(commands).join(' && ') } : undefined;
}

/** Each command once, at its last place: a volume group is switched off after all of its volumes are unmounted. */
const lastOfEach = (commands: readonly string[]): string[] => [...new Set(commands.toReversed())].toReversed();

/**
 * Adds the commands that release `block` and everything on it, the top first. `held`: it lies on a holder. False when a
 * command is not known.
 */
function release(block: Block, held: boolean, commands: string[]): boolean {
  const own = held || holds(block);
  if (!block.children.every((child) => release(child, own, commands))) return false;
  if (!own) return true;
  for (const target of block.mountedAt.toReversed())
    commands.push(target === '[SWAP]' ? shell(['swapoff', block.path]) : shell(['umount', target]));
  if (!holds(block)) return true;
  const command = commandFor(block);
  if (command !== null) commands.push(command);
  return command !== null;
}

function commandFor({ type, name, path }: Block): string | null {
  if (type === 'loop') return shell(['losetup', '--detach', path]);
  if (name.startsWith('md')) return shell(['mdadm', '--stop', path]);
  if (name.startsWith('bcache')) return `echo 1 > /sys/block/${name}/bcache/stop`;
  // The other tools know a device by the name from the device-mapper.
  if (!path.startsWith('/dev/mapper/')) return null;
  const mapped = basename(path);
  const group = type === 'lvm' ? groupOf(mapped) : null;
  if (group !== null) return shell(['vgchange', '--activate', 'n', group]);
  if (type === 'crypt') return shell(['cryptsetup', 'close', mapped]);
  if (type === 'mpath') return shell(['multipath', '-f', mapped]);
  return shell(['dmsetup', 'remove', mapped]);
}

/** The volume group of a logical volume: "my-vg" of "my--vg-root". LVM doubles the hyphens of both names. */
const groupOf = (mapped: string): string | null =>
  /^((?:[^-]|--)+)-(?!-)/.exec(mapped)?.[1]?.replaceAll('--', '-') ?? null;

/** The advice to switch off swap on `devices`. */
export const swapOff = (devices: readonly string[]): Remedy => ({
  kind: 'swapOff',
  command: shell(['swapoff', ...devices]),
});

/** A command line for a shell. */
export const shell = (words: readonly string[]): string =>
  words.map((word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`)).join(' ');
