// The drives that a station has started in one job, and how each of them ended.
import type { Disk } from '../../contract/disks.ts';
import type { DestinationProgress } from '../../contract/jobs.ts';
import type { BayActivity } from '../../contract/station.ts';
import type { JobView } from '../../contract/window.ts';
import { isGood, verdictIn } from '../../view/verdict.ts';
import type { Slot } from './slot.ts';
import { identityOf } from './verdict.ts';

/** How a drive ended, for the counter. */
type End = 'done' | 'failed' | 'cancelled';

/** A drive that is started. */
export interface StartedDrive {
  readonly slot: Slot;
  /** As it was listed when its countdown was over. */
  readonly disk: Disk;
  readonly identity: string;
  /** The destination of the job; null until the job has it. */
  index: number | null;
  /** null while it is written. */
  end: End | null;
}

/** The drive in this bay, to be started. */
export const startedIn = (slot: Slot): StartedDrive[] =>
  slot.disk === null ? [] : [{ slot, disk: slot.disk, identity: identityOf(slot.disk), index: null, end: null }];

/** The drives of one job of a station. */
export class Batch {
  #drives: StartedDrive[];

  constructor(drives: readonly StartedDrive[]) {
    this.#drives = [...drives];
  }

  /** Drives that ended well. */
  get done(): number {
    return this.#count('done');
  }

  get failed(): number {
    return this.#count('failed');
  }

  /** Drives that are written, or about to be. */
  get open(): number {
    return this.#count(null);
  }

  /** Serial numbers of the drives that ended well. */
  get serialsDone(): string[] {
    return this.#drives.flatMap(({ disk, end }) => (end === 'done' && disk.serial !== null ? [disk.serial] : []));
  }

  /** Adds a drive that joins. */
  add(drive: StartedDrive): void {
    this.#drives.push(drive);
  }

  /** Forgets a drive that could not join. */
  remove(drive: StartedDrive): void {
    this.#drives = this.#drives.filter((each) => each !== drive);
  }

  /** The drive with this identity while the job writes it. */
  writing(identity: string): { kind: 'running'; index: number } | null {
    const drive = this.#drives.find((each) => each.identity === identity && each.end === null);
    const index = drive?.index ?? null;
    return index === null ? null : { kind: 'running', index };
  }

  /** Takes the newest view of the job. `isOver`: its result decides about every drive. */
  see(job: JobView, isOver: boolean): void {
    for (const drive of this.#drives) {
      const index = drive.index ?? this.#indexIn(job, drive.disk);
      if (index === null) continue;
      const end = isOver || hasEnd(job.progress.destinations[index]) ? endOf(job, index) : drive.end;
      const isNew = drive.index === null || end !== drive.end;
      Object.assign(drive, { index, end });
      if (isNew) drive.slot.show(drive.identity, activityOf(end, index, job));
    }
  }

  /** The destination of `job` that is this drive, and none that another one of the batch has. */
  #indexIn({ plan }: JobView, { path, majorMinor, diskSequence, serial }: Disk): number | null {
    const found = plan.destinations.findIndex(
      (end, index) =>
        end.realPath === path &&
        end.majorMinor === majorMinor &&
        end.diskSequence === diskSequence &&
        end.serial === serial &&
        !this.#drives.some((drive) => drive.index === index),
    );
    return found === -1 ? null : found;
  }

  #count(end: End | null): number {
    return this.#drives.filter((drive) => drive.end === end).length;
  }
}

/** A drive that is done has its end when it is let go. The job keeps any other one until it ends itself. */
const hasEnd = (now: DestinationProgress | undefined): boolean =>
  now?.letGo === true || ((now?.state === 'failed' || now?.state === 'cancelled') && now.uncompared !== null);

function endOf(job: JobView, index: number): End {
  const verdict = verdictIn(job, index) ?? 'failed';
  if (verdict === 'cancelled') return 'cancelled';
  return isGood(verdict) ? 'done' : 'failed';
}

function activityOf(end: End | null, index: number, { errors }: JobView): BayActivity {
  if (end === null) return { kind: 'running', index };
  if (end === 'failed')
    return { kind: end, reason: errors.find(({ destination }) => destination === index)?.reason ?? null };
  return { kind: end === 'cancelled' ? 'skipped' : end };
}
