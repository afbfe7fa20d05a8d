// What an armed station starts: new jobs, drives that join the running one, and what became of them. There is one for
// each time that a station is armed, so that nothing of an earlier one can start under a later plan.
import type { PlatterError } from '../../contract/errors.ts';
import type { Reason } from '../../contract/facts.ts';
import type { Plan } from '../../contract/jobs.ts';
import { MAX_DESTINATIONS } from '../../contract/limits.ts';
import type { StationAtWork, StationPlan } from '../../contract/station.ts';
import type { Objections } from '../gate.ts';
import { Batch, startedIn, type StartedDrive } from './batch.ts';
import { objectionsTo } from './objections.ts';
import type { Slot } from './slot.ts';
import type { Known } from './verdict.ts';
import type { StationWork } from './work.ts';

/** Why a job takes no drive, which is no fault of the drive. */
const JOB_TAKES_NONE: ReadonlySet<Reason['kind']> = new Set([
  'joinTooLate',
  'joinOnlyCopies',
  'tooMany',
  'cancelledOpening',
]);

type Tally = Pick<StationAtWork, 'done' | 'failed'>;

/** The station itself. */
export interface Owner {
  /** Counts down again in this bay. */
  countDown(slot: Slot): void;
  stop(reason: Reason): void;
  /** Something in a bay has changed. */
  show(): void;
}

/** What the person armed. */
export interface Armed {
  plan: StationPlan;
  /** Identity of the source. */
  source: string;
  slots: readonly Slot[];
  /** `startedAt` of the last job; null when there was none. */
  lastJob: number | null;
}

/** The starts of a station that was armed. */
export class Starts {
  readonly #work: StationWork;
  readonly #station: Owner;
  readonly #plan: StationPlan;
  readonly #source: string;
  readonly #slots: readonly Slot[];
  #isOver = false;
  /** Serial numbers of the drives that are done. */
  #done: ReadonlySet<string> = new Set();
  /** The drives of the job that is starting or running. */
  #batch: Batch | null = null;
  #starting: 'begin' | 'join' | null = null;
  /** What the jobs before this one came to. */
  #before: Tally = { done: 0, failed: 0 };
  /** `startedAt` of the last job that is accounted for. */
  #accounted: number | null;
  /** `startedAt` of the last job that takes no more drives. */
  #full: number | null = null;

  constructor(work: StationWork, station: Owner, { plan, source, slots, lastJob }: Armed) {
    this.#work = work;
    this.#station = station;
    this.#plan = plan;
    this.#source = source;
    this.#slots = slots;
    this.#accounted = lastJob;
  }

  /** A drive is being checked, or its job is being started. */
  get isStarting(): boolean {
    return this.#starting !== null;
  }

