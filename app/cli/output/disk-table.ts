// `platter list` for people: a row per disk, and below it why it cannot be written, if so.
import type { Disk, Partition } from '../../contract/disks.ts';
import { english } from '../../base/english.ts';
import { counted, size } from '../../base/figures.ts';
import { alignRight, columns, fit, printable, type Paint } from './text.ts';

const HEADINGS = ['PATH', 'SIZE', 'MODEL', 'SERIAL', 'PORT', 'ON IT'];
const SIZE = 1;
/** Widest that a column before the last may get on a terminal, because a model or a backing file can be long. */
const COLUMN_MAX = 32;

/** Lines of the table, at most `width` wide; Infinity for no limit. */
export function diskTable(disks: readonly Disk[], width: number, paint: Paint): string[] {
  if (disks.length === 0) return ['No disk found. Plug in a drive and list again; --all adds loop devices.'];
  const rows = disks.map(row);
  const widths = HEADINGS.map((heading, column) =>
    Math.min(
      width === Infinity ? width : COLUMN_MAX,
      Math.max(columns(heading), ...rows.map((cells) => columns(cells[column]!))),
    ),
  );
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, column) =>
        column === SIZE
          ? alignRight(cell, widths[column]!)
          : column === cells.length - 1
            ? cell
            : fit(cell, widths[column]!, cell.startsWith('/') ? 'start' : 'end'),
      )
      .join('  ');
  const within = (text: string): string => (columns(text) > width ? fit(text, width) : text).trimEnd();
  const lines = [paint('faint', within(line(HEADINGS)))];
  disks.forEach((disk, index) => {
    const text = within(line(rows[index]!));
    lines.push(disk.locked === null ? text : paint('faint', text));
    if (disk.locked === null && disk.mountedAt.length > 0)
      lines.push(paint('faint', within('  is mounted. As a destination it needs --unmount.')));
    if (disk.locked !== null)
      lines.push(paint('faint', within(`  cannot be a destination. ${printable(english.reason(disk.locked.reason))}`)));
  });
  return lines;
}

function row(disk: Disk): string[] {
  return [
    disk.path,
    size(disk.size),
    disk.model ?? disk.backingFile ?? '-',
    disk.serial ?? '-',
    placeOf(disk),
    contents(disk),
  ].map(printable);
}

/** "Bay 6, USB bus 1, hub 2, port 3" */
function placeOf({ port, transport }: Disk): string {
  if (port === null) return transport ?? '-';
  return [...(port.bay === null ? [] : [english.bay(port.bay)]), english.port(port)].join(', ');
}

/** The contents of the disk and its mounts: `mounted at /, /boot; 2 partitions: vfat "EFI", ext4 "root"`. */
function contents(disk: Disk): string {
  const parts: string[] = [];
  if (disk.mountedAt.length > 0) parts.push(`mounted at ${disk.mountedAt.join(', ')}`);
  if (disk.readOnly) parts.push('read-only');
  if (disk.locked?.reason.kind === 'inJob' || disk.locked?.reason.kind === 'inLoggedJob')
    parts.push('in a job of Platter');
  if (disk.fileSystem !== null) parts.push(fileSystem(disk), ...(disk.partitions.length === 0 ? tables(disk) : []));
  else if (disk.partitions.length === 0) parts.push(...unmountable(disk));
  if (disk.partitions.length > 0) {
    const known = disk.partitions.map(fileSystem).filter((text) => text !== '');
    parts.push(counted(disk.partitions.length, 'partition') + (known.length > 0 ? `: ${known.join(', ')}` : ''));
  }
  return parts.length > 0 ? parts.join('; ') : 'nothing recognised';
}

/** The contents of a disk with neither a file system nor partitions; empty when nothing was found. */
function unmountable({ partitionTable, signatures }: Disk): string[] {
  if (signatures === null) return ['not known: it could not be looked at'];
  if (signatures.length > 1) return [`holds several: ${signatures.join(', ')}`];
  if (partitionTable !== null) return tables({ partitionTable });
  return signatures.map((name) => `${TABLES[name] ?? name} signature`);
}

/** The partition table beside a file system, as on a hybrid ISO image, or on a disk without partitions. */
const tables = ({ partitionTable }: Pick<Disk, 'partitionTable'>): string[] =>
  partitionTable === null
    ? []
    : [`${TABLES[partitionTable] ?? partitionTable} partition table, no partitions known to the system`];

/** Readable names of partition tables, by their names in libblkid. */
const TABLES: Readonly<Record<string, string>> = { gpt: 'GPT', dos: 'MBR', PMBR: 'protective MBR' };

function fileSystem({ fileSystem: name, label }: Pick<Partition, 'fileSystem' | 'label'>): string {
  return [name, label === null ? null : `"${label}"`].filter((part) => part !== null).join(' ');
}
