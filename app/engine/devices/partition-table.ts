// The partition table at the beginning of a disk or an image: its sector size, and where its partitions end.

/** Possible sizes of a sector, in bytes. */
export type Sector = 512 | 4096;

/** A partition table. */
export interface Table {
  kind: 'gpt' | 'mbr';
  /** Size of its sectors; null when an MBR could mean either. */
  sector: Sector | null;
  /** Where the last partition ends, in bytes; null without partitions, or when `sector` is null. */
  end: number | null;
}

/** The disk or image with the table. */
export interface TableOn {
  /** Bytes. */
  size: number;
  /** Logical sector of a disk, in bytes; null for an image. */
  logicalSector: number | null;
}

const SIZES = [512, 4096] as const;
/** Bytes to read from the beginning: a GPT's header and entries, with sectors of either size. */
export const HEAD_BYTES = 32_768;
/** A GPT's header is in sector 1, its entries usually start in sector 2 (UEFI specification, 5.3.2 and 5.3.3). */
const GPT = { magic: 'EFI PART', entriesAt: 72, count: 80, entry: 84, last: 40, leastEntry: 128 } as const;
/** Where the four entries of an MBR begin, and its signature (UEFI specification, 5.2.1). */
const MBR = { entries: 446, entry: 16, count: 4, type: 4, start: 8, sectors: 12, signature: 0xaa55, at: 510 } as const;
const PROTECTIVE = 0xee;

/** The table in `head` (the first `HEAD_BYTES`, or fewer); null when there is none. */
export function tableIn(head: Buffer, on: TableOn): Table | null {
  const ownFirst = on.logicalSector === SIZES[1] ? SIZES.toReversed() : SIZES;
  const sector = ownFirst.find((size) => head.toString('latin1', size, size + GPT.magic.length) === GPT.magic);
  if (sector !== undefined) return { kind: 'gpt', sector, end: endOfGpt(head, sector) };
  const ends = endsOfMbr(head);
  if (ends.length === 0) return null;
  const last = Math.max(...ends);
  const made = sectorOfMbr(last, on);
  return { kind: 'mbr', sector: made, end: made === null ? null : last * made };
}

function endOfGpt(head: Buffer, sector: Sector): number | null {
  const header = head.subarray(sector);
  if (header.length < GPT.entry + 4) return null;
  const at = Number(header.readBigUInt64LE(GPT.entriesAt)) * sector;
  const length = header.readUInt32LE(GPT.entry);
  if (length < GPT.leastEntry) return null;
  let end = 0;
  for (let index = 0; index < header.readUInt32LE(GPT.count) && at + (index + 1) * length <= head.length; index += 1) {
    const entry = head.subarray(at + index * length);
    // An entry without a type is free.
    if (entry.subarray(0, 16).some((byte) => byte !== 0))
      end = Math.max(end, (Number(entry.readBigUInt64LE(GPT.last)) + 1) * sector);
  }
  return end === 0 ? null : end;
}

/**
 * The sector size of an MBR, by what fits the disk or image; null when both sizes fit and there is no disk to decide.
 */
function sectorOfMbr(last: number, { size, logicalSector }: TableOn): Sector | null {
  const fits = SIZES.filter((sector) => last * sector <= size);
  // A truncated image is too short for either. Nearly all tables use 512 bytes.
  const possible = fits.length > 0 ? fits : SIZES;
  const own = possible.find((sector) => sector === logicalSector);
  if (fits.length === 1) return fits[0]!;
  return own ?? (fits.length === 0 ? SIZES[0] : null);
}

/**
 * Where the partitions of an MBR end, in sectors. Empty when this is not an MBR (as the boot sector of a file system),
 * or only protects a GPT.
 */
function endsOfMbr(head: Buffer): number[] {
  if (head.length < MBR.at + 2 || head.readUInt16LE(MBR.at) !== MBR.signature) return [];
  const entries = Array.from({ length: MBR.count }, (_, index) => head.subarray(MBR.entries + index * MBR.entry));
  if (entries.some((entry) => (entry[0]! & 0x7f) !== 0 || entry[MBR.type] === PROTECTIVE)) return [];
  const used = entries.filter((entry) => entry[MBR.type] !== 0);
  if (used.some((entry) => entry.readUInt32LE(MBR.start) === 0 || entry.readUInt32LE(MBR.sectors) === 0)) return [];
  return used.map((entry) => entry.readUInt32LE(MBR.start) + entry.readUInt32LE(MBR.sectors));
}
