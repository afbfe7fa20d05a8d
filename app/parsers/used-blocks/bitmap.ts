// The bitmap of clusters that NTFS, exFAT and HFS+ keep. Pure.
import type { Extent } from '../../contract/values.ts';
import { Ranges } from './used-map.ts';

/** Reads a bitmap in pieces: a bit for each cluster, 1 for one in use. */
export class ClusterBitmap {
  readonly #first: number;
  readonly #cluster: number;
  readonly #clusters: number;
  readonly #begins: 'lowest' | 'highest';
  readonly #free = new Ranges();
  #next = 0;

  /**
   * `first`: where the first cluster begins; `cluster`: its length; `clusters`: how many there are. In bytes. `begins`:
   * the bit of a byte that is its first.
   */
  constructor(first: number, cluster: number, clusters: number, begins: 'lowest' | 'highest' = 'lowest') {
    this.#first = first;
    this.#cluster = cluster;
    this.#clusters = clusters;
    this.#begins = begins;
  }

  /** Takes the next bytes of the bitmap. */
  take(bytes: Buffer): void {
    for (const byte of bytes) {
      if (this.#next >= this.#clusters) return;
      const bits = Math.min(8, this.#clusters - this.#next);
      if (byte === 0 && bits === 8) this.#add(this.#next, 8);
      else if (byte !== 0xff)
        for (let bit = 0; bit < bits; bit += 1)
          if (((byte >> (this.#begins === 'lowest' ? bit : 7 - bit)) & 1) === 0) this.#add(this.#next + bit, 1);
      this.#next += bits;
    }
  }

  #add(cluster: number, count: number): void {
    this.#free.add(this.#first + cluster * this.#cluster, count * this.#cluster);
  }

  /** True once there were more free ranges than MOST_RANGES. The others are not kept. */
  get areTooMany(): boolean {
    return this.#free.areTooMany;
  }

  /** The free ranges; null before all of the bitmap was taken. */
  get free(): readonly Extent[] | null {
    return this.#next === this.#clusters ? this.#free.all : null;
  }
}
