// Do two ends share storage? Names mislead (links, loop devices over one file), so this compares what they consist of.
import type { Block, Blocks } from './block-devices.ts';

/** A block device or file, with what determines where its bytes are. */
export interface Located {
  /** Identity of the block device or file; null for a missing file. */
  id: string | null;
  realPath: string;
  /** The block device; null for a file. */
  block: Block | null;
}

/**
 * How writing `target` would affect `other`: it is the same storage ('same'), `target` is part of it (a partition of
 * that disk; 'piece'), or `other` lies on `target` (a partition, a volume, or a file in its file system). null: not at
 * all. A file is not part of the disk under its file system: writing it takes free space and harms nothing.
 */
export function overlap(target: Located, other: Located, blocks: Blocks): 'same' | 'piece' | 'lies-on' | null {
  const mine = identity(target);
  const theirs = identity(other);
  if (mine === null || theirs === null) return null;
  if (mine === theirs) return 'same';
  if (constituentIds(target).has(theirs)) return 'piece';
  return liesOn(other, blocks).has(mine) ? 'lies-on' : null;
}

/** Identity of the storage, whatever its name: loop devices over one file are that file. */
const identity = ({ block, id }: Located): string | null => (block === null ? id : identityOf(block));

function identityOf(block: Block): string {
  const [parent] = block.parents;
  const own = `block:${block.majorMinor}`;
  if (block.type === 'part' && parent !== undefined)
    return block.partition === null ? own : `${identityOf(parent)}#${block.partition}`;
  if (block.type === 'loop' && parent !== undefined) return identityOf(parent);
  // Two loop devices over one deleted file show the same path, and nothing else identifies it.
  if (block.type === 'loop' && block.backingFile !== null) return block.backingId ?? `behind:${block.backingFile}`;
  return block.parents.length === 0 ? (unit(block) ?? own) : own;
}

/** Transports with one path per disk. Two disks that look alike there are two disks, with careless serial numbers. */
const ONE_PATH: ReadonlySet<string> = new Set(['usb', 'sata', 'ata', 'mmc', 'loop']);

/** Identity of a disk that can have several paths: WWN and size, or else serial number, model and size. */
function unit({ type, transport, wwn, serial, model, size }: Block): string | null {
  if (type !== 'disk' || ONE_PATH.has(transport ?? '')) return null;
  if (wwn !== null) return `unit:${wwn}:${size}`;
  // Namespaces of one NVMe drive share its serial number.
  return serial === null || model === null || transport === 'nvme' ? null : `unit:${serial}:${model}:${size}`;
}

/** Identities of `end` and of everything that contains it. */
function constituentIds({ block, id }: Located): Set<string> {
  if (block === null) return new Set(id === null ? [] : [id]);
  return new Set([
    identityOf(block),
    ...block.parents.flatMap((parent) => [...constituentIds({ block: parent, id, realPath: parent.path })]),
  ]);
}

/** Identities of `end` and of everything that would be destroyed with it. */
function liesOn(end: Located, blocks: Blocks, seen = new Set<string>()): Set<string> {
  const mine = identity(end);
  if (mine === null || seen.has(mine)) return seen;
  seen.add(mine);
  const visit = (block: Block): void => void liesOn({ block, id: null, realPath: block.path }, blocks, seen);
  if (end.block === null) {
    for (const below of blocks.under(end.realPath)) visit(below);
  } else {
    end.block.parents.forEach(visit);
    if (end.block.backingFile !== null) for (const below of blocks.under(end.block.backingFile)) visit(below);
  }
  return seen;
}
