// Owns the state that the window shows: disks, interrupted jobs, the checked request, the job. All changes happen here,
// after an answer or an event of the engine host; the window only asks and renders.
import { randomUUID } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import type { KeptBay } from '../contract/bays.ts';
import type { Outcome, PlatterError } from '../contract/errors.ts';
import type { HostCalls, DisksEvent, HostMethod } from '../contract/host.ts';
import type { Plan } from '../contract/jobs.ts';
import type { JobRequest } from '../contract/request.ts';
import type { SettingsState } from '../contract/settings.ts';
import type { AppState, JobView, Review } from '../contract/window.ts';
import type { Engine } from '../client/client.ts';
import { hostEnded, JobSession, nothingRuns, type JobRecorder } from '../client/job-session.ts';
import { cancelledOpening, failure, outcome } from '../base/errors.ts';
import type { JobEvent } from '../view/reduce-events.ts';
import { located, switchedOff } from '../view/drives.ts';
import { anotherReview, nothingReviewed, stillChecking, type Gate, type Objections } from './gate.ts';
import { Joins } from './joins.ts';

/** The disks and jobs that the window shows. */
export type JobsState = Omit<AppState, keyof SettingsState | 'station' | 'download' | 'left' | 'recent' | 'openImages'>;

/** The state of disks and jobs, and the only ways to change it. One job at a time. */
export class Jobs {
  #state: JobsState = {
    elevating: false,
    reading: null,
    slow: null,
    disks: [],
    disksError: null,
    hotplugError: null,
    review: null,
    joining: null,
    job: null,
    drives: [],
    interrupted: [],
    interruptedError: null,
    opened: null,
    record: null,
    recordError: null,
  };
  #engine: Engine | null = null;
  #listing: Promise<void> | null = null;
  /** The number of lists that the host sent unasked. An answer requested before the last one is older. */
  #disksPushed = 0;
  #logs = 0;
  /** A request is being checked. */
  #checking = false;
  /** The person has given that up. */
  #givenUp = false;
  /** A job has been asked to start, which reads its source first when that has to be judged. */
  #starting = false;
  /** Settles when the host has released the last review that was dismissed. */
  #dismissed: Promise<unknown> = Promise.resolve();
  /** The job that is shown, running or not. */
  #session: JobSession | null = null;
  #whenIdle: (() => void)[] = [];
  #recording: Promise<void> = Promise.resolve();
  readonly #connect: () => Engine;
  readonly #publish: (state: JobsState) => void;
  readonly #loopDevices: boolean;
  readonly #recorder: JobRecorder;
  readonly #gate: Gate;
  /** Disks that join the running job. */
  readonly joins: Joins;

  /**
   * `connect` starts the engine host, again after a failure. `publish` receives every change. `loopDevices` adds loop
   * devices to the disks. `gate` is asked before anything is checked or started.
   */
  constructor(
    connect: () => Engine,
    publish: (state: JobsState) => void,
    loopDevices: boolean,
    recorder: JobRecorder,
    gate: Gate,
  ) {
    this.#connect = connect;
    this.#publish = publish;
    this.#loopDevices = loopDevices;
    this.#recorder = recorder;
    this.#gate = gate;
    this.joins = new Joins(gate, {
      session: () => this.#session,
      state: () => this.#state,
      set: (joining) => this.#set({ joining }),
      looksBlank: () => this.ask('looksBlank', {}),
      leave: () => this.ask('leaveJoin', {}),
    });
  }

  get state(): JobsState {
    return this.#state;
  }

  /** A job is writing, or stopping. */
  get running(): boolean {
    return this.#state.job !== null && this.#state.job.phase !== 'ended';
  }

  /** Reads the disks and the interrupted jobs. Starts the engine if needed. */
  async refresh(): Promise<void> {
    await Promise.all([this.#refreshDisks(), this.#refreshInterrupted()]);
  }

  /** Reads the list of disks. Overlapping calls share one answer. */
  #refreshDisks(): Promise<void> {
    this.#listing ??= this.#list().finally(() => {
      this.#listing = null;
    });
    return this.#listing;
  }

  /** Reads the disks when that disturbs nothing: not during a job, and not to restart a failed engine. */
  async poll(): Promise<void> {
    if (this.#engine !== null && !this.running) await this.#refreshDisks();
  }

  /** The desktop asks to open an image. The window makes it the source unless a job is in the way. */
  open(path: string): void {
    this.#set({ opened: { path, at: Date.now() } });
  }

  /**
   * Checks a request and holds its devices; its plan becomes the review. One request at a time, because the host holds
   * only one.
   */
  async review(request: JobRequest): Promise<Outcome<Review>> {
    if (this.#checking) return { ok: false, errors: [stillChecking()] };
    this.#checking = true;
    this.#givenUp = false;
    try {
      return await this.#check(request);
    } finally {
      this.#checking = false;
    }
  }

  /**
   * Checks a request and starts it. For a station, to which the person has agreed in advance: `objections` says what of
   * the plan goes beyond that.
   */
  async begin(request: JobRequest, objections: Objections): Promise<Outcome<null>> {
    if (this.#checking || this.running) return { ok: false, errors: [stillChecking()] };
    this.#checking = true;
    this.#givenUp = false;
    try {
      const plan = await this.#prepare(request);
      if (!plan.ok) return plan;
      const errors = await objections(plan.value, () => this.ask('looksBlank', {}));
      if (errors.length === 0) return await this.#run(plan.value);
      this.#dismissed = this.ask('cancel', {});
      await this.#dismissed;
      return { ok: false, errors };
    } finally {
      this.#checking = false;
    }
  }

  async #prepare(request: JobRequest): Promise<Outcome<Plan>> {
    await this.#dismiss();
    const errors = this.#gate.refusals(request, this.#state.disks);
    if (errors.length > 0) return { ok: false, errors };
    const plan = await this.ask('prepare', request);
    this.#answered();
    // Prepared in the moment in which it was given up: the host has released it.
    return plan.ok && this.#givenUp ? { ok: false, errors: [...cancelledOpening().errors] } : plan;
  }

  /** Nothing of a request is waited for any more. */
  #answered(): void {
    if (this.#state.reading !== null || this.#state.slow !== null) this.#set({ reading: null, slow: null });
  }

  async #check(request: JobRequest): Promise<Outcome<Review>> {
    const plan = await this.#prepare(request);
    if (!plan.ok) return plan;
    this.#gate.checked(plan.value);
    const review = { id: randomUUID(), plan: plan.value };
    this.#set({ review });
    return { ok: true, value: review };
  }

  /** Dismisses the review and releases its devices, or gives up the check that runs. */
  async dismissReview(): Promise<void> {
    if (!this.#checking) {
      await this.#dismiss();
      return;
    }
    this.#givenUp = true;
    await this.ask('cancel', {});
  }

  async #dismiss(): Promise<void> {
    if (this.#state.review !== null) {
      this.#set({ review: null });
      // Fails only when the host is gone, and then it no longer holds the devices.
      this.#dismissed = this.ask('cancel', {});
    }
    await this.#dismissed; // the next review waits for it too
  }

  /** Starts the review `id` if the person has agreed to it. */
  async start(id: string): Promise<Outcome<null>> {
    const asked = this.#state.review;
    if (asked === null) return { ok: false, errors: [nothingReviewed()] };
    if (asked.id !== id) return { ok: false, errors: [anotherReview()] };
    const refused = await this.#gate.agreed(asked);
    if (refused !== null) return { ok: false, errors: [refused] };
    // The review may have changed while the person was asked.
    if (this.#state.review?.id !== id) return { ok: false, errors: [anotherReview()] };
    return this.#run(asked.plan);
  }

  async #run(plan: Plan): Promise<Outcome<null>> {
    const session = new JobSession(this.#running(), plan, this.#recorder, (event, job) => this.#onEvent(event, job));
    this.#session = session;
    this.#set({ review: null, job: session.view, record: null, recordError: null });
    this.#starting = true;
    const started = await session.start();
    this.#starting = false;
    this.#answered();
    if (!started.ok) this.#set({ job: null });
    return started;
  }

  /**
   * Stops the job (null) or one destination after the writes in flight and a flush. Resolves when the host has
   * accepted, not when it has ended.
   */
  async cancel(destination: number | null): Promise<void> {
    // Refused only when there is nothing left to stop: the job has ended, or the host is gone.
    await this.#session?.cancel(destination);
  }

  /** Pauses or continues the job (null) or one destination. The next sample shows it. */
  pause(destination: number | null, paused: boolean): Promise<Outcome<null>> {
    return this.#control((session) => session.pause(destination, paused));
  }

  /** Limits the job (null) or one destination, in bytes per second; null for no limit. */
  throttle(destination: number | null, bytesPerSecond: number | null): Promise<Outcome<null>> {
    return this.#control((session) => session.throttle(destination, bytesPerSecond));
  }

  /** Starts a failed or cancelled destination again. */
  retry(destination: number): Promise<Outcome<null>> {
    return this.#control((session) => session.retry(destination));
  }

  /**
   * Forgets an interrupted job. Its destinations stay as they are. Gives the path of its source when that was downloaded
   * and no other job has it.
   */
  async forget(job: string): Promise<Outcome<string | null>> {
    const done = await this.ask('forget', { job });
    await this.#refreshInterrupted();
    return done.ok ? { ok: true, value: done.value.download } : done;
  }

  /** Calls the host; gives its refusal as a value. From outside only for what changes no state here. */
  ask<M extends HostMethod>(method: M, params: HostCalls[M]['params']): Promise<Outcome<HostCalls[M]['result']>> {
    return outcome(() => this.#running().call(method, params));
  }

  /** Numbers and names the bays anew, and lists the disks again. */
  async setBays(bays: KeptBay[]): Promise<Outcome<null>> {
    const done = await this.ask('setBays', { bays });
    if (!done.ok) return done;
    await this.#refreshDisks();
    return { ok: true, value: null };
  }

  /** Unmounts, flushes and switches off disks, one after the other. Gives the refusals. */
  async eject(paths: readonly string[]): Promise<Outcome<null>> {
    const errors: PlatterError[] = [];
    for (const path of paths) {
      // The disk may leave the list before the answer arrives.
      const before = this.#state;
      const done = await this.ask('eject', { path });
      if (done.ok) this.#set({ drives: switchedOff(before, this.#state, path) });
      else errors.push(...done.errors);
      await this.#refreshDisks();
    }
    return errors.length === 0 ? { ok: true, value: null } : { ok: false, errors };
  }

  /** Dismisses an ended job, and looks for what it left. */
  async dismissJob(): Promise<void> {
    if (this.running) return;
    this.#set({ job: null, record: null, recordError: null });
    await this.refresh();
  }

  /** Stops a running job, waits for its end and closes the engine. */
  async shutDown(): Promise<void> {
    await this.cancel(null);
    if (this.running) await new Promise<void>((resolve) => this.#whenIdle.push(resolve));
    await this.#recording;
    await this.#engine?.close();
  }

  async #list(): Promise<void> {
    const told = this.#disksPushed;
    const disks = await this.ask('list', { all: this.#loopDevices });
    if (told === this.#disksPushed) this.#takeDisks(disks);
  }

  /** Has the host report drives as they come and go. */
  async #watchDisks(): Promise<void> {
    const watching = await this.ask('watch', { all: this.#loopDevices });
    const error = watching.ok ? null : (watching.errors[0] ?? null);
    if (error !== null) console.warn(`platter: ${error.message} ${error.advice}`);
    // The end of the host is reported elsewhere.
    if (this.#engine !== null) this.#set({ hotplugError: error });
  }

  #takeDisks(disks: DisksEvent['disks']): void {
    if (disks.ok) this.#set({ disks: disks.value, disksError: null });
    // The end of the engine was reported already, with better advice than this call has.
    else if (this.#engine !== null) this.#set({ disksError: disks.errors[0] ?? null });
  }

  /** Reads the interrupted jobs. When answers overlap, the one to the last question counts. */
  async #refreshInterrupted(): Promise<void> {
    const question = ++this.#logs;
    const jobs = await this.ask('jobs', {});
    if (question !== this.#logs) return;
    if (jobs.ok) this.#set({ interrupted: jobs.value, interruptedError: null });
    else if (this.#engine !== null) this.#set({ interruptedError: jobs.errors[0] ?? null });
  }

  /** Asks something of the running job. */
  #control(ask: (session: JobSession) => Promise<Outcome<null>>): Promise<Outcome<null>> {
    return this.#session === null ? Promise.resolve({ ok: false, errors: [nothingRuns()] }) : ask(this.#session);
  }

  /** The engine, started if needed. */
  #running(): Engine {
    if (this.#engine !== null) return this.#engine;
    const engine = this.#connect();
    const stopHearing = engine.onRights((asking) => this.#set({ elevating: asking !== null }));
    const stopReading = engine.onWaiting((path, reading) => {
      if (this.#checking || this.#starting) this.#set({ reading, slow: reading === null ? path : null });
    });
    this.#engine = engine;
    const stopWatching = engine.onDisks((disks) => {
      this.#disksPushed += 1;
      this.#takeDisks(disks);
    });
    void this.#watchDisks();
    void engine.closed.then((error) => {
      stopHearing();
      stopReading();
      stopWatching();
      this.#engine = null;
      this.#hostEnded(error ?? hostEnded());
    });
    return engine;
  }

  /** Only we end the host in an orderly way, so any end is a failure, during a job or not. */
  #hostEnded(error: PlatterError): void {
    const cut = this.running;
    this.#set({ review: null, disksError: failure({ ...error, remedy: { kind: 'refresh' } }) });
    // A new host knows how far the job got, so that the window can offer to continue it.
    if (cut) void this.refresh();
  }

  /** Handles `event` of the job that is shown; `job` is the view after it. */
  #onEvent(event: JobEvent, job: JobView): void {
    // The host lets a disk go that has not joined when the job ends.
    this.#set(job.phase === 'running' ? { job } : { job, joining: null });
    if (job.phase === 'ended') this.#recording = this.#record(job);
    // The ended job may have become resumable, or have finished a resumed one.
    if (event.event === 'result') void this.#refreshInterrupted();
  }

  /** Shows the job's name in the history, unless another job was started meanwhile. Quitting waits for this. */
  async #record({ startedAt }: JobView): Promise<void> {
    const kept = await this.#session?.kept;
    if (kept === undefined || this.#state.job?.startedAt !== startedAt) return;
    this.#set(kept.ok ? { record: kept.value } : { recordError: kept.errors[0] ?? null });
  }

  #set(change: Partial<JobsState>): void {
    // The job changes often, but is a new object only when it has changed. Lists of disks are always new objects.
    const same = (key: keyof JobsState): boolean =>
      change[key] === this.#state[key] || (key !== 'job' && isDeepStrictEqual(change[key], this.#state[key]));
    if ((Object.keys(change) as (keyof JobsState)[]).every(same)) return;
    this.#state = located(this.#state, { ...this.#state, ...change });
    this.#publish(this.#state);
    if (this.running) return;
    for (const resolve of this.#whenIdle.splice(0)) resolve();
  }
}
