// One job, from the start of its plan to its record. Both window and command line run their jobs here, so they show and
// keep the same.
import type { Outcome, PlatterError } from '../contract/errors.ts';
import type { HostCalls, HostMethod } from '../contract/host.ts';
import type { Plan } from '../contract/jobs.ts';
import type { JobView } from '../contract/window.ts';
import { failure, isHostFailure, outcome } from '../base/errors.ts';
import { jobStarted, reduce, type JobEvent } from '../view/reduce-events.ts';
import type { Engine } from './client.ts';

/** Accompanies every job beside the user interface: the log and the history. */
export interface JobRecorder {
  started(job: JobView): void;
  /** `event` happened; `job` is the view after it. */
  onEvent(event: JobEvent, job: JobView): void;
  /** Adds an ended job to the history; gives its name there. */
  keep(job: JobView): Promise<Outcome<string>>;
}

/** A job that `prepare` has planned. Paths are those of the plan. */
export class JobSession {
  /**
   * Resolves when the job has ended and the recorder has kept its record, or failed to. Stays pending for a refused
   * job.
   */
  readonly kept: Promise<Outcome<string>>;
  readonly #engine: Engine;
  readonly #recorder: JobRecorder;
  readonly #show: (event: JobEvent, job: JobView) => void;
  readonly #stopListening: () => void;
  #view: JobView;
  /** The job has ended, or was never started. Nothing more happens to it. */
  #over = false;
  #keep: (kept: Promise<Outcome<string>>) => void = () => undefined;

  /** Tells the recorder that the job begins. `show` receives every event, before the recorder does. */
  constructor(engine: Engine, plan: Plan, recorder: JobRecorder, show: (event: JobEvent, job: JobView) => void) {
    this.#engine = engine;
    this.#recorder = recorder;
    this.#show = show;
    this.#view = jobStarted(plan, Date.now());
    this.kept = new Promise((resolve) => (this.#keep = resolve));
    // Listen before the host is asked to start: the job's first events can arrive ahead of the answer.
    this.#stopListening = engine.onEvent((event) => this.#onEvent(event));
    recorder.started(this.#view);
  }

  /** The current state of the job. */
  get view(): JobView {
    return this.#view;
  }

  /** True when it can be paused, limited, retried or stopped. */
  get runs(): boolean {
    return !this.#over && this.#view.phase === 'running';
  }

  /**
   * Starts the job. Refused only when the host says that nothing was written. When the host is gone, the job has
   * failed.
   */
  async start(): Promise<Outcome<null>> {
    const started = await this.#ask('start', {});
    const gone = started.ok ? undefined : started.errors.find(isHostFailure);
    if (gone !== undefined) this.#onEvent({ event: 'failure', failure: gone });
    if (!started.ok && gone === undefined) {
      this.#end();
      return started;
    }
    void this.#engine.closed.then((error) => this.#onEvent({ event: 'failure', failure: error ?? hostEnded() }));
    return { ok: true, value: null };
  }

  /**
   * Stops the job (null) or one destination after the writes in flight and a flush. Resolves when the host has
   * accepted, not when it has ended. Refused when there is nothing left to stop.
   */
  async cancel(destination: number | null): Promise<Outcome<null>> {
    if (!this.runs) return { ok: false, errors: [nothingRuns()] };
    if (destination === null) this.#onEvent({ event: 'cancelling' });
    return this.#ask('cancel', { destination });
  }

  /** Pauses or continues the job (null) or one destination. The next sample shows it. */
  pause(destination: number | null, paused: boolean): Promise<Outcome<null>> {
    return this.#control('pause', { destination, paused });
  }

  /** Limits the job (null) or one destination, in bytes per second; null for no limit. */
  async throttle(destination: number | null, bytesPerSecond: number | null): Promise<Outcome<null>> {
    const done = await this.#control('throttle', { destination, bytesPerSecond });
    if (done.ok) this.#onEvent({ event: 'limited', destination, bytesPerSecond });
    return done;
  }

  /** Starts a failed or cancelled destination again. Its previous errors belong to the last attempt. */
  async retry(destination: number): Promise<Outcome<null>> {
    const over = new Set(this.#view.errors.filter((error) => error.destination === destination));
    const done = await this.#control('retry', { destination });
    if (done.ok) this.#onEvent({ event: 'retried', destination, over });
    return done;
  }

  /** Checks the disk at `path` for the running job and holds it. Gives its plan. */
  prepareJoin(path: string): Promise<Outcome<Plan>> {
    return this.runs
      ? outcome(() => this.#engine.call('prepareJoin', { path }))
      : Promise.resolve({ ok: false, errors: [nothingRuns()] });
  }

  /** Adds that disk to the job. The event `joined` shows it. */
  join(): Promise<Outcome<null>> {
    return this.#control('join', {});
  }

  #control<M extends 'pause' | 'throttle' | 'retry' | 'join'>(
    method: M,
    params: HostCalls[M]['params'],
  ): Promise<Outcome<null>> {
    return this.runs ? this.#ask(method, params) : Promise.resolve({ ok: false, errors: [nothingRuns()] });
  }

  /** Calls the host; gives its refusal as a value. */
  #ask<M extends HostMethod>(method: M, params: HostCalls[M]['params']): Promise<Outcome<null>> {
    return outcome(async () => {
      await this.#engine.call(method, params);
      return null;
    });
  }

  #onEvent(event: JobEvent): void {
    if (this.#over) return;
    const view = reduce(this.#view, event);
    this.#view = view;
    if (view.phase === 'ended') this.#end();
    this.#show(event, view);
    this.#recorder.onEvent(event, view);
    if (view.phase === 'ended') this.#keep(this.#recorder.keep(view));
  }

  #end(): void {
    this.#over = true;
    this.#stopListening();
  }
}

/** Why a job failed when its host ended in an orderly way, which only its client may ask for. */
export const hostEnded = (): PlatterError =>
  failure({ code: 'HOST_FAILED', op: 'host', reason: { kind: 'hostEnded' } });

/** Why a request to a running job is refused. */
export const nothingRuns = (): PlatterError =>
  failure({ code: 'BAD_ARGUMENT', op: 'check', reason: { kind: 'nothingRuns' } });
