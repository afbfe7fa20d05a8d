// What a running or ended job says as a whole, in sentences: what to touch next, what is said aloud. Pure.
import type { JobView, RescueProgress } from '../app/contract.ts';
import { headline, isPaused } from '../app/view/batch.ts';
import { isActive, isBad, isGood, tilesOf, type Tile } from '../app/view/tiles.ts';
import { count, listed, plural, size, stateWord, type TileState } from './words.ts';

/** States that come and go and are told aloud all the same: somebody may have to do something. */
const TOLD: ReadonlySet<TileState> = new Set<TileState>(['paused', 'stalled']);

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
