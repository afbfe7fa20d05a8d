// A job from its request to its end: prepare, ask, start, tell, obey, and the exit code.
import type { PlatterError } from '../contract/errors.ts';
import type { CopyRequest, Plan } from '../contract/jobs.ts';
import type { JobView } from '../contract/window.ts';
import { brokeDown } from '../view/broken-job.ts';
import type { Engine } from '../client/client.ts';
import { failure, Refusal } from '../base/errors.ts';
import { jobStarted, reduce, type JobEvent } from '../view/reduce.ts';
import { logEvent, logStart, type Logger } from '../records/log.ts';
import { CONSENT, overwritten } from './confirm.ts';
import type { Control, Wish } from './control.ts';
import { EXIT, exitCode } from './exit-code.ts';
import type { Reporter } from './output/reporter.ts';
import { Spelling } from './spelling.ts';
import type { Stop } from './stop.ts';

/** What a job needs of the world around it. */
export interface Surroundings {
  engine: Engine;
  reporter: Reporter;
  stop: Stop;
  /** What relative paths are relative to. */
  directory: string;
  /** Asks whether the destinations of a plan may be overwritten; null when there is nobody to ask. */
  ask: ((plan: Plan, signal: AbortSignal) => Promise<boolean>) | null;
  /** How the user of the running job can be heard; null when they cannot. */
  control: Control | null;
  /** Tells a sentence while the request is checked. */
  mention: (sentence: string) => void;
  /** Keeps a job that has ended, with absolute paths. */
  keep: (view: JobView) => Promise<void>;
  /** Keeps the computer from going to sleep until the function that it gives is called. */
  holdOffSleep: (log: Logger) => () => void;
  log: Logger;
}

/**
 * Runs `request` to its end and resolves to the exit code. `consented` says that the user has already agreed to
 * overwrite. The engine is the caller's to close. Throws a Refusal when nothing was done, with the paths as they were typed.
 */
export async function runJob(request: CopyRequest, consented: boolean, around: Surroundings): Promise<number> {
  const spelling = new Spelling(around.directory);
  try {
    around.engine.onWaiting((path) => around.mention(`still waiting for ${spelling.path(path)}`));
    const checked = await unlessStopped(around.engine.call('prepare', spelling.request(request)), around);
    const plan = spelling.plan(checked);
    around.reporter.planned(plan);
    if (!consented) await askFor(plan, around);
    const letSleep = around.holdOffSleep(around.log);
    try {
      return await new RunningJob(checked, spelling, around).end();
    } finally {
      letSleep();
    }
  } catch (error) {
    if (error instanceof Stopped) {
      around.mention('stopped before anything was written');
      return EXIT.cancelled;
    }
    if (!(error instanceof Refusal)) throw error;
    throw new Refusal(error.errors.map((one) => spelling.error(one)));
  }
}

/** The user asked to stop before anything was started. */
class Stopped extends Error {}

/** `promise`, or Stopped as soon as the user asks to stop. */
function unlessStopped<T>(promise: Promise<T>, { stop: { signal } }: Surroundings): Promise<T> {
  return new Promise((resolve, reject) => {
    whenAborted(signal, () => reject(new Stopped()));
    promise.then(resolve, reject);
  });
}

/** Returns when the user agrees to lose what is on the destinations; throws Refusal when not. */
async function askFor(plan: Plan, around: Surroundings): Promise<void> {
  const lost = overwritten(plan);
  if (lost.length === 0) return;
  const { ask, engine, stop } = around;
  // The devices are held while the question is open: what the user reads is what will be written.
  const answer =
    ask === null ? false : await unlessStopped(Promise.race([ask(plan, stop.signal), goneOf(engine)]), around);
  if (!answer) throw new Refusal(ask === null ? lost.map(({ path }) => nobodyAsked(path)) : [declined()]);
}

/** A job that is started, told of and controlled until it has ended. */
class RunningJob {
  readonly #spelling: Spelling;
  readonly #around: Surroundings;
  readonly #ended: Promise<number>;
  #resolve: (code: number) => void = () => undefined;
  #reject: (bug: unknown) => void = () => undefined;
  /** With the paths as they were typed. */
  #view: JobView;
  /** With the engine's. */
  #absolute: JobView;
  #stopped = false;

