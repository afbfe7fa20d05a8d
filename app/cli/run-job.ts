// `platter copy` and `platter verify`: prepare, ask, start, tell, and the exit code.
import type { CopyRequest, Plan, PlatterError } from '../contract.ts';
import { type Engine, Refusal } from '../engine/client.ts';
import { failure } from '../engine/errors.ts';
import { jobStarted, reduce, type JobEvent } from '../engine/reduce.ts';
import { brokeDown } from './broken-job.ts';
import { CONSENT, overwritten } from './confirm.ts';
import { EXIT, exitCode } from './exit-code.ts';
import type { Reporter } from './reporter.ts';
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
}

/**
 * Runs `request` to its end and resolves to the exit code. `consented` says that the user has already agreed to
 * overwrite. The engine is the caller's to close.
 */
export async function runJob(request: CopyRequest, consented: boolean, around: Surroundings): Promise<number> {
  const spelling = new Spelling(around.directory);
  try {
    const plan = spelling.plan(await unlessStopped(around.engine.call('prepare', spelling.request(request)), around));
    around.reporter.planned(plan);
    if (!consented) await askFor(plan, around);
    return await carryOut(plan, spelling, around);
  } catch (error) {
    if (error instanceof Stopped) return EXIT.cancelled;
    if (!(error instanceof Refusal)) throw error;
    around.reporter.refused(error.errors.map((one) => spelling.error(one)));
    return EXIT.refused;
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
  const answer = ask === null ? false : await unlessStopped(Promise.race([ask(plan, stop.signal), goneOf(engine)]), around);
  if (!answer) throw new Refusal(ask === null ? lost.map(({ path }) => nobodyAsked(path)) : [declined()]);
}

/** Starts the job and tells of it until it has ended. */
function carryOut(plan: Plan, spelling: Spelling, { engine, reporter, stop }: Surroundings): Promise<number> {
  return new Promise((resolve, reject) => {
    let view = jobStarted(plan, Date.now());
    const happened = (event: JobEvent): void => {
      if (view.phase === 'ended') return;
      view = event.event === 'failure' ? brokeDown(view, event.failure) : reduce(view, event);
      reporter.happened(event, view);
      if (view.result !== null) resolve(exitCode(view.result));
    };
    const cancel = async (): Promise<void> => {
      if (view.phase === 'ended') return;
      happened({ event: 'cancelling' });
      stop.onRepeat = () => view.phase === 'cancelling' && reporter.alreadyStopping(view);
      try {
        await engine.call('cancel', {});
      } catch (error) {
        // Refused only when the host is gone, which `closed` tells of.
        if (!(error instanceof Refusal)) throw error;
      }
    };
    // Listening before the start: the first events can arrive ahead of its answer.
    engine.onEvent((event) => happened(spelling.event(event)));
    reporter.started(view);
    const start = async (): Promise<void> => {
      try {
        await engine.call('start', {});
      } catch (error) {
        // A host that is gone may have begun to write before: only its own refusal says that it has not.
        if (!isHostFailure(error)) throw error;
      }
      void engine.closed.then((reason) => happened({ event: 'failure', failure: reason ?? endedEarly() }));
      whenAborted(stop.signal, () => void cancel().catch(reject));
    };
    start().catch(reject);
  });
}

const isHostFailure = (error: unknown): boolean =>
  error instanceof Refusal && error.errors.some(({ code }) => code === 'HOST_FAILED');

/** Rejects with the reason when the engine is gone; never resolves. */
function goneOf(engine: Engine): Promise<never> {
  return engine.closed.then((reason) => { throw new Refusal([reason ?? endedEarly()]); });
}

const endedEarly = (): PlatterError => failure({ code: 'HOST_FAILED', op: 'host', message: 'The engine ended before the job did.' });

const nobodyAsked = (path: string): PlatterError => failure({
  code: 'CONFIRM', op: 'check', device: path, message: 'It would be overwritten, and there is no terminal to ask on.',
});

const declined = (): PlatterError => failure({
  code: 'CONFIRM', op: 'check', message: `The answer was not "${CONSENT}".`, advice: 'Nothing was written.',
});

/** Calls `listener` once, when `signal` is aborted or because it already is. */
function whenAborted(signal: AbortSignal, listener: () => void): void {
  if (signal.aborted) listener();
  else signal.addEventListener('abort', listener, { once: true });
}
