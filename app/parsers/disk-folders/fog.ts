// FOG's folder of a disk: its first sectors, the dump of its table, and an image of each partition. Pure: it says which
// file belongs where, and opens none. FOG shrinks file systems and partitions before it makes their images. The table
// beside the boot code is that of the shrunken partitions then, and only the dump has the one of the disk.
import { EXTENDED, extendedTables, writeEntry } from './extended-tables.ts';
import {
  imagePart,
  isSound,
  literalPart,
  no,
  partOfFile,
  SECTOR,
  SWAP,
  type DiskPart,
  type Folder,
  type FolderPlan,
  type SmallerFileSystem,
} from './disk-plan.ts';
import { gptFromDump } from './gpt-from-dump.ts';
import { savedTable } from './saved-table.ts';
import { readSfdiskDump, type DumpedPartition, type SfdiskDump } from './sfdisk-dump.ts';

const NAME =
  /^d(\d+)(?:\.(?:mbr|partitions|minimum\.partitions|fixed_size_partitions|original\.fstypes)|p\d+\.img(?:\.\d+)?)$/u;
/** Sectors behind the last one for partitions: the entries of the backup, and its header. */
const BACKUP = 33;
/** Sectors of the entries, and how many of them are in one. */
const ENTRIES = 32;
const PER_SECTOR = 4;
/** Bytes that sgdisk --backup writes: the first sector, both headers, and the entries. */
const BACKUP_FILE = (3 + ENTRIES) * SECTOR;
/** In an MBR: where the code ends, where the disk's number ends and the entries begin, and the bytes of one. */
const [CODE, TABLE, ENTRY] = [440, 446, 16];
const PROTECTIVE = 0xee;
/** The command that grows a file system to its partition, by FOG's names. */
const GROWS: ReadonlyMap<string, string> = new Map([
  ['extfs', 'resize2fs'],
  ['ntfs', 'ntfsresize'],
  ['btrfs', 'btrfs filesystem resize max'],
]);

/** True for the names in a folder of FOG. */
export function isFog({ sizes }: Pick<Folder, 'sizes'>): boolean {
  const names = [...sizes.keys()].filter((name) => NAME.test(name));
  return names.length > 1 && names.some((name) => /\.(?:mbr|partitions)$/u.test(name));
}

/** The image of a partition among the names of a folder; undefined for none. */
export const aFogImage = (names: Iterable<string>): string | undefined =>
  [...names].filter((name) => /^d\d+p\d+\.img(?:\.000)?$/u.test(name)).toSorted()[0];

const textOf = ({ bytes }: Folder, name: string): string => bytes(name)?.toString() ?? '';

/** How the disk in a folder of FOG is put together. */
export function planOfFog(folder: Folder): FolderPlan {
  const disks = new Set([...folder.sizes.keys()].flatMap((name) => NAME.exec(name)?.[1] ?? []));
  const names = [...disks].map((number) => `d${number}`).toSorted();
  if (names.length > 1) return no({ kind: 'folderOfDisks', disks: names });
  const disk = names[0]!;
  const [table, mbr] = [`${disk}.partitions`, `${disk}.mbr`];
  const lacking = [table, mbr].find((name) => !folder.sizes.has(name));
  if (lacking !== undefined) return no({ kind: 'folderLacks', file: lacking });
  const volume = [...folder.sizes.keys()].find((name) => /^d\d+p\d+\.lvm$/u.test(name));
  if (volume !== undefined) return no({ kind: 'folderOfVolumes', file: volume });
  const dump = readSfdiskDump(textOf(folder, table));
  if (dump?.sector !== SECTOR) return no({ kind: 'folderUnread', file: table });
  const images = imagesOf(disk, dump, folder);
  if (!images.ok) return images;
  const size = diskSize(disk, dump, folder);
  if (size === null) return no({ kind: 'folderUnread', file: table });
  const minimum = readSfdiskDump(textOf(folder, `${disk}.minimum.partitions`));
  const isMoved = minimum !== null && !hasSameLayout(dump, minimum);
  const tables =
    dump.label === 'gpt' ? gptParts(mbr, dump, isMoved, size, folder) : mbrParts(mbr, dump, isMoved, folder);
  if (typeof tables === 'string') return no({ kind: tables, file: tables === 'folderLacks' ? mbr : table });
  const saved = isMoved ? 'right' : savedTable(dump, headOf(mbr, dump, folder), size);
  if (saved === 'other') return no({ kind: 'folderTables', file: mbr, dump: table });
  const plan = {
    size,
    parts: [...tables, ...images.parts].toSorted((one, other) => one.at - other.at),
    ...{ leftOut: images.leftOut, swap: images.leftOut, damaged: saved === 'damaged' ? mbr : null },
    smaller: minimum === null ? [] : smallerIn(disk, dump, minimum, folder),
  };
  return isSound(plan) ? { ok: true, plan } : no({ kind: 'folderUnread', file: table });
}