  constructor(plan: Plan, spelling: Spelling, around: Surroundings) {
    const now = Date.now();
    this.#view = jobStarted(spelling.plan(plan), now);
    this.#absolute = jobStarted(plan, now);
    this.#spelling = spelling;
    this.#around = around;
    this.#ended = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  /** Starts it. Resolves to the exit code when it has ended; throws a Refusal when the host did not start it. */
  async end(): Promise<number> {
    const { engine, reporter, stop, control } = this.#around;
    // Listening before the start: the first events can arrive ahead of its answer.
    engine.onEvent((event) => this.#happened(event));
    reporter.started(this.#view);
    logStart(this.#around.log, this.#absolute);
    await this.#start();
    void engine.closed.then((reason) => this.#happened({ event: 'failure', failure: reason ?? endedEarly() }));
    whenAborted(stop.signal, () => this.#inBackground(this.#cancel()));
    const release = control?.({
      view: () => this.#view,
      perform: (wish) => this.#inBackground(this.#perform(wish)),
      reject: (error) => reporter.denied([error], this.#view),
      redraw: () => reporter.redraw(this.#view),
    });
    try {
      return await this.#ended;
    } finally {
      release?.();
    }
  }

  async #start(): Promise<void> {
    try {
      await this.#around.engine.call('start', {});
    } catch (error) {
      // A host that is gone may have begun to write before: only its own refusal says that it has not.
      if (!isHostFailure(error)) throw error;
    }
  }

  #happened(event: JobEvent): void {
    if (this.#view.phase === 'ended') return;
    const typed = this.#spelling.event(event);
    this.#view = after(this.#view, typed);
    this.#absolute = after(this.#absolute, event);
    this.#around.reporter.happened(typed, this.#view);
    logEvent(this.#around.log, event, this.#absolute);
    const { result } = this.#view;
    if (result !== null)
      this.#inBackground(
        this.#around.keep(this.#absolute).then(() => this.#resolve(exitCode(result, this.#view.plan, this.#stopped))),
      );
  }

  async #cancel(): Promise<void> {
    if (this.#view.phase === 'ended') return;
    const { engine, reporter, stop } = this.#around;
    this.#stopped = true;
    this.#happened({ event: 'cancelling' });
    stop.onRepeat = () => this.#view.phase === 'cancelling' && reporter.alreadyStopping(this.#view);
    try {
      await engine.call('cancel', {});
    } catch (error) {
      // Refused only when the host is gone, which `closed` tells of.
      if (!(error instanceof Refusal)) throw error;
    }
  }

  /** Does what the user wishes; says so where that cannot be. */
  async #perform(wish: Wish): Promise<void> {
    const { engine, reporter, stop } = this.#around;
    if (this.#view.phase !== 'running') return;
    try {
      switch (wish.call) {
        case 'cancel':
          if (wish.destination === null) stop.request();
          else await engine.call('cancel', { destination: wish.destination });
          break;
        case 'pause':
          await engine.call('pause', { destination: wish.destination, paused: wish.paused });
          break;
        case 'throttle':
          await engine.call('throttle', { destination: wish.destination, bytesPerSecond: wish.bytesPerSecond });
          break;
        case 'retry':
          await engine.call('retry', { destination: wish.destination });
          break;
      }
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      // A wish that came too late is none any more, and `closed` tells of a host that is gone.
      if (this.#stillRuns() && !isHostFailure(error))
        reporter.denied(
          error.errors.map((one) => this.#spelling.error(one)),
          this.#view,
        );
    }
  }

  #stillRuns(): boolean {
    return this.#view.phase !== 'ended';
  }

  /** What goes wrong in `work` beyond a refusal is a bug, and ends everything. */
  #inBackground(work: Promise<void>): void {
    work.catch(this.#reject);
  }
}

const after = (view: JobView, event: JobEvent): JobView =>
  event.event === 'failure' ? brokeDown(view, event.failure) : reduce(view, event);

const isHostFailure = (error: unknown): boolean =>
  error instanceof Refusal && error.errors.some(({ code }) => code === 'HOST_FAILED');

/** Rejects with the reason when the engine is gone; never resolves. */
function goneOf(engine: Engine): Promise<never> {
  return engine.closed.then((reason) => {
    throw new Refusal([reason ?? endedEarly()]);
  });
}

const endedEarly = (): PlatterError => failure({ code: 'HOST_FAILED', op: 'host', reason: { kind: 'hostEnded' } });

const nobodyAsked = (path: string): PlatterError =>
  failure({
    code: 'CONFIRM',
    op: 'check',
    device: path,
    reason: { kind: 'said', text: 'It would be overwritten, and there is no terminal to ask on.' },
  });

const declined = (): PlatterError =>
  failure({
    code: 'CONFIRM',
    op: 'check',
    reason: { kind: 'said', text: `The answer was not "${CONSENT}".` },
    remedy: { kind: 'said', text: 'Nothing was written.' },
  });

/** Calls `listener` once, when `signal` is aborted or because it already is. */
function whenAborted(signal: AbortSignal, listener: () => void): void {
  if (signal.aborted) listener();
  else signal.addEventListener('abort', listener, { once: true });
}
