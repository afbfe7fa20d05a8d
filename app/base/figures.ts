// Formats numbers for the sentences of errors and plans.
import { SECTOR_SIZE } from '../contract/disks.ts';
import { once } from '../words/once.ts';

const grouped = once(() => new Intl.NumberFormat('en-US'));

/** "26,001,408" */
export const number = (value: number): string => grouped().format(value);

/** "1 byte", "24,576 bytes", "3 destinations" */
export const counted = (value: number, noun: string): string => `${number(value)} ${noun}${value === 1 ? '' : 's'}`;

const UNITS = ['kB', 'MB', 'GB', 'TB', 'PB'];

/** A size in the unit on a drive's label: "64.0 GB". */
export function size(bytes: number): string {
  let value = bytes;
  let unit = 0;
  // Step up a unit when rounding would print "1000.0 kB".
  while (Number(value.toFixed(1)) >= 1000 && unit < UNITS.length) {
    value /= 1000;
    unit += 1;
  }
  return unit === 0 ? counted(value, 'byte') : `${value.toFixed(1)} ${UNITS[unit - 1]!}`;
}

/** A place in bytes as a range of sectors: "13.3 GB (sector 26,001,408)", "1.0 MB (sectors 2,048 to 2,055)". */
export function place(offset: number, length: number): string {
  const first = Math.floor(offset / SECTOR_SIZE);
  const last = Math.max(first, Math.ceil((offset + length) / SECTOR_SIZE) - 1);
  const sectors = last === first ? `sector ${number(first)}` : `sectors ${number(first)} to ${number(last)}`;
  return `${size(offset)} (${sectors})`;
}
