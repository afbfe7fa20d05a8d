// Station mode: starts the drives that are plugged into armed bays. It watches the list of disks and the job, counts
// down, and has each drive checked again by the engine before it starts. Whatever it does not expect stops it.
import { randomUUID } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import type { KeptBay } from '../../contract/bays.ts';
import type { Disk } from '../../contract/disks.ts';
import type { Outcome, PlatterError } from '../../contract/errors.ts';
import type { Reason } from '../../contract/facts.ts';
import type { Plan } from '../../contract/jobs.ts';
import { COUNTDOWN_MS, MAX_DESTINATIONS } from '../../contract/limits.ts';
import type { CopyRequest } from '../../contract/request.ts';
import type {
  StationAtWork,
  StationBay,
  StationPlan,
  StationProposal,
  StationState,
  StationWish,
} from '../../contract/station.ts';
import type { AppState } from '../../contract/window.ts';
import { failure } from '../../base/errors.ts';
import { isGood, verdictIn } from '../../view/verdict.ts';
import { Slot } from './slot.ts';
import { identityOf, objectionTo, refusalOf } from './verdict.ts';

/** What a station needs of the rest of main. */
export interface StationWork {
  state(): Pick<AppState, 'disks' | 'disksError' | 'job' | 'record' | 'recordError'>;
  /** Checks and starts a job, unless the plan meets with objections. */
  begin(request: CopyRequest, objections: (plan: Plan) => Promise<PlatterError[]>): Promise<Outcome<null>>;
  /** Gives up a check that `begin` has not finished. */
  giveUp(): Promise<void>;
  /** Identity of the source at this path; null when it is gone. */
  source(path: string): Promise<string | null>;
  /** null when the person has agreed to this station. */
  agreed(proposal: StationProposal): Promise<PlatterError | null>;
  /** The window is on the screen, so that its countdown can be seen. */
  isVisible(): boolean;
  /** The state of the station is another one. */
  changed(): void;
  /** Milliseconds since the epoch. */
  now(): number;
  /** Runs `act` later; gives a function that prevents it. */
  after(milliseconds: number, act: () => void): () => void;
}

/** A drive of the job that was started. */
interface Started {
  port: string;
  identity: string;
  serial: string;
}

/** A station, which is off until the person arms it. */
export class Station {
  readonly #work: StationWork;
  #state: StationState = null;
  /** Serial numbers of the drives that are done in this batch. */
  #done = new Set<string>();
  #slots: Slot[] = [];
  #source: string | null = null;
  /** The drives of the job that is starting or running. */
  #batch: Started[] | null = null;
  #beginning = false;
  /** `startedAt` of the last job that is accounted for. */
  #accounted: number | null = null;

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
    const { job, disks } = this.#work.state();
    if (job !== null && job.phase !== 'ended') return refused('stationJobRuns');
    this.#source = source;
    this.#done = new Set();
    this.#batch = null;
    this.#accounted = job?.startedAt ?? null;
    this.#slots = asked.plan.bays.map((bay) => new Slot(bay));
    this.#set({ phase: 'armed', plan: asked.plan, bays: [], done: 0, failed: 0, reason: null });
    for (const slot of this.#slots) {
      slot.see(disks);
      if (slot.disk === null) continue;
      if (asked.plan.startPresent) this.#arrive(slot, slot.disk, asked.plan);
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
    if (this.#beginning) void this.#work.giveUp();
  }

  /** Does not start the drive that is in this bay. */
  skip(port: string): void {
    const slot = this.#slots.find(({ bay, isPending }) => bay.port === port && isPending);
    if (slot === undefined) return;
    slot.become({ kind: 'skipped' });
    this.#startWhenReady();
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
    this.#account();
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
    this.#startWhenReady();
    this.#show({});
  }

  #arrive(slot: Slot, disk: Disk, plan: StationPlan): void {
    slot.become({ kind: 'wasIn' });
    if (this.#judge(slot, disk, plan)) this.#countDown(slot);
  }

  /** Refuses the drive if the station may not start it. */
  #judge(slot: Slot, disk: Disk, plan: StationPlan): boolean {
    const reason = refusalOf(disk, plan, { done: this.#done, disks: this.#work.state().disks });
    if (reason !== null) slot.become({ kind: 'refused', reason });
    return reason === null;
  }

  #countDown(slot: Slot): void {
    const over = (): void => {
      // Nobody could see it. Count down again, until somebody can.
      if (!this.#work.isVisible()) this.#countDown(slot);
      else slot.become({ kind: 'waiting' });
      this.#startWhenReady();
      this.#show({});
    };
    slot.countDown(this.#work.now() + COUNTDOWN_MS, this.#work.after(COUNTDOWN_MS, over));
  }

  /**
   * Starts the waiting drives as one job. Drives that still count down are waited for, because one job runs at a time
   * and they would wait for its end.
   */
  #startWhenReady(): void {
    const station = this.#state;
    if (station?.phase !== 'armed' || this.#beginning || this.#batch !== null) return;
    const { job } = this.#work.state();
    if (job !== null && job.phase !== 'ended') return;
    if (this.#slots.some(({ activity }) => activity.kind === 'countdown')) return;
    const { plan, done } = station;
    const left = plan.count === null ? MAX_DESTINATIONS : Math.min(plan.count - done, MAX_DESTINATIONS);
    const ready = this.#slots.filter(({ activity }) => activity.kind === 'waiting').slice(0, left);
    if (ready.length === 0) return;
    this.#beginning = true;
    void this.#begin(ready, plan).finally(() => {
      this.#beginning = false;
      this.#startWhenReady();
      this.#show({});
    });
  }

  async #begin(slots: readonly Slot[], plan: StationPlan): Promise<void> {
    const disks = slots.flatMap(({ disk }) => disk ?? []);
    this.#batch = slots.flatMap(({ bay: { port }, disk }) =>
      disk?.serial ? [{ port, serial: disk.serial, identity: identityOf(disk) }] : [],
    );
    slots.forEach((slot, index) => slot.become({ kind: 'running', index }));
    const destinations = disks.map(({ path }) => ({ path, throttle: null }));
    const request = { ...plan.request, destinations, unmount: plan.eraseUsed };
    const begun = await this.#work.begin(request, (made) => this.#objections(made, disks));
    if (begun.ok) return;
    this.#batch = null;
    const errorOf = (slot: Slot): PlatterError | undefined =>
      begun.errors.find(({ device }) => device !== null && device === slot.disk?.path);
    for (const slot of slots.filter(({ activity }) => activity.kind === 'running')) {
      const error = errorOf(slot);
      if (error !== undefined) slot.become({ kind: 'refused', reason: error.reason });
      else slot.become(this.isArmed ? { kind: 'waiting' } : { kind: 'skipped' });
    }
    // What is not about a drive is about all that follow.
    const other = begun.errors.find(({ device }) => !disks.some(({ path }) => path === device));
    if (other !== undefined) this.stop(other.reason);
  }

