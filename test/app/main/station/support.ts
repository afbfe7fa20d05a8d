// A station over made-up disks, a made-up engine and a clock that only the test moves.
import type { Port } from '../../../../app/contract/bays.ts';
import type { Disk } from '../../../../app/contract/disks.ts';
import type { Outcome, PlatterError } from '../../../../app/contract/errors.ts';
import type { Plan } from '../../../../app/contract/jobs.ts';
import type { CopyRequest } from '../../../../app/contract/request.ts';
import { plainCopy } from '../../../../app/contract/request-facts.ts';
import type { StationAtWork, StationPlan, StationWish } from '../../../../app/contract/station.ts';
import type { AppState } from '../../../../app/contract/window.ts';
import { failure } from '../../../../app/base/errors.ts';
import type { Objections } from '../../../../app/main/gate.ts';
import { Station } from '../../../../app/main/station/station.ts';
import type { StationWork } from '../../../../app/main/station/work.ts';
import {
  disk,
  end,
  endpoint,
  GB,
  imageEndpoint,
  job,
  plan as madePlan,
  progress as sample,
  result,
  usbPort,
} from '../../../renderer/support/fixtures.ts';

/** The sockets of the bays 1 to 3. */
export const ports = [1, 2, 3].map((port) => usbPort(1, port, port));

let sequence = 0;
/** A blank drive in the bay `bay`, plugged in anew. */
export const drive = (bay: number, serial: string, more: Partial<Disk> = {}): Disk =>
  disk(`/dev/sd${'abcd'[bay]}`, { port: ports[bay - 1]!, serial, diskSequence: (sequence += 1), ...more });

export const SOURCE = '/home/me/classroom.img';

const { destinations: _none, ...template } = plainCopy(SOURCE, []);

export const wishFor = (ports: readonly Port[], more: Partial<StationWish> = {}): StationWish => ({
  request: template,
  bays: ports.map(({ path }) => path),
  least: 8 * GB,
  most: 256 * GB,
  model: null,
  eraseUsed: false,
  startPresent: false,
  count: null,
  ...more,
});

export const planFor = (ports: readonly Port[], more: Partial<StationWish> = {}): StationPlan => ({
  ...wishFor(ports, more),
  bays: ports.map(({ path }, index) => ({ port: path, number: index + 1, name: null })),
});

/** Main without Electron: what a test sets, and what the station did. */
export class FakeWork implements StationWork {
  readonly jobs: Pick<AppState, 'disks' | 'disksError' | 'job' | 'record' | 'recordError'> = {
    disks: [],
    disksError: null,
    job: null,
    record: null,
    recordError: null,
  };
  /** The requests that were checked. */
  readonly checked: CopyRequest[] = [];
  givenUp = 0;
  /** What a look into the drive at a path says. Without an entry it is blank. */
  readonly blank = new Map<string, boolean | null>();
  /** The paths of the drives that were checked for the running job. */
  readonly joining: string[] = [];
  joinsGivenUp = 0;
  /** Why the running job takes no drive. */
  joinRefusal: PlatterError | null = null;
  sourceNow: string | null = 'file:1:2:3:4';
  agreement: PlatterError | null = null;
  visible = true;
  /** Changes the plan that the engine makes. */
  made: (plan: Plan) => Plan = (plan) => plan;
  /** Refusals of the engine, once. */
  refusals: PlatterError[] = [];
  /** The check does not end before it resolves. */
  beforeChecked: Promise<void> = Promise.resolve();
  readonly station: Station;
  /** The wall clock is this many milliseconds off. */
  clockOff = 0;
  #time = 1000;
  #timers: { at: number; act: () => void }[] = [];

  constructor() {
    this.station = new Station(this);
  }

  state(): FakeWork['jobs'] {
    return this.jobs;
  }

