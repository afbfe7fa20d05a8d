// FAT12, FAT16 and FAT32, from their own bytes (Microsoft's FAT specification). Pure.
import { within } from '../bytes/sample.ts';
import { isPowerOfTwo } from '../file-systems/signature.ts';
import { Ranges, withTooMany, type MapAnswer } from './used-map.ts';

/** Bytes of the first sector that count. */
export const BOOT_BYTES = 512;
/** FSInfo: its signatures, and the count of free clusters. */
const INFO = { lead: 0x41615252, middle: 0x61417272, at: 484, free: 488 } as const;
const UNKNOWN = 0xffffffff;
/** The flag of Windows and Linux for a file system that is in use, at the place of each kind. */
const DIRTY = { short: 0x25, long: 0x41 } as const;

/** Where the parts of a FAT are, in bytes. */
export interface FatLayout {
  bits: 12 | 16 | 32;
  tableAt: number;
  tableBytes: number;
  tables: number;
  dataAt: number;
  cluster: number;
  clusters: number;
  /** Where FSInfo is; null for FAT12 and FAT16, which have none. */
  infoAt: number | null;
  end: number;
  /** The flag in the boot sector. */
  isDirty: boolean;
}

/** The layout that a boot sector of BOOT_BYTES describes; null when it is none that a FAT can have. */
export function fatLayout(boot: Buffer): FatLayout | null {
  if (boot.length < BOOT_BYTES || boot.readUInt16LE(510) !== 0xaa55) return null;
  const [sector, perCluster, reserved, tables] = [
    boot.readUInt16LE(11),
    boot.readUInt8(13),
    boot.readUInt16LE(14),
    boot.readUInt8(16),
  ];
  const rootEntries = boot.readUInt16LE(17);
  const sectors = boot.readUInt16LE(19) === 0 ? boot.readUInt32LE(32) : boot.readUInt16LE(19);
  const short = boot.readUInt16LE(22);
  const perTable = short === 0 ? boot.readUInt32LE(36) : short;
  if (!isPowerOfTwo(sector, 512, 4096) || !isPowerOfTwo(perCluster, 1, 128) || !within(tables, 1, 4)) return null;
  if (reserved === 0 || perTable === 0) return null;
  const dataAt = reserved + perTable * tables + Math.ceil((rootEntries * 32) / sector);
  if (dataAt >= sectors) return null;
  const clusters = Math.floor((sectors - dataAt) / perCluster);
  const bits = short === 0 ? 32 : clusters < 4085 ? 12 : 16;
  const tableBytes = perTable * sector;
  if (Math.ceil(((clusters + 2) * bits) / 8) > tableBytes) return null;
  const info = bits === 32 ? boot.readUInt16LE(48) : 0;
  return {
    bits,
    tableAt: reserved * sector,
    tableBytes,
    tables,
    dataAt: dataAt * sector,
    cluster: perCluster * sector,
    clusters,
    infoAt: info === 0 || info === 0xffff ? null : info * sector,
    end: sectors * sector,
    isDirty: (boot.readUInt8(bits === 32 ? DIRTY.long : DIRTY.short) & 1) !== 0,
  };
}

/** The free clusters that FSInfo (512 bytes) keeps; null when it keeps none. */
export function fatInfo(info: Buffer): number | null {
  if (info.length < 512 || info.readUInt32LE(0) !== INFO.lead || info.readUInt32LE(INFO.at) !== INFO.middle)
    return null;
  const free = info.readUInt32LE(INFO.free);
  return free === UNKNOWN ? null : free;
}

/** Reads a table piece by piece, and the other tables to compare with. */
export class FatTable {
  readonly #layout: FatLayout;
  readonly #free = new Ranges();
  #rest: Buffer = Buffer.alloc(0);
  #next = 0;
  #second = 0;

  constructor(layout: FatLayout) {
    this.#layout = layout;
  }

  /** Takes the next bytes of the first table. */
  take(bytes: Buffer): void {
    const { bits, clusters } = this.#layout;
    const all = this.#rest.length === 0 ? bytes : Buffer.concat([this.#rest, bytes]);
    // Two entries of FAT12 take three bytes.
    const step = bits === 12 ? 3 : bits / 8;
    const whole = Math.floor(all.length / step) * step;
    for (let at = 0; at < whole && this.#next < clusters + 2; at += step) {
      if (bits === 12) {
        const pair = all.readUIntLE(at, 3);
        this.#entry(pair & 0xfff);
        if (this.#next < clusters + 2) this.#entry(pair >> 12);
      } else this.#entry(bits === 16 ? all.readUInt16LE(at) : all.readUInt32LE(at) & 0x0fffffff);
    }
    this.#rest = Buffer.from(all.subarray(whole));
  }

  #entry(value: number): void {
    const { dataAt, cluster } = this.#layout;
    if (this.#next === 1) this.#second = value;
    else if (this.#next > 1 && value === 0) this.#free.add(dataAt + (this.#next - 2) * cluster, cluster);
    this.#next += 1;
  }

  /**
   * The map. The sum is that of the free clusters. `said`: those that FSInfo keeps; FAT12 and FAT16 keep none, so they
   * need a second table. `areEqual`: all tables are the same.
   */
  answer(said: number | null, areEqual: boolean): MapAnswer {
    const { bits, clusters, cluster, end, isDirty, tables } = this.#layout;
    if (this.#next < clusters + 2 || !this.#free.ascend) return null;
    if (this.#free.areTooMany) return withTooMany(end);
    const counted = this.#free.sum;
    const kept = said === null ? null : said * cluster;
    const figure = !areEqual ? null : bits === 32 ? kept : tables > 1 ? counted : null;
    // Cleared while it is mounted, and after an error.
    const rest = bits === 12 ? 0 : bits === 16 ? 0xc000 : 0x0c000000;
    const isAtRest = !isDirty && (this.#second & rest) === rest;
    return { end, free: this.#free.all, counted, said: figure, unrest: isAtRest ? null : 'notUnmounted' };
  }
}
