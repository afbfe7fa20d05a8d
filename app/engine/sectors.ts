// Partition tables count in sectors. On a disk whose sectors have another size than those that a table was made for, no
// system finds it, or its partitions: the copy is whole, verified, and of no use. Said before the job starts.
import type { Note } from '../contract/facts.ts';
import { errnoOf } from './errors.ts';
import type { End } from './inspect.ts';
import type { NativeDevice } from './native.ts';

const SIZES = [512, 4096] as const;
type Sector = (typeof SIZES)[number];
/** Begins the header of a GPT, which is in sector 1 (UEFI specification, 5.3.2). */
const GPT = 'EFI PART';
/** Where the four entries of an MBR begin, and what ends it (UEFI specification, 5.2.1). */
const MBR = { entries: 446, entry: 16, count: 4, type: 4, start: 8, sectors: 12, signature: 0xaa55, at: 510 } as const;
const PROTECTIVE = 0xee;

/** A note for each disk among `destinations` on which the partitions of `source` would not be found, or its GPT would not reach the end. */
export async function notesOnSectors(source: { end: End; device: NativeDevice }, destinations: readonly End[]): Promise<Note[]> {
  const disks = destinations.filter(({ block }) => block !== null && block.type !== 'part');
  if (disks.length === 0) return [];
  const head = await peek(source.device, 2 * SIZES[1]);
  const gpt = gptIn(head, source.end);
  const made = gpt ?? sectorOfMbr(head, source.end);
  if (made === null) return [];
  return disks.flatMap(({ path, size, block }): Note[] => {
    if (block!.logicalSector !== made) return [{ kind: 'otherSectors', path, has: block!.logicalSector, made }];
    return gpt !== null && size > source.end.size ? [{ kind: 'gptNotAtEnd', path }] : [];
  });
}

/** Bytes of the sectors that the GPT of a disk or an image counts in; null where it has none. */
function gptIn(head: Buffer, { block }: End): Sector | null {
  const ownFirst = block?.logicalSector === SIZES[1] ? SIZES.toReversed() : SIZES;
  return ownFirst.find((sector) => head.toString('latin1', sector, sector + GPT.length) === GPT) ?? null;
}

/** The same of an MBR; null where there is none, or nothing says. */
function sectorOfMbr(head: Buffer, { size, block }: End): Sector | null {
  const ends = endsOfMbr(head);
  if (ends.length === 0) return null;
  const fits = SIZES.filter((sector) => ends.every((end) => end * sector <= size));
  // Of an MBR only what does not fit tells, or the disk that it is on.
  return fits.length === 1 ? fits[0]! : (fits.find((sector) => sector === block?.logicalSector) ?? null);
}

/** Where the partitions of an MBR end, in sectors; none of what is no MBR, as the boot sector of a file system, or is there to protect a GPT. */
function endsOfMbr(head: Buffer): number[] {
  if (head.length < MBR.at + 2 || head.readUInt16LE(MBR.at) !== MBR.signature) return [];
  const entries = Array.from({ length: MBR.count }, (_, index) => head.subarray(MBR.entries + index * MBR.entry));
  if (entries.some((entry) => (entry[0]! & 0x7f) !== 0 || entry[MBR.type] === PROTECTIVE)) return [];
  const used = entries.filter((entry) => entry[MBR.type] !== 0);
  if (used.some((entry) => entry.readUInt32LE(MBR.start) === 0 || entry.readUInt32LE(MBR.sectors) === 0)) return [];
  return used.map((entry) => entry.readUInt32LE(MBR.start) + entry.readUInt32LE(MBR.sectors));
}

/** What cannot be read says nothing; the job will tell of it. */
async function peek(device: NativeDevice, length: number): Promise<Buffer> {
  try {
    return await device.peek(0, length);
  } catch (error) {
    if (errnoOf(error) === null) throw error;
    return Buffer.alloc(0);
  }
}
