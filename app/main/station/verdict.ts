// Decides whether a station may start a drive: once by the list of disks, and once more by the plan that the engine has
// made of it, which counts. Pure.
import type { Disk } from '../../contract/disks.ts';
import type { Reason } from '../../contract/facts.ts';
import type { Endpoint } from '../../contract/jobs.ts';
import type { StationPlan } from '../../contract/station.ts';

/** What the decision depends on besides the drive and the plan. */
export interface Known {
  /** The serial numbers of the drives that are done. */
  done: ReadonlySet<string>;
  /** All disks that are listed. */
  disks: readonly Disk[];
}

/** Tells one drive or medium from the next in the same bay. */
export const identityOf = ({ path, majorMinor, diskSequence, serial, model, size }: Disk): string =>
  JSON.stringify([path, majorMinor, diskSequence, serial, model, size]);

/** Why the station does not start this drive; null when it does, as far as the list of disks tells. */
export function refusalOf(disk: Disk, plan: StationPlan, { done, disks }: Known): Reason | null {
  const { port, serial, size } = disk;
  if (disk.system) return { kind: 'isSystem' };
  if (disk.path === plan.request.source) return { kind: 'stationSource' };
  if (disk.locked !== null) return disk.locked.reason;
  if (port === null || !plan.bays.some((bay) => bay.port === port.path)) return { kind: 'stationNoBay' };
  if (disks.filter((other) => other.port?.path === port.path).length > 1) return { kind: 'stationSeveral' };
  if (serial === null || serial.trim() === '') return { kind: 'stationNoSerial' };
  if (done.has(serial)) return { kind: 'stationDone', serial };
  if (disks.filter((other) => other.serial === serial).length > 1) return { kind: 'stationTwice', serial };
  const { least, most, model } = plan;
  if (size < least || size > most) return { kind: 'stationSize', size, least, most };
  if (model !== null && !(disk.model ?? '').toLowerCase().includes(model.toLowerCase()))
    return { kind: 'stationModel', model };
  return !plan.eraseUsed && holdsData(disk) ? { kind: 'stationUsed' } : null;
}

/**
 * Why the station does not start this destination of a checked plan; null when it does. `disk`: the drive that counted
 * down. The engine holds the destination, so this is about the drive that would be written. `isBlank`: what a look into
 * it says, whatever the system knows of its content; null when it could not be read.
 */
export function objectionTo(end: Endpoint, disk: Disk, plan: StationPlan, isBlank: boolean | null): Reason | null {
  const isSame =
    end.kind === 'block' &&
    end.realPath === disk.path &&
    end.majorMinor === disk.majorMinor &&
    end.diskSequence === disk.diskSequence &&
    end.serial === disk.serial &&
    end.model === (disk.model ?? disk.backingFile) &&
    end.size === disk.size &&
    end.port?.path === disk.port?.path;
  if (!isSame) return { kind: 'stationOther' };
  if (plan.eraseUsed) return null;
  const isKnown = end.mounts.length > 0 || end.contents.some(({ kind }) => kind !== 'unread');
  if (isKnown || isBlank === false) return { kind: 'stationUsed' };
  return isBlank === null ? { kind: 'stationUnread' } : null;
}

/** True when anything was recognised on the drive. What could not be inspected is decided by the plan. */
const holdsData = ({ mountedAt, fileSystem, partitionTable, signatures, partitions }: Disk): boolean =>
  mountedAt.length > 0 ||
  fileSystem !== null ||
  partitionTable !== null ||
  partitions.length > 0 ||
  (signatures ?? []).length > 0;
