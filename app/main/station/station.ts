// Station mode: starts the drives that are plugged into armed bays. It watches the list of disks and the job, counts
// down, and has each drive checked again by the engine before it starts. Whatever it does not expect stops it.
import { randomUUID } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import type { KeptBay } from '../../contract/bays.ts';
import type { Disk } from '../../contract/disks.ts';
import type { Outcome } from '../../contract/errors.ts';
import type { Reason } from '../../contract/facts.ts';
import { COUNTDOWN_MS } from '../../contract/limits.ts';
import type { StationAtWork, StationBay, StationPlan, StationState, StationWish } from '../../contract/station.ts';
import { isPlain, refused } from './refused.ts';
import { Slot } from './slot.ts';
import { Starts } from './starts.ts';
import { identityOf, refusalOf } from './verdict.ts';
import type { StationWork } from './work.ts';

/** A countdown whose end differs more from the clock was shown wrongly: the clock was set, or the computer slept. */
const CLOCK_SLACK_MS = 5000;

/** A station, which is off until the person arms it. */
export class Station {
  readonly #work: StationWork;
  #state: StationState = null;
  #slots: Slot[] = [];
  /** Identity of the source when the station was armed. */
  #source: string | null = null;
  /** What it starts; null before it was armed. */
  #starts: Starts | null = null;

  constructor(work: StationWork) {
    this.#work = work;
  }

  get state(): StationState {
    return this.#state;
  }

  get isArmed(): boolean {
    return this.#state?.phase === 'armed';
  }

  /** Proposes a station for these bays, of all `known` ones. */
  propose(wish: StationWish, known: readonly KeptBay[]): Outcome<null> {
    if (this.isArmed) return refused('stationArmed');
    if (!isPlain(wish.request)) return refused('stationPlainOnly');
    const bays = known.flatMap(({ port, name }, index): StationBay[] =>
      wish.bays.includes(port) ? [{ port, name, number: index + 1 }] : [],
    );
    if (bays.length < wish.bays.length) return refused('stationNoBay');
    this.#set({ phase: 'proposed', id: randomUUID(), plan: { ...wish, bays } });
    return { ok: true, value: null };
  }

