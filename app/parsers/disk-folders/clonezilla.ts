// Clonezilla's folder of a disk: the table and the boot code as files, and an image of each partition. Pure: it says
// which file belongs where, and opens none.
import type { Reason } from '../../contract/facts.ts';
import { pieceNames } from '../piece-names.ts';
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
} from './disk-plan.ts';
import { EXTENDED, extendedTables } from './extended-tables.ts';
import { savedTable } from './saved-table.ts';
import { readSfdiskDump, type SfdiskDump } from './sfdisk-dump.ts';

/** Sectors of a GPT before its partitions, and behind them. */
const [PRIMARY, BACKUP] = [34, 33];
/** Files beside volumes that lie on partitions, which have no images of their own then. */
const VOLUMES = /^(?:lvm_vg_dev\.list|luks-dev\.list|mdadm\.conf|mdstat\.txt)$/u;

/** True for the names in a folder of Clonezilla. */
export const isClonezilla = ({ sizes }: Pick<Folder, 'sizes'>): boolean =>
  sizes.has('parts') && (sizes.has('disk') || [...sizes.keys()].some((name) => name.endsWith('-pt.sf')));

/** The names of a partition's image: whole, or its first piece. */
const IMAGE = /\.(?:[\w+-]+-ptcl|dd)-img(?:\.\w+)?(?:\.a+)?$/u;

/** The image of a partition among the names of a folder; undefined for none. */
export const anImage = (names: Iterable<string>): string | undefined =>
  [...names].filter((name) => IMAGE.test(name)).toSorted()[0];

/** How the disk in a folder of Clonezilla is put together. */
export function planOfClonezilla(folder: Folder): FolderPlan {
  const text = (name: string): string => folder.bytes(name)?.toString() ?? '';
  const disks = text('disk')
    .split(/\s+/u)
    .filter((name) => name !== '');
  if (disks.length === 0) return no({ kind: 'folderOfPartitions' });
  if (disks.length > 1) return no({ kind: 'folderOfDisks', disks });
  const [volumes] = [...folder.sizes].find(([name, size]) => VOLUMES.test(name) && size > 0) ?? [];
  if (volumes !== undefined) return no({ kind: 'folderOfVolumes', file: volumes });
  const disk = disks[0]!;
  const dump = readSfdiskDump(text(`${disk}-pt.sf`));
  if (dump?.sector !== SECTOR) return no({ kind: 'folderUnread', file: `${disk}-pt.sf` });
  const saved = new Set(text('parts').split(/\s+/u));
  const parts: DiskPart[] = [];
  const leftOut: string[] = [];
  const swap: string[] = [];
  for (const one of dump.partitions) {
    const image = imageOf(one.name, folder);
    if (image !== null && 'no' in image) return no(image.no);
    if (image !== null) parts.push(imagePart(one.start * SECTOR, one.size * SECTOR, image.files));
    else if (EXTENDED.has(one.type) && dump.label === 'dos') continue;
    else if (saved.has(one.name) && !folder.sizes.has(`swappt-${one.name}.info`))
      return no({ kind: 'folderLacks', file: `${one.name}.*-ptcl-img*` });
    else {
      leftOut.push(one.name);
      if (SWAP.has(one.type) || folder.sizes.has(`swappt-${one.name}.info`)) swap.push(one.name);
    }
  }
  const size = diskSize(disk, dump, folder);
  const tables = dump.label === 'gpt' ? gptParts(disk, dump, size, folder) : mbrParts(disk, dump, folder);
  if ('missing' in tables) return no({ kind: 'folderLacks', file: tables.missing });
  const all = [...tables.parts, ...parts].toSorted((one, other) => one.at - other.at);
  if (!isSound({ size, parts: all })) return no({ kind: 'folderUnread', file: `${disk}-pt.sf` });
  const [file] = tables.parts[0]!.files;
  const table = savedTable(dump, folder.bytes(file!) ?? Buffer.alloc(0), size);
  return table === 'other'
    ? no({ kind: 'folderTables', file: file!, dump: `${disk}-pt.sf` })
    : { ok: true, plan: { size, parts: all, leftOut, swap, damaged: table === 'damaged' ? file! : null, smaller: [] } };
}

