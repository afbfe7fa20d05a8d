// Finds the drives of a job's destinations in the list of disks, and follows their whereabouts. Pure.
import type { Disk } from '../contract/disks.ts';
import type { Endpoint } from '../contract/jobs.ts';
import type { RecordedEnd } from '../contract/records.ts';
import type { AppState, JobView, DrivePresence } from '../contract/window.ts';

/**
 * The disk of a job, wherever it is plugged in now; undefined when it is missing. A disk without a serial number, or
 * one of two with the same, must be at its old place.
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
 * The drive of an end, wherever it is plugged in now; undefined when it is missing or has been replaced, or the end is
 * a file.
 */
export function driveOf(end: Endpoint, disks: readonly Disk[]): Disk | undefined {
  const { kind, realPath, model, serial, size } = end;
  const disk = kind === 'block' ? sameDisk({ path: realPath, model, serial, size }, disks) : undefined;
  return disk === undefined || isAnother(end, disk) ? undefined : disk;
}

/** True when a drive without a serial number has left this place, and another one, or the same again, has come. */
const isAnother = ({ serial, diskSequence }: Endpoint, disk: Disk): boolean =>
  serial === null && diskSequence !== null && disk.diskSequence !== null && diskSequence !== disk.diskSequence;

/**
 * The drive of each end of a job. One without a serial number looks like the one that was in its place before, so the
 * last end that fits has it: a drive that joined took the place of a finished one.
 */
export function drivesOf(ends: readonly Endpoint[], disks: readonly Disk[]): (Disk | undefined)[] {
  const found = ends.map((end) => driveOf(end, disks));
  return found.map((disk, index) => (disk !== undefined && found.lastIndexOf(disk) > index ? undefined : disk));
}

/** How a drive's whereabouts change when it is in the new list of disks, or missing from it. */
const NEXT: Record<DrivePresence, { listed: DrivePresence; missing: DrivePresence }> = {
  unlisted: { listed: 'there', missing: 'unlisted' },
  there: { listed: 'there', missing: 'takenOut' },
  switchedOff: { listed: 'switchedOff', missing: 'ejected' },
  // Once plugged in again, it is a drive like any other.
  ejected: { listed: 'there', missing: 'ejected' },
  takenOut: { listed: 'there', missing: 'takenOut' },
};

/** The state needed to follow the drives. */
type Drives = Pick<AppState, 'job' | 'disks' | 'drives'>;

/**
 * Updates the whereabouts of the job's drives in `after` from its list of disks. Gives the same object when nothing has
 * changed.
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

/** The whereabouts after the system has released the disk that was at `path` in `before`. */
export function switchedOff(before: Drives, after: Drives, path: string): readonly DrivePresence[] {
  if (after.job === null || before.job?.startedAt !== after.job.startedAt) return after.drives;
  const { job } = after;
  const had = drivesOf(job.plan.destinations, before.disks);
  const off = after.drives.map((each, index) => (had[index]?.path === path ? 'switchedOff' : each));
  return moved(off, job, after.disks);
}

function moved(drives: readonly DrivePresence[], { plan }: JobView, disks: readonly Disk[]): DrivePresence[] {
  return drivesOf(plan.destinations, disks).map(
    (disk, index) => NEXT[drives[index] ?? 'unlisted'][disk === undefined ? 'missing' : 'listed'],
  );
}