  /** Starts nothing more, and gives up the check that runs. A running job goes on. */
  end(): void {
    this.#isOver = true;
    if (this.#starting === 'begin') void this.#work.giveUp();
    if (this.#starting === 'join') void this.#work.giveUpJoin();
  }

  /**
   * Starts the waiting drives as one job, or has the next one join the job that runs. A new job waits for the drives
   * that still count down, so that they start together.
   */
  startWhenReady(): void {
    if (this.#isOver || this.#starting !== null) return;
    const { count } = this.#plan;
    const { job, disksError } = this.#work.state();
    const waiting = this.#slots.filter(({ activity }) => activity.kind === 'waiting');
    const [next] = waiting;
    if (next === undefined || disksError !== null) return;
    if (!this.#work.isVisible()) {
      for (const slot of waiting) this.#station.countDown(slot);
      return;
    }
    const batch = this.#batch;
    const left = count === null ? MAX_DESTINATIONS : count - this.tally.done - (batch?.open ?? 0);
    if (left <= 0) return;
    if (batch !== null) {
      if (job?.phase === 'running' && job.startedAt !== this.#accounted && job.startedAt !== this.#full)
        this.#go('join', this.#join(next, batch, job.startedAt));
    } else if (job === null || job.phase === 'ended') {
      if (this.#slots.some(({ activity }) => activity.kind === 'countdown')) return;
      this.#go('begin', this.#begin(waiting.slice(0, Math.min(left, MAX_DESTINATIONS))));
    }
  }

  #go(how: 'begin' | 'join', going: Promise<void>): void {
    this.#starting = how;
    void going.finally(() => {
      this.#starting = null;
      this.startWhenReady();
      this.#station.show();
    });
  }

  async #begin(slots: readonly Slot[]): Promise<void> {
    const drives = slots.flatMap(startedIn);
    this.#batch = new Batch(drives);
    for (const { slot } of drives) slot.become({ kind: 'starting' });
    const destinations = drives.map(({ disk: { path } }) => ({ path, throttle: null }));
    const { request: copy, eraseUsed } = this.#plan;
    const request = { ...copy, destinations, unmount: eraseUsed };
    const begun = await this.#work.begin(request, (made, look) => this.#objections(made, drives, look));
    if (begun.ok) return;
    this.#batch = null;
    for (const drive of drives) this.#refuse(drive, begun.errors);
    // What is not about a drive is about all that follow.
    const other = begun.errors.find(({ device }) => !drives.some(({ disk }) => disk.path === device));
    if (other !== undefined) this.#station.stop(other.reason);
  }

  /** Adds a drive to the job that runs. Where the job takes none, the drive waits for its end. */
  async #join(slot: Slot, batch: Batch, job: number): Promise<void> {
    const [drive] = startedIn(slot);
    if (drive === undefined) return;
    batch.add(drive);
    slot.become({ kind: 'starting' });
    const joined = await this.#work.join(drive.disk.path, (made, look) => this.#objections(made, [drive], look));
    if (joined.ok) return;
    batch.remove(drive);
    const own = joined.errors.filter(
      ({ device, reason }) => device === drive.disk.path && !JOB_TAKES_NONE.has(reason.kind),
    );
    if (own.length === 0) this.#full = job;
    this.#refuse(drive, own);
  }

  /** Shows why a drive did not start. Without a reason of its own it waits. */
  #refuse({ slot, disk, identity }: StartedDrive, errors: readonly PlatterError[]): void {
    const { kind } = slot.activity;
    if ((kind !== 'starting' && kind !== 'running') || !slot.holds(identity)) return;
    const error = errors.find(({ device }) => device === disk.path);
    if (error !== undefined) slot.become({ kind: 'refused', reason: error.reason });
    else slot.become(this.#isOver ? { kind: 'skipped' } : { kind: 'waiting' });
  }

  async #objections(
    made: Plan,
    drives: readonly StartedDrive[],
    look: Parameters<Objections>[1],
  ): Promise<PlatterError[]> {
    const looked = this.#plan.eraseUsed ? null : await look();
    if (looked?.ok === false) return looked.errors;
    const now = await this.#work.source(made.source?.path ?? '');
    const source = { armed: this.#source, now };
    return objectionsTo(made, drives, {
      ...this.known,
      plan: this.#isOver ? null : this.#plan,
      source,
      blank: looked?.value ?? [],
    });
  }

  /**
   * Counts the drives that have their end. Those of an ended job count for good once it is in the history. Gives why
   * the station has to stop; null when it goes on.
   */
  account(): Reason | null {
    const { job, record, recordError } = this.#work.state();
    const batch = this.#batch;
    if (batch === null || job === null || job.startedAt === this.#accounted) return null;
    const isOver = job.phase === 'ended';
    if (isOver && record === null && recordError === null) return null;
    batch.see(job, isOver);
    if (!isOver) return null;
    const tally = this.tally;
    this.#accounted = job.startedAt;
    this.#before = tally;
    this.#done = this.known.done;
    this.#batch = null;
    const { count } = this.#plan;
    if (job.failure !== null) return job.failure.reason;
    if (recordError !== null) return recordError.reason;
    return count !== null && tally.done >= count ? { kind: 'stationCount', count } : null;
  }

  /** Drives that ended well, and badly. */
  get tally(): Tally {
    const { done, failed } = this.#before;
    return { done: done + (this.#batch?.done ?? 0), failed: failed + (this.#batch?.failed ?? 0) };
  }

  /** The drives that are done, and all that are listed. */
  get known(): Known {
    return { done: new Set([...this.#done, ...(this.#batch?.serialsDone ?? [])]), disks: this.#work.state().disks };
  }

  /** The drive with this identity while it is written. */
  writing(identity: string): { kind: 'running'; index: number } | null {
    return this.#batch?.writing(identity) ?? null;
  }
}
