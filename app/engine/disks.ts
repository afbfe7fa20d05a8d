// The disks to choose from, each with the identity that has to stay and the reason why it cannot be written.
import type { Disk, Partition } from '../contract/disks.ts';
import type { Reason } from '../contract/facts.ts';
import { mountsOn, withDescendants, type Block, type Blocks } from './blocks.ts';
import type { Failure } from './errors.ts';

/** Kernel names of what lsblk calls a disk and nobody plugs in: memory. */
const MEMORY_DISK = /^(zram|ram)\d+$/;

/** The whole disks among `blocks` that have a size, in the order of their ports; `all` adds the loop devices that have something behind them. */
export function disksOf(blocks: Blocks, all: boolean): Disk[] {
  const wanted = (block: Block): boolean =>
    block.size > 0 && (block.type === 'loop' ? all && block.backingFile !== null : isWhole(block));
  return blocks.all.filter(wanted).map(disk).sort(inPortOrder);
}

/** Those without a port come last. */
function inPortOrder(a: Disk, b: Disk): number {
  const place = ({ port }: Disk): string => (port === null ? '1' : `0${port.path}`);
  const before = Number(place(a) > place(b)) - Number(place(a) < place(b));
  return before === 0 ? a.path.localeCompare(b.path, 'en', { numeric: true }) : before;
}

const isWhole = ({ type, name }: Block): boolean => (type === 'disk' && !MEMORY_DISK.test(name)) || type === 'rom';

function disk(block: Block): Disk {
  const refusal = refusalsOf(block, true)[0];
  return {
    path: block.path,
    majorMinor: block.majorMinor,
    diskSequence: block.diskSequence,
    size: block.size,
    logicalSector: block.logicalSector,
    physicalSector: block.physicalSector,
    model: block.model,
    serial: block.serial,
    transport: block.transport,
    removable: block.removable,
    readOnly: block.readOnly,
    kind: block.type === 'loop' ? 'loop' : 'disk',
    backingFile: block.backingFile,
    mountedAt: mountsOn(block),
    system: block.system,
    fileSystem: block.fileSystem,
    label: block.label,
    partitionTable: block.partitionTable,
    signatures: block.signatures,
    partitions: block.children.filter(({ type }) => type === 'part').map(partition),
    port: block.port,
    ejectable: block.ejectable && !block.system,
    locked: refusal === undefined ? null : { code: refusal.code, reason: refusal.reason },
  };
}

const partition = (block: Block): Partition =>
  ({ path: block.path, size: block.size, label: block.label, fileSystem: block.fileSystem, mountedAt: mountsOn(block) });

/** Why nothing may be written to `block`, whatever the source; the gravest reason first. `unmount`: what is mounted will be unmounted. */
export function refusalsOf(block: Block, unmount: boolean): Failure[] {
  const refusals: Failure[] = [];
  const add = (code: Failure['code'], reason: Reason): void => void refusals.push({ code, op: 'check', reason });
  const mounts = mountsOn(block);
  const holders = [...withDescendants(block)].filter((other) => other !== block && holds(other));
  if (block.system) add('IS_SYSTEM', { kind: 'isSystem' });
  // What the system needs stays mounted, whoever asks.
  if (mounts.length > 0 && (block.system || !unmount)) add('MOUNTED', mountedWhere(mounts));
  if (block.type === 'rom') add('READ_ONLY', { kind: 'optical' });
  else if (block.readOnly) add('READ_ONLY', { kind: 'writeProtected' });
  if (holders.length > 0) add('IN_USE', { kind: 'heldBy', holders: holders.map(({ path, type }) => `${path} (${type})`) });
  return refusals;
}

/**
 * Does it hold the devices that it lies on? Everything does but the kernel's own partitions: encryption, LVM, RAID,
 * multipath, bcache, drbd, a loop device over a disk. A partition that the device-mapper makes is one of its devices.
 */
const holds = ({ type, name }: Block): boolean => type !== 'part' || name.startsWith('dm-');

function mountedWhere(mounts: readonly string[]): Reason {
  const targets = mounts.filter((mount) => mount !== '[SWAP]');
  if (targets.length === 0) return { kind: 'usedAsSwap' };
  return { kind: targets.length < mounts.length ? 'mountedAndSwap' : 'mountedAt', targets };
}
