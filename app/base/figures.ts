// Numbers as people read them, for the sentences that errors and plans are made of.
import { SECTOR_SIZE } from '../contract/disks.ts';
import { once } from '../words/once.ts';

const grouped = once(() => new Intl.NumberFormat('en-US'));

/** "26,001,408" */
export const number = (value: number): string => grouped().format(value);

/** "1 byte", "24,576 bytes", "3 destinations" */
export const counted = (value: number, noun: string): string => `${number(value)} ${noun}${value === 1 ? '' : 's'}`;

/** A size in the unit on a drive's label: "64.0 GB". */
export const size = (bytes: number): string => scaled(bytes, 1000, ['kB', 'MB', 'GB', 'TB', 'PB']);

/** A place in bytes as a range of sectors: "12.4 GiB (sector 26,001,408)", "1.0 MiB (sectors 2,048 to 2,055)". */
export function place(offset: number, length: number): string {
  const first = Math.floor(offset / SECTOR_SIZE);
  const last = Math.max(first, Math.ceil((offset + length) / SECTOR_SIZE) - 1);
  const sectors = last === first ? `sector ${number(first)}` : `sectors ${number(first)} to ${number(last)}`;
  return `${scaled(offset, 1024, ['KiB', 'MiB', 'GiB', 'TiB', 'PiB'])} (${sectors})`;
}

/** `units` are those above the byte. */
function scaled(bytes: number, base: number, units: readonly string[]): string {
  let value = bytes;
  let unit = 0;
  // What would be printed as "1000.0 kB" is a step further up already.
  while (Number(value.toFixed(1)) >= base && unit < units.length) {
    value /= base;
    unit += 1;
  }
  return unit === 0 ? counted(value, 'byte') : `${value.toFixed(1)} ${units[unit - 1]!}`;
}
