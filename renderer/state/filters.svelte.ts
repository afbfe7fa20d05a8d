// The search in the list of destinations, and its order.
import type { Disk } from '../../app/contract/disks.ts';
import { diskName, driveKind } from '../disk-facts.ts';
import { fileSystemName } from '../partition-map.ts';
import { say, sayPlace, sayPort, size } from '../words.ts';

/** The orders of the list. That of the bays is main's. */
export const ORDERS = ['bay', 'model', 'size', 'newest'] as const;
export type Order = (typeof ORDERS)[number];

/** Lower case, without accents, and with plain blanks. */
const folded = (text: string): string => text.normalize('NFKD').replaceAll(/\p{M}/gu, '').toLowerCase();

/** The number of a bay or port. Inside longer ones, as serials, it would be everywhere. */
const SHORT_NUMBER = /^\d{1,2}$/u;

/** All by which a drive can be found. */
const textOf = (disk: Disk): string =>
  [
    diskName(disk),
    disk.serial,
    sayPlace(disk),
    disk.port === null ? disk.transport : sayPort(disk.port),
    disk.path,
    disk.backingFile,
    size(disk.size),
    say(`driveList.${driveKind(disk)}`),
    ...[disk, ...disk.partitions].flatMap(({ label, fileSystem, mountedAt }) => [
      label,
      fileSystem === null ? null : fileSystemName(fileSystem),
      ...mountedAt,
    ]),
  ]
    .filter((part) => part !== null)
    .join(' ');

const COMPARE: Readonly<Record<Order, (one: Disk, other: Disk) => number>> = {
  bay: () => 0,
  model: (one, other) => diskName(one).localeCompare(diskName(other), undefined, { numeric: true }),
  size: (one, other) => one.size - other.size,
  // The kernel numbers disks and media as they come.
  newest: (one, other) => (other.diskSequence ?? 0) - (one.diskSequence ?? 0),
};

/** What of the list is shown, and in which order. */
export class Filters {
  /** As typed. */
  search = $state.raw('');
  order = $state.raw<Order>('bay');

  /** True when each word of the search is in the facts of this disk. */
  pass(disk: Disk): boolean {
    const text = folded(textOf(disk));
    const tokens = text.split(/[^\p{L}\p{N}]+/u);
    return folded(this.search)
      .split(/\s+/u)
      .every((word) => (SHORT_NUMBER.test(word) ? tokens.includes(word) : text.includes(word)));
  }

  /** These disks, which are in the order of the bays, in the chosen order. The system's disks come last. */
  sorted(disks: readonly Disk[]): Disk[] {
    return disks.toSorted((one, other) => Number(one.system) - Number(other.system) || COMPARE[this.order](one, other));
  }
}
