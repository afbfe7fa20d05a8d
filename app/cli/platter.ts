// The command line: out/cli/platter.js.
import '../engine/no-inspector.ts';
import { closeSync } from 'node:fs';
import { resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { styleText } from 'node:util';
import { CommanderError } from 'commander';
import type { PlatterError } from '../contract/errors.ts';
import type { CopyRequest, Plan } from '../contract/jobs.ts';
import { REPORT_FORMS } from '../contract/records.ts';
import type { JobView } from '../contract/window.ts';
import { controlSocket, type Engine, Refusal, startEngine } from '../engine/client.ts';
import { failure, refuse } from '../engine/errors.ts';
import { outliveHangUp } from '../engine/hang-up.ts';
import { exportManifest } from '../engine/made-manifests.ts';
import { againstName } from '../engine/places.ts';
import { stateDir } from '../engine/state-folder.ts';
import { isStuck, waitsOf, type Waits } from '../engine/stuck.ts';
import { recordsCsv } from '../records/csv.ts';
import { History } from '../records/history.ts';
import { Log } from '../records/log.ts';
import { recordOf, recordToKeep } from '../records/record.ts';
import { saveReport } from '../records/report.ts';
import { search } from '../records/search.ts';
import { commands, type Actions } from './commands.ts';
import { askConsent, lossLines } from './confirm.ts';
import { byLines, isControllable, type Control } from './control.ts';
import { diskTable } from './disk-table.ts';
import { EXIT } from './exit-code.ts';
import { historyLines } from './history-lines.ts';
import { jobLines, onlyJob } from './interrupted.ts';
import { diskFacts } from './json.ts';
import { jsonReporter } from './json-reporter.ts';
import { byKeys, inForeground, type Selection } from './keys.ts';
import { liveReporter } from './live-reporter.ts';
import { logReporter } from './log-reporter.ts';
import { terminalOf, watchOutput, written } from './output.ts';
import type { Reporter } from './reporter.ts';
import { withRights } from './rights.ts';
import { runJob } from './run-job.ts';
import { holdOffSleep } from './sleep.ts';
import { Stop } from './stop.ts';
import { inAscii, printable, printableJson, printableLines, type Paint, type Style } from './text.ts';

const { stdin, stdout, stderr } = process;

const FORMATS = { good: 'green', bad: 'red', busy: 'cyan', faint: 'gray', strong: 'bold' } as const satisfies Record<Style, string>;

/** Milliseconds between two looks at an engine that has not ended yet. */
const LOOK = 2000;

/** Whether what goes into the log is told on stderr too. */
const told = { log: false };
const log = new Log({ echo: (line) => told.log && stderr.write(`${line}\n`) });

function tellLog(): void {
  told.log = true;
  mention(`the log is ${log.path}`);
}

/** Colours on stdout; none where it is no terminal or NO_COLOR is set. */
const paint: Paint = (style, text) => styleText(FORMATS[style], text, { stream: stdout });

const terminal = terminalOf(process.env);

/** `text` as stdout can show it. A file or a pipe gets UTF-8. */
const forTerminal = (text: string): string => (stdout.isTTY && !terminal.utf8 ? inAscii(text) : text);

/** Tells a sentence of ours on stderr. */
const mention = (sentence: string): void => void stderr.write(`platter: ${printable(sentence)}\n`);

/** How to tell of what happens. */
function reporterFor(json: boolean, selection: Selection | null = null, verbose = false): Reporter {
  if (json) return jsonReporter(stdout);
  // What the log says would go through a view that is drawn again and again.
  return stdout.isTTY && terminal.moves && !verbose ? liveReporter({ stdout, stderr, paint, unicode: terminal.utf8, selection }) : logReporter(stdout, stderr);
}

/** Runs `act`; what is refused is told by `reporter`. Resolves to the exit code. */
async function asking(reporter: Reporter, act: () => Promise<number>): Promise<number> {
  try {
    return await act();
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    reporter.refused(error.errors);
    return EXIT.refused;
  }
}

/** The same with an engine. */
async function withEngine(reporter: Reporter, act: (engine: Engine) => Promise<number>): Promise<number> {
  const rights = { control: controlSocket(), sudo: stdin.isTTY && stderr.isTTY };
  const started = startEngine({ rights, heard: (text) => log.warn(`engine: ${text.trimEnd()}`) });
  // The host has it now. This process can be traced by the user's others, and needs it no more.
  if (rights.control !== null) closeSync(rights.control);
  let stalled = false;
  started.onEvent((event) => {
    const errors = event.event === 'error' ? [event.error] : event.event === 'result' ? [...event.result.errors, ...event.result.destinations.flatMap((one) => one.errors)] : [];
    stalled ||= errors.some(({ code }) => code === 'STALLED');
  });
  const engine = withRights(started, mention);
  try {
    return await asking(reporter, () => act(engine).catch((error: unknown) => {
      stalled ||= error instanceof Refusal && error.errors.some(({ code }) => code === 'STALLED');
      throw error;
    }));
  } finally {
    await letGo(engine, stalled);
  }
}

/** The engine could not be waited for: it holds this process until the kernel lets it end. */
const left = { behind: false };

/**
 * Ends the engine and waits for that, but not where it waits for a device that does not answer: `stalled` says that the job has
 * given one up; where it has not, the kernel is asked.
 */
async function letGo(engine: Engine, stalled: boolean): Promise<void> {
  const closed = engine.close();
  let waits: Waits = new Map();
  for (;;) {
    const ended = await Promise.race([closed, sleep(LOOK, 'late', { ref: false })]);
    if (ended !== 'late') return;
    const now: Waits = engine.pid === null ? new Map() : waitsOf(engine.pid);
    if (stalled || isStuck(waits, now)) break;
    waits = now;
  }
  left.behind = true;
  stderr.write('platter: a device still does not answer. The engine that waits for it stays behind, and ends when the device answers or is unplugged.\n');
}

/** Prints what a command is for. Resolves to its exit code; `watchOutput` changes that code when the write fails. */
async function tell(text: string): Promise<number> {
  await written(stdout, text);
  return EXIT.allGood;
}

const list: Actions['list'] = ({ all, json }) => withEngine(reporterFor(json), async (engine) => {
  const disks = await engine.call('list', { all });
  const table = (): string => diskTable(disks, stdout.isTTY ? stdout.columns - 1 : Infinity, paint).join('\n');
  return tell(`${json ? printableJson(disks.map(diskFacts), 2) : forTerminal(table())}\n`);
});

const jobs: Actions['jobs'] = ({ json }) => withEngine(reporterFor(json), async (engine) => {
  const interrupted = await engine.call('jobs', {});
  return tell(`${json ? printableJson(interrupted, 2) : forTerminal(jobLines(interrupted, paint).join('\n'))}\n`);
});

const forget: Actions['forget'] = (name, { json }) => withEngine(reporterFor(json), async (engine) => {
  await engine.call('forget', { job: name });
  return EXIT.allGood;
});

const history: Actions['history'] = (words, { json, csv }) => asking(reporterFor(json), async () => {
  const { records, unreadable } = await new History().all();
  const found = search(records, words.join(' '));
  if (csv) return tell(stdout.isTTY ? forTerminal(printableLines(recordsCsv(found), '\r\n')) : recordsCsv(found));
  return tell(`${json ? printableJson(found.map(recordToKeep), 2) : forTerminal(historyLines(found, unreadable, paint).join('\n'))}\n`);
});

const report: Actions['report'] = (id, files) => asking(reporterFor(false), async () => {
  const record = await new History().get(id);
  for (const form of REPORT_FORMS) if (files[form] !== null) await saveReport(resolve(files[form]), form, [record]);
  if (files.manifest !== null) await exportManifest(stateDir(), record.manifest ?? noManifest(), resolve(files.manifest));
  return EXIT.allGood;
});

const noManifest = (): never => refuse({
  code: 'NOTHING_TO_DO', op: 'check', reason: { kind: 'said', text: 'This job has made no manifest: it did not read all of its source.' }, remedy: { kind: 'remakeManifest' },
});

/** Keeps a job that has ended. That there is no place for it takes nothing from what was done. */
async function keep(view: JobView): Promise<void> {
  try {
    await new History().add(recordOf(view, Date.now()));
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    mention(`this job is not in the history: ${error.errors.map(({ message, advice }) => `${message} ${advice}`).join(' ')}`);
  }
}

async function job(request: CopyRequest, { yes, json, verbose }: { yes: boolean; json: boolean; verbose: boolean }): Promise<number> {
  if (verbose) tellLog();
  const stop = new Stop();
  stdout.on('error', (error: NodeJS.ErrnoException) => {
    // Nobody reads any more: stop, as any program in a pipe does, but leave the devices in order.
    if (error.code === 'EPIPE') stop.request();
  });
  const ask = (plan: Plan, signal: AbortSignal): Promise<boolean> => {
    stdout.write(`${forTerminal(lossLines(plan, paint).join('\n'))}\n`);
    return askConsent(stdin, stdout, signal).finally(() => stdout.write('\n'));
  };
  const atTerminal = stdin.isTTY && stdout.isTTY && !json;
  const selection: Selection | null = atTerminal && terminal.moves && !verbose && inForeground() ? { index: null } : null;
  const reporter = reporterFor(json, selection, verbose);
  const around = { reporter, stop, directory: process.cwd(), ask: atTerminal ? ask : null, control: controlBy(json, selection), mention, keep, holdOffSleep, log };
  try {
    return await withEngine(reporter, async (engine) => {
      const known = request.kind === 'resume' ? { ...request, job: request.job ?? await onlyJob(engine) } : request;
      return runJob(known, yes, { ...around, engine });
    });
  } finally {
    stop.close();
  }
}

/** How the user of a running job is heard: by keys on a terminal, by lines from a program. */
function controlBy(json: boolean, selection: Selection | null): Control | null {
  if (selection !== null) return byKeys(stdin, selection);
  return json && isControllable(0) ? byLines(stdin) : null;
}

/** What the parser has not accepted; it has said so on stderr, a program reads it on stdout. */
function misused(error: CommanderError): number {
  if (error.exitCode === 0) return EXIT.allGood; // --help, --version
  const reason: PlatterError = failure({ code: 'BAD_ARGUMENT', op: 'check', reason: { kind: 'said', text: error.message.replace(/^error: /u, '') } });
  if (process.argv.includes('--json')) jsonReporter(stdout).refused([reason]);
  return EXIT.refused;
}

async function main(): Promise<void> {
  watchOutput(stdout, stderr);
  outliveHangUp();
  const exit = (code: number): void => { process.exitCode = code; };
  const misnamed = process.argv.slice(2).flatMap((arg) => againstName(arg, 'check'));
  if (misnamed.length > 0) {
    reporterFor(process.argv.includes('--json')).refused(misnamed);
    exit(EXIT.refused);
    return;
  }
  try {
    await commands({ list, job, jobs, forget, history, report }, exit).parseAsync(process.argv, { from: 'node' }); // Electron as plain Node too: commander would expect an app's arguments
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    exit(misused(error));
  }
}

await main().catch((error: unknown) => {
  // A bug of ours. What was written cannot be vouched for.
  log.error(error instanceof Error ? (error.stack ?? error.message) : String(error));
  stderr.write(printableLines(`platter: ${error instanceof Error ? error.stack ?? error.message : String(error)}\n`));
  process.exitCode = EXIT.noneGood;
});
// What is said is said at once, to a file, a pipe and a terminal alike; the engine alone would keep this process.
if (left.behind) process.exit();
