// How figures, names and states read in the window. Pure: numbers in, words out.
import { SECTOR_SIZE } from '../app/contract.ts';

/** What a tile can say. One word means one thing; 'verified' is the only green, 'failed' the only red. */
export type TileState =
  | 'waiting'
  | 'comparing'
  | 'copying'
  | 'flushing'
  | 'verifying'
  | 'repairing'
  | 'paused'
  | 'stalled'
  | 'verified'
  | 'written'
  | 'failed'
  | 'removed'
  | 'cancelled';

/** A state's word as a tile shows it. */
export const stateWord: Record<TileState, string> = {
  waiting: 'Waiting',
  comparing: 'Comparing',
  copying: 'Copying',
  flushing: 'Flushing',
  verifying: 'Verifying',
  repairing: 'Repairing',
  paused: 'Paused',
  stalled: 'Stalled',
  verified: 'Verified',
  written: 'Written, not verified',
  failed: 'Failed',
  removed: 'Removed',
  cancelled: 'Cancelled',
};

/** A state's word after a number ("2 copying"). */
export const countWord: Record<TileState, string> = {
  waiting: 'waiting',
  comparing: 'comparing',
  copying: 'copying',
  flushing: 'flushing',
  verifying: 'verifying',
  repairing: 'repairing',
  paused: 'paused',
  stalled: 'stalled',
  verified: 'verified',
  written: 'written but not verified',
  failed: 'failed',
  removed: 'removed',
  cancelled: 'cancelled',
};

/** Bounds of a speed limit, MB/s. */
const LEAST_SPEED = 0.1;
const MOST_SPEED = 1_000_000;

const grouped = new Intl.NumberFormat('en-US');

/** "26,001,408" */
export const count = (value: number): string => grouped.format(value);

/** "1 drive", "8 drives"; `many` where an s is not enough. */
export const plural = (value: number, noun: string, many = `${noun}s`): string => `${count(value)} ${value === 1 ? noun : many}`;

const units = ['bytes', 'kB', 'MB', 'GB', 'TB', 'PB'] as const;

/** Bytes as on a drive's label: decimal units, three figures ("64 GB", "15.9 GB"). */
export function size(bytes: number): string {
  let value = bytes;
  let unit = 0;
  // 999.5 would round to 1000: the next unit says it better.
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  const digits = unit === 0 || value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2;
  return `${Number(value.toFixed(digits))} ${units[unit]}`;
}

/** "64,023,257,088 bytes": what a size shows on hover. */
export const exactBytes = (bytes: number): string => `${count(bytes)} bytes`;

/** Bytes per second as "31 MB/s"; below ten with one decimal. */
export function rate(bytesPerSecond: number): string {
  const megabytes = bytesPerSecond / 1e6;
  return `${megabytes >= 9.95 ? count(Math.round(megabytes)) : Number(megabytes.toFixed(1))} MB/s`;
}

/** Bytes per second meant by "20" or "1.5" megabytes; null for nothing typed (no limit), undefined for what is no speed. */
export function speed(typed: string): number | null | undefined {
  const text = typed.trim();
  if (text === '') return null;
  const megabytes = /^\d+(\.\d+)?$/.test(text) ? Number(text) : 0;
  return megabytes >= LEAST_SPEED && megabytes <= MOST_SPEED ? Math.round(megabytes * 1e6) : undefined;
}

/** What `speed` would read as the same. */
export const typedSpeed = (bytesPerSecond: number | null): string => (bytesPerSecond === null ? '' : String(bytesPerSecond / 1e6));

/** When something was, from now: "today, 14:02", "yesterday, 09:10", "12 Nov, 14:02". Both in milliseconds since the epoch. */
export function moment(then: number, now: number): string {
  const at = new Date(then);
  const day = (time: Date): number => new Date(time.getFullYear(), time.getMonth(), time.getDate()).getTime();
  const days = Math.round((day(new Date(now)) - day(at)) / 86_400_000);
  const clock = at.toLocaleTimeString('en-GB', { hour: '2-digit', minute: '2-digit' });
  if (days === 0) return `today, ${clock}`;
  return days === 1 ? `yesterday, ${clock}` : `${at.toLocaleDateString('en-GB', { day: 'numeric', month: 'short' })}, ${clock}`;
}

/** A length of time in seconds, in words: "5 s", "4 min", "1 h 20 min". Never less than a second. */
export function duration(seconds: number): string {
  if (seconds < 59.5) return `${Math.max(1, Math.round(seconds))} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  return minutes % 60 === 0 ? `${hours} h` : `${hours} h ${minutes % 60} min`;
}

/** Seconds left, in steps that do not flicker: five seconds below a minute, then as `duration`. */
export const timeLeft = (seconds: number): string => duration(seconds < 59.5 ? Math.max(5, Math.ceil(seconds / 5) * 5) : seconds);

/** Whole percent, rounded down: 100 only when all of it is done. Nothing to do counts as done. */
export const percent = (done: number, total: number): number =>
  total <= 0 ? 100 : Math.max(0, Math.min(100, Math.floor((done / total) * 100)));

/** Where on a device: "12.4 GB (byte 12,400,000,000, sector 24,218,750)". */
export const place = (offset: number): string =>
  `${size(offset)} (byte ${count(offset)}, sector ${count(Math.floor(offset / SECTOR_SIZE))})`;

/** Where on a device, short: "sector 24,218,750". */
export const sector = (offset: number): string => `sector ${count(Math.floor(offset / SECTOR_SIZE))}`;

/** The last six characters of a serial, enough to compare with a label. */
export const lastSix = (serial: string): string => serial.slice(-6);

/** "sdb" of "/dev/sdb", "copy.img" of "/home/me/copy.img". */
export const baseName = (path: string): string => path.slice(path.lastIndexOf('/') + 1);

/** "/home/me" of "/home/me/copy.img". */
export const folder = (path: string): string => path.slice(0, Math.max(1, path.lastIndexOf('/')));

/** "a", "a and b", "a, b and c". */
export function listed(names: readonly string[]): string {
  if (names.length < 2) return names.join('');
  return `${names.slice(0, -1).join(', ')} and ${names[names.length - 1]}`;
}
