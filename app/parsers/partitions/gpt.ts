// The GUID partition table (UEFI specification, 5.3).
import { crc32 } from 'node:zlib';
import type { CrcState, GptTable, TablePartition } from '../../contract/disk-content.ts';
import type { Bytes } from '../bytes/sample.ts';
import { markFaults } from './faults.ts';
import { mbrEntries, partitionOf, PROTECTIVE } from './mbr.ts';
import { GPT_TYPES } from './type-names.ts';

const SECTORS = [512, 4096] as const;
type Sector = (typeof SECTORS)[number];

const MAGIC = 'EFI PART';
/** Offsets in a header. */
const HEADER = { length: 12, crc: 16, alternate: 32, id: 56, entriesAt: 72, count: 80, entry: 84, entriesCrc: 88 };
const LEAST_HEADER = 92;
/** Offsets in an entry. */
const ENTRY = { type: 0, id: 16, first: 32, last: 40, attributes: 48, name: 56, end: 128 };
/** Most bytes of entries to read: 8192 entries. Tools write 128. */
const MOST_BYTES = 1024 ** 2;
/** The number of entries to read when a table claims more than that. */
const USUAL_COUNT = 128;
/** Attribute "legacy BIOS bootable". */
const BOOTABLE = 4n;

interface Header {
  /** Offset of this header in bytes. */
  at: number;
  sector: Sector;
  crc: CrcState;
  /** Offset of the other header, according to this one, in bytes. */
  alternate: number;
  id: string;
  entriesAt: number;
  count: number;
  /** Size of an entry in bytes. */
  entry: number;
  entriesCrc: number;
}

/** Reads a GPT; null when there is none. `logicalSector`: that of a disk, in bytes; null for an image. */
export function gptIn(disk: Bytes, logicalSector: number | null): GptTable | null {
  const sectors: readonly Sector[] = logicalSector === SECTORS[1] ? SECTORS.toReversed() : SECTORS;
  const mbr = mbrEntries(disk);
  const isProtected = mbr?.some(({ type }) => type === PROTECTIVE) === true;
  const primary = firstOf(sectors, (sector) => headerAt(disk, sector, sector));
  const backup = backupOf(disk, primary, isProtected ? sectors : []);
  const useBackup = backup !== null && isBetter(disk, backup, primary);
  const read = useBackup ? backup : primary;
  if (read === null) return null;
  const { sector, id } = read;
  const partitions = partitionsOf(disk, read);
  markFaults(partitions, disk.size);
  const atEnd = lastSector(disk, sector);
  const backupAt = backup?.at ?? read.alternate;
  const hybrid = isProtected ? mbr.filter(({ type }) => type !== 0 && type !== PROTECTIVE) : [];
  return {
    kind: 'gpt',
    sector,
    id,
    partitions,
    from: useBackup ? 'backup' : 'primary',
    header: primary?.crc ?? absent(disk, sector, sector),
    entries: primary === null ? absent(disk, sector, sector) : entriesState(disk, primary),
    backup: backup === null ? absent(disk, backupAt, sector) : stateOf(disk, backup),
    backupAt,
    backupAtEnd: atEnd === null ? null : backupAt === atEnd,
    mbr: !isProtected ? 'missing' : hybrid.length > 0 ? 'hybrid' : 'protective',
    hybrid: hybrid.map((entry) => partitionOf(entry, { sector, id: null, place: 'primary' })),
  };
}

/**
 * The backup: at the place named in sector 1's header, or at the end of the disk when that header is missing or
 * damaged. A backup without the other header may be left from an earlier table, so it is searched for with these
 * `sectors` only. They are empty unless an MBR says that the disk has a GPT.
 */
function backupOf(disk: Bytes, primary: Header | null, sectors: readonly Sector[]): Header | null {
  const atEnd = (sector: Sector): Header | null => headerAt(disk, sector, lastSector(disk, sector));
  if (primary === null) return firstOf(sectors, atEnd);
  const named = headerAt(disk, primary.sector, primary.alternate);
  return named ?? (primary.crc === 'right' ? null : atEnd(primary.sector));
}

/** True when the backup should be used. */
const isBetter = (disk: Bytes, backup: Header, primary: Header | null): boolean =>
  primary === null || (stateOf(disk, primary) !== 'right' && stateOf(disk, backup) === 'right');

function firstOf<T>(sectors: readonly Sector[], look: (sector: Sector) => T | null): T | null {
  for (const sector of sectors) {
    const found = look(sector);
    if (found !== null) return found;
  }
  return null;
}

/** Offset of the last whole sector; null when the size is unknown. */
const lastSector = ({ size }: Bytes, sector: Sector): number | null =>
  size === null || size < sector ? null : (Math.floor(size / sector) - 1) * sector;