  /** Arms the proposed station `id` if the person has agreed to it. */
  async arm(id: string): Promise<Outcome<null>> {
    const asked = this.#state;
    if (asked?.phase !== 'proposed' || asked.id !== id) return refused('stationNotProposed');
    const disagreed = await this.#work.agreed(asked);
    if (disagreed !== null) return { ok: false, errors: [disagreed] };
    const source = await this.#work.source(asked.plan.request.source);
    if (source === null) return refused('stationSourceGone');
    // It may have changed while the person was asked.
    if (this.#state !== asked) return refused('stationNotProposed');
    const { job, disks, disksError } = this.#work.state();
    if ((job !== null && job.phase !== 'ended') || this.#starts?.isStarting === true) return refused('stationJobRuns');
    if (disksError !== null) return { ok: false, errors: [disksError] };
    const { plan } = asked;
    const slots = plan.bays.map((bay) => new Slot(bay));
    this.#source = source;
    this.#slots = slots;
    this.#starts = new Starts(this.#work, this.#owner, { plan, source, slots, lastJob: job?.startedAt ?? null });
    this.#set({ phase: 'armed', plan, bays: [], done: 0, failed: 0, reason: null });
    for (const slot of slots) {
      slot.see(disks);
      if (slot.disk === null) continue;
      if (plan.startPresent) this.#arrive(slot, slot.disk, plan);
      else slot.become({ kind: 'wasIn' });
    }
    this.#show({});
    return { ok: true, value: null };
  }

  /** Stops the station for this reason. A running job goes on. */
  stop(reason: Reason): void {
    if (!this.isArmed) return;
    for (const slot of this.#slots) if (slot.isPending) slot.become({ kind: 'skipped' });
    this.#show({ phase: 'stopped', reason });
    this.#starts?.end();
  }

  /** Does not start the drive that is in this bay. */
  skip(port: string): void {
    const slot = this.#slots.find(({ bay, isUnstarted }) => bay.port === port && isUnstarted);
    if (slot === undefined) return;
    slot.become({ kind: 'skipped' });
    this.#starts?.startWhenReady();
    this.#show({});
  }

  /** The window has come back on the screen: what counted down meanwhile counts down again. */
  windowShown(): void {
    for (const slot of this.#slots) if (slot.activity.kind === 'countdown') this.#countDown(slot);
    this.#show({});
  }

  /** Dismisses a proposed or stopped station. An armed one is stopped instead. */
  dismiss(): void {
    if (!this.isArmed) this.#set(null);
  }

  /** Dismisses a proposed station, because the person is asked something else. */
  dismissProposal(): void {
    if (this.#state?.phase === 'proposed') this.#set(null);
  }

  /** Takes the newest disks and job. Main calls this after each change of them. */
  see(): void {
    const over = this.#starts?.account() ?? null;
    this.#show({});
    if (over !== null) this.stop(over);
    const plan = this.#armedPlan();
    if (plan === null) return;
    const { disks, disksError } = this.#work.state();
    const source = disks.find(({ path }) => path === plan.request.source);
    if (disksError !== null) this.stop(disksError.reason);
    else if (this.#source?.startsWith('file:') === false && (source && identityOf(source)) !== this.#source)
      this.stop({ kind: source === undefined ? 'stationSourceGone' : 'stationSourceChanged' });
    else this.#look(plan, disks);
  }

  #look(plan: StationPlan, disks: readonly Disk[]): void {
    for (const slot of this.#slots) {
      const hasCome = slot.see(disks);
      const { disk } = slot;
      if (disk === null) continue;
      if (hasCome) this.#arrive(slot, disk, plan);
      else if (slot.isPending) this.#judge(slot, disk, plan);
    }
    this.#starts?.startWhenReady();
    this.#show({});
  }

  #arrive(slot: Slot, disk: Disk, plan: StationPlan): void {
    const writing = this.#starts?.writing(identityOf(disk)) ?? null;
    slot.become(writing ?? { kind: 'wasIn' });
    // A second medium in its bay may have come and gone. It stays the drive that is written.
    if (this.#judge(slot, disk, plan) && writing === null) this.#countDown(slot);
  }

  /** Refuses the drive if the station may not start it. */
  #judge(slot: Slot, disk: Disk, plan: StationPlan): boolean {
    const { disks } = this.#work.state();
    const reason = refusalOf(disk, plan, this.#starts?.known ?? { done: new Set(), disks });
    if (reason !== null) slot.become({ kind: 'refused', reason });
    return reason === null;
  }

  #countDown(slot: Slot): void {
    const until = this.#work.now() + COUNTDOWN_MS;
    const over = (): void => {
      // Nobody could see it, or what they saw was wrong. Count down again.
      const isHonest = this.#work.isVisible() && Math.abs(this.#work.now() - until) <= CLOCK_SLACK_MS;
      if (isHonest) slot.become({ kind: 'waiting' });
      else this.#countDown(slot);
      this.#starts?.startWhenReady();
      this.#show({});
    };
    slot.countDown(until, this.#work.after(COUNTDOWN_MS, over));
  }

  readonly #owner = {
    countDown: (slot: Slot): void => this.#countDown(slot),
    stop: (reason: Reason): void => this.stop(reason),
    show: (): void => this.#show({}),
  };

  #armedPlan(): StationPlan | null {
    return this.#state?.phase === 'armed' ? this.#state.plan : null;
  }

  #show(change: Partial<StationAtWork>): void {
    const { phase } = this.#state ?? {};
    if (this.#state === null || phase === 'proposed') return;
    const next = {
      ...(this.#state as StationAtWork),
      ...this.#starts?.tally,
      ...change,
      bays: this.#slots.map(({ state }) => state),
    };
    if (!isDeepStrictEqual(next, this.#state)) this.#set(next);
  }

  #set(state: StationState): void {
    if (state === this.#state) return;
    this.#state = state;
    this.#work.changed();
  }
}
