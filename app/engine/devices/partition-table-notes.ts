// Partition tables count in sectors. On a disk with another sector size than a table was made for, no system finds the
// table or its partitions: the copy is complete and verified, but useless. Warn before the job starts.
import type { Note } from '../../contract/facts.ts';
import { errnoOf } from '../../base/errors.ts';
import type { End, HeldEnd } from './inspect-paths.ts';
import type { NativeDevice } from '../native/addon.ts';
import { HEAD_BYTES, tableIn } from './partition-table.ts';

/** Sector size of a loop device by default. */
const LOOP_SECTOR = 512;

/**
 * Notes on the partition table of `source`. One for each disk and image among `destinations` where its partitions would
 * not be found; one for all disks where its GPT would not reach the end. One on `source` itself when that is true there, or when a partition
 * ends beyond its end.
 */
export async function notesOnSectors(source: HeldEnd, destinations: readonly End[]): Promise<Note[]> {
  const { path, size, block } = source.end;
  const table = tableIn(await peek(source.device, HEAD_BYTES), { size, logicalSector: block?.logicalSector ?? null });
  if (table === null) return [];
  const { kind, sector, end } = table;
  const here: Note[] = [
    ...(end !== null && end > size
      ? [{ kind: 'partitionsBeyond', path, end, size, missing: end - size } as const]
      : []),
    ...(sector !== null && block !== null && block.type !== 'part' && block.logicalSector !== sector
      ? [{ kind: 'sourceSectors', path, has: block.logicalSector, made: sector } as const]
      : []),
  ];
  if (sector === null) return here;
  const there = destinations.flatMap((one): Note[] => {
    if (one.block === null)
      return sector === LOOP_SECTOR ? [] : [{ kind: 'imageSectors', path: one.path, made: sector }];
    if (one.block.type === 'part') return [];
    if (one.block.logicalSector !== sector)
      return [{ kind: 'otherSectors', path: one.path, has: one.block.logicalSector, made: sector }];
    return [];
  });
  const isLarger = ({ block, size: has }: End): boolean =>
    block !== null && block.type !== 'part' && block.logicalSector === sector && has > size;
  const larger = kind === 'gpt' ? destinations.filter(isLarger).map((one) => one.path) : [];
  const ends: Note[] = larger.length === 0 ? [] : [{ kind: 'gptNotAtEnd', paths: larger, count: larger.length }];
  return [...here, ...there, ...ends];
}

/** Empty when it cannot be read, because the job will report that. */
async function peek(device: NativeDevice, length: number): Promise<Buffer> {
  try {
    return await device.peek(0, length);
  } catch (error) {
    if (errnoOf(error) === null) throw error;
    return Buffer.alloc(0);
  }
}
