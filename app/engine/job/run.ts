// What a job has open while it runs. What was prepared stays as it was; what changes since is kept here.
import type { End, HeldEnd } from '../devices/inspect-paths.ts';
import { writeMark, type WriteMark } from '../devices/write-counts.ts';
import { renameToPart } from '../admission/images.ts';
import { namePieces } from '../admission/pieces.ts';
import { release, type Held, type Naming, type Prepared } from '../admission/prepared.ts';
import type { PlatterError } from '../../contract/errors.ts';
import type { Note } from '../../contract/facts.ts';
import type { NativeDevice } from '../native/addon.ts';
import type { PackedImage } from '../packing/packed-image.ts';
import type { RightsSession } from '../access/rights-session.ts';

/** A destination of a running job: the device that it is on now, and the names that its image has now. */
export interface RunningDestination extends Held {
  end: End;
  device: NativeDevice | null;
  naming: Naming | null;
  packed: PackedImage | null;
}

/** What was prepared, as it is now. Only this file and `begin.ts` change it. */
export interface Run extends Prepared {
  readonly destinations: readonly RunningDestination[];
  readonly sessions: RightsSession[];
  /** Locks the job's log, which marks the job as running. */
  lock: NativeDevice | null;
  /** Devices that another one has replaced. They stay open until the end, so that no other drive gets their numbers. */
  readonly replaced: NativeDevice[];
  /** What had been written to the source when the job started; null for a file. */
  sourceMark: WriteMark | null;
}

/** A run of what was prepared. Opens nothing. */
export const runOf = (prepared: Prepared): Run => ({
  ...prepared,
  destinations: prepared.destinations.map((held) => ({ ...held })),
  sessions: [...prepared.sessions],
  replaced: [],
  sourceMark: null,
});

/** Closes everything that a run holds. */
export const releaseRun = (run: Run): Promise<void> => release(run, run.replaced);

/** Counts what was written to the source so far, to be compared at the end: since its map was made, where it has one. */
export function markSource(run: Run): void {
  if (run.source?.end.block) run.sourceMark = run.source.mark ?? writeMark(run.source.end.block);
}

/** Moves a destination to the device that was opened again. */
export function moveTo(run: Run, destination: number, { end, device }: HeldEnd): void {
  const running = run.destinations[destination]!;
  run.replaced.push(running.device!);
  running.device = device;
  running.end = end;
}

/** Changes to another log, which `lock` holds. */
export function holdLogBy(run: Run, lock: NativeDevice): void {
  if (run.lock !== null) run.replaced.push(run.lock);
  run.lock = lock;
}

/**
 * Gives a complete image, of `bytes`, its own name. Returns the failure when that could not be done.
 */
export function nameImage(run: Run, destination: number, bytes: number): PlatterError | null {
  const running = run.destinations[destination]!;
  const failed = namePieces(run.addon, running, bytes);
  if (failed === null) running.naming = null;
  return failed;
}

/**
 * Gives an image that is about to be rewritten in its place the name of an incomplete one. Returns a note when it keeps
 * its own.
 */
export function unnameImage(run: Run, destination: number): Note | null {
  const running = run.destinations[destination]!;
  const { naming, problem } = renameToPart(run.addon, running);
  running.naming = naming;
  return problem;
}
