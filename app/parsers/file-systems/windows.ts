// File systems of Windows: FAT, exFAT, NTFS.
import type { Bytes } from '../bytes/sample.ts';
import { within } from '../bytes/sample.ts';
import { isPowerOfTwo, signature, textOf, type Reader } from './signature.ts';

/** Size and attributes of a directory entry (Microsoft's FAT specification, "FAT Directory Structure"). */
const ENTRY = 32;
const VOLUME_ID = 0x08;
const ATTRIBUTES = 0x08 | 0x10 | 0x20;
const DELETED = 0xe5;
const LONG_NAME = 0x0f;
/** Most bytes of a directory, and most of its clusters, to search for a label. */
const MOST_OF_DIRECTORY = 65_536;
const MOST_CLUSTERS = 16;

/** The parameters of a FAT, from its first sector. Offsets and sizes in bytes. */
interface Fat {
  bits: 12 | 16 | 32;
  tableAt: number;
  /** The root directory of FAT12 and FAT16, which is not a chain of clusters. */
  root: { at: number; length: number };
  clusterAt: (cluster: number) => number;
  cluster: number;
}

export const fat: Reader = (place) => {
  const found = parametersOf(place);
  if (found === null) return null;
  // The extended boot signature says that a serial number and a label follow.
  const at = found.bits === 32 ? 66 : 38;
  const serial = place.u8(at) === 0x28 || place.u8(at) === 0x29 ? place.u32le(at + 1) : null;
  const inBootSector = place.u8(at) === 0x29 ? labelOf(place.bytes(at + 5, 11)) : null;
  return signature('vfat', {
    version: `FAT${found.bits}`,
    uuid: serial === null || serial === 0 ? null : serialOf(serial),
    label: labelInRoot(place, found) ?? inBootSector,
  });
};

/** Microsoft's FAT specification, "BPB and BS" and "FAT type determination". */
function parametersOf(place: Bytes): Fat | null {
  const [sector, perCluster, tables] = [place.u16le(11), place.u8(13), place.u8(16)];
  const [reserved, rootEntries] = [place.u16le(14) ?? 0, place.u16le(17) ?? 0];
  // Each number has a field of 16 bits, and one of 32 for larger values.
  const [few, many] = [place.u16le(19) ?? 0, place.u32le(32) ?? 0];
  const [short, long] = [place.u16le(22) ?? 0, place.u32le(36) ?? 0];
  const sectors = few > 0 ? few : many;
  const perTable = short > 0 ? short : long;
  if (!isBootSector(place) || reserved === 0 || perTable === 0) return null;
  const rootAt = reserved + perTable * tables!;
  const dataAt = rootAt + Math.ceil((rootEntries * ENTRY) / sector!);
  if (dataAt >= sectors) return null;
  const clusters = Math.floor((sectors - dataAt) / perCluster!);
  const bits = short === 0 ? 32 : clusters < 4085 ? 12 : 16;
  return {
    bits,
    tableAt: reserved * sector!,
    root: { at: rootAt * sector!, length: rootEntries * ENTRY },
    clusterAt: (cluster) => (dataAt + (cluster - 2) * perCluster!) * sector!,
    cluster: perCluster! * sector!,
  };
}

/** Tests for a jump, and for parameters that a FAT can have. */
const isBootSector = (place: Bytes): boolean =>
  (place.u8(0) === 0xeb || place.u8(0) === 0xe9) &&
  isPowerOfTwo(place.u16le(11), 512, 4096) && // bytes in a sector
  isPowerOfTwo(place.u8(13), 1, 128) && // sectors in a cluster
  within(place.u8(16), 1, 4) && // tables
  (place.u8(21) === 0xf0 || within(place.u8(21), 0xf8, 0xff)); // kind of medium

function labelInRoot(place: Bytes, { bits, tableAt, root, clusterAt, cluster }: Fat): string | null {
  if (bits !== 32) return labelIn(place.bytes(root.at, Math.min(root.length, MOST_OF_DIRECTORY)));
  let next = place.u32le(44) ?? 0;
  for (let count = 0; count < MOST_CLUSTERS && next >= 2 && next < 0x0ffffff7; count += 1) {
    const found = labelIn(place.bytes(clusterAt(next), Math.min(cluster, MOST_OF_DIRECTORY)));
    if (found !== null) return found;
    next = (place.u32le(tableAt + next * 4) ?? 0) & 0x0fffffff;
  }
  return null;
}

