// What a running or ended job says as a whole. Pure: a JobView and its tiles in, sentences out.
import type { JobError, JobView, RescueProgress } from '../app/contract.ts';
import { isActive, isBad, isGood, tilesOf, type Tile } from './tiles.ts';
import { count, counted, listed, plural, size, stateWord, timeLeft, type TileState } from './words.ts';

const ORDER: TileState[] = [
  'verified', 'written', 'failed', 'removed', 'cancelled', 'stalled', 'paused', 'repairing', 'verifying', 'flushing', 'copying', 'comparing', 'waiting',
];

/** States that come and go and are told aloud all the same: somebody may have to do something. */
const TOLD: ReadonlySet<TileState> = new Set<TileState>(['paused', 'stalled']);

/** How many tiles are in each state, most settled first, empty ones left out. */
export function countsOf(tiles: readonly Tile[]): { state: TileState; text: string }[] {
  return ORDER.map((state) => ({ state, number: tiles.filter((tile) => tile.state === state).length }))
    .filter(({ number }) => number > 0)
    .map(({ state, number }) => ({ state, text: counted(state, number) }));
}

/** Seconds until the last destination is done; null when any of them does not know, or none is active. */
export function secondsLeftOf(tiles: readonly Tile[]): number | null {
  // A flush has no progress to judge by, and is short: it does not hide what the others know.
  const left = tiles.filter((tile) => isActive(tile) && !(tile.state === 'flushing' && tile.secondsLeft === null)).map(({ secondsLeft }) => secondsLeft);
  return left.length === 0 || left.includes(null) ? null : Math.max(...left.map(Number));
}

/** The line that answers the batch: "5 verified, 1 failed, 2 copying, 4 min left". */
export function headline(tiles: readonly Tile[]): string {
  const left = secondsLeftOf(tiles);
  return [...countsOf(tiles).map(({ text }) => text), ...(left === null ? [] : [`${timeLeft(left)} left`])].join(', ');
}

/** Fraction of the whole job, 0 to 1: only destinations that can still end well, or did, count. */
export function totalOf(tiles: readonly Tile[]): number {
  const counted = tiles.filter((tile) => !isBad(tile) && tile.state !== 'cancelled');
  return counted.length === 0 ? 1 : counted.reduce((sum, { done }) => sum + done, 0) / counted.length;
}

/** True when everything that still has work to do was told to pause. */
export function isPaused(tiles: readonly Tile[]): boolean {
  const active = tiles.filter(isActive);
  return active.length > 0 && active.every(({ paused }) => paused);
}

/** Errors of the source. */
export const sourceErrors = (job: JobView): JobError[] =>
  job.result?.errors ?? job.errors.filter(({ destination }) => destination === null);

const names = (tiles: readonly Tile[], noun = 'destination'): string =>
  tiles.length > 4 ? plural(tiles.length, noun) : listed(tiles.map(({ name }) => name));

/** What to touch next, in one or two sentences. `continuable`: the job ended and can be continued. */
export function nextStep(job: JobView, tiles: readonly Tile[], continuable = false): string {
  if (job.phase === 'cancelling') return 'Stopping: writes in flight end first, then every drive is flushed. Leave the drives plugged in.';
  const bad = tiles.filter(isBad);
  const good = tiles.filter(isGood);
  const stopped = tiles.filter(({ state }) => state === 'cancelled');
  const stalled = tiles.filter(({ state }) => state === 'stalled');
  const advice: string[] = [];
  const drives = good.filter(({ endpoint }) => endpoint.kind === 'block');
  const images = good.filter(({ endpoint }) => endpoint.kind === 'file');
  if (drives.length > 0) advice.push(`${drives.length === tiles.length ? 'Every drive' : names(drives, 'drive')} can be taken out.`);
  if (images.length > 0) advice.push(`${names(images, 'image')} ${images.length === 1 ? 'is' : 'are'} ready.`);
  if (stalled.length > 0) advice.push(`${names(stalled)} ${stalled.length === 1 ? 'does' : 'do'} not answer: check cable and port.`);
  if (bad.length > 0 && job.failure === null) advice.push(`Set ${names(bad)} aside.`);
  if (stopped.length > 0) advice.push(`${names(stopped)} ${stopped.length === 1 ? 'holds' : 'hold'} only part of the source.`);
  if (continuable) advice.push('Continue finishes what is not done.');
  if (job.phase === 'running' && advice.length === 0) {
    if (isPaused(tiles)) return 'Paused: nothing is written until you continue. Leave the drives plugged in.';
    return job.plan.verify ? 'Leave the drives plugged in. Each one is read back as soon as it is written.' : 'Leave the drives plugged in.';
  }
  return advice.join(' ');
}

/** What a rescue does now. */
export function rescuePass({ pass, retry }: RescueProgress): string {
  switch (pass) {
    case 'copying':
      return 'Copying what reads at once';
    case 'scraping':
      return 'Going back, sector by sector';
    case 'retrying':
      return `Trying the bad sectors again (${count(retry)})`;
  }
}

/** What a rescue got, at its end; null for a job that is none. */
export function rescueEnd({ result }: JobView): string | null {
  const rescue = result?.rescue ?? null;
  if (rescue === null) return null;
  const { rescued, bad } = rescue;
  if (bad === 0) return `All of the source could be read: ${size(rescued)}.`;
  return `${size(rescued)} of the source rescued. ${size(bad)} could not be read and are zeros on every destination.`;
}

/**
 * What a screen reader should hear when `before` became `after`: starts, ends and changes of verdict, never a
 * percentage. Empty when nothing worth interrupting for happened.
 */
export function announcement(before: JobView | null, after: JobView | null): string {
  if (after === null) return '';
  const tiles = tilesOf(after);
  if (after.phase === 'ended') {
    if (before?.phase === 'ended') return '';
    return after.failure === null ? `Job ended: ${headline(tiles)}.` : `Job stopped: ${after.failure.message}`;
  }
  if (before?.startedAt !== after.startedAt) return `Job started: ${plural(tiles.length, 'destination')}.`;
  if (before.phase !== after.phase) return 'Cancelling.';
  const earlier = tilesOf(before);
  if (isPaused(tiles) && !isPaused(earlier)) return 'Paused.';
  if (isPaused(earlier) && tiles.some((tile) => isActive(tile) && !tile.paused)) return 'Continued.';
  // That each drive follows has been said.
  if (isPaused(tiles)) return '';
  const changed = tiles.filter((tile) => (!isActive(tile) || TOLD.has(tile.state)) && earlier[tile.index]?.state !== tile.state);
  return changed.map((tile) => `${tile.name}: ${stateWord(tile.state)}.`).join(' ');
}
