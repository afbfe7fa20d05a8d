// The disks to choose from, each with the identity that must stay the same and the reason why it cannot be written.
import type { Disk, Partition } from '../../contract/disks.ts';
import type { Reason, Remedy } from '../../contract/facts.ts';
import { mountsOn, withDescendants, type Block, type Blocks } from './block-devices.ts';
import type { Failure } from '../../base/errors.ts';
import { holds, releaseOf, swapOff } from './release-commands.ts';

/** Kernel names of memory devices that lsblk lists as disks. */
const MEMORY_DISK = /^(zram|ram)\d+$/;

/**
 * The whole disks among `blocks` that have a size, ordered by port. `all` adds the loop devices that are in use.
 * `jobOn` gives the job of another Platter that uses the device at a path.
 */
export function disksOf(blocks: Blocks, all: boolean, jobOn: (path: string) => Reason | null = () => null): Disk[] {
  const wanted = (block: Block): boolean =>
    block.size > 0 && (block.type === 'loop' ? all && block.backingFile !== null : isWhole(block));
  return blocks.all
    .filter(wanted)
    .map((block) => disk(block, jobOn))
    .sort(inPortOrder);
}

/** Disks without a port come last. */
function inPortOrder(a: Disk, b: Disk): number {
  const place = ({ port }: Disk): string => (port === null ? '1' : `0${port.path}`);
  const before = Number(place(a) > place(b)) - Number(place(a) < place(b));
  return before === 0 ? a.path.localeCompare(b.path, 'en', { numeric: true }) : before;
}

const isWhole = ({ type, name, systemBy }: Block): boolean =>
  (type === 'disk' && !MEMORY_DISK.test(name) && systemBy !== 'firmware') || type === 'rom';

function disk(block: Block, jobOn: (path: string) => Reason | null): Disk {
  const job = [block, ...block.children].flatMap(({ path }) => jobOn(path) ?? [])[0];
  const refusal =
    refusalsOf(block, true)[0] ?? (job === undefined ? undefined : { code: 'IN_USE' as const, reason: job });
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

const partition = (block: Block): Partition => ({
  path: block.path,
  size: block.size,
  label: block.label,
  fileSystem: block.fileSystem,
  mountedAt: mountsOn(block),
});

/**
 * Why `block` cannot be written, whatever the source; the most serious reason first. `unmount`: its mounts will be
 * unmounted.
 */
export function refusalsOf(block: Block, unmount: boolean): Failure[] {
  const refusals: Failure[] = [];
  const system = systemReason(block);
  // A disk of the system gets no advice on its mounts and holders, because that would not make it writable.
  const add = (code: Failure['code'], reason: Reason, remedy?: Remedy): void =>
    void refusals.push({
      code,
      op: 'check',
      reason,
      ...(system !== null ? { remedy: { kind: 'IS_SYSTEM' } } : remedy !== undefined ? { remedy } : {}),
    });
  const mounts = mountsOn(block);
  const targets = mounts.filter((mount) => mount !== '[SWAP]');
  const swaps = swapsOn(block);
  const holders = [...withDescendants(block)].filter((other) => other !== block && holds(other));
  if (system !== null) add('IS_SYSTEM', system);
  // The system's own file systems stay mounted, even when unmounting was asked for.
  if (system !== null && mounts.length > 0) add('MOUNTED', mountedWhere(mounts));
  if (system === null && targets.length > 0 && !unmount) add('MOUNTED', mountedWhere(targets));
  if (system === null && swaps.length > 0) add('MOUNTED', { kind: 'usedAsSwap' }, swapOff(swaps));
  if (block.type === 'rom') add('READ_ONLY', { kind: 'optical' });
  else if (block.readOnly) add('READ_ONLY', { kind: 'writeProtected' });
  if (holders.length > 0)
    add('IN_USE', { kind: 'heldBy', holders: holders.map(({ path, type }) => `${path} (${type})`) }, releaseOf(block));
  return refusals;
}

/**
 * Why `block` is never written as part of the running system. null when it is not part of it, or only because of swap,
 * which can be switched off.
 */
function systemReason({ systemBy }: Block): Reason | null {
  switch (systemBy) {
    case 'mounted':
      return { kind: 'isSystem' };
    case 'precaution':
      return { kind: 'maybeSystem' };
    case 'firmware':
      return { kind: 'bootArea' };
    case 'swap':
    case null:
      return null;
  }
}

const swapsOn = (block: Block): string[] =>
  [...withDescendants(block)].filter(({ mountedAt }) => mountedAt.includes('[SWAP]')).map(({ path }) => path);

function mountedWhere(mounts: readonly string[]): Reason {
  const targets = mounts.filter((mount) => mount !== '[SWAP]');
  if (targets.length === 0) return { kind: 'usedAsSwap' };
  return { kind: targets.length < mounts.length ? 'mountedAndSwap' : 'mountedAt', targets };
}
