// What a request has become when it was prepared: every device and file found, opened and held, and nothing written.
import type { CopyRequest, Plan } from '../../contract/jobs.ts';
import type { Grid } from '../formats/chunk-sets.ts';
import type { End } from '../devices/inspect.ts';
import { closeDisks, unlockEnd } from '../access/locks.ts';
import type { Manifest } from '../formats/manifest.ts';
import type { RescueMap } from '../formats/mapfile.ts';
import type { NativeAddon, NativeClient, NativeDevice } from '../native/addon.ts';
import type { HeldDisk } from '../access/partitions.ts';
import type { Resumed } from './resume.ts';
import type { Rights } from '../access/rights.ts';
import type { RightsSession } from '../access/rights-session.ts';
import type { WriteMark } from '../devices/write-counts.ts';

/** The two names of an image that is not complete. Absolute paths without links, in one folder. */
export interface Naming {
  /** Its name until it is complete. */
  part: string;
  /** Its name from then on. */
  name: string;
  /** The file that the review showed under `name`, which may be replaced; null when nothing may be. */
  replaces: Reviewed | null;
}

/** A file as the review showed it. */
export type Reviewed = Pick<End, 'id' | 'size' | 'modified' | 'lasting'>;

/** A destination and its open device. A new image has none yet: its file is made when the job starts. */
export interface Held extends HeldDisk {
  /** What is on it is compared, and stays where it is equal. */
  updated: boolean;
  /** Of an image that has not its own name yet: what it is called, and what it will be when it is complete. */
  naming: Naming | null;
}

/** What `prepare` holds until the job ends or is given up. */
export interface Prepared {
  plan: Plan;
  /** What is done: of a job that is continued, what was asked for when it began. */
  request: CopyRequest;
  /** null where a manifest stands for it. */
  source: {
    end: End;
    device: NativeDevice;
    /** What was written to it when the job started; null for a file. */ mark: WriteMark | null;
  } | null;
  /** Images beside the source are copied by the server that has them both. */
  serverCopies: boolean;
  /** In the order of the plan. */
  destinations: Held[];
  grid: Grid;
  /** Of the source from before. */
  manifest: Manifest | null;
  /** Of a rescue that is continued. */
  map: RescueMap | null;
  resumed: Resumed | null;
  /** Where the job's log is, or will be; null for a job that keeps none. */
  log: { dir: string; id: string } | null;
  /** Folder of the logs; null when there can be none. */
  stateDir: string | null;
  /** Holds the log, so that it is seen to be that of a running job. */
  lock: NativeDevice | null;
  /** Devices that were replaced, and are to be closed with the rest. */
  left: NativeDevice[];
  /** What opens the devices that the host may not open itself: first those of the plan, then one for each that came back. */
  sessions: RightsSession[];
  /** Gives further sessions; null where nobody is asked. */
  rights: Rights | null;
  /** Descriptors of the disks that partitions among the ends lie on, which hold their locks. */
  locks: number[];
  client: NativeClient;
  addon: NativeAddon;
}

/** Lets everything go that was held. */
export async function release({
  addon,
  client,
  source,
  destinations,
  lock,
  left,
  sessions,
  locks,
}: Prepared): Promise<void> {
  await client.destroy();
  for (const device of [source?.device, ...destinations.map((destination) => destination.device)])
    if (device) unlockEnd(addon, device);
  for (const device of [source?.device, ...destinations.map((destination) => destination.device), lock, ...left])
    device?.close();
  closeDisks(locks);
  for (const session of sessions) session.close();
}
