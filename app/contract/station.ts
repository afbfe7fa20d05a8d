// Station mode: drives that are plugged into armed bays are started by themselves. The person arms a station for
// certain bays and drives. It is off at every start, because nothing of it is kept.
import * as z from 'zod';
import type { Bay } from './bays.ts';
import type { Reason } from './facts.ts';
import { copyTemplate } from './request.ts';

const bytes = z.int().positive();

/** What the person wants to arm. */
export const stationWish = z
  .strictObject({
    /** The copy that every drive gets. Main decides itself whether drives are unmounted. */
    request: copyTemplate,
    /** `Port.path` of each bay. */
    bays: z
      .array(z.string().min(1).max(256))
      .min(1)
      .max(512)
      .refine((all) => new Set(all).size === all.length, 'a bay is listed twice'),
    /** The smallest and the largest drive, in bytes. */
    least: bytes,
    most: bytes,
    /** Text that the model has to contain, in any case; null for every model. */
    model: z.string().trim().min(1).max(100).nullable(),
    /** Erase drives that hold data. Without it only blank drives are started. */
    eraseUsed: z.boolean(),
    /** Start the drives that are in the bays already. */
    startPresent: z.boolean(),
    /** The station stops after this many good drives; null: when it is stopped. */
    count: z.int().positive().max(100_000).nullable(),
  })
  .refine(({ least, most }) => least <= most, 'the smallest drive is larger than the largest');
export type StationWish = z.infer<typeof stationWish>;

/** A bay of a station. */
export interface StationBay extends Bay {
  /** `Port.path` */
  port: string;
}

/** What a station is armed for, as the person agrees to it. */
export interface StationPlan extends Omit<StationWish, 'bays'> {
  /** In the order of their numbers. */
  bays: StationBay[];
}

/** The drive in a bay. */
export interface StationDrive {
  path: string;
  model: string | null;
  serial: string | null;
  /** Bytes. */
  size: number;
  /** A file system on it is mounted, so that it must be ejected before it is taken out. */
  isMounted: boolean;
}

/** What happens in an armed bay. */
export type BayActivity =
  /** `wasIn`: the drive was there when the station was armed, so it waits until it is plugged in again. */
  | { kind: 'empty' | 'wasIn' }
  /** The drive starts at `until`, in milliseconds since the epoch. */
  | { kind: 'countdown'; until: number }
  /** The countdown is over. The drive starts with those that still count down, or when the running job takes it. */
  | { kind: 'waiting' }
  /** The drive is checked once more. Nothing is written yet, and the person can still prevent it. */
  | { kind: 'starting' }
  /** `index`: the destination of the job that runs. */
  | { kind: 'running'; index: number }
  | { kind: 'done' | 'skipped' }
  /** `reason`: the first error of the drive; null when none was reported. */
  | { kind: 'failed'; reason: Reason | null }
  /** Why the drive is not started. */
  | { kind: 'refused'; reason: Reason };

/** A bay of a station, with its drive. */
export interface BayState {
  bay: StationBay;
  /** null while it is empty. */
  drive: StationDrive | null;
  activity: BayActivity;
}

/** A station that waits for the person's consent. */
export interface StationProposal {
  phase: 'proposed';
  /** Identifies it. `armStation` names it. */
  id: string;
  plan: StationPlan;
}

/** A station that was armed. */
export interface StationAtWork {
  phase: 'armed' | 'stopped';
  plan: StationPlan;
  /** One for each bay of the plan. */
  bays: BayState[];
  /** Drives that ended well, and badly, since it was armed. */
  done: number;
  failed: number;
  /** Set when it has stopped. */
  reason: Reason | null;
}

/** null: the station is off. */
export type StationState = StationProposal | StationAtWork | null;