  /** What of the checked plan goes beyond that to which the person agreed. */
  async #objections(made: Plan, disks: readonly Disk[]): Promise<PlatterError[]> {
    const source = await this.#work.source(made.source?.path ?? '');
    const plan = this.#armedPlan();
    if (plan === null) return [objection(null, { kind: 'stationStopped' })];
    if (source === null) return [objection(null, { kind: 'stationSourceGone' })];
    if (source !== this.#source || made.source?.path !== plan.request.source || made.kind !== 'copy')
      return [objection(null, { kind: 'stationSourceChanged' })];
    if (made.destinations.length !== disks.length) return [objection(null, { kind: 'stationOther' })];
    return disks.flatMap((disk, index) => {
      const end = made.destinations[index];
      const reason: Reason | null = end === undefined ? { kind: 'stationOther' } : objectionTo(end, disk, plan);
      return reason === null ? [] : [objection(disk.path, reason)];
    });
  }

  /** Counts the drives of a job that has ended and is in the history. */
  #account(): void {
    const { job, record, recordError } = this.#work.state();
    const station = this.#state;
    if (this.#batch === null || station === null || station.phase === 'proposed') return;
    if (job?.phase !== 'ended' || job.startedAt === this.#accounted) return;
    if (record === null && recordError === null) return;
    this.#accounted = job.startedAt;
    let { done, failed } = station;
    for (const [index, { port, identity, serial }] of this.#batch.entries()) {
      const verdict = verdictIn(job, index) ?? 'failed';
      const isDone = isGood(verdict);
      if (isDone) this.#done.add(serial);
      if (isDone) done += 1;
      else if (verdict !== 'cancelled') failed += 1;
      const slot = this.#slots.find(({ bay }) => bay.port === port);
      if (slot?.holds(identity) === true)
        slot.become({ kind: isDone ? 'done' : verdict === 'cancelled' ? 'skipped' : 'failed' });
    }
    this.#batch = null;
    this.#show({ done, failed });
    const { count } = station.plan;
    if (job.failure !== null) this.stop(job.failure.reason);
    else if (recordError !== null) this.stop(recordError.reason);
    else if (count !== null && done >= count) this.stop({ kind: 'stationCount', count });
  }

  #armedPlan(): StationPlan | null {
    return this.#state?.phase === 'armed' ? this.#state.plan : null;
  }

  #show(change: Partial<StationAtWork>): void {
    const { phase } = this.#state ?? {};
    if (this.#state === null || phase === 'proposed') return;
    const next = { ...(this.#state as StationAtWork), ...change, bays: this.#slots.map(({ state }) => state) };
    if (!isDeepStrictEqual(next, this.#state)) this.#set(next);
  }

  #set(state: StationState): void {
    if (state === this.#state) return;
    this.#state = state;
    this.#work.changed();
  }
}

/** True for a copy that writes all of a source and leaves no other file. */
const isPlain = ({ method, saveManifest }: StationWish['request']): boolean =>
  method.kind === 'write' && method.zeros !== 'assumed' && saveManifest === null;

const objection = (device: string | null, reason: Reason): PlatterError =>
  failure({ code: 'NOT_PERMITTED', op: 'check', device, reason });

/** The refusal of a call about the station. */
export const refused = (
  kind:
    | 'stationArmed'
    | 'stationPlainOnly'
    | 'stationNoBay'
    | 'stationNotProposed'
    | 'stationSourceGone'
    | 'stationJobRuns',
): { ok: false; errors: PlatterError[] } => ({
  ok: false,
  errors: [failure({ code: 'BAD_ARGUMENT', op: 'check', reason: { kind }, remedy: { kind: 'tryAgain' } })],
});
