// Partition tables and signatures: any bytes give a bounded answer with exact numbers. The first bytes say where the
// rest lies on a disk of zeros, so that a fuzzer reaches file systems.
import { insideDisk } from '../app/parsers/forged-tables.ts';
import { leastSize } from '../../app/parsers/partitions/table.ts';
import { Dice, must } from './property.ts';

const KiB = 1024;
/** The offsets that the readers inspect. */
const PLACES = [0, 512, KiB, 4 * KiB, 32 * KiB, 64 * KiB, 254 * KiB];
const SIZE = 256 * KiB;
const SECTORS = [null, 512, 4096] as const;

function check(disk: Buffer, logicalSector: number | null, size: number | null): void {
  const inside = insideDisk(disk, logicalSector, { size });
  must((inside.signatures ?? []).length < 32, 'a place has few signatures');
  if (inside.table === null) return;
  must(inside.table.partitions.length <= 8192 + 4, 'no more partitions than are read');
  for (const { start, size: bytes, signatures } of inside.table.partitions) {
    must(Number.isSafeInteger(start) && start >= 0 && Number.isSafeInteger(bytes) && bytes >= 0, 'exact numbers');
    must((signatures ?? []).length < 32, 'a partition has few signatures');
  }
  must(leastSize(inside.table) >= 0, 'a size');
}

export function fuzz(data: Buffer): void {
  const dice = new Dice(data);
  const [at, logicalSector] = [PLACES[dice.below(PLACES.length)]!, SECTORS[dice.below(SECTORS.length)]!];
  const content = data.subarray(2);
  const disk = Buffer.alloc(SIZE);
  content.copy(disk, at);
  check(disk, logicalSector, SIZE);
  check(disk, logicalSector, null);
  check(content, logicalSector, content.length);
}
