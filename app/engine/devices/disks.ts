// The disks to choose from, each with the identity that must stay the same and the reason why it cannot be written.
import type { Disk, Partition } from '../../contract/disks.ts';
import type { Reason } from '../../contract/facts.ts';
import { mountsOn, type Block, type Blocks } from './block-devices.ts';
import { refusalsOf } from './disk-refusals.ts';

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

/** By bay, then by port. Disks without a port come last. */
export function inPortOrder(a: Disk, b: Disk): number {
  const place = ({ port }: Disk): string => {
    if (port === null) return '2';
    return port.bay === null ? `1${port.path}` : `0${String(port.bay.number).padStart(4, '0')}`;
  };
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
    rotational: block.rotational,
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