function labelIn(directory: Buffer | null): string | null {
  for (let at = 0; directory !== null && at + ENTRY <= directory.length; at += ENTRY) {
    const [first, attributes] = [directory[at], directory[at + 11]!];
    if (first === 0) return null;
    const isLabel = (attributes & ATTRIBUTES) === VOLUME_ID || attributes === VOLUME_ID;
    if (first !== DELETED && attributes !== LONG_NAME && isLabel) return labelOf(directory.subarray(at, at + 11));
  }
  return null;
}

function labelOf(bytes: Buffer | null): string | null {
  const text = bytes === null ? null : textOf(bytes.toString('latin1'));
  return text === 'NO NAME' ? null : text;
}

/** "12AB-34CD" */
const serialOf = (serial: number): string =>
  serial
    .toString(16)
    .toUpperCase()
    .padStart(8, '0')
    .replace(/^(.{4})/u, '$1-');

/** Microsoft's exFAT specification, 3.1 and 7.3. */
const EXFAT = { fatOffset: 80, heapOffset: 88, root: 96, serial: 100, sectorBits: 108, clusterBits: 109 } as const;
const EXFAT_LABEL = 0x83;

export const exfat: Reader = (place) => {
  if (!place.has(3, 'EXFAT   ')) return null;
  const serial = place.u32le(EXFAT.serial) ?? 0;
  return signature('exfat', { uuid: serial === 0 ? null : serialOf(serial), label: exfatLabel(place) });
};

function exfatLabel(place: Bytes): string | null {
  const [sectorBits, clusterBits] = [place.u8(EXFAT.sectorBits), place.u8(EXFAT.clusterBits)];
  if (!within(sectorBits, 9, 12) || !within(clusterBits, 0, 25 - sectorBits!)) return null;
  const sector = 2 ** sectorBits!;
  const cluster = sector * 2 ** clusterBits!;
  const root = place.u32le(EXFAT.root) ?? 0;
  if (root < 2) return null;
  const at = (place.u32le(EXFAT.heapOffset) ?? 0) * sector + (root - 2) * cluster;
  const directory = place.bytes(at, Math.min(cluster, MOST_OF_DIRECTORY));
  for (let entry = 0; directory !== null && entry + ENTRY <= directory.length; entry += ENTRY) {
    if (directory[entry] === 0) return null;
    const characters = directory[entry + 1]!;
    if (directory[entry] === EXFAT_LABEL && characters <= 11)
      return textOf(directory.toString('utf16le', entry + 2, entry + 2 + 2 * characters));
  }
  return null;
}

/** NTFS: the kernel's fs/ntfs3/ntfs.h. `$Volume` is the third record of the master file table. */
const NTFS = { sector: 11, perCluster: 13, table: 48, record: 64, serial: 72, volume: 3 } as const;
const NTFS_VOLUME_NAME = 0x60;
const NTFS_END = 0xffffffff;
const MOST_ATTRIBUTES = 64;

export const ntfs: Reader = (place) => {
  if (!place.has(3, 'NTFS    ') || !isPowerOfTwo(place.u16le(NTFS.sector), 256, 4096)) return null;
  const serial = place.u64le(NTFS.serial) ?? 0n;
  return signature('ntfs', {
    uuid: serial === 0n ? null : serial.toString(16).toUpperCase().padStart(16, '0'),
    label: ntfsLabel(place),
  });
};

function ntfsLabel(place: Bytes): string | null {
  const [perCluster, recordSize] = [place.u8(NTFS.perCluster) ?? 0, place.u8(NTFS.record) ?? 0];
  // Values above 128 are negative powers of two.
  const cluster = (place.u16le(NTFS.sector) ?? 0) * (perCluster <= 128 ? perCluster : 2 ** (256 - perCluster));
  const record = recordSize < 128 ? recordSize * cluster : 2 ** (256 - recordSize);
  const at = Number(place.u64le(NTFS.table) ?? 0n) * cluster + NTFS.volume * record;
  if (!within(record, 256, 65_536) || !Number.isSafeInteger(at)) return null;
  const volume = place.bytes(at, record);
  if (volume?.toString('latin1', 0, 4) !== 'FILE') return null;
  let attribute = volume.readUInt16LE(20);
  for (let count = 0; count < MOST_ATTRIBUTES && attribute + 24 <= record; count += 1) {
    const [type, length] = [volume.readUInt32LE(attribute), volume.readUInt32LE(attribute + 4)];
    if (type === NTFS_END || length < 24) return null;
    if (type === NTFS_VOLUME_NAME && volume[attribute + 8] === 0) {
      const from = attribute + volume.readUInt16LE(attribute + 20);
      return textOf(volume.toString('utf16le', from, Math.min(from + volume.readUInt32LE(attribute + 16), record)));
    }
    attribute += length;
  }
  return null;
}
