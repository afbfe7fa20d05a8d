// The state of each destination of a job, as its tile shows it. Pure: a JobView in, tiles out.
import type { JobError } from '../contract/errors.ts';
import type { DestinationProgress, Endpoint, Plan, RescueProgress, SlowDrive } from '../contract/jobs.ts';
import type { JobView } from '../contract/window.ts';
import { updates } from '../contract/request-facts.ts';
import { percent } from '../words/figures.ts';
import { sayPlace } from '../words/host-sentences.ts';
import type { TileState } from '../words/states.ts';
import { countsUsedOnly } from './used-only.ts';
import * as verdict from './verdict.ts';
import { waiting } from './waiting-progress.ts';

/** A destination as shown in the bay. */
export interface Tile {
  /** Index into the plan's destinations; the tile keeps this place for the whole job. */
  index: number;
  /** "sdb", "copy.img" */
  name: string;
  endpoint: Endpoint;
  state: TileState;
  /** Percent of the current phase; null in a phase without progress. */
  percent: number | null;
  /** Fractions, 0 to 1: of the bytes to write, of the bytes to read back, of all work. */
  written: number;
  verified: number;
  done: number;
  bytesPerSecond: number;
  secondsLeft: number | null;
  /** It is much slower than the others; null when it is not, or has no speed. */
  slow: SlowDrive | null;
  /** Paused by the user. */
  paused: boolean;
  /** The rescue that must finish for the others before this destination's turn; null when it does not wait. */
  waitsFor: RescueProgress | null;
  /** Only used blocks count. */
  usedOnly: boolean;
  /** Bytes that needed no writing, known at the end. */
  kept: number;
  /** Bytes that should have been compared and were not, when it is done. */
  uncompared: number;
  errors: JobError[];
  /** The actions available for this destination now. */
  can: { stop: boolean; retry: boolean };
  /** Its drive has been let go, so that it can be taken out while the job goes on for others. */
  letGo: boolean;
}

const ACTIVE: ReadonlySet<TileState> = new Set<TileState>([
  'waiting',
  'comparing',
  'copying',
  'unpacking',
  'flushing',
  'verifying',
  'repairing',
  'paused',
  'stalled',
]);

/** True while a destination still has work to do. */
export const isActive = (tile: Tile): boolean => ACTIVE.has(tile.state);

/** Nothing more happens to a destination in this state, unless it is restarted. */
export const isVerdict = (state: TileState): state is verdict.Verdict => verdict.VERDICTS.some((one) => one === state);

/** True when a destination ended badly. */
export const isBad = ({ state }: Tile): boolean => isVerdict(state) && verdict.isBad(state);

/** True when a destination ended well, without reservations. */
export const isGood = ({ state }: Tile): boolean => isVerdict(state) && verdict.isGood(state);

/** True when a destination has all of its data, as far as compared. */
export const isComplete = ({ state }: Tile): boolean => isVerdict(state) && verdict.isComplete(state);

const known = new WeakMap<JobView, readonly Tile[]>();

/** Every destination in the plan's order. A view is immutable, so the same view gives the same tiles. */
export function tilesOf(job: JobView): readonly Tile[] {
  const tiles = known.get(job) ?? job.plan.destinations.map((endpoint, index) => tileOf(job, endpoint, index));
  known.set(job, tiles);
  return tiles;
}

function tileOf(job: JobView, endpoint: Endpoint, index: number): Tile {
  const now = job.progress.destinations[index] ?? waiting(endpoint.path);
  const end = job.result?.destinations[index];
  const state = verdict.verdictIn(job, index) ?? runningState(now, job.plan);
  const active = ACTIVE.has(state);
  const running = job.phase === 'running';
  return {
    index,
    name: sayPlace(endpoint),
    endpoint,
    state,
    ...shares(state, now, updates(job.plan.request) || job.plan.kind === 'repair'),
    bytesPerSecond: now.bytesPerSecond,
    secondsLeft: now.secondsLeft,
    slow: running && active && state !== 'paused' && state !== 'stalled' ? (job.progress.slow?.[index] ?? null) : null,
    paused: now.paused,
    waitsFor: state === 'waiting' && job.progress.rescue?.waiting.includes(index) ? job.progress.rescue : null,
    usedOnly: countsUsedOnly(job.plan),
    kept: end?.kept ?? 0,
    uncompared: end?.uncompared ?? now.uncompared ?? 0,
    errors: errorsOf(job, index),
    can: {
      stop: running && active,
      retry: running && (state === 'cancelled' || state === 'failed' || state === 'removed'),
    },
    letGo: running && now.letGo === true,
  };
}

/** The errors of a destination. A broken engine is reported for the job, not for every drive. */
const errorsOf = ({ failure, result, errors }: JobView, index: number): JobError[] =>
  (failure === null ? result?.destinations[index]?.errors : undefined) ??
  errors.filter(({ destination }) => destination === index);

/** The state of a destination without a verdict. */
function runningState({ state }: DestinationProgress, { notes }: Plan): TileState {
  if (state === 'done') return 'waiting';
  const unpacks = notes.some(({ kind }) => kind === 'unpacks' || kind === 'unpacksEntry' || kind === 'putTogether');
  return state === 'copying' && unpacks ? 'unpacking' : state;
}

/**
 * Its progress. Work is only known phase by phase: a job that compares first (`compares`) reads everything, and only
 * then knows what to write and to read again. Until then the comparison counts for half of all work.
 */
function shares(
  state: TileState,
  now: DestinationProgress,
  compares: boolean,
): Pick<Tile, 'percent' | 'written' | 'verified' | 'done'> {
  if (isVerdict(state) && verdict.isComplete(state))
    return { percent: null, written: 1, verified: state === 'written' ? 0 : 1, done: 1 };
  const comparing = compares && now.toWrite === 0;
  // What it writes it also reads again, so the rest of the reading was the comparison.
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

/** Bytes done, of total bytes. */
type Part = [done: number, total: number];

const share = ([done, total]: Part): number => (total > 0 ? Math.max(0, Math.min(1, done / total)) : 0);

/** The part that the percentage describes; null in a state without one. */
function phaseOf(
  state: TileState,
  now: DestinationProgress,
  { write, read }: { write: Part; read: Part },
): Part | null {
  switch (state) {
    case 'copying':
    case 'unpacking':
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
