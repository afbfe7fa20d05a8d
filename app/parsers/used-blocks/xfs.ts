// XFS: what xfs_db prints of the superblock, of the heads of the allocation groups and of their free extents, and what
// xfs_logprint says of the log.
import type { Extent } from '../../contract/values.ts';
import { isWithin, lengthOf, MOST_RANGES, numberIn, withTooMany, type LineReader, type MapAnswer } from './used-map.ts';

/** Most allocation groups whose heads are asked for: each is two words of a command. */
export const MOST_GROUPS = 8192;

/** The figures of the superblock that count. Sizes in blocks of the file system. */
export interface XfsSuper {
  blockSize: number;
  blocks: number;
  groupBlocks: number;
  groups: number;
  free: number;
  /** It has no realtime section, its log is its own, and no mkfs is under way. */
  isPlain: boolean;
}

/** Reads "name = value", as xfs_db prints fields. */
class Fields {
  readonly #fields = new Map<string, number>();

  line(text: string): void {
    const [, name, value] = /^([a-z_0-9]+) = (\d+)$/u.exec(text) ?? [];
    const number = numberIn(value);
    if (name !== undefined && number !== null && !this.#fields.has(name)) this.#fields.set(name, number);
  }

  get(name: string): number | null {
    return this.#fields.get(name) ?? null;
  }
}

/** Reads what `xfs_db -c 'sb 0' -c p` prints. */
export class XfsSuperReader implements LineReader {
  readonly #fields = new Fields();

  line(text: string): void {
    this.#fields.line(text);
  }

  /** null when a figure is missing or impossible. */
  get answer(): XfsSuper | null {
    const get = (name: string): number | null => this.#fields.get(name);
    const [blockSize, blocks] = [get('blocksize'), get('dblocks')];
    const [groupBlocks, groups, free] = [get('agblocks'), get('agcount'), get('fdblocks')];
    if (blockSize === null || blocks === null || groupBlocks === null || groups === null || free === null) return null;
    if (blockSize < 512 || groupBlocks === 0 || groups === 0 || groups > MOST_GROUPS) return null;
    // The last group may be shorter than the others.
    if (blocks <= groupBlocks * (groups - 1) || blocks > groupBlocks * groups) return null;
    const isPlain = get('rblocks') === 0 && get('inprogress') === 0 && (get('logstart') ?? 0) > 0;
    return { blockSize, blocks, groupBlocks, groups, free, isPlain };
  }
}

/** The commands of xfs_db that print what `XfsFreeReader` reads. */
export const freeCommands = ({ groups }: XfsSuper): string[] => [
  'freesp -d',
  ...Array.from({ length: groups }, (_, group) => [`agf ${group}`, 'p seqno freeblks flcount btreeblks']).flat(),
];

/** Reads the free extents, and after them the heads of the allocation groups. */
export class XfsFreeReader implements LineReader {
  readonly #super: XfsSuper;
  readonly #free: Extent[] = [];
  /** Free blocks of each group, as they are listed, and as the group's head says. */
  readonly #listed: number[];
  readonly #said: number[];
  #heads = 0;
  /** The blocks of the trees of free extents, which the superblock counts as free. */
  #trees = 0;
  #group = -1;
  #isList = true;
  #isOdd = false;
  #isTooMany = false;

  constructor(found: XfsSuper) {
    this.#super = found;
    this.#listed = Array.from({ length: found.groups }, () => 0);
    this.#said = Array.from({ length: found.groups }, () => 0);
  }

  line(text: string): void {
    // A histogram follows the list.
    if (/^\s*from\s/u.test(text)) this.#isList = false;
    const [, group, block, length] = (this.#isList ? /^\s*(\d+)\s+(\d+)\s+(\d+)\s*$/u.exec(text) : null) ?? [];
    if (group !== undefined) this.#extent(Number(group), Number(block), Number(length));
    const [, name, value] = /^(seqno|freeblks|flcount|btreeblks) = (\d+)$/u.exec(text) ?? [];
    if (name !== undefined) this.#figure(name, Number(value));
  }

  #extent(group: number, block: number, length: number): void {
    const { groups, groupBlocks, blockSize } = this.#super;
    if (group >= groups || block + length > groupBlocks || length === 0) {
      this.#isOdd = true;
      return;
    }
    this.#listed[group]! += length;
    if (this.#free.length === MOST_RANGES) this.#isTooMany = true;
    else this.#free.push({ offset: (group * groupBlocks + block) * blockSize, length: length * blockSize });
  }

  #figure(name: string, value: number): void {
    if (name === 'seqno') {
      if (value !== this.#group + 1) this.#isOdd = true;
      this.#group = value;
    } else if (name === 'btreeblks') {
      this.#heads += 1;
      this.#trees += value;
    } else if (this.#group in this.#said) this.#said[this.#group]! += value;
  }

  /** The map. The sum is that of the free blocks, as the superblock counts them. `isDirty`: the log has work left. */
  answer(isDirty: boolean): MapAnswer {
    const { groups, blocks, blockSize, free, isPlain } = this.#super;
    const areEqual = this.#listed.every((count, group) => count === this.#said[group]);
    if (this.#isOdd || this.#heads !== groups) return null;
    if (this.#isTooMany) return withTooMany(blocks * blockSize);
    const sorted = this.#free.toSorted((one, other) => one.offset - other.offset);
    if (!isWithin(sorted, blocks * blockSize)) return null;
    const counted = lengthOf(sorted) + this.#trees * blockSize;
    // A list that differs from the group's own head must not pass because two groups make up for each other.
    const said = areEqual ? free * blockSize : null;
    const unrest = !isPlain ? 'features' : isDirty ? 'journal' : null;
    return { end: blocks * blockSize, free: sorted, counted, said, unrest };
  }
}

/** Reads what `xfs_logprint -t` prints. */
export class XfsLogReader implements LineReader {
  /** null until it says so. */
  isClean: boolean | null = null;

  line(text: string): void {
    const state = /state: <([A-Z]+)>/u.exec(text)?.[1];
    if (state !== undefined) this.isClean = state === 'CLEAN' && this.isClean !== false;
  }
}