  async begin(request: CopyRequest, objections: Objections): Promise<Outcome<null>> {
    this.checked.push(request);
    await this.beforeChecked;
    const refusals = this.refusals.splice(0);
    if (refusals.length > 0) return { ok: false, errors: refusals };
    const ends = request.destinations.flatMap(({ path }) => {
      const found = this.jobs.disks.find((disk) => disk.path === path);
      return found === undefined ? [] : [endpoint(found)];
    });
    const plan = this.made({ ...madePlan(ends), source: imageEndpoint(request.source, 8 * GB) });
    const errors = await objections(plan, () => this.look(plan));
    if (errors.length > 0) return { ok: false, errors };
    this.#time += 1;
    Object.assign(this.jobs, { job: { ...job(plan, []), startedAt: this.#time }, record: null, recordError: null });
    this.station.see();
    return { ok: true, value: null };
  }

  look({ destinations }: Plan): Promise<Outcome<(boolean | null)[]>> {
    const value = destinations.map(({ path }) => (this.blank.has(path) ? (this.blank.get(path) ?? null) : true));
    return Promise.resolve({ ok: true, value });
  }

  giveUp(): Promise<void> {
    this.givenUp += 1;
    return Promise.resolve();
  }

  async join(path: string, objections: Objections): Promise<Outcome<null>> {
    this.joining.push(path);
    await this.beforeChecked;
    const running = this.jobs.job;
    const found = this.jobs.disks.find((disk) => disk.path === path);
    if (this.joinRefusal !== null) return { ok: false, errors: [this.joinRefusal] };
    if (running?.phase !== 'running' || found === undefined) return { ok: false, errors: [error('inUse', path)] };
    const destination = endpoint(found);
    const joined = this.made({ ...running.plan, destinations: [destination] });
    const errors = await objections(joined, () => this.look(joined));
    if (errors.length > 0) return { ok: false, errors };
    const { plan, progress } = running;
    this.jobs.job = {
      ...running,
      plan: { ...plan, destinations: [...plan.destinations, destination] },
      progress: { ...progress, destinations: [...progress.destinations, sample(plan, 'waiting', path)] },
    };
    this.station.see();
    return { ok: true, value: null };
  }

  giveUpJoin(): Promise<void> {
    this.joinsGivenUp += 1;
    return Promise.resolve();
  }

  source(): Promise<string | null> {
    return Promise.resolve(this.sourceNow);
  }

  agreed(): Promise<PlatterError | null> {
    return Promise.resolve(this.agreement);
  }

  isVisible(): boolean {
    return this.visible;
  }

  changed(): void {
    // The tests read the state.
  }

  now(): number {
    return this.#time + this.clockOff;
  }

  after(milliseconds: number, act: () => void): () => void {
    const timer = { at: this.#time + milliseconds, act };
    this.#timers.push(timer);
    return () => void (this.#timers = this.#timers.filter((each) => each !== timer));
  }

  /** Lets time pass, and what it causes happen. */
  async pass(milliseconds: number): Promise<void> {
    this.#time += milliseconds;
    for (const timer of this.#timers.filter(({ at }) => at <= this.#time)) {
      this.#timers = this.#timers.filter((each) => each !== timer);
      timer.act();
    }
    await this.settle();
  }

  /** Lets every promise of the station settle. */
  async settle(): Promise<void> {
    for (let turn = 0; turn < 5; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  }

  /** The kernel lists these disks. */
  async plug(...disks: Disk[]): Promise<void> {
    this.jobs.disks = disks;
    this.station.see();
    await this.settle();
  }

  /** The destination `index` of the running job has its end. Only one that is done is let go. */
  async letGo(index: number, state: 'done' | 'failed' | 'cancelled'): Promise<void> {
    const running = this.jobs.job;
    if (running === null) throw new Error('no job runs');
    const { plan, progress } = running;
    const gone = {
      ...sample(plan, state, plan.destinations[index]!.path, { written: plan.bytes }),
      ...(state === 'done' ? { letGo: true as const } : {}),
    };
    this.jobs.job = { ...running, progress: { ...progress, destinations: progress.destinations.with(index, gone) } };
    this.station.see();
    await this.settle();
  }

  /** The running job ends, with these states of its destinations, and is in the history. */
  async end(
    states: readonly ('done' | 'failed' | 'cancelled')[],
    recordError: PlatterError | null = null,
  ): Promise<void> {
    const running = this.jobs.job;
    if (running === null) throw new Error('no job runs');
    const ends = states.map((state, index) => end(running.plan, index, { state }));
    this.jobs.job = { ...running, phase: 'ended', result: result(running.plan, ends) };
    this.station.see();
    Object.assign(this.jobs, recordError === null ? { record: 'a record' } : { recordError });
    this.station.see();
    await this.settle();
  }

  /** Proposes and arms a station. */
  async arm(ports: readonly Port[], more: Partial<StationWish> = {}): Promise<void> {
    const known = ports.map(({ path }) => ({ port: path, name: null }));
    const proposed = this.station.propose(wishFor(ports, more), known);
    const { state } = this.station;
    if (!proposed.ok || state?.phase !== 'proposed') throw new Error('not proposed');
    const armed = await this.station.arm(state.id);
    if (!armed.ok) throw new Error(armed.errors[0]?.message);
    await this.settle();
  }

  /** The station that was armed. */
  get atWork(): StationAtWork {
    const { state } = this.station;
    if (state === null || state.phase === 'proposed') throw new Error('not armed');
    return state;
  }

  /** What happens in each bay. */
  get bays(): string[] {
    return this.atWork.bays.map(({ activity }) => activity.kind);
  }

  /** Why each bay's drive was refused. */
  get reasons(): (string | null)[] {
    return this.atWork.bays.map(({ activity }) => (activity.kind === 'refused' ? activity.reason.kind : null));
  }
}

export const error = (kind: 'noMemory' | 'inUse', device: string | null): PlatterError =>
  failure({
    code: 'IN_USE',
    op: 'open',
    device,
    reason: kind === 'inUse' ? { kind } : { kind, errno: 'ENOMEM' },
  });
