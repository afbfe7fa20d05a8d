// Formats sizes, speeds, times, places and lists. Pure except for the current language.
import { SECTOR_SIZE } from '../contract/disks.ts';
import { locale, say } from './speech.ts';

/** A maker of `Intl` formatters that are made once for each language. */
function each<T>(make: (locale: string) => T): () => T {
  const made = new Map<string, T>();
  return () => {
    const name = locale();
    const format = made.get(name) ?? make(name);
    made.set(name, format);
    return format;
  };
}

const grouped = each((name) => new Intl.NumberFormat(name));
const conjunction = each((name) => new Intl.ListFormat(name, { type: 'conjunction' }));
const days = each((name) => new Intl.RelativeTimeFormat(name, { numeric: 'auto' }));
const clock = each((name) => new Intl.DateTimeFormat(name, { hour: '2-digit', minute: '2-digit' }));
const dateTime = each((name) => new Intl.DateTimeFormat(name, { dateStyle: 'medium', timeStyle: 'short' }));
const date = each((name) => new Intl.DateTimeFormat(name, { day: 'numeric', month: 'short' }));
const wholeBytes = each((name) => new Intl.NumberFormat(name, { style: 'unit', unit: 'byte', unitDisplay: 'long' }));

const units = ['byte', 'kilobyte', 'megabyte', 'gigabyte', 'terabyte', 'petabyte'] as const;
const sizes = units.map((unit) =>
  [0, 1, 2].map((most) =>
    each(
      (name) =>
        new Intl.NumberFormat(name, {
          style: 'unit',
          unit,
          unitDisplay: unit === 'byte' ? 'long' : 'short',
          maximumFractionDigits: most,
        }),
    ),
  ),
);
const speeds = [0, 1].map((most) =>
  each(
    (name) => new Intl.NumberFormat(name, { style: 'unit', unit: 'megabyte-per-second', maximumFractionDigits: most }),
  ),
);

/** "26,001,408" */
export const count = (value: number): string => grouped().format(value);

/** Bytes as on a drive's label: decimal units, three figures ("64 GB", "15.9 GB"). */
export function size(bytes: number): string {
  let value = bytes;
  let unit = 0;
  // 999.5 would round to 1000, so use the next unit.
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  const digits = unit === 0 || value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2;
  return sizes[unit]![digits]!().format(value);
}

/** "64,023,257,088 bytes": what a size shows on hover. */
export const exactBytes = (bytes: number): string => wholeBytes().format(bytes);

/** Bytes per second as "31 MB/s"; below ten with one decimal. */
export function rate(bytesPerSecond: number): string {
  const megabytes = bytesPerSecond / 1e6;
  return speeds[megabytes >= 9.95 ? 0 : 1]!().format(megabytes);
}

/** The same without the unit, before another speed that has it: "1.1 of 5 MB/s". */
export function bareRate(bytesPerSecond: number): string {
  const megabytes = bytesPerSecond / 1e6;
  const parts = speeds[megabytes >= 9.95 ? 0 : 1]!().formatToParts(megabytes);
  return parts.flatMap(({ type, value }) => (type === 'unit' || type === 'literal' ? [] : [value])).join('');
}

/**
 * A time relative to now: "today, 14:02", "yesterday, 09:10", "12 Nov, 14:02". Both in milliseconds since the epoch.
 */
export function relativeTime(then: number, now: number): string {
  const at = new Date(then);
  const day = (time: Date): number => new Date(time.getFullYear(), time.getMonth(), time.getDate()).getTime();
  const ago = Math.round((day(new Date(now)) - day(at)) / 86_400_000);
  const time = clock().format(at);
  return say('figures.moment', { day: ago === 0 || ago === 1 ? days().format(-ago, 'day') : date().format(at), time });
}

/** A time that stays right whenever it is read: "12 Nov 2026, 14:02". Milliseconds since the epoch. */
export const longMoment = (at: number): string => dateTime().format(at);

/** Whole percent, rounded down, so that 100 means complete. A total of 0 counts as complete. */
export const percent = (done: number, total: number): number =>
  total <= 0 ? 100 : Math.max(0, Math.min(100, Math.floor((done / total) * 100)));

/** A duration in words: "5 s", "4 min", "1 h 20 min". In seconds; never less than one. */
export function duration(seconds: number): string {
  if (seconds < 59.5) return say('figures.seconds', { seconds: Math.max(1, Math.round(seconds)) });
  const minutes = Math.round(seconds / 60);
  if (minutes < 60) return say('figures.minutes', { minutes });
  const hours = Math.floor(minutes / 60);
  return minutes % 60 === 0
    ? say('figures.hours', { hours })
    : say('figures.hoursMinutes', { hours, minutes: minutes % 60 });
}

/** Seconds left, in steps that do not flicker: five seconds below a minute, then as `duration`. */
export const timeLeft = (seconds: number): string =>
  duration(seconds < 59.5 ? Math.max(5, Math.ceil(seconds / 5) * 5) : seconds);

/** A place on a device: "12.4 GB (byte 12,400,000,000, sector 24,218,750)". */
export const place = (offset: number): string =>
  say('figures.place', { size: size(offset), byte: offset, sector: Math.floor(offset / SECTOR_SIZE) });

/** A place without the byte: "12.4 GB (sector 24,218,750)". */
export const placeShort = (offset: number): string =>
  say('figures.placeShort', { size: size(offset), sector: Math.floor(offset / SECTOR_SIZE) });

/** A place in short: "sector 24,218,750". */
export const sector = (offset: number): string => say('figures.sector', { sector: Math.floor(offset / SECTOR_SIZE) });

/** "a", "a and b", "a, b and c". */
export const listed = (names: readonly string[]): string => conjunction().format(names);
