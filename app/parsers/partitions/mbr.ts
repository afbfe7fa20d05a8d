// The master boot record, and the chain of logical partitions in an extended one.
import type { MbrTable, TablePartition } from '../../contract/disk-content.ts';
import { Part, type Bytes } from '../bytes/sample.ts';
import { markFaults } from './faults.ts';
import { MBR_TYPES } from './type-names.ts';

const SIZES = [512, 4096] as const;
/** Possible sizes of a sector, in bytes. */
export type Sector = (typeof SIZES)[number];

/** Offsets of the four entries and of the signatures (UEFI specification, 5.2.1). */
const MBR = { entries: 446, entry: 16, count: 4, diskId: 440, signature: 0xaa55, signatureAt: 510, end: 512 } as const;
/** Types of an extended partition. */
const EXTENDED: ReadonlySet<number> = new Set([0x05, 0x0f, 0x85]);
/** The type of the protective partition of a GPT. */
export const PROTECTIVE = 0xee;
/** Most logical partitions to read. */
const MOST_LOGICAL = 128;

/** An entry of the table, in sectors. */
export interface RawEntry {
  /** From 1. */
  number: number;
  active: boolean;
  type: number;
  start: number;
  sectors: number;
}

/** The four entries at the start of `disk`; null without a partition table, as in the boot sector of a file system. */
export function mbrEntries(disk: Bytes): RawEntry[] | null {
  const bytes = disk.bytes(0, MBR.end);
  if (bytes?.readUInt16LE(MBR.signatureAt) !== MBR.signature) return null;
  const all = Array.from({ length: MBR.count }, (_, index) => bytes.subarray(MBR.entries + index * MBR.entry));
  if (all.some(([status]) => (status! & 0x7f) !== 0)) return null;
  return all.map((entry, index) => ({
    number: index + 1,
    active: entry[0] === 0x80,
    type: entry[4]!,
    start: entry.readUInt32LE(8),
    sectors: entry.readUInt32LE(12),
  }));
}

/** The properties that a partition has from its table. */
interface Of {
  sector: Sector;
  id: string | null;
  place: TablePartition['place'];
  /** The sector that `start` is relative to. */
  base?: number;
}

export const partitionOf = (
  { number, active, type, start, sectors }: RawEntry,
  { sector, id, place, base = 0 }: Of,
): TablePartition => ({
  number,
  start: (base + start) * sector,
  size: sectors * sector,
  place,
  type: `0x${type.toString(16).padStart(2, '0')}`,
  typeName: MBR_TYPES[type] ?? null,
  name: null,
  uuid: id === null ? null : `${id}-${number.toString(16).padStart(2, '0')}`,
  active,
  faults: [],
});

/**
 * Reads an MBR; null when there is none. `logicalSector`: that of a disk, in bytes; null for an image. `beginsAt` tells
 * whether something is recognised at an offset.
 */
export function mbrIn(
  disk: Bytes,
  logicalSector: number | null,
  beginsAt: (offset: number) => boolean = () => false,
): MbrTable | null {
  const entries = mbrEntries(disk);
  if (entries === null) return null;
  const used = entries.filter(({ type }) => type !== 0);
  const id = disk.u32le(MBR.diskId) === 0 ? null : disk.u32le(MBR.diskId)!.toString(16).padStart(8, '0');
  // The boot sector of a file system may have zeros in the place of the entries. It has no disk signature then.
  if (used.length === 0 && (id === null || beginsAt(0))) return null;
  const last = Math.max(0, ...used.map(({ start, sectors }) => start + sectors));
  const known = sectorOf(last, disk.size, logicalSector);
  const sector =
    known ?? SIZES.find((size) => used.some(({ start }) => start > 0 && beginsAt(start * size))) ?? SIZES[0];
  const primary = used.map((entry) =>
    partitionOf(entry, { sector, id, place: EXTENDED.has(entry.type) ? 'extended' : 'primary' }),
  );
  const extended = used.find(({ type }) => EXTENDED.has(type));
  const { chain, logical } =
    extended === undefined ? { chain: 'none' as const, logical: [] } : logicalIn(disk, extended, { sector, id });
  const partitions = [...primary, ...logical];
  markFaults(partitions, disk.size);
  return { kind: 'mbr', sector, sectorKnown: known !== null, id, partitions, chain, gptToo: false };
}

/** The sector size of an MBR, by what fits the disk or image; null when both sizes fit an image. */
function sectorOf(last: number, size: number | null, logicalSector: number | null): Sector | null {
  const fits = size === null ? SIZES : SIZES.filter((sector) => last * sector <= size);
  // A truncated image is too short for either size. Nearly all tables use 512 bytes.
  const possible = fits.length > 0 ? fits : SIZES;
  const own = possible.find((sector) => sector === logicalSector);
  if (fits.length === 1) return fits[0]!;
  return own ?? (fits.length === 0 ? SIZES[0] : null);
}

/**
 * Reads the chain of boot records in an extended partition. Each has a logical partition and the place of the next
 * record.
 */
function logicalIn(
  disk: Bytes,
  extended: RawEntry,
  { sector, id }: Pick<Of, 'sector' | 'id'>,
): { chain: MbrTable['chain']; logical: TablePartition[] } {
  const logical: TablePartition[] = [];
  const seen = new Set<number>();
  let at = extended.start;
  for (;;) {
    if (seen.has(at) || seen.size > MOST_LOGICAL) return { chain: 'broken', logical };
    seen.add(at);
    const place = new Part(disk, at * sector, null);
    const entries = mbrEntries(place);
    if (entries === null) return { chain: place.bytes(0, MBR.end) === null ? 'unread' : 'broken', logical };
    const used = entries.filter(({ type, sectors }) => type !== 0 && sectors > 0);
    const own = used.find(({ type }) => !EXTENDED.has(type));
    if (own !== undefined)
      logical.push(partitionOf({ ...own, number: 5 + logical.length }, { sector, id, place: 'logical', base: at }));
    const next = used.find(({ type }) => EXTENDED.has(type));
    if (next === undefined) return { chain: 'whole', logical };
    at = extended.start + next.start;
  }
}