/** The start of the disk in the file of the first sectors. A backup by sgdisk has another header before the entries. */
function headOf(mbr: string, { label }: SfdiskDump, { bytes }: Folder): Buffer {
  const all = bytes(mbr) ?? Buffer.alloc(0);
  return label === 'gpt' ? Buffer.concat([all.subarray(0, 2 * SECTOR), all.subarray(3 * SECTOR)]) : all;
}

type Images = { ok: true; parts: DiskPart[]; leftOut: string[] } | ReturnType<typeof no>;

/** The images of the partitions, each of which must have one, unless it is for swap or has the logical ones. */
function imagesOf(disk: string, dump: SfdiskDump, folder: Folder): Images {
  const known = new Set(dump.partitions.map(({ number }) => number));
  const more = [...folder.sizes.keys()].find((name) => {
    const [, number] = /^d\d+p(\d+)\.img(?:\.\d+)?$/u.exec(name) ?? [];
    return number !== undefined && !known.has(Number(number));
  });
  if (more !== undefined) return no({ kind: 'folderHasMore', file: more });
  const swaps = textOf(folder, `${disk}.original.swapuuids`);
  const parts: DiskPart[] = [];
  const leftOut: string[] = [];
  for (const { name, number, type, start, size } of dump.partitions) {
    // Older ones made an image of its first table, which is none of a file system.
    if (dump.label === 'dos' && EXTENDED.has(type)) continue;
    const image = `${disk}p${number}.img`;
    const files = piecesOf(image, folder);
    if (typeof files === 'string') return no({ kind: 'folderLacks', file: files });
    const isSwap = SWAP.has(type) || new RegExp(`^(?:\\S*[a-z])?${number} `, 'mu').test(swaps);
    if (files !== null) parts.push(imagePart(start * SECTOR, size * SECTOR, files));
    else if (isSwap) leftOut.push(name);
    else return no({ kind: 'folderLacks', file: image });
  }
  return { ok: true, parts, leftOut };
}

/**
 * The files of an image; the name of a missing or too short piece; null for no image. FOG renames the first piece of a
 * split one, so that "d1p1.img.001" follows "d1p1.img".
 */
function piecesOf(image: string, { sizes }: Folder): readonly string[] | string | null {
  const later = [...sizes.keys()]
    .filter((name) => name.startsWith(`${image}.`) && /^\d+$/u.test(name.slice(image.length + 1)))
    .toSorted();
  const first = [image, `${image}.000`].find((name) => sizes.has(name)) ?? image;
  if (later.length === 0 && !sizes.has(first)) return null;
  const pieces = [first, ...later.filter((name) => name !== first)];
  const length = sizes.get(first) ?? 0;
  // A piece in the middle has the size of the first one. No bytes would be taken for a partition of zeros.
  const wrong = pieces.find((name, index) => {
    const named = index === 0 || name === `${image}.${String(index).padStart(3, '0')}`;
    const size = sizes.get(name) ?? 0;
    return !named || size === 0 || size > length || (index < pieces.length - 1 && size !== length);
  });
  if (wrong === undefined) return pieces;
  const index = pieces.indexOf(wrong);
  return index === 0 || (sizes.get(wrong) ?? 0) > length ? wrong : `${image}.${String(index).padStart(3, '0')}`;
}

/** Bytes of the disk. FOG keeps them for some kinds of images only; a GPT says them too. */
function diskSize(disk: string, { label, lastLba, partitions }: SfdiskDump, folder: Folder): number | null {
  const [, said] = /^\d+:(\d+)\s*$/u.exec(textOf(folder, `${disk}.size`)) ?? [];
  if (label === 'gpt' && lastLba === null) return null;
  const ends = partitions.map(({ start, size }) => start + size);
  const size = Math.max(Number(said ?? 0), Math.max(lastLba === null ? 0 : lastLba + 1 + BACKUP, ...ends) * SECTOR);
  return Number.isSafeInteger(size) && size % SECTOR === 0 ? size : null;
}

const hasSameLayout = (one: SfdiskDump, other: SfdiskDump): boolean =>
  one.partitions.length === other.partitions.length &&
  one.partitions.every(({ number, start, size }) =>
    other.partitions.some((two) => two.number === number && two.start === start && two.size === size),
  );

type Tables = DiskPart[] | 'folderLacks' | 'folderUnread';

