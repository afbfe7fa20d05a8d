// The last question before a station writes: is this still what the person agreed to? It is asked when the engine holds
// the drives, about the plan that the engine made of them and about the list of disks as it is now.
import type { PlatterError } from '../../contract/errors.ts';
import type { Reason } from '../../contract/facts.ts';
import type { Plan } from '../../contract/jobs.ts';
import type { StationPlan } from '../../contract/station.ts';
import { failure } from '../../base/errors.ts';
import type { StartedDrive } from './batch.ts';
import { objectionTo, refusalOf, type Known } from './verdict.ts';

/** What the station knows at this moment. */
export interface Moment extends Known {
  /** null when it is no longer armed. */
  plan: StationPlan | null;
  /** Identity of the source when the station was armed, and now; null when it is gone. */
  source: { armed: string | null; now: string | null };
  /** Whether each drive is blank; null where it could not be read. Empty when used drives are erased. */
  blank: readonly (boolean | null)[];
}

/** What of the checked plan `made` goes beyond that to which the person agreed. */
export function objectionsTo(made: Plan, drives: readonly StartedDrive[], moment: Moment): PlatterError[] {
  const { plan, source } = moment;
  if (plan === null) return [objection(null, { kind: 'stationStopped' })];
  if (source.now === null) return [objection(null, { kind: 'stationSourceGone' })];
  if (source.now !== source.armed || made.source?.path !== plan.request.source || made.kind !== 'copy')
    return [objection(null, { kind: 'stationSourceChanged' })];
  if (made.destinations.length !== drives.length) return [objection(null, { kind: 'stationOther' })];
  return drives.flatMap((drive, index) => {
    const end = made.destinations[index];
    const reason =
      end === undefined
        ? OTHER
        : (objectionTo(end, drive.disk, plan, moment.blank[index] ?? null) ?? unfitNow(drive, { ...moment, plan }));
    return reason === null ? [] : [objection(drive.disk.path, reason)];
  });
}

const OTHER: Reason = { kind: 'stationOther' };

/** Why the drive may not start by the list of disks as it is now. It may have been pulled, swapped or skipped. */
function unfitNow({ slot, identity }: StartedDrive, moment: Moment & { plan: StationPlan }): Reason | null {
  const { disk, activity } = slot;
  if (disk === null || activity.kind !== 'starting' || !slot.holds(identity)) return OTHER;
  return refusalOf(disk, moment.plan, moment);
}

const objection = (device: string | null, reason: Reason): PlatterError =>
  failure({ code: 'NOT_PERMITTED', op: 'check', device, reason });
