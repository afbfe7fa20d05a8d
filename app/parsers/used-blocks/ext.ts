// ext2, ext3 and ext4: what dumpe2fs prints of the superblock and of the block bitmaps of all groups.
import { isWithin, MOST_RANGES, numberIn, Ranges, withTooMany, type LineReader, type MapAnswer } from './used-map.ts';

/** The lines of the superblock that count. */
const HEADER = new Set([
  'Filesystem features',
  'Filesystem state',
  'Block count',
  'Free blocks',
  'Block size',
  'Cluster size',
]);
/** Features with blocks that the bitmaps do not tell of, or with work that the next mount has to do. */
const IN_JOURNAL = new Set(['needs_recovery', 'orphan_present']);
const UNKNOWN = new Set(['journal_dev', 'shared_blocks']);

/** Reads what dumpe2fs prints. */
export class ExtReader implements LineReader {
  readonly #header = new Map<string, string>();
  readonly #ranges: [first: number, last: number][] = [];
  /** Free clusters of each group, as its descriptor says, and the ranges before those of the group. */
  readonly #said: { free: number; from: number }[] = [];
  #groups = 0;
  #lists = 0;
  #isOdd = false;
  #isTooMany = false;

  line(text: string): void {
    if (/^Group \d+: /u.test(text)) this.#groups += 1;
    const said = /^ {2}(\d+) free (?:blocks|clusters), /u.exec(text)?.[1];
    if (said !== undefined) this.#said.push({ free: Number(said), from: this.#ranges.length });
    // The list of a group is indented, the figure of the superblock is not.
    const list = /^ {2}Free blocks: ?(.*)$/u.exec(text)?.[1];
    if (list !== undefined) this.#take(list);
    else if (this.#groups === 0) {
      const [, name, value] = /^([A-Z][A-Za-z ]+):\s+(.*)$/u.exec(text) ?? [];
      if (name !== undefined && HEADER.has(name) && !this.#header.has(name)) this.#header.set(name, value!.trim());
    }
  }

  #take(list: string): void {
    this.#lists += 1;
    for (const part of list.trim() === '' ? [] : list.trim().split(', ')) {
      const [first, last = first] = part.split('-').map((one) => numberIn(one));
      if (first === undefined || first === null || last === null || last! < first) this.#isOdd = true;
      else if (this.#ranges.length === MOST_RANGES) this.#isTooMany = true;
      else this.#ranges.push([first, last!]);
    }
  }

  /** The map. The sum is that of the free blocks. */
  get answer(): MapAnswer {
    const figure = (name: string): number | null => numberIn(this.#header.get(name));
    const [blocks, free, size] = [figure('Block count'), figure('Free blocks'), figure('Block size')];
    const features = this.#header.get('Filesystem features')?.split(' ');
    const state = this.#header.get('Filesystem state');
    if (blocks === null || free === null || size === null || features === undefined || state === undefined) return null;
    if (this.#isOdd || this.#groups === 0 || this.#lists !== this.#groups) return null;
    if (this.#isTooMany) return withTooMany(blocks * size);
    // With clusters (bigalloc), dumpe2fs prints the first block of each cluster.
    const each = (figure('Cluster size') ?? size) / size;
    const more = each - 1;
    const ranges = new Ranges();
    for (const [first, last] of this.#ranges) ranges.add(first * size, (last - first + 1 + more) * size);
    if (!ranges.ascend || !isWithin(ranges.all, blocks * size)) return null;
    const unrest = features.some((one) => UNKNOWN.has(one))
      ? 'features'
      : features.some((one) => IN_JOURNAL.has(one))
        ? 'journal'
        : state === 'clean'
          ? this.#areEqual(each)
            ? null
            : 'groups'
          : 'notUnmounted';
    return { end: blocks * size, free: ranges.all, counted: ranges.sum, said: free * size, unrest };
  }

  /** True when each group has what its descriptor says: a right total must not come of two groups that are wrong. */
  #areEqual(each: number): boolean {
    return (
      this.#said.length === this.#groups &&
      this.#said.every(({ free, from }, index) => {
        const ranges = this.#ranges.slice(from, this.#said[index + 1]?.from);
        return free * each === ranges.reduce((sum, [first, last]) => sum + last - first + each, 0);
      })
    );
  }
}
