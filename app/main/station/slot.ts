// One armed bay: which drive is in it, and what becomes of it.
import type { Disk } from '../../contract/disks.ts';
import type { BayActivity, BayState, StationBay } from '../../contract/station.ts';
import { identityOf } from './verdict.ts';

/** What is not over when the drive leaves the list. */
const UNSTARTED: ReadonlySet<BayActivity['kind']> = new Set(['countdown', 'waiting', 'starting']);

/** A bay that a station watches. */
export class Slot {
  readonly bay: StationBay;
  activity: BayActivity = { kind: 'empty' };
  /** The drive that is in it now. */
  disk: Disk | null = null;
  /** The drive that was in it last, even when it is empty now. */
  #seen: string | null = null;
  /** What happened to that drive when it left the list. */
  #left: BayActivity = { kind: 'empty' };
  #stopClock: () => void = () => undefined;

  constructor(bay: StationBay) {
    this.bay = bay;
  }

  /** The bay as the window shows it. */
  get state(): BayState {
    const { bay, disk, activity } = this;
    if (disk === null) return { bay, drive: null, activity };
    const { path, model, serial, size, mountedAt } = disk;
    return { bay, drive: { path, model, serial, size, isMounted: mountedAt.length > 0 }, activity };
  }

  /** True while this very drive is in the bay, and no other one. */
  holds(identity: string): boolean {
    return this.disk !== null && this.#seen === identity;
  }

  /** Takes the newest list of disks. True when a drive has come that has not been dealt with. */
  see(disks: readonly Disk[]): boolean {
    const here = disks.filter(({ port }) => port?.path === this.bay.port);
    const [disk] = here;
    if (disk === undefined) {
      if (this.disk !== null) this.#left = this.activity;
      if (this.disk !== null) this.become({ kind: 'empty' });
      this.disk = null;
      return false;
    }
    const wasEmpty = this.disk === null;
    const identity = here.map(identityOf).join();
    const isKnown = identity === this.#seen;
    this.disk = disk;
    this.#seen = identity;
    if (!isKnown) return true;
    return wasEmpty && this.#returned(disk);
  }

  /** The drive that was here last is here again. True when it has to be dealt with anew. */
  #returned({ diskSequence }: Disk): boolean {
    if (UNSTARTED.has(this.#left.kind)) return true;
    // The kernel numbers every medium that is plugged in. The same number again: it was only missing from a list.
    if (diskSequence === null && this.#left.kind !== 'skipped') return true;
    this.become(this.#left);
    return false;
  }

  /** Changes what happens in the bay, and stops its countdown. */
  become(activity: BayActivity): void {
    this.#stopClock();
    this.#stopClock = () => undefined;
    this.activity = activity;
  }

  /** Changes what happens to this very drive, if it is the last one that was here. */
  show(identity: string, activity: BayActivity): void {
    if (this.#seen !== identity) return;
    if (this.disk === null) this.#left = activity;
    else this.become(activity);
  }

  /** Shows a countdown until `until`. `stop` stops its clock. */
  countDown(until: number, stop: () => void): void {
    this.become({ kind: 'countdown', until });
    this.#stopClock = stop;
  }

  /** A countdown runs, or is over and its drive waits. */
  get isPending(): boolean {
    return this.activity.kind === 'countdown' || this.activity.kind === 'waiting';
  }

  /** Its drive has not been written, and the person can still prevent it. */
  get isUnstarted(): boolean {
    return UNSTARTED.has(this.activity.kind);
  }
}
