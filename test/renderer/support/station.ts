// Stations over a hub of eight made-up drives.
import type { Disk } from '../../../app/contract/disks.ts';
import { plainCopy } from '../../../app/contract/request-facts.ts';
import type { BayActivity, StationAtWork, StationPlan, StationProposal } from '../../../app/contract/station.ts';

const { destinations: _none, ...template } = plainCopy('/home/anna/images/classroom-2026.img.xz', []);

/** A plan for the bays of these drives. */
export const stationPlan = (disks: readonly Disk[], more: Partial<StationPlan> = {}): StationPlan => ({
  request: { ...template, name: 'Room 12' },
  bays: disks.flatMap(({ port }, i) =>
    port === null ? [] : [{ port: port.path, number: i + 1, name: i === 0 ? 'Left' : null }],
  ),
  least: 32e9,
  most: 256e9,
  model: null,
  eraseUsed: false,
  startPresent: false,
  count: null,
  ...more,
});

export const proposed = (plan: StationPlan): StationProposal => ({ phase: 'proposed', id: 'station', plan });

/** A station in whose bays this happens; bays that are left out are empty. */
export const stationOf = (
  plan: StationPlan,
  disks: readonly Disk[],
  activities: readonly BayActivity[],
  more: Partial<StationAtWork> = {},
): StationAtWork => ({
  phase: 'armed',
  plan,
  bays: plan.bays.map((bay, i) => {
    const activity = activities[i] ?? { kind: 'empty' };
    const disk = disks[i];
    if (activity.kind === 'empty' || disk === undefined) return { bay, drive: null, activity };
    const { path, model, serial, size, mountedAt } = disk;
    return { bay, drive: { path, model, serial, size, isMounted: mountedAt.length > 0 }, activity };
  }),
  done: 37,
  failed: 1,
  reason: null,
  ...more,
});
