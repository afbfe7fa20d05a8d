// Sentences about a running or ended job: the next step, and announcements. Pure.
import type { Plan, RescueProgress } from '../app/contract/jobs.ts';
import type { JobView } from '../app/contract/window.ts';
import { plainRepair } from '../app/contract/request-facts.ts';
import { headline, isPaused } from '../app/view/total-progress.ts';
import { isPartial } from '../app/view/consent.ts';
import { countsUsedOnly } from '../app/view/used-only.ts';
import { likelyRemoval, type Removal } from '../app/view/removal.ts';
import { isActive, isBad, isComplete, isGood, tilesOf, type Tile } from '../app/view/destination-progress.ts';
import { sourceName } from './disk-facts.ts';
import type { Former } from './state/choice.svelte.ts';
import { bareRate, listed, rate, say, sayError, sayPortShort, size, stateWord, type TileState } from './words.ts';

/** Temporary states that are still announced, because somebody may have to act. */
const TOLD: ReadonlySet<TileState> = new Set<TileState>(['paused', 'stalled']);

const names = (tiles: readonly Tile[], noun: 'destinations' | 'drives' | 'images' = 'destinations'): string =>
  tiles.length > 4 ? say(`common.${noun}`, { count: tiles.length }) : listed(tiles.map(({ name }) => name));

const told = (tiles: readonly Tile[]): { names: string; count: number } => ({
  names: names(tiles),
  count: tiles.length,
});

/** "sdd (hub 1 · 3)": what a hand needs to find a drive. */
const findable = ({ name, endpoint: { port } }: Tile): string =>
  port?.bay === null ? say('job.nameAt', { name, port: sayPortShort(port) }) : name;

/** As `told`, for drives that somebody must touch. After the job there is room for more of them. */
const toldAt = (tiles: readonly Tile[], phase: JobView['phase']): { names: string; count: number } => ({
  names: tiles.length > (phase === 'ended' ? 8 : 4) ? names(tiles) : listed(tiles.map(findable)),
  count: tiles.length,
});

/** True when all errors of a destination are differences from the source, or the manifest. */
export const differs = ({ errors }: Tile): boolean =>
  errors.length > 0 && errors.every(({ code }) => code === 'VERIFY_MISMATCH');

/** The error that a tile shows: of an unplugged drive, that it is gone. Undefined while it has not ended badly. */
export const tileError = (tile: Tile): Tile['errors'][number] | undefined =>
  isBad(tile)
    ? (tile.errors.find(({ code }) => tile.state === 'removed' && code === 'DEVICE_GONE') ?? tile.errors[0])
    : undefined;

/**
 * The repair of the drives in `tiles` that an ended check found different; null when there is nothing to repair, or
 * no source to repair from.
 */
export function repairOf({ phase, plan }: JobView, tiles: readonly Tile[]): Former | null {
  const wrong = tiles.filter((tile) => isBad(tile) && differs(tile));
  if (phase !== 'ended' || plan.request.kind !== 'verify' || plan.source === null || wrong.length === 0) return null;
  const { name, keepGoing, destinations, io, memory, throttle, stallTimeout } = plan.request;
  return {
    ...plan,
    kind: 'repair',
    destinations: wrong.map(({ endpoint }) => endpoint),
    request: {
      ...plainRepair(plan.source.path, []),
      ...{ name, keepGoing, io, memory, throttle, stallTimeout },
      destinations: wrong.map(({ index }) => destinations[index]!),
    },
  };
}

/** "disk.img to 3 destinations, 32 GB each": a summary of a job. */
export function jobSummary(plan: Plan): string {
  const { kind, source, request, bytes } = plan;
  const count = plan.destinations.length;
  const what = {
    source: sourceName({ source, request }),
    destinations: say('common.destinations', { count }),
    size: size(bytes),
  };
  const summary =
    kind === 'verify'
      ? say('tasks.summaryOfCheck', what)
      : kind === 'repair'
        ? say('tasks.summaryOfRepair', what)
        : say('job.summary', what);
  return countsUsedOnly(plan) ? `${summary}, ${say('used.only')}` : summary;
}

/** What a hand does next with a finished drive. */
export function removalWord(removal: Removal): string {
  switch (removal) {
    case 'takeOut':
      return say('job.takeIt');
    case 'ejectFirst':
      return say('job.ejectIt');
    case 'out':
      return say('job.out');
  }
}

