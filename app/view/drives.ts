// The drives of a job's destinations: which of those in the list they are, and what became of them. Pure.
import type { Disk } from '../contract/disks.ts';
import type { Endpoint } from '../contract/jobs.ts';
import type { RecordedEnd } from '../contract/records.ts';
import type { AppState, JobView, Whereabouts } from '../contract/window.ts';

/**
 * The disk that a job had then, wherever it is plugged in now; undefined when it is not there. One without a serial
 * number, or one of two that have the same, has to be where it was.
 */
export function sameDisk(
  then: Pick<RecordedEnd, 'path' | 'model' | 'serial' | 'size'>,
  disks: readonly Disk[],
): Disk | undefined {
  const alike = disks.filter(
    ({ model, backingFile, serial, size }) =>
      (model ?? backingFile) === then.model && serial === then.serial && size === then.size,
  );
  return then.serial !== null && alike.length === 1 ? alike[0] : alike.find(({ path }) => path === then.path);
}

/**
 * The drive of an end, wherever it is plugged in now; undefined when it is not there, is another one, or the end is a
 * file.
 */
export function driveOf({ kind, realPath, model, serial, size }: Endpoint, disks: readonly Disk[]): Disk | undefined {
  return kind === 'block' ? sameDisk({ path: realPath, model, serial, size }, disks) : undefined;
}

/** What each list of disks says of a drive, by where it was before. */
const NEXT: Record<Whereabouts, { listed: Whereabouts; missing: Whereabouts }> = {
  unlisted: { listed: 'there', missing: 'unlisted' },
  there: { listed: 'there', missing: 'takenOut' },
  switchedOff: { listed: 'switchedOff', missing: 'ejected' },
  // Plugged in again it is a drive like any other.
  ejected: { listed: 'there', missing: 'ejected' },
  takenOut: { listed: 'there', missing: 'takenOut' },
};

/** What it takes to know where the drives are. */
type Drives = Pick<AppState, 'job' | 'disks' | 'drives'>;

/**
 * `after` with where the drives of its job are, as its list of disks says. The same object when nothing has changed.
 */
export function located<S extends Drives>(before: Drives, after: S): S {
  if (after.job === null) return after.drives.length === 0 ? after : { ...after, drives: [] };
  const same = after.job.startedAt === before.job?.startedAt;
  if (same && after.disks === before.disks) return after;
  const drives = moved(same ? after.drives : [], after.job, after.disks);
  return drives.length === after.drives.length && drives.every((each, index) => each === after.drives[index])
    ? after
    : { ...after, drives };
}

/** Where the drives are after the system has let go of the disk that `before` had at `path`. */
export function switchedOff(before: Drives, after: Drives, path: string): readonly Whereabouts[] {
  if (after.job === null || before.job?.startedAt !== after.job.startedAt) return after.drives;
  const { job } = after;
  const off = after.drives.map((each, index) =>
    driveOf(job.plan.destinations[index]!, before.disks)?.path === path ? 'switchedOff' : each,
  );
  return moved(off, job, after.disks);
}

const moved = (drives: readonly Whereabouts[], { plan }: JobView, disks: readonly Disk[]): Whereabouts[] =>
  plan.destinations.map(
    (end, index) => NEXT[drives[index] ?? 'unlisted'][driveOf(end, disks) === undefined ? 'missing' : 'listed'],
  );
