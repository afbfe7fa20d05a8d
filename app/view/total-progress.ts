// Summarises the tiles of a job: counts, total, time left. Pure. Used by both the page and main's notifications.
import type { JobError } from '../contract/errors.ts';
import type { JobView } from '../contract/window.ts';
import { timeLeft } from '../words/figures.ts';
import { say } from '../words/speech.ts';
import { counted, countedOf, type TileState } from '../words/states.ts';
import { isActive, isBad, type Tile } from './destination-progress.ts';
import { VERDICTS } from './verdict.ts';

const ORDER: readonly TileState[] = [
  ...VERDICTS,
  'stalled',
  'paused',
  'repairing',
  'verifying',
  'flushing',
  'unpacking',
  'copying',
  'comparing',
  'waiting',
];

/** The tiles in the same state, and their number in words. */
export interface Count {
  state: TileState;
  number: number;
  text: string;
}

const isUsedOnly = (tiles: readonly Tile[]): boolean => tiles.some(({ usedOnly }) => usedOnly);

/** The number of tiles in each state, most settled first, without empty states. */
export function countsOf(tiles: readonly Tile[]): Count[] {
  const isUsed = isUsedOnly(tiles);
  return ORDER.map((state) => ({ state, number: tiles.filter((tile) => tile.state === state).length }))
    .filter(({ number }) => number > 0)
    .map(({ state, number }) => ({ state, number, text: counted(state, number, isUsed) }));
}

/** As `countsOf`. When all have ended and not all of them alike, the best are counted out of all: "7 of 8 verified". */
export function answerOf(tiles: readonly Tile[]): Count[] {
  const counts = countsOf(tiles);
  const [best, ...others] = counts;
  if (best === undefined || others.length === 0 || tiles.some(isActive)) return counts;
  return [{ ...best, text: countedOf(best.state, best.number, tiles.length, isUsedOnly(tiles)) }, ...others];
}

/**
 * Seconds until the last destination is done; null when that of any is unknown, or none moves. Stalled and paused ones do
 * not count: nobody knows how long they take, and their state says so.
 */
export function secondsLeftOf(tiles: readonly Tile[]): number | null {
  // A flush has no progress to judge by, and is short, so ignore it.
  const left = tiles
    .filter((tile) => isActive(tile) && tile.state !== 'paused' && tile.state !== 'stalled')
    .filter((tile) => !(tile.state === 'flushing' && tile.secondsLeft === null))
    .map(({ secondsLeft }) => secondsLeft);
  return left.length === 0 || left.includes(null) ? null : Math.max(...left.map(Number));
}

/** The batch in one line: "5 verified, 1 failed, 2 copying, 4 min left"; at its end "7 of 8 verified, 1 failed". */
export function headline(tiles: readonly Tile[]): string {
  const left = secondsLeftOf(tiles);
  return [
    ...answerOf(tiles).map(({ text }) => text),
    ...(left === null ? [] : [say('common.timeLeft', { time: timeLeft(left) })]),
  ].join(', ');
}

/** Progress of the whole job, 0 to 1. Only destinations that ended well, or still can, count. */
export function totalOf(tiles: readonly Tile[]): number {
  const counted = tiles.filter((tile) => !isBad(tile) && tile.state !== 'cancelled');
  return counted.length === 0 ? 1 : counted.reduce((sum, { done }) => sum + done, 0) / counted.length;
}

/** Bytes per second of all destinations together. */
export const speedOf = (tiles: readonly Tile[]): number =>
  tiles.reduce((sum, { bytesPerSecond }) => sum + bytesPerSecond, 0);

/** True when every unfinished destination is paused. */
export function isPaused(tiles: readonly Tile[]): boolean {
  const active = tiles.filter(isActive);
  return active.length > 0 && active.every(({ paused }) => paused);
}

/** Errors of the source. */
export const sourceErrors = (job: JobView): JobError[] =>
  job.result?.errors ?? job.errors.filter(({ destination }) => destination === null);
