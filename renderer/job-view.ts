// What a running or ended job says, drive by drive and as a whole. Pure: a JobView in, tiles and sentences out.
import type { DestinationProgress, Endpoint, JobError, JobView } from '../app/contract.ts';
import { baseName, count, countWord, listed, percent, plural, stateWord, timeLeft, type TileState } from './words.ts';

/** One destination as the bay shows it. */
export interface Tile {
  /** Index into the plan's destinations; the tile's place for the whole job. */
  index: number;
  /** "sdb", "copy.img" */
  name: string;
  endpoint: Endpoint;
  state: TileState;
  /** Percent of the phase it is in; null in a phase that has none. */
  percent: number | null;
  /** Fractions of the whole, 0 to 1. */
  written: number;
  verified: number;
  bytesPerSecond: number;
  secondsLeft: number | null;
  errors: JobError[];
}

const ACTIVE: ReadonlySet<TileState> = new Set<TileState>(['waiting', 'copying', 'flushing', 'verifying']);
const ORDER: TileState[] = ['verified', 'written', 'failed', 'removed', 'cancelled', 'verifying', 'flushing', 'copying', 'waiting'];

/** True while a destination still has work to do. */
export const isActive = (tile: Tile): boolean => ACTIVE.has(tile.state);

/** True when a destination ended badly. */
export const isBad = (tile: Tile): boolean => tile.state === 'failed' || tile.state === 'removed';

function errorsOf(job: JobView, index: number): JobError[] {
  return job.result?.destinations[index]?.errors ?? job.errors.filter(({ destination }) => destination === index);
}

/** The one verdict for a destination. Green needs proof: every byte read back, or the engine's own word. */
function stateOf(job: JobView, index: number, now: DestinationProgress, errors: JobError[]): TileState {
  const result = job.result?.destinations[index];
  const state = result?.state ?? now.state;
  if (state === 'cancelled') return 'cancelled';
  if (state === 'done') {
    if (result?.verified === false) return 'failed';
    const proven = result === undefined ? job.plan.verify && now.verified >= job.plan.bytes : result.verified === true;
    return proven ? 'verified' : 'written';
  }
  // When the machinery ended, nobody works on this destination any more: whatever it was doing has failed.
  if (state === 'failed' || job.phase === 'ended') return errors[0]?.code === 'DEVICE_GONE' ? 'removed' : 'failed';
  return state;
}

const missing = (path: string): DestinationProgress => ({ path, state: 'waiting', written: 0, verified: 0, bytesPerSecond: 0, secondsLeft: null });

/** Every destination in the plan's order. */
export function tilesOf(job: JobView): Tile[] {
  const total = job.plan.bytes;
  const part = (bytes: number): number => (total > 0 ? Math.min(1, bytes / total) : 1);
  return job.plan.destinations.map((endpoint, index) => {
    const now = job.progress.destinations[index] ?? missing(endpoint.path);
    const errors = errorsOf(job, index);
    const state = stateOf(job, index, now, errors);
    const done = state === 'verifying' ? now.verified : now.written;
    return {
      index,
      name: baseName(endpoint.path),
      endpoint,
      state,
      percent: state === 'copying' || state === 'verifying' ? percent(done, total) : null,
      written: part(now.written),
      verified: part(now.verified),
      bytesPerSecond: now.bytesPerSecond,
      secondsLeft: now.secondsLeft,
      errors,
    };
  });
}

/** How many tiles are in each state, most settled first, empty ones left out. */
export function countsOf(tiles: readonly Tile[]): { state: TileState; text: string }[] {
  return ORDER.map((state) => ({ state, number: tiles.filter((tile) => tile.state === state).length }))
    .filter(({ number }) => number > 0)
    .map(({ state, number }) => ({ state, text: `${count(number)} ${countWord[state]}` }));
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
export function totalOf(tiles: readonly Tile[], verify: boolean): number {
  const counted = tiles.filter((tile) => !isBad(tile) && tile.state !== 'cancelled');
  if (counted.length === 0) return 1;
  const done = counted.reduce((sum, tile) => sum + (verify ? (tile.written + tile.verified) / 2 : tile.written), 0);
  return done / counted.length;
}

/** Errors of the source. */
export const sourceErrors = (job: JobView): JobError[] =>
  job.result?.errors ?? job.errors.filter(({ destination }) => destination === null);

const names = (tiles: readonly Tile[], noun = 'destination'): string =>
  tiles.length > 4 ? plural(tiles.length, noun) : listed(tiles.map(({ name }) => name));

/** What to touch next, in one or two sentences. */
export function nextStep(job: JobView, tiles: readonly Tile[]): string {
  if (job.phase === 'cancelling') return 'Stopping: writes in flight end first, then every drive is flushed. Leave the drives plugged in.';
  const bad = tiles.filter(isBad);
  const good = tiles.filter(({ state }) => state === 'verified' || state === 'written');
  const stopped = tiles.filter(({ state }) => state === 'cancelled');
  const advice: string[] = [];
  const drives = good.filter(({ endpoint }) => endpoint.kind === 'block');
  const images = good.filter(({ endpoint }) => endpoint.kind === 'file');
  if (drives.length > 0) advice.push(`${drives.length === tiles.length ? 'Every drive' : names(drives, 'drive')} can be taken out.`);
  if (images.length > 0) advice.push(`${names(images, 'image')} ${images.length === 1 ? 'is' : 'are'} ready.`);
  if (bad.length > 0 && job.failure === null) advice.push(`Set ${names(bad)} aside.`);
  if (stopped.length > 0) advice.push(`${names(stopped)} ${stopped.length === 1 ? 'holds' : 'hold'} only part of the source.`);
  if (job.phase === 'running' && advice.length === 0) {
    return job.plan.verify ? 'Leave the drives plugged in. Each one is read back as soon as it is written.' : 'Leave the drives plugged in.';
  }
  return advice.join(' ');
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
  const settled = tiles.filter((tile) => !isActive(tile) && earlier[tile.index]?.state !== tile.state);
  return settled.map((tile) => `${tile.name}: ${stateWord[tile.state].toLowerCase()}.`).join(' ');
}
