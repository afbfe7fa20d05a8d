// Do two ends share storage? Names lie (links, loop devices over one file), so this goes by what they are made of.
import type { Block, Blocks } from './blocks.ts';

/** A block device or file, as far as it matters where its bytes are. */
export interface Located {
  /** Identity of the block device or file; null for a file that is not there yet. */
  id: string | null;
  realPath: string;
  /** The block device, when it is one. */
  block: Block | null;
}

/**
 * How writing `target` would meet `other`: it is the same storage, `target` is a piece of it (a partition of that disk),
 * or `other` lies on `target` (a partition, a volume, or a file of a file system on it). null: it does not.
 * A file is no piece of the disk under its file system: writing it takes free space there and harms nothing.
 */
export function overlap(target: Located, other: Located, blocks: Blocks): 'same' | 'piece' | 'lies-on' | null {
  const mine = identity(target);
  const theirs = identity(other);
  if (mine === null || theirs === null) return null;
  if (mine === theirs) return 'same';
  if (madeOf(target).has(theirs)) return 'piece';
  return liesOn(other, blocks).has(mine) ? 'lies-on' : null;
}

/** The same for one piece of storage, whatever it is called: loop devices over one file are that file. */
const identity = ({ block, id }: Located): string | null => (block === null ? id : identityOf(block));

function identityOf(block: Block): string {
  const [parent] = block.parents;
  if (block.type === 'part' && parent !== undefined) return `${identityOf(parent)}#${block.name.slice(parent.name.length)}`;
  if (block.type === 'loop' && parent !== undefined) return identityOf(parent);
  return block.backingId ?? `block:${block.majorMinor}`;
}

/** Identities of `end` and of all that it is a piece of. */
function madeOf({ block, id }: Located): Set<string> {
  if (block === null) return new Set(id === null ? [] : [id]);
  return new Set([identityOf(block), ...block.parents.flatMap((parent) => [...madeOf({ block: parent, id, realPath: parent.path })])]);
}

/** Identities of `end` and of all that it would be destroyed with. */
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