/** "31 MB/s", or "slow: 1.1 of 5 MB/s" for a drive that is much slower than the others. */
export const speedWord = (bytesPerSecond: number, slow: Tile['slow']): string =>
  slow === null
    ? rate(bytesPerSecond)
    : say('job.slow', { now: bareRate(slow.bytesPerSecond), usual: rate(slow.usual) });

/** The heading of a tile: "Bay 6, Verified, Take it out". */
export const tileHeading = (name: string, state: string, removal: Removal | null): string =>
  removal === null
    ? say('job.heading', { name, state })
    : say('job.headingOut', { name, state, removal: removalWord(removal) });

/**
 * The next step, in one or two sentences. `continuable`: the job ended and can be continued. `removals`: what a hand can
 * do with each drive.
 */
export function nextStep(
  job: JobView,
  tiles: readonly Tile[],
  continuable = false,
  removals: readonly (Removal | null)[] = tiles.map(likelyRemoval),
): string {
  const checks = job.plan.kind === 'verify';
  if (job.phase === 'cancelling') return checks ? say('tasks.stopping') : say('job.stopping');
  const bad = tiles.filter(isBad);
  const stopped = tiles.filter(({ state }) => state === 'cancelled');
  const differing = checks ? bad.filter(differs) : [];
  // An unplugged drive is back when the job is continued; a failed drive should not be tried again.
  const aside =
    job.failure === null
      ? bad.filter((tile) => (tile.state === 'failed' || !continuable) && !differing.includes(tile))
      : [];
  const advice = [
    ...onComplete(job, tiles, removals),
    ...onDiffering(job, differing),
    ...onReservations(job, tiles),
    ...(aside.length > 0 ? [say('job.setAside', { names: toldAt(aside, job.phase).names })] : []),
    ...onSlow(tiles),
    ...onStopped(job.plan, stopped),
    ...(continuable && bad.length + stopped.length > aside.length ? [say('job.continueFinishes')] : []),
  ];
  return job.phase === 'running' && advice.length === 0 ? hintWhileRunning(job.plan, tiles) : advice.join(' ');
}

/** The drives that can already be taken out or used, and those that do not answer. */
function onComplete({ phase, plan }: JobView, tiles: readonly Tile[], removals: readonly (Removal | null)[]): string[] {
  const drives = tiles.filter((tile) => isComplete(tile) && tile.endpoint.kind === 'block');
  const canBe = (removal: Removal): Tile[] => tiles.filter(({ index }) => removals[index] === removal);
  // A partition, and a drive of a rescue, stay open until the end of the job.
  const held = drives.filter(({ letGo }) => !letGo);
  const [free, mounted] = [canBe('takeOut'), canBe('ejectFirst')];
  const images = tiles.filter((tile) => isGood(tile) && tile.endpoint.kind === 'file');
  const stalled = tiles.filter(({ state }) => state === 'stalled');
  return [
    // After the end of the job EjectDrives says what can be taken out.
    ...(free.length > 0 ? [say('job.takeOut', { names: names(free, 'drives'), count: free.length })] : []),
    ...(mounted.length > 0
      ? [say('devices.mountedAgain', { drives: names(mounted, 'drives'), count: mounted.length })]
      : []),
    ...(held.length > 0 && phase === 'running'
      ? [say('job.driveDone', { names: names(held, 'drives'), count: held.length })]
      : []),
    ...(images.length > 0 && plan.kind !== 'verify'
      ? [say('job.imageReady', { names: names(images, 'images'), count: images.length })]
      : []),
    ...(stalled.length > 0 ? [say('job.stalled', toldAt(stalled, phase))] : []),
  ];
}

/** The sentence about drives that are much slower than the others. */
function onSlow(tiles: readonly Tile[]): string[] {
  const slow = tiles.filter((tile) => tile.slow !== null);
  return slow.length > 0 ? [say('job.slowNext', told(slow))] : [];
}

/** Sentences about drives that a check found different. */
function onDiffering({ plan: { source }, phase }: JobView, differing: readonly Tile[]): string[] {
  if (differing.length === 0) return [];
  const found = toldAt(differing, phase);
  return [source === null ? say('tasks.differsFromManifest', found) : say('tasks.differs', found)];
}

/** Sentences about destinations that are complete with reservations. */
function onReservations({ result }: JobView, tiles: readonly Tile[]): string[] {
  const partly = tiles.filter(({ state }) => state === 'partlyVerified');
  const complete = tiles.filter(isComplete);
  // An engine that broke down could not tell: its source counts as written to.
  const unknown = result?.notes.some(({ kind }) => kind === 'sourceUnknown') === true;
  return [
    ...(partly.length > 0 ? [say('job.partlyVerified', told(partly))] : []),
    ...(result?.sourceWritten === true && complete.length > 0
      ? [unknown ? say('job.sourceUnknown', { names: names(complete) }) : say('job.sourceWritten', told(complete))]
      : []),
  ];
}

