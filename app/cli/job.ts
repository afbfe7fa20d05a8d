// Runs the commands that make a job. Chooses how to ask for consent, report progress and take control requests. Stores
// the record, and removes a download that is no longer needed.
import type { Outcome } from '../contract/errors.ts';
import type { Plan } from '../contract/jobs.ts';
import { originOf, sourceOf } from '../contract/request-facts.ts';
import type { JobRequest } from '../contract/request.ts';
import type { JobView } from '../contract/window.ts';
import type { JobRecorder } from '../client/job-session.ts';
import { Answers } from '../base/slow-answers.ts';
import { Refusal } from '../base/errors.ts';
import { stateDir } from '../base/state-folder.ts';
import { History } from '../records/history.ts';
import { logEvent, logStart } from '../records/log.ts';
import { recordOf } from '../records/record.ts';
import type { Engine } from '../client/client.ts';
import type { Fetched } from '../download/download.ts';
import { removeUnneeded } from '../download/remove-download.ts';
import { continuable } from '../view/continuable.ts';
import type { Actions, Asked } from './commands.ts';
import { withListOf } from './checksum-list.ts';
import { askConsent, lossLines } from './confirm.ts';
import { byLines, isControllable, type Control } from './control.ts';
import { downloadSource, DownloadStopped, isElsewhere, readsInput } from './download.ts';
import { onlyJob } from './interrupted.ts';
import { jsonDownload, liveDownload, logDownload, type DownloadReporter } from './output/download-lines.ts';
import { EXIT } from './output/exit-code.ts';
import { jsonReporter } from './output/json-reporter.ts';
import { byKeys, inForeground } from './keys.ts';
import type { Selection } from './output/live-reporter.ts';
import { logReporter } from './output/log-reporter.ts';
import type { Reporter } from './output/reporter.ts';
import { withAbsolutePaths } from './output/typed-paths.ts';
import { runJob } from './run-job.ts';
import { inhibitSleep } from './keep-awake.ts';
import { forTerminal, log, printNotice, paint, stillWaiting, echoLog, terminal } from './output/speech.ts';
import { waitsOn } from './output/waits.ts';
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
    printNotice(
      `this job is not in the history: ${error.errors.map(({ message, advice }) => `${message} ${advice}`).join(' ')}`,
    );
    return { ok: false, errors: [...error.errors] };
  }
}

/** Writes the log and the history of a job. Calls `ended` at its end. */
const recorder = (ended: (view: JobView) => void): JobRecorder => ({
  started: (view) => logStart(log, view),
  onEvent: (event, view) => logEvent(log, event, view),
  keep: (view) => {
    ended(view);
    return keep(view);
  },
});

/** `platter copy`, `verify`, `repair` and `resume`. */
export const job: Actions['job'] = async (request, run) => {
  const { yes, json, verbose, logLevel } = run;
  if (logLevel !== null) log.keepFrom(logLevel);
  if (verbose) echoLog();
  const stop = new Stop();
  stdout.on('error', (error: NodeJS.ErrnoException) => {
    // The reader of stdout is gone. Stop as any program in a pipe does, but leave the devices in order.
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
  const brought: JobDownload = { source: null, ended: null };
  const context = {
    reporter,
    stop,
    ask: atTerminal ? ask : null,
    control: readsInput(request) ? null : controlBy(json, selection),
    printNotice,
    waits: waitsOn(stderr, stderr.isTTY && terminal.moves),
    recorder: recorder((view) => {
      brought.ended = view;
      brought.source ??= sourceIn(view);
    }),
    inhibitSleep: () => inhibitSleep(log),
  };
  try {
    const { signal } = stop;
    const perform = async (asked: Asked, engine: Engine): Promise<number> => {
      if (!isElsewhere(asked)) return await runJob(await known(asked, engine), yes, { ...context, engine });
      const bringing = { consented: yes, canAsk: atTerminal, engine, signal, reporter: downloadBy(json, verbose) };
      const work = await downloadSource(asked, run, bringing);
      brought.source = { path: sourceOf(work)!, origin: originOf(work)! };
      return await runJob(withAbsolutePaths(work, process.cwd()), yes, { ...context, engine });
    };
    const listDownload = { downloads: run, patience: request.stallTimeout, signal };
    return await withEngine(reporter.refused, (engine) =>
      withListOf(request, listDownload, (asked) => perform(asked, engine)),
    );
  } catch (error) {
    if (!(error instanceof DownloadStopped)) throw error;
    printNotice(error.message);
    return EXIT.cancelled;
  } finally {
    stop.close();
    await removeDownload(brought);
  }
};

/** The request with absolute paths. A `resume` without an id gets that of the only interrupted job. */
const known = async (request: Asked, engine: Engine): Promise<JobRequest> =>
  withAbsolutePaths(
    request.kind === 'resume' ? { ...request, job: request.job ?? (await onlyJob(engine)) } : request,
    process.cwd(),
  );

/** The job's download, now or by an earlier run, and the end of the job; null for none. */
interface JobDownload {
  source: Pick<Fetched, 'path' | 'origin'> | null;
  ended: JobView | null;
}

const sourceIn = ({ plan: { source, origin } }: JobView): JobDownload['source'] =>
  source === null || origin === null ? null : { path: source.realPath, origin };

/** Removes a download that is no longer needed. Tells the user about one that stays. */
async function removeDownload({ source, ended }: JobDownload): Promise<void> {
  if (source === null) return;
  const left = await removeUnneeded(source, ended, ended !== null && continuable(ended) !== null);
  if (left !== null) printNotice(`what was downloaded stays in ${left}`);
}

/** Chooses how to report a download. */
const downloadBy =
  (json: boolean, verbose: boolean) =>
  (origin: string): DownloadReporter => {
    if (json) return jsonDownload(stdout, origin);
    return !stdout.isTTY || !terminal.moves || verbose
      ? logDownload(stdout, stderr, origin)
      : liveDownload(stdout, stderr, origin, terminal.utf8);
  };

/** Chooses how the user controls the job: by keys on a terminal, or by lines from a program. */
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
