// Runs a job: prepare, ask, start, report, obey the user, and give the exit code.
import type { Outcome, PlatterError } from '../contract/errors.ts';
import type { Plan } from '../contract/jobs.ts';
import type { JobRequest } from '../contract/request.ts';
import type { Engine } from '../client/client.ts';
import { hostEnded, JobSession, type JobRecorder } from '../client/job-session.ts';
import { english } from '../base/english.ts';
import { failure, isHostFailure, outcome, Refusal } from '../base/errors.ts';
import { CONSENT, overwritten } from './confirm.ts';
import type { Control, ControlCommand } from './control.ts';
import { EXIT, exitCode } from './output/exit-code.ts';
import type { Reporter } from './output/reporter.ts';
import { showAs } from './output/typed-paths.ts';
import type { Waits } from './output/waits.ts';
import { unlessAborted, whenAborted, type Stop } from './stop.ts';

/** Everything that `runJob` needs from its caller. */
export interface JobContext {
  engine: Engine;
  reporter: Reporter;
  stop: Stop;
  /** Asks whether a plan's destinations may be overwritten; null when nobody can be asked. */
  ask: ((plan: Plan, signal: AbortSignal) => Promise<boolean>) | null;
  /** How the user can control the running job; null when they cannot. */
  control: Control | null;
  /** Prints a sentence before the job. */
  printNotice: (sentence: string) => void;
  /** Prints the files that are awaited before the job. */
  waits: Waits;
  /** The log and the history. */
  recorder: JobRecorder;
  /** Keeps the computer from sleeping. Gives a function that ends this. */
  inhibitSleep: () => () => void;
}

/**
 * Runs `request`, whose paths are absolute, and resolves to the exit code. `consented`: the user has already agreed to
 * overwrite. The caller closes the engine. Throws a Refusal when nothing was done.
 */
export async function runJob(request: JobRequest, consented: boolean, context: JobContext): Promise<number> {
  const { engine, reporter, printNotice, waits, inhibitSleep } = context;
  try {
    engine.onWaiting((path, reading) => waits.told(path, reading));
    const plan = await unlessStopped(engine.call('prepare', request), context).finally(waits.over);
    if (plan.source !== null && plan.origin !== null) showAs(plan.source.path, english.origin(plan.origin));
    reporter.planned(plan);
    if (!consented) await askFor(plan, context);
    const allowSleep = inhibitSleep();
    try {
      return await run(plan, context);
    } finally {
      allowSleep();
    }
  } catch (error) {
    if (!(error instanceof Stopped)) throw error;
    printNotice('stopped before anything was written');
    return EXIT.cancelled;
  }
}

/** The user asked to stop before the job was started. */
class Stopped extends Error {}

/** `work`, or Stopped as soon as the user asks to stop. */
const unlessStopped = <T>(work: Promise<T>, { stop }: JobContext): Promise<T> =>
  unlessAborted(work, stop.signal, new Stopped());

/** Returns when the user agrees to lose the data on the destinations; otherwise throws a Refusal. */
async function askFor(plan: Plan, context: JobContext): Promise<void> {
  const lost = overwritten(plan);
  if (lost.length === 0) return;
  const { ask, engine, stop } = context;
  // The devices are held while the question is open, so what the user reads about is what will be written.
  const answer =
    ask === null ? false : await unlessStopped(Promise.race([ask(plan, stop.signal), rejectWhenGone(engine)]), context);
  if (!answer) throw new Refusal(ask === null ? lost.map(({ path }) => nobodyAsked(path)) : [declined()]);
}

/**
 * Starts the prepared job, reports it and obeys the user until it has ended. Throws a Refusal when it was not started.
 */
async function run(plan: Plan, { engine, reporter, stop, control, recorder, waits }: JobContext): Promise<number> {
  const job = new JobSession(engine, plan, recorder, (event, view) => reporter.onEvent(event, view));
  reporter.started(job.view);
  // A source that is judged first can take long.
  const giveUp = (): void => void outcome(() => engine.call('cancel', {}));
  whenAborted(stop.signal, giveUp);
  const started = await job.start().finally(waits.over);
  stop.signal.removeEventListener('abort', giveUp);
  if (!started.ok) throw isCancelled(started.errors) ? new Stopped() : new Refusal(started.errors);

  let stopped = false;
  let release: (() => void) | undefined;
  // A bug in code that runs beside the job ends everything.
  const bug = new Promise<never>((_, reject) => {
    const inBackground = (work: Promise<unknown>): void => void work.catch(reject);
    whenAborted(stop.signal, () => {
      if (!job.runs) return;
      stopped = true;
      inBackground(job.cancel(null));
      stop.onRepeat = () => job.view.phase === 'cancelling' && reporter.alreadyStopping(job.view);
    });
    release = control?.({
      view: () => job.view,
      perform: (command) => inBackground(perform(command, job, stop, reporter)),
      reject: (error) => reporter.commandRefused([error], job.view),
      redraw: () => reporter.redraw(job.view),
    });
  });
  try {
    await Promise.race([job.kept, bug]);
    return job.view.failure === null ? exitCode(job.view.result!, plan, stopped) : EXIT.noneGood;
  } finally {
    release?.();
  }
}

/** Carries out a user's request to the job; reports when that is not possible. */
async function perform(command: ControlCommand, job: JobSession, stop: Stop, reporter: Reporter): Promise<void> {
  if (!job.runs) return;
  if (command.call === 'cancel' && command.destination === null) {
    stop.request();
    return;
  }
  const done = await execute(command, job);
  // Ignore a request that came too late. A lost host is reported as the end of the job.
  if (!done.ok && job.view.phase !== 'ended' && !done.errors.some(isHostFailure))
    reporter.commandRefused(done.errors, job.view);
}

function execute(command: ControlCommand, job: JobSession): Promise<Outcome<null>> {
  switch (command.call) {
    case 'cancel':
      return job.cancel(command.destination);
    case 'pause':
      return job.pause(command.destination, command.paused);
    case 'throttle':
      return job.throttle(command.destination, command.bytesPerSecond);
    case 'retry':
      return job.retry(command.destination);
  }
}

/** Rejects with the reason when the engine is gone; never resolves. */
function rejectWhenGone(engine: Engine): Promise<never> {
  return engine.closed.then((reason) => {
    throw new Refusal([reason ?? hostEnded()]);
  });
}

/** Why nothing is overwritten when nobody can be asked. */
export const nobodyAsked = (path: string): PlatterError =>
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

const isCancelled = (errors: readonly PlatterError[]): boolean => errors.every(({ code }) => code === 'CANCELLED');