/** The state of a header that was not found at `at`. */
function absent(disk: Bytes, at: number, sector: Sector): CrcState {
  if (disk.size !== null && at + sector > disk.size) return 'missing';
  return disk.bytes(at, sector) === null ? 'unread' : 'missing';
}

/** The header at `at`; null when there is none, or it is unknown. */
function headerAt(disk: Bytes, sector: Sector, at: number | null): Header | null {
  if (at === null) return null;
  const bytes = disk.bytes(at, sector);
  if (bytes?.toString('latin1', 0, MAGIC.length) !== MAGIC) return null;
  const length = bytes.readUInt32LE(HEADER.length);
  const isRight =
    length >= LEAST_HEADER && length <= sector && crcOfHeader(bytes, length) === bytes.readUInt32LE(HEADER.crc);
  return {
    at,
    sector,
    crc: isRight ? 'right' : 'wrong',
    alternate: inBytes(bytes.readBigUInt64LE(HEADER.alternate), sector),
    id: guid(bytes.subarray(HEADER.id)),
    entriesAt: inBytes(bytes.readBigUInt64LE(HEADER.entriesAt), sector),
    count: bytes.readUInt32LE(HEADER.count),
    entry: bytes.readUInt32LE(HEADER.entry),
    entriesCrc: bytes.readUInt32LE(HEADER.entriesCrc),
  };
}

/** The CRC is computed with zeros in its own field. */
function crcOfHeader(bytes: Buffer, length: number): number {
  const copy = Buffer.from(bytes.subarray(0, length));
  copy.writeUInt32LE(0, HEADER.crc);
  return crc32(copy);
}

/** The state of a header with its entries. */
const stateOf = (disk: Bytes, header: Header): CrcState =>
  header.crc === 'right' ? entriesState(disk, header) : header.crc;

const hasSoundEntries = ({ entry, count }: Header): boolean =>
  entry >= ENTRY.end && entry <= MOST_BYTES && count * entry <= MOST_BYTES;

function entriesState(disk: Bytes, header: Header): CrcState {
  if (!hasSoundEntries(header)) return 'wrong';
  const { entriesAt, count, entry, entriesCrc } = header;
  const bytes = disk.bytes(entriesAt, count * entry);
  if (bytes === null) return disk.size !== null && entriesAt + count * entry > disk.size ? 'wrong' : 'unread';
  return crc32(bytes) === entriesCrc ? 'right' : 'wrong';
}

function partitionsOf(disk: Bytes, header: Header): TablePartition[] {
  const { entriesAt, entry, sector } = header;
  if (entry < ENTRY.end || entry > MOST_BYTES) return [];
  const count = hasSoundEntries(header) ? header.count : Math.min(header.count, USUAL_COUNT);
  // Read one by one, so that a truncated table still gives the entries that exist.
  return Array.from({ length: count }, (_, index) => {
    const bytes = disk.bytes(entriesAt + index * entry, ENTRY.end);
    return bytes === null || isFree(bytes) ? [] : [partition(bytes, index + 1, sector)];
  }).flat();
}

/** An entry without a type is free. */
const isFree = (bytes: Buffer): boolean => bytes.subarray(ENTRY.type, ENTRY.id).every((byte) => byte === 0);

function partition(bytes: Buffer, number: number, sector: Sector): TablePartition {
  const [first, last] = [bytes.readBigUInt64LE(ENTRY.first), bytes.readBigUInt64LE(ENTRY.last)];
  const type = guid(bytes.subarray(ENTRY.type));
  const name = bytes.toString('utf16le', ENTRY.name, ENTRY.end).replace(/\0.*$/su, '');
  const isBackwards = last < first;
  return {
    number,
    start: inBytes(first, sector),
    size: isBackwards ? 0 : inBytes(last - first + 1n, sector),
    place: 'primary',
    type,
    typeName: GPT_TYPES[type] ?? null,
    name: name === '' ? null : name,
    uuid: guid(bytes.subarray(ENTRY.id)),
    active: (bytes.readBigUInt64LE(ENTRY.attributes) & BOOTABLE) !== 0n,
    faults: isBackwards ? ['backwards'] : [],
  };
}

/** Sectors in bytes, at most MAX_SAFE_INTEGER. */
function inBytes(sectors: bigint, sector: Sector): number {
  const bytes = sectors * BigInt(sector);
  return bytes > BigInt(Number.MAX_SAFE_INTEGER) ? Number.MAX_SAFE_INTEGER : Number(bytes);
}

/** A GUID as text. Its first three fields are little-endian (UEFI specification, appendix A). */
function guid(bytes: Buffer): string {
  const head = [bytes.readUInt32LE(0).toString(16).padStart(8, '0')];
  for (const at of [4, 6]) head.push(bytes.readUInt16LE(at).toString(16).padStart(4, '0'));
  return [...head, bytes.toString('hex', 8, 10), bytes.toString('hex', 10, 16)].join('-');
}
