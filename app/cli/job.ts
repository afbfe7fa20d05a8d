// A job on the command line: who is asked for consent, how it is reported, how it can be stopped, and that its record
// is kept.
import type { Outcome } from '../contract/errors.ts';
import type { Plan } from '../contract/jobs.ts';
import type { JobView } from '../contract/window.ts';
import type { Witness } from '../client/job-session.ts';
import { Answers } from '../base/answers.ts';
import { Refusal } from '../base/errors.ts';
import { stateDir } from '../base/state-folder.ts';
import { History } from '../records/history.ts';
import { logEvent, logStart } from '../records/log.ts';
import { recordOf } from '../records/record.ts';
import type { Actions } from './commands.ts';
import { askConsent, lossLines } from './confirm.ts';
import { byLines, isControllable, type Control } from './control.ts';
import { onlyJob } from './interrupted.ts';
import { jsonReporter } from './output/json-reporter.ts';
import { byKeys, inForeground } from './keys.ts';
import type { Selection } from './output/live-reporter.ts';
import { logReporter } from './output/log-reporter.ts';
import type { Reporter } from './output/reporter.ts';
import { withAbsolutePaths } from './output/spelling.ts';
import { runJob } from './run-job.ts';
import { holdOffSleep } from './sleep.ts';
import { forTerminal, log, mention, paint, stillWaiting, tellLog, terminal } from './output/speech.ts';
import { Stop } from './stop.ts';
import { withEngine } from './with-engine.ts';

const { stdin, stdout, stderr } = process;

/**
 * Keeps the record of an ended job. A state folder that fails or does not answer does not change the result of the job.
 */
async function keep(view: JobView): Promise<Outcome<string>> {
  const answers = new Answers(view.plan.request.stallTimeout, stillWaiting);
  const record = recordOf(view, Date.now());
  try {
    await answers.of(stateDir(), new History().add(record));
    return { ok: true, value: record.id };
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    mention(
      `this job is not in the history: ${error.errors.map(({ message, advice }) => `${message} ${advice}`).join(' ')}`,
    );
    return { ok: false, errors: [...error.errors] };
  }
}

/** Writes a job's log and history, beside what is printed. */
const witness: Witness = {
  started: (view) => logStart(log, view),
  happened: (event, view) => logEvent(log, event, view),
  keep,
};

/** `platter copy`, `verify`, `repair` and `resume`. */
export const job: Actions['job'] = async (request, { yes, json, verbose, logLevel }) => {
  if (logLevel !== null) log.keepFrom(logLevel);
  if (verbose) tellLog();
  const stop = new Stop();
  stdout.on('error', (error: NodeJS.ErrnoException) => {
    // The reader of stdout is gone: stop as any program in a pipe does, but leave the devices in order.
    if (error.code === 'EPIPE') stop.request();
  });
  const ask = (plan: Plan, signal: AbortSignal): Promise<boolean> => {
    stdout.write(`${forTerminal(lossLines(plan, paint).join('\n'))}\n`);
    return askConsent(stdin, stdout, signal).finally(() => stdout.write('\n'));
  };
  const atTerminal = stdin.isTTY && stdout.isTTY && !json;
  const selection: Selection | null =
    atTerminal && terminal.moves && !verbose && inForeground() ? { index: null } : null;
  const reporter = await reporterFor(json, selection, verbose);
  const around = {
    reporter,
    stop,
    ask: atTerminal ? ask : null,
    control: controlBy(json, selection),
    mention,
    witness,
    holdOffSleep: () => holdOffSleep(log),
  };
  try {
    return await withEngine(reporter.refused, async (engine) => {
      const known = request.kind === 'resume' ? { ...request, job: request.job ?? (await onlyJob(engine)) } : request;
      return runJob(withAbsolutePaths(known, process.cwd()), yes, { ...around, engine });
    });
  } finally {
    stop.close();
  }
};

/** How the user controls a running job: by keys on a terminal, by lines from a program. */
function controlBy(json: boolean, selection: Selection | null): Control | null {
  if (selection !== null) return byKeys(stdin, selection);
  return json && isControllable(0) ? byLines(stdin) : null;
}

/** Chooses how to report progress. */
async function reporterFor(json: boolean, selection: Selection | null, verbose: boolean): Promise<Reporter> {
  if (json) return jsonReporter(stdout);
  // Verbose log lines would break up a view that is redrawn in place.
  if (!stdout.isTTY || !terminal.moves || verbose) return logReporter(stdout, stderr);
  const { liveReporter } = await import('./output/live-reporter.ts');
  return liveReporter({ stdout, stderr, paint, unicode: terminal.utf8, selection });
}