/** Sentences about the content of cancelled destinations. */
function onStopped(plan: Plan, stopped: readonly Tile[]): string[] {
  if (stopped.length === 0) return [];
  if (plan.kind === 'verify') return [say('tasks.unchecked', told(stopped))];
  return [isPartial(plan) ? say('tasks.mayDiffer', told(stopped)) : say('job.holdsPart', told(stopped))];
}

/** What the user can do while all is well. */
function hintWhileRunning(plan: Plan, tiles: readonly Tile[]): string {
  const checks = plan.kind === 'verify';
  if (isPaused(tiles)) return checks ? say('tasks.paused') : say('job.pausedNow');
  if (checks) return say('tasks.leaveCheck');
  if (!plan.verify) return say('job.leave');
  return isPartial(plan) ? say('tasks.leaveRepair') : say('job.leaveVerify');
}

/** The current pass of a rescue. */
export function rescuePass({ pass, retry }: RescueProgress): string {
  switch (pass) {
    case 'copying':
      return say('rescue.copying');
    case 'trimming':
      return say('rescue.trimming');
    case 'scraping':
      return say('rescue.scraping');
    case 'retrying':
      return say('rescue.retrying', { retry });
  }
}

/** The sentence about what a restarted destination waits for, and how much of that is left. */
export const rescueWait = ({ pass, bad, left }: RescueProgress): string =>
  pass === 'retrying' ? say('rescue.waitsForRetry', { bad: size(bad) }) : say('rescue.waits', { left: size(left) });

/** The outcome of a rescue at its end; null for another job. */
export function rescueEnd({ plan, result }: JobView): string | null {
  const rescue = result?.rescue ?? null;
  if (rescue === null) return null;
  const { rescued, bad } = rescue;
  const left = plan.bytes - rescued - bad;
  if (bad === 0)
    return left === 0
      ? say('rescue.all', { size: size(rescued) })
      : say('rescue.soFar', { rescued: size(rescued), left: size(left) });
  return say('rescue.part', { rescued: size(rescued), bad: size(bad) });
}

/**
 * The announcement for screen readers when `before` became `after`: starts, ends and changes of verdict, never a
 * percentage. Empty when nothing is worth an interruption.
 */
export function announcement(before: JobView | null, after: JobView | null): string {
  if (after === null) return '';
  const tiles = tilesOf(after);
  if (after.phase === 'ended') {
    if (before?.phase === 'ended') return '';
    return after.failure === null
      ? say('job.toldEnded', { headline: headline(tiles) })
      : say('job.toldFailed', { message: sayError(after.failure).message });
  }
  if (before?.startedAt !== after.startedAt) return say('job.toldStarted', { count: tiles.length });
  if (before.phase !== after.phase) return say('job.toldCancelling');
  const earlier = tilesOf(before);
  const paused = isPaused(tiles);
  const goesOn = isPaused(earlier) && tiles.some((tile) => isActive(tile) && !tile.paused);
  const whole = paused && !isPaused(earlier) ? [say('job.toldPaused')] : goesOn ? [say('job.toldContinued')] : [];
  // The announcement of a paused job covers each of its drives.
  const isNews = (tile: Tile): boolean => !isActive(tile) || (TOLD.has(tile.state) && !paused);
  const changed = tiles.filter((tile) => isNews(tile) && earlier[tile.index]?.state !== tile.state);
  // A drive is let go a little after its verdict.
  const isFree = (tile: Tile | undefined): boolean => tile !== undefined && likelyRemoval(tile) !== null;
  const free = tiles.filter((tile) => !changed.includes(tile) && isFree(tile) && !isFree(earlier[tile.index]));
  return [...whole, ...changed.map(toldChange), ...free.map(({ name }) => say('job.toldGo', { name }))].join(' ');
}

/** "sdd: Failed.", with the reason when there is one. */
function toldChange(tile: Tile): string {
  const said = { name: tile.name, state: stateWord(tile.state, tile.usedOnly) };
  const [error] = isBad(tile) ? tile.errors : [];
  if (likelyRemoval(tile) !== null) return say('job.toldOut', said);
  return error === undefined ? say('job.told', said) : say('job.toldBad', { ...said, reason: sayError(error).message });
}
