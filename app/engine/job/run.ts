// What a job has open while it runs. What was prepared stays as it was; what changes since is kept here.
import type { End, HeldEnd } from '../devices/ends.ts';
import { writeMark, type WriteMark } from '../devices/write-counts.ts';
import { renameToPart } from '../admission/images.ts';
import { namePieces } from '../admission/pieces.ts';
import { release, type Held, type Naming, type Prepared } from '../admission/prepared.ts';
import { errnoOf } from '../../base/errors.ts';
import { rescueOf } from '../../contract/request-facts.ts';
import type { PlatterError } from '../../contract/errors.ts';
import type { Note } from '../../contract/facts.ts';
import type { Endpoint } from '../../contract/jobs.ts';
import type { NativeDevice } from '../native/addon.ts';
import type { PackedImage } from '../packing/packed-image.ts';
import type { RightsSession } from '../access/rights-session.ts';

/** A destination of a running job: the device that it is on now, and the names that its image has now. */
export interface RunningDestination extends Held {
  end: End;
  device: NativeDevice | null;
  naming: Naming | null;
  packed: PackedImage | null;
  /** The drive has its end and nothing here claims it: it may be taken out, or used by others. */
  letGo: boolean;
}

/** What was prepared, as it is now. Only this file and `begin.ts` change it. */
export interface Run extends Prepared {
  readonly destinations: RunningDestination[];
  readonly sessions: RightsSession[];
  /** Locks the job's log, which marks the job as running. */
  lock: NativeDevice | null;
  /** Devices that another one has replaced. They stay open until the end, so that no other drive gets their numbers. */
  readonly replaced: NativeDevice[];
  /** Devices of drives that were let go, and that a pass still names. They are closed when it ends. */
  readonly leaving: Set<NativeDevice>;
  /** What had been written to the source when the job started; null for a file. */
  sourceMark: WriteMark | null;
}

/** A run of what was prepared. Opens nothing. */
export const runOf = (prepared: Prepared): Run => ({
  ...prepared,
  // A drive can join. What was prepared stays as it was.
  plan: { ...prepared.plan, destinations: [...prepared.plan.destinations] },
  destinations: prepared.destinations.map((held) => ({ ...held, letGo: false })),
  sessions: [...prepared.sessions],
  replaced: [],
  leaving: new Set(),
  sourceMark: null,
});

/** Closes everything that a run holds. */
export const releaseRun = (run: Run): Promise<void> => release(run, [...run.replaced, ...run.leaving]);

/** Counts what was written to the source so far, to be compared at the end: since its map was made, where it has one. */
export function markSource(run: Run): void {
  if (run.source?.end.block) run.sourceMark = run.source.mark ?? writeMark(run.source.end.block);
}

/** Moves a destination to the device that was opened again. */
export function moveTo(run: Run, destination: number, { end, device }: HeldEnd): void {
  const running = run.destinations[destination]!;
  if (running.device !== null) run.replaced.push(running.device);
  running.device = device;
  running.end = end;
}

/**
 * True for a destination that is let go as soon as it has its end. A file stays open, since nobody takes it out. The disk
 * of a partition has others beside it. A rescue copies from its finished drives to those that are retried.
 */
export function mayBeLetGo({ request, destinations }: Run, destination: number): boolean {
  const { end, device } = destinations[destination]!;
  return device !== null && end.block !== null && end.block.type !== 'part' && rescueOf(request) === null;
}

/** Gives up the claim on a drive that has its end, and closes it as soon as no pass names it. */
export function letGo(run: Run, destination: number): void {
  const running = run.destinations[destination]!;
  running.device!.unclaim();
  run.leaving.add(running.device!);
  running.device = null;
  running.letGo = true;
  closeLeaving(run);
}

/** Closes the drives that were let go, except those that a pass names. */
export function closeLeaving({ leaving }: Run): void {
  for (const device of leaving) {
    try {
      device.close();
      leaving.delete(device);
    } catch (error) {
      if (errnoOf(error) !== 'EBUSY') throw error;
    }
  }
}

/** Adds a destination that is held, and the session that opened it. Gives its index. */
export function addDestination(run: Run, held: Held, endpoint: Endpoint, sessions: readonly RightsSession[]): number {
  run.plan.destinations.push(endpoint);
  run.sessions.push(...sessions);
  return run.destinations.push({ ...held, letGo: false }) - 1;
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
