// Owns what the window shows: the disks, the checked request, the job. Everything that changes changes here, by an
// answer or an event of the engine host; the window only asks and renders.
import { isDeepStrictEqual } from 'node:util';
import type { AppState, CopyRequest, HostCalls, HostMethod, Outcome, Plan, PlatterError } from '../contract.ts';
import { Refusal, type Engine } from '../engine/client.ts';
import { failure } from '../engine/errors.ts';
import { jobStarted, reduce, type JobEvent } from '../engine/reduce.ts';

/** The state of the app and the only ways to change it. One job at a time. */
export class Jobs {
  #state: AppState = { disks: [], disksError: null, review: null, job: null };
  #engine: Engine | null = null;
  #listing: Promise<void> | null = null;
  #whenIdle: (() => void)[] = [];
  readonly #connect: () => Engine;
  readonly #publish: (state: AppState) => void;
  readonly #loopDevices: boolean;

  /**
   * `connect` starts the engine host, again after it failed; `publish` hears of every change; `loopDevices` adds
   * loop devices to the disks.
   */
  constructor(connect: () => Engine, publish: (state: AppState) => void, loopDevices: boolean) {
    this.#connect = connect;
    this.#publish = publish;
    this.#loopDevices = loopDevices;
  }

  get state(): AppState {
    return this.#state;
  }

  /** A job is writing, or stopping. */
  get running(): boolean {
    return this.#state.job !== null && this.#state.job.phase !== 'ended';
  }

  /** Reads the list of disks, starting the engine if need be. Calls that overlap share one answer. */
  refreshDisks(): Promise<void> {
    this.#listing ??= this.#list().finally(() => {
      this.#listing = null;
    });
    return this.#listing;
  }

  /** As `refreshDisks`, where that disturbs nobody: not during a job, and not to revive an engine that failed. */
  async poll(): Promise<void> {
    if (this.#engine !== null && !this.running) await this.refreshDisks();
  }

  /** Checks a request and holds its devices; the plan becomes the review. */
  async review(request: CopyRequest): Promise<Outcome<Plan>> {
    await this.dismissReview();
    const plan = await this.#ask('prepare', request);
    if (plan.ok) this.#set({ review: plan.value });
    return plan;
  }

  /** Gives up the review and lets its devices go. */
  async dismissReview(): Promise<void> {
    if (this.#state.review === null) return;
    this.#set({ review: null });
    await this.#ask('cancel', {}); // fails only when the host is gone, and with it its hold on the devices
  }

  /** Starts the reviewed plan. */
  async start(): Promise<Outcome<null>> {
    const plan = this.#state.review;
    if (plan === null) return { ok: false, errors: [nothingReviewed()] };
    // Before the host is asked: the job's first events can arrive ahead of the answer.
    this.#set({ review: null, job: jobStarted(plan, Date.now()) });
    const started = await this.#ask('start', {});
    if (started.ok) return { ok: true, value: null };
    this.#set({ job: null });
    return started;
  }

  /** Stops the job after its in-flight writes and a flush. Resolves when the host knows, not when it has ended. */
  async cancel(): Promise<void> {
    if (this.#state.job?.phase !== 'running') return;
    this.#hear({ event: 'cancelling' });
    await this.#ask('cancel', {}); // fails only when the host is gone, which then ends the job as a failure
  }

  /** Puts an ended job away, and looks at what it left on the disks. */
  async dismissJob(): Promise<void> {
    if (this.running) return;
    this.#set({ job: null });
    await this.refreshDisks();
  }

  /** Stops a running job, waits for its end and lets the engine go. */
  async shutDown(): Promise<void> {
    await this.cancel();
    if (this.running) await new Promise<void>((resolve) => this.#whenIdle.push(resolve));
    await this.#engine?.close();
  }

  async #list(): Promise<void> {
    const disks = await this.#ask('list', { all: this.#loopDevices });
    if (disks.ok) this.#set({ disks: disks.value, disksError: null });
    // An engine that is gone has been told of, with better advice than the call has.
    else if (this.#engine !== null) this.#set({ disksError: disks.errors[0] ?? null });
  }

  /** One call to the host, its refusal as a value. */
  async #ask<M extends HostMethod>(method: M, params: HostCalls[M]['params']): Promise<Outcome<HostCalls[M]['result']>> {
    try {
      return { ok: true, value: await this.#running().call(method, params) };
    } catch (error) {
      if (error instanceof Refusal) return { ok: false, errors: [...error.errors] };
      throw error;
    }
  }

  /** The engine, started if there is none. */
  #running(): Engine {
    if (this.#engine !== null) return this.#engine;
    const engine = this.#connect();
    this.#engine = engine;
    const stopListening = engine.onEvent((event) => this.#hear(event));
    void engine.closed.then((error) => {
      stopListening();
      this.#engine = null;
      this.#hostEnded(error ?? unexpectedEnd());
    });
    return engine;
  }

  /** Nobody but us ends the host in an orderly way, so an end is a failure, in a job and outside of one. */
  #hostEnded(error: PlatterError): void {
    this.#hear({ event: 'failure', failure: error });
    this.#set({ review: null, disksError: { ...error, advice: 'Press Refresh; if that does not help, close Platter and start it again.' } });
  }

  #hear(event: JobEvent): void {
    if (this.#state.job !== null) this.#set({ job: reduce(this.#state.job, event) });
  }

  #set(change: Partial<AppState>): void {
    const state = { ...this.#state, ...change };
    if (isDeepStrictEqual(state, this.#state)) return;
    this.#state = state;
    this.#publish(state);
    if (this.running) return;
    for (const resolve of this.#whenIdle.splice(0)) resolve();
  }
}

const nothingReviewed = (): PlatterError =>
  failure({ code: 'BAD_ARGUMENT', op: 'check', message: 'There is no checked request to start.' });
const unexpectedEnd = (): PlatterError =>
  failure({ code: 'HOST_FAILED', op: 'host', message: 'The engine host ended.' });
