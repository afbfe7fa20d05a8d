// The command line: out/cli/platter.js. Each command's code is loaded on demand, so that short commands start fast.
import '../base/no-inspector.ts';
import { CommanderError } from 'commander';
import { unanswered } from '../base/slow-answers.ts';
import { failure } from '../base/errors.ts';
import { outliveHangUp } from '../base/hang-up.ts';
import { againstName } from '../base/paths.ts';
import { commands } from './commands.ts';
import { EXIT } from './output/exit-code.ts';
import { left } from './engine-left-behind.ts';
import { drain, watchOutput } from './output/streams.ts';
import { log, logWritten, printNotice, refusals } from './output/speech.ts';
import { printableLines } from './output/text.ts';

const { stdout, stderr } = process;

/** True when a program reads stdout. Needed before the arguments are parsed. */
const wantsJson = (): boolean => process.argv.includes('--json');

/**
 * Handles arguments that the parser rejected. It has printed them on stderr; with --json they are printed on stdout
 * too.
 */
function reportUsageError(error: CommanderError): number {
  if (error.exitCode === 0) return EXIT.allGood; // --help, --version
  if (wantsJson())
    refusals(true)([
      failure({
        code: 'BAD_ARGUMENT',
        op: 'check',
        reason: { kind: 'said', text: error.message.replace(/^error: /u, '') },
      }),
    ]);
  return EXIT.refused;
}

/**
 * Milliseconds that the reader of a job's output may take; a slow drive may take as long. Lists wait for their reader
 * without a limit, because it may be a pager.
 */
const reader: { patience: number | null } = { patience: null };

/** Milliseconds that the log may take for a command without a job. */
const LOG_PATIENCE = 5000;

async function main(): Promise<void> {
  watchOutput(stdout, stderr);
  outliveHangUp();
  const exit = (code: number): void => {
    process.exitCode = code;
  };
  const misnamed = process.argv.slice(2).flatMap((arg) => againstName(arg, 'check'));
  if (misnamed.length > 0) {
    refusals(wantsJson())(misnamed);
    exit(EXIT.refused);
    return;
  }
  const lists = () => import('./lists.ts');
  const pastJobs = () => import('./past-jobs.ts');
  const parser = commands(
    {
      list: async (...asked) => (await lists()).list(...asked),
      info: async (...asked) => (await import('./info.ts')).info(...asked),
      mount: async (...asked) => (await import('./mount.ts')).mount(...asked),
      unmount: async (...asked) => (await import('./mount.ts')).unmount(...asked),
      check: async (...asked) => (await import('./check.ts')).check(...asked),
      jobs: async (...asked) => (await lists()).jobs(...asked),
      forget: async (...asked) => (await lists()).forget(...asked),
      history: async (...asked) => (await pastJobs()).history(...asked),
      report: async (...asked) => (await pastJobs()).report(...asked),
      job: async (request, options) => {
        reader.patience = request.stallTimeout * 1000;
        return (await import('./job.ts')).job(request, options);
      },
    },
    exit,
  );
  try {
    // Tell commander that argv is Node's, even when this Node is Electron.
    await parser.parseAsync(process.argv, { from: 'node' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    exit(reportUsageError(error));
  }
}

await main().catch((error: unknown) => {
  // A bug in Platter. The output is not reliable.
  log.error(error instanceof Error ? (error.stack ?? error.message) : String(error));
  stderr.write(printableLines(`platter: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`));
  process.exitCode = EXIT.noneGood;
});
if (reader.patience !== null && !(await drain(stdout, stderr, reader.patience))) process.exit(EXIT.noneGood);
await logWritten(reader.patience ?? LOG_PATIENCE);
// Node waits for its threads, and a thread for its file.
if (unanswered() > 0)
  printNotice(
    'the file system of the state folder does not answer. Platter has nothing left to do, and ends when it answers.',
  );
// The engine alone would keep this process alive.
if (left.behind || unanswered() > 0) process.exit();
