// How names and states read in the window, and what a person types. The words themselves are in app/words, passed on here
// so that a component has one place to get what it says from.
import { count } from '../app/words/figures.ts';
import { language, say } from '../app/words/speech.ts';

export { count, duration, exactBytes, listed, moment, place, rate, sector, size, timeLeft } from '../app/words/figures.ts';
export { say } from '../app/words/speech.ts';

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
export const stateWord = (state: TileState): string => say(`states.${state}`);

/** The same after a number ("2 copying"). */
export const counted = (state: TileState, count: number): string => say(`counts.${state}`, { count });

/** "1 drive", "8 drives" */
export const plural = (value: number, noun: string, many = `${noun}s`): string => `${count(value)} ${value === 1 ? noun : many}`;

/** Bounds of a speed limit, MB/s. */
const LEAST_SPEED = 0.1;
const MOST_SPEED = 1_000_000;

/** Bytes per second meant by "20" or "1.5" megabytes ("1,5" too where that is written so); null for nothing typed (no limit), undefined for what is no speed. */
export function speed(typed: string): number | null | undefined {
  const text = language() === 'en' ? typed.trim() : typed.trim().replace(',', '.');
  if (text === '') return null;
  const megabytes = /^\d+(\.\d+)?$/.test(text) ? Number(text) : 0;
  return megabytes >= LEAST_SPEED && megabytes <= MOST_SPEED ? Math.round(megabytes * 1e6) : undefined;
}

/** What `speed` would read as the same. */
export const typedSpeed = (bytesPerSecond: number | null): string => {
  if (bytesPerSecond === null) return '';
  const megabytes = String(bytesPerSecond / 1e6);
  return language() === 'en' ? megabytes : megabytes.replace('.', ',');
};

/** Whole percent, rounded down: 100 only when all of it is done. Nothing to do counts as done. */
export const percent = (done: number, total: number): number =>
  total <= 0 ? 100 : Math.max(0, Math.min(100, Math.floor((done / total) * 100)));

/** The last six characters of a serial, enough to compare with a label. */
export const lastSix = (serial: string): string => serial.slice(-6);

/** "sdb" of "/dev/sdb", "copy.img" of "/home/me/copy.img". */
export const baseName = (path: string): string => path.slice(path.lastIndexOf('/') + 1);

/** "/home/me" of "/home/me/copy.img". */
export const folder = (path: string): string => path.slice(0, Math.max(1, path.lastIndexOf('/')));
