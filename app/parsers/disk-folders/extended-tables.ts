// The tables of logical partitions, which Clonezilla and FOG do not keep: one sector before each of them.
import { SECTOR } from './disk-plan.ts';
import type { DumpedPartition } from './sfdisk-dump.ts';

/** The types of an extended partition, as dumps write them. */
export const EXTENDED: ReadonlySet<string> = new Set(['5', 'f', '85', '05', '0f']);

/** Sectors between a table and its partition, where there is room for them. */
const ALIGNED = 2048;
const [TYPE_EXTENDED, SIGNATURE] = [0x05, 0xaa55];

/** The tables for these logical partitions, in order, in an extended one that begins at the sector `base`. */
export function extendedTables(base: number, logical: readonly DumpedPartition[]): { sector: number; bytes: Buffer }[] {
  const sectors = logical.map(({ start }, index) => {
    if (index === 0) return base;
    const { start: before, size } = logical[index - 1]!;
    return Math.max(before + size, start - ALIGNED);
  });
  return logical.map((one, index) => {
    const bytes = Buffer.alloc(SECTOR);
    const sector = sectors[index]!;
    writeEntry(bytes, 446, Number.parseInt(one.type, 16), one.start - sector, one.size, one.bootable);
    const next = logical[index + 1];
    if (next !== undefined) {
      const at = sectors[index + 1]!;
      writeEntry(bytes, 462, TYPE_EXTENDED, at - base, next.start + next.size - at, false);
    }
    bytes.writeUInt16LE(SIGNATURE, 510);
    return { sector, bytes };
  });
}

/** Writes an entry of an MBR. Places in sectors. */
export function writeEntry(to: Buffer, at: number, type: number, start: number, size: number, bootable: boolean): void {
  to[at] = bootable ? 0x80 : 0;
  // The highest geometry says that the sectors count.
  to.set([0xfe, 0xff, 0xff], at + 1);
  to[at + 4] = type;
  to.set([0xfe, 0xff, 0xff], at + 5);
  to.writeUInt32LE(start >>> 0, at + 8);
  to.writeUInt32LE(size >>> 0, at + 12);
}