function gptParts(mbr: string, dump: SfdiskDump, isMoved: boolean, size: number, { sizes }: Folder): Tables {
  const sectors = size / SECTOR;
  const length = sizes.get(mbr)!;
  const entries = dump.lastLba! + 1;
  if (!isMoved && sectors === entries + BACKUP) {
    if (dump.entries !== ENTRIES * PER_SECTOR) return 'folderUnread';
    // Behind the backup, the file has what FOG copied to it before.
    if (length < BACKUP_FILE) return 'folderLacks';
    return [
      partOfFile(0, 2 * SECTOR, mbr, 0),
      partOfFile(2 * SECTOR, ENTRIES * SECTOR, mbr, 3 * SECTOR),
      partOfFile(entries * SECTOR, ENTRIES * SECTOR, mbr, 3 * SECTOR),
      partOfFile((entries + ENTRIES) * SECTOR, SECTOR, mbr, 2 * SECTOR),
    ];
  }
  if (length < SECTOR) return 'folderLacks';
  const tables = gptFromDump(dump, sectors);
  if (tables === null) return 'folderUnread';
  const protective = Buffer.alloc(SECTOR - TABLE);
  writeEntry(protective, 0, PROTECTIVE, 1, Math.min(sectors - 1, 0xffff_ffff), false);
  // The places that UEFI prescribes.
  protective.set([0, 2, 0], 1);
  protective.set([0xff, 0xff, 0xff], 5);
  protective.set([0x55, 0xaa], protective.length - 2);
  return [
    partOfFile(0, CODE, mbr, 0),
    literalPart(TABLE, protective),
    literalPart(SECTOR, tables.primary),
    literalPart(size - tables.backup.length, tables.backup),
  ];
}

function mbrParts(mbr: string, { partitions }: SfdiskDump, isMoved: boolean, { sizes }: Folder): Tables {
  const length = Math.min(sizes.get(mbr)!, partitions[0]!.start * SECTOR);
  if (length < SECTOR) return 'folderLacks';
  const extended = partitions.find(({ type }) => EXTENDED.has(type));
  const logical = partitions.filter(({ number }) => number > 4);
  const further = extended === undefined ? [] : extendedTables(extended.start, logical);
  const tables = further.map(({ sector, bytes }) => literalPart(sector * SECTOR, bytes));
  if (!isMoved) return [partOfFile(0, length, mbr, 0), ...tables];
  const code = [partOfFile(0, TABLE, mbr, 0), literalPart(TABLE, entriesOf(partitions))];
  const hidden = length > SECTOR ? [partOfFile(SECTOR, length - SECTOR, mbr, SECTOR)] : [];
  return [...code, ...hidden, ...tables];
}

/** The end of an MBR, from its entries on. */
function entriesOf(partitions: readonly DumpedPartition[]): Buffer {
  const bytes = Buffer.alloc(SECTOR - TABLE);
  for (const { number, type, start, size, bootable } of partitions)
    if (number <= 4) {
      const at = (number - 1) * ENTRY;
      writeEntry(bytes, at, Number.parseInt(type, 16), start, size, bootable);
      bytes.set(geometryOf(start), at + 1);
      bytes.set(geometryOf(start + size - 1), at + 5);
    }
  bytes.set([0x55, 0xaa], bytes.length - 2);
  return bytes;
}

/** A sector by cylinder, head and sector, for boot code that reads by them. The highest ones stand for all that follow. */
function geometryOf(sector: number): [number, number, number] {
  const [heads, perTrack, cylinders] = [255, 63, 1024];
  const track = Math.floor(sector / perTrack);
  const cylinder = Math.floor(track / heads);
  if (cylinder >= cylinders) return [0xfe, 0xff, 0xff];
  return [track % heads, ((cylinder >> 8) << 6) | ((sector % perTrack) + 1), cylinder & 0xff];
}

/** The partitions whose file systems were shrunk, with what makes each of them grow. */
function smallerIn(disk: string, dump: SfdiskDump, minimum: SfdiskDump, folder: Folder): SmallerFileSystem[] {
  const types = textOf(folder, `${disk}.original.fstypes`);
  return dump.partitions.flatMap(({ name, number, size, type }) => {
    const shrunk = minimum.partitions.find((one) => one.number === number);
    if (shrunk === undefined || shrunk.size >= size || EXTENDED.has(type)) return [];
    const [, fileSystem] = new RegExp(`^\\S*\\D${number} (\\w+)$`, 'mu').exec(types) ?? [];
    return [{ name, growsWith: GROWS.get(fileSystem ?? '') ?? null }];
  });
}
