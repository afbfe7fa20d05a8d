// One job, from the start of what was prepared to its record. The window and the command line both run their jobs here,
// so both show the same view of it, and keep the same.
import type { Outcome, PlatterError } from '../contract/errors.ts';
import type { HostCalls, HostMethod } from '../contract/host.ts';
import type { Plan } from '../contract/jobs.ts';
import type { JobView } from '../contract/window.ts';
import { failure, Refusal } from '../base/errors.ts';
import { jobStarted, reduce, type JobEvent } from '../view/reduce.ts';
import type { Engine } from './client.ts';

/** What follows every job beside the face that shows it: the log and the history. */
export interface Witness {
  started(job: JobView): void;
  /** `event` happened and led to `job`. */
  happened(event: JobEvent, job: JobView): void;
  /** Puts a job that has ended into the history; gives its name there. */
  keep(job: JobView): Promise<Outcome<string>>;
}

/** A job that `prepare` has made a plan of. Paths are those of the plan. */
export class JobSession {
  /**
   * Resolves when the job has ended and the witness has kept it, or has said why not. Pending for a job that is
   * refused.
   */
  readonly kept: Promise<Outcome<string>>;
  readonly #engine: Engine;
  readonly #witness: Witness;
  readonly #show: (event: JobEvent, job: JobView) => void;
  readonly #stopListening: () => void;
  #view: JobView;
  /** It has ended, or was never started: nothing happens to it any more. */
  #over = false;
  #keep: (kept: Promise<Outcome<string>>) => void = () => undefined;

  /** Tells the witness that the job begins. `show` hears of everything that happens, before the witness does. */
  constructor(engine: Engine, plan: Plan, witness: Witness, show: (event: JobEvent, job: JobView) => void) {
    this.#engine = engine;
    this.#witness = witness;
    this.#show = show;
    this.#view = jobStarted(plan, Date.now());
    this.kept = new Promise((resolve) => (this.#keep = resolve));
    // Before the host is asked to start: the job's first events can arrive ahead of the answer.
    this.#stopListening = engine.onEvent((event) => this.#happened(event));
    witness.started(this.#view);
  }

  /** The job as it is now. */
  get view(): JobView {
    return this.#view;
  }

  /** Whether it can be paused, limited, retried or stopped. */
  get runs(): boolean {
    return !this.#over && this.#view.phase === 'running';
  }

  /**
   * Starts it. Refused only when the host says that nothing was written; a host that is gone is a job that has failed.
   */
  async start(): Promise<Outcome<null>> {
    const started = await this.#ask('start', {});
    const gone = started.ok ? undefined : started.errors.find(isHostFailure);
    if (gone !== undefined) this.#happened({ event: 'failure', failure: gone });
    if (!started.ok && gone === undefined) {
      this.#end();
      return started;
    }
    void this.#engine.closed.then((error) => this.#happened({ event: 'failure', failure: error ?? hostEnded() }));
    return { ok: true, value: null };
  }

  /**
   * Stops the job (null) or one destination after the writes in flight and a flush. Resolves when the host knows, not
   * when it has ended. Refused where there is nothing to stop any more.
   */
  async cancel(destination: number | null): Promise<Outcome<null>> {
    if (!this.runs) return { ok: false, errors: [nothingRuns()] };
    if (destination === null) this.#happened({ event: 'cancelling' });
    return this.#ask('cancel', { destination });
  }

  /** Pauses or continues the job (null) or one destination. The next sample shows it. */
  pause(destination: number | null, paused: boolean): Promise<Outcome<null>> {
    return this.#control('pause', { destination, paused });
  }

  /** Limits the job (null) or one destination to so many bytes a second; null for no limit. */
  async throttle(destination: number | null, bytesPerSecond: number | null): Promise<Outcome<null>> {
    const done = await this.#control('throttle', { destination, bytesPerSecond });
    if (done.ok) this.#happened({ event: 'limited', destination, bytesPerSecond });
    return done;
  }

  /** Starts a failed or cancelled destination again. Its errors so far belong to the attempt that is over. */
  async retry(destination: number): Promise<Outcome<null>> {
    const over = new Set(this.#view.errors.filter((error) => error.destination === destination));
    const done = await this.#control('retry', { destination });
    if (done.ok) this.#happened({ event: 'retried', destination, over });
    return done;
  }

  #control<M extends 'pause' | 'throttle' | 'retry'>(
    method: M,
    params: HostCalls[M]['params'],
  ): Promise<Outcome<null>> {
    return this.runs ? this.#ask(method, params) : Promise.resolve({ ok: false, errors: [nothingRuns()] });
  }

  /** One call to the host, its refusal as a value. */
  async #ask<M extends HostMethod>(method: M, params: HostCalls[M]['params']): Promise<Outcome<null>> {
    try {
      await this.#engine.call(method, params);
      return { ok: true, value: null };
    } catch (error) {
      if (error instanceof Refusal) return { ok: false, errors: [...error.errors] };
      throw error;
    }
  }

  #happened(event: JobEvent): void {
    if (this.#over) return;
    const view = reduce(this.#view, event);
    this.#view = view;
    if (view.phase === 'ended') this.#end();
    this.#show(event, view);
    this.#witness.happened(event, view);
    if (view.phase === 'ended') this.#keep(this.#witness.keep(view));
  }

  #end(): void {
    this.#over = true;
    this.#stopListening();
  }
}

/** The host is gone, as far as an error tells. */
export const isHostFailure = ({ code }: PlatterError): boolean => code === 'HOST_FAILED';

/** Why a job failed whose host has ended in an orderly way, which only its client may ask for. */
export const hostEnded = (): PlatterError =>
  failure({ code: 'HOST_FAILED', op: 'host', reason: { kind: 'hostEnded' } });

/** Why what was asked of a running job is refused. */
export const nothingRuns = (): PlatterError =>
  failure({ code: 'BAD_ARGUMENT', op: 'check', reason: { kind: 'nothingRuns' } });
