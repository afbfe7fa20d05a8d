// The command line: out/cli/platter.js. A command's own code is loaded when it is called, so that a short one is quick.
import '../base/no-inspector.ts';
import { CommanderError } from 'commander';
import { unanswered } from '../base/answers.ts';
import { failure } from '../base/errors.ts';
import { outliveHangUp } from '../base/hang-up.ts';
import { againstName } from '../base/places.ts';
import { commands } from './commands.ts';
import { EXIT } from './output/exit-code.ts';
import { left } from './left-behind.ts';
import { allTaken, watchOutput } from './output/streams.ts';
import { log, logWritten, mention, refusals } from './output/speech.ts';
import { printableLines } from './output/text.ts';

const { stdout, stderr } = process;

/** Whether a program reads stdout, asked before the arguments are parsed. */
const wantsJson = (): boolean => process.argv.includes('--json');

/** What the parser has not accepted; it has said so on stderr, a program reads it on stdout. */
function misused(error: CommanderError): number {
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
 * Milliseconds that the reader of a job's output is given, as a drive is. What is listed waits for its reader, as a
 * pager.
 */
const reader: { patience: number | null } = { patience: null };

/** Milliseconds that the log of a command without a job has to answer. */
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
    // Whatever Node this is, commander is not to look for the arguments of an app.
    await parser.parseAsync(process.argv, { from: 'node' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    exit(misused(error));
  }
}

await main().catch((error: unknown) => {
  // A bug of ours. What was written cannot be vouched for.
  log.error(error instanceof Error ? (error.stack ?? error.message) : String(error));
  stderr.write(printableLines(`platter: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`));
  process.exitCode = EXIT.noneGood;
});
if (reader.patience !== null && !(await allTaken(stdout, stderr, reader.patience))) process.exit(EXIT.noneGood);
await logWritten(reader.patience ?? LOG_PATIENCE);
// Node waits for its threads, and a thread for its file.
if (unanswered() > 0)
  mention(
    'the file system of the state folder does not answer. Platter has nothing left to do, and ends when it answers.',
  );
// The engine alone would keep this process.
if (left.behind || unanswered() > 0) process.exit();
