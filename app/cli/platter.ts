// The command line: out/cli/platter.js.
import { styleText } from 'node:util';
import { CommanderError } from 'commander';
import type { CopyRequest, Plan, PlatterError } from '../contract.ts';
import { Refusal, startEngine } from '../engine/client.ts';
import { failure } from '../engine/errors.ts';
import { commands } from './commands.ts';
import { askConsent, lossLines } from './confirm.ts';
import { diskTable } from './disk-table.ts';
import { EXIT } from './exit-code.ts';
import { jsonReporter } from './json-reporter.ts';
import { liveReporter } from './live-reporter.ts';
import { logReporter } from './log-reporter.ts';
import type { Reporter } from './reporter.ts';
import { runJob } from './run-job.ts';
import { Stop } from './stop.ts';
import type { Paint, Style } from './text.ts';

const { stdin, stdout, stderr } = process;

const FORMATS = { good: 'green', bad: 'red', busy: 'cyan', faint: 'gray', strong: 'bold' } as const satisfies Record<Style, string>;

/** Colours on stdout; none where it is no terminal or NO_COLOR is set. */
const paint: Paint = (style, text) => styleText(FORMATS[style], text, { stream: stdout });

/** How to tell of what happens. The kernel's own console has no glyphs beyond ASCII to rely on. */
function reporterFor(json: boolean): Reporter {
  if (json) return jsonReporter(stdout);
  const unicode = process.env.TERM !== 'linux' && process.env.TERM !== 'dumb';
  return stdout.isTTY ? liveReporter({ stdout, stderr, paint, unicode }) : logReporter(stdout, stderr);
}

async function list({ all, json }: { all: boolean; json: boolean }): Promise<number> {
  const engine = startEngine();
  try {
    const disks = await engine.call('list', { all });
    const table = (): string => diskTable(disks, stdout.isTTY ? stdout.columns - 1 : Infinity, paint).join('\n');
    stdout.write(`${json ? JSON.stringify(disks, null, 2) : table()}\n`);
    return EXIT.allGood;
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    reporterFor(json).refused(error.errors);
    return EXIT.refused;
  } finally {
    await engine.close();
  }
}

async function job(request: CopyRequest, { yes, json }: { yes: boolean; json: boolean }): Promise<number> {
  const stop = new Stop();
  stdout.on('error', (error: NodeJS.ErrnoException) => {
    // Nobody reads any more: stop, as any program in a pipe does, but leave the devices in order.
    if (error.code === 'EPIPE') stop.request();
  });
  const engine = startEngine();
  const ask = (plan: Plan, signal: AbortSignal): Promise<boolean> => {
    stdout.write(`${lossLines(plan, paint).join('\n')}\n`);
    return askConsent(stdin, stdout, signal).finally(() => stdout.write('\n'));
  };
  const canAsk = stdin.isTTY && stdout.isTTY && !json;
  try {
    return await runJob(request, yes, { engine, reporter: reporterFor(json), stop, directory: process.cwd(), ask: canAsk ? ask : null });
  } finally {
    await engine.close();
    stop.close();
  }
}

/** What the parser has not accepted; it has said so on stderr, a program reads it on stdout. */
function misused(error: CommanderError): number {
  if (error.exitCode === 0) return EXIT.allGood; // --help, --version
  const reason: PlatterError = failure({ code: 'BAD_ARGUMENT', op: 'check', message: error.message.replace(/^error: /u, '') });
  if (process.argv.includes('--json')) jsonReporter(stdout).refused([reason]);
  return EXIT.refused;
}

async function main(): Promise<void> {
  stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') stderr.write(`platter: cannot write to stdout: ${error.message}\n`);
  });
  stderr.on('error', () => undefined); // where errors go is gone: there is nowhere left to say so
  const exit = (code: number): void => { process.exitCode = code; };
  try {
    await commands({ list, job }, exit).parseAsync();
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    exit(misused(error));
  }
}

await main().catch((error: unknown) => {
  // A bug of ours. What was written cannot be vouched for.
  stderr.write(`platter: ${error instanceof Error ? error.stack ?? error.message : String(error)}\n`);
  process.exitCode = EXIT.noneGood;
});