/** The files of a partition's image, or what is wrong with them; null for no image. */
function imageOf(partition: string, { sizes }: Folder): { files: readonly string[] } | { no: Reason } | null {
  const names = [...sizes.keys()];
  const [first, other] = names
    .filter((name) => name.startsWith(`${partition}.`) && IMAGE.test(name))
    .filter((name) => pieceNames(name, names).kind !== 'later')
    .toSorted();
  if (first === undefined) return null;
  if (other !== undefined) return { no: { kind: 'folderTwice', one: first, other } };
  const found = pieceNames(first, names);
  if (found.kind === 'gap') return { no: { kind: 'folderLacks', file: found.missing } };
  const files = found.kind === 'pieces' ? found.names : [first];
  // A full disk leaves it empty. No bytes would be taken for a partition of zeros.
  const empty = files.find((name) => sizes.get(name) === 0);
  return empty === undefined ? { files } : { no: { kind: 'folderLacks', file: empty } };
}

/** Bytes of the disk. parted says them; older ones name the last sector. */
function diskSize(disk: string, { lastLba, partitions }: SfdiskDump, folder: Folder): number {
  const [, said] = /^Disk \/dev\/\S+: (\d+)s$/mu.exec(folder.bytes(`${disk}-pt.parted`)?.toString() ?? '') ?? [];
  const ends = partitions.map(({ start, size }) => start + size);
  return Math.max(Number(said ?? 0), lastLba === null ? 0 : lastLba + 1 + BACKUP, ...ends) * SECTOR;
}

type Tables = { parts: DiskPart[] } | { missing: string };

/** Clonezilla's copy of the backup lacks its first sector. Its entries are those of the primary. */
function gptParts(disk: string, { lastLba }: SfdiskDump, size: number, { sizes }: Folder): Tables {
  const [primary, backup] = [`${disk}-gpt-1st`, `${disk}-gpt-2nd`];
  const missing = [primary, backup].find((name) => !sizes.has(name));
  if (missing !== undefined) return { missing };
  if (sizes.get(primary)! < PRIMARY * SECTOR) return { missing: primary };
  if (sizes.get(backup)! < SECTOR) return { missing: backup };
  const entries = (lastLba === null ? size / SECTOR - BACKUP : lastLba + 1) * SECTOR;
  return {
    parts: [
      partOfFile(0, PRIMARY * SECTOR, primary, 0),
      partOfFile(entries, (BACKUP - 1) * SECTOR, primary, 2 * SECTOR),
      partOfFile(entries + (BACKUP - 1) * SECTOR, SECTOR, backup, sizes.get(backup)! - SECTOR),
    ],
  };
}

function mbrParts(disk: string, { partitions }: SfdiskDump, { sizes }: Folder): Tables {
  const mbr = `${disk}-mbr`;
  if ((sizes.get(mbr) ?? 0) < SECTOR) return { missing: mbr };
  const parts: DiskPart[] = [partOfFile(0, SECTOR, mbr, 0)];
  const hidden = `${disk}-hidden-data-after-mbr`;
  const length = Math.min(sizes.get(hidden) ?? 0, partitions[0]!.start * SECTOR - SECTOR);
  if (length > 0) parts.push(partOfFile(SECTOR, length, hidden, 0));
  const extended = partitions.find(({ type }) => EXTENDED.has(type));
  const logical = partitions.filter(({ number }) => number > 4);
  for (const { sector, bytes } of extended === undefined ? [] : extendedTables(extended.start, logical))
    parts.push(literalPart(sector * SECTOR, bytes));
  return { parts };
}
