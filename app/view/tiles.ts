// What each destination of a job is at, as its tile shows it. Pure: a JobView in, tiles out.
import type { JobError } from '../contract/errors.ts';
import type { DestinationProgress, Endpoint, RescueProgress } from '../contract/jobs.ts';
import type { JobView } from '../contract/window.ts';
import { updates } from '../contract/request-facts.ts';
import { percent } from '../words/figures.ts';
import { baseName } from '../words/names.ts';
import type { TileState } from '../words/states.ts';
import * as verdict from './verdict.ts';
import { waiting } from './waiting.ts';

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
  /** Fractions, 0 to 1: of what is to be written, of what is to be read back, of all its work. */
  written: number;
  verified: number;
  done: number;
  bytesPerSecond: number;
  secondsLeft: number | null;
  /** Told to pause. */
  paused: boolean;
  /** The rescue that it waits for the others to get through, before it has its turn; null when it does not. */
  waitsFor: RescueProgress | null;
  /** Bytes that needed no writing, known at the end. */
  kept: number;
  /** Bytes that were to be compared and were not, of one that is done. */
  uncompared: number;
  errors: JobError[];
  /** What can be asked for this destination now. */
  can: { stop: boolean; retry: boolean };
}

const ACTIVE: ReadonlySet<TileState> = new Set<TileState>([
  'waiting',
  'comparing',
  'copying',
  'flushing',
  'verifying',
  'repairing',
  'paused',
  'stalled',
]);

/** True while a destination still has work to do. */
export const isActive = (tile: Tile): boolean => ACTIVE.has(tile.state);

/** No more will happen to a destination in this state, unless it is started again. */
export const isVerdict = (state: TileState): state is verdict.Verdict => verdict.VERDICTS.some((one) => one === state);

/** True when a destination ended badly. */
export const isBad = ({ state }: Tile): boolean => isVerdict(state) && verdict.isBad(state);

/** True when a destination ended well, and nothing is to be added. */
export const isGood = ({ state }: Tile): boolean => isVerdict(state) && verdict.isGood(state);

/** True when a destination has all of its data, as far as that was compared. */
export const isComplete = ({ state }: Tile): boolean => isVerdict(state) && verdict.isComplete(state);

const known = new WeakMap<JobView, readonly Tile[]>();

/** Every destination in the plan's order. A view does not change, so whoever asks again gets the same tiles. */
export function tilesOf(job: JobView): readonly Tile[] {
  const tiles = known.get(job) ?? job.plan.destinations.map((endpoint, index) => tileOf(job, endpoint, index));
  known.set(job, tiles);
  return tiles;
}

function tileOf(job: JobView, endpoint: Endpoint, index: number): Tile {
  const now = job.progress.destinations[index] ?? waiting(endpoint.path);
  // That the engine broke down is said of the job, not of every drive.
  const errors =
    (job.failure === null ? job.result?.destinations[index]?.errors : undefined) ??
    job.errors.filter(({ destination }) => destination === index);
  const state = verdict.verdictIn(job, index) ?? runningState(now);
  const active = ACTIVE.has(state);
  const running = job.phase === 'running';
  return {
    index,
    name: baseName(endpoint.path),
    endpoint,
    state,
    ...shares(state, now, updates(job.plan.request) || job.plan.kind === 'repair'),
    bytesPerSecond: now.bytesPerSecond,
    secondsLeft: now.secondsLeft,
    paused: now.paused,
    waitsFor: state === 'waiting' && job.progress.rescue?.waiting.includes(index) ? job.progress.rescue : null,
    kept: job.result?.destinations[index]?.kept ?? 0,
    uncompared: job.result?.destinations[index]?.uncompared ?? now.uncompared,
    errors,
    can: {
      stop: running && active,
      retry: running && (state === 'cancelled' || state === 'failed' || state === 'removed'),
    },
  };
}

/** The state of one that has no verdict. */
const runningState = ({ state }: DestinationProgress): TileState => (state === 'done' ? 'waiting' : state);

/**
 * How far it is. Work is only known phase by phase: a job that compares first (`compares`) reads everything, and then
 * knows what to write and to read again; until then the comparison counts for half of all.
 */
function shares(
  state: TileState,
  now: DestinationProgress,
  compares: boolean,
): Pick<Tile, 'percent' | 'written' | 'verified' | 'done'> {
  if (isVerdict(state) && verdict.isComplete(state))
    return { percent: null, written: 1, verified: state === 'written' ? 0 : 1, done: 1 };
  const comparing = compares && now.toWrite === 0;
  // What it writes it reads again: the rest of what there is to read was the comparison.
  const compared = compares && !comparing ? Math.min(now.verified, now.toVerify - now.toWrite) : 0;
  const write: Part = [now.written, now.toWrite];
  const read: Part = [now.verified - compared, now.toVerify - compared];
  const all = share([write[0] + read[0], write[1] + read[1]]);
  const phase = phaseOf(state, now, { write, read });
  return {
    percent: phase === null ? null : phase[1] > 0 ? percent(...phase) : 0,
    written: share(write),
    verified: share(read),
    done: compares ? (comparing ? all / 2 : 0.5 + all / 2) : all,
  };
}

/** Bytes done, of how many. */
type Part = [done: number, total: number];

const share = ([done, total]: Part): number => (total > 0 ? Math.max(0, Math.min(1, done / total)) : 0);

/** The part that the percentage is of; null in a state that has none. */
function phaseOf(
  state: TileState,
  now: DestinationProgress,
  { write, read }: { write: Part; read: Part },
): Part | null {
  switch (state) {
    case 'copying':
    case 'repairing':
      return write;
    case 'comparing':
    case 'verifying':
      return read;
    case 'paused':
    case 'stalled':
      return now.written < now.toWrite ? write : read[1] > 0 ? read : write;
    default:
      return null;
  }
}
