// What the user can type, and the help for it. Parsing only: what the commands do is passed in.
import { readFileSync } from 'node:fs';
import { Command, InvalidArgumentError, Option } from 'commander';
import type { CopyRequest } from '../contract.ts';
import { parseSize } from './quantities.ts';

/** What a command does. Each resolves to the exit code. */
export interface Actions {
  list(options: { all: boolean; json: boolean }): Promise<number>;
  job(request: CopyRequest, options: { yes: boolean; json: boolean }): Promise<number>;
}

interface JobOptions { verify?: boolean; io?: 'uring' | 'threads'; memory?: number; yes?: boolean; json?: boolean }

const EXIT_CODES = `
Exit codes:
  0    every destination is good
  1    some are good, some failed
  2    refused: nothing was written
  3    none is good, or the engine broke down
  130  cancelled by SIGINT or SIGTERM, after what was in flight had ended and
       the devices were flushed`;

const JSON_LINES = `
With --json, stdout has one object a line and nothing else:
  {"event":"plan",...}      what was checked and will be done
  {"event":"progress",...}  about ten a second: bytes read, and per destination
                            path, written, verified, bytesPerSecond, state
  {"event":"error",...}     side, path, code, errno, offset, length, message,
                            advice
  {"event":"result",...}    the last line of a job that was started: readErr,
                            writeErr, seconds, bytes, and per destination path,
                            state, verified, errors
A refused job prints its errors, with "side":null, and has no result.`;

const COPY_EXAMPLES = `
Examples:
  platter copy disk.img /dev/sdb /dev/sdc       two clones of an image
  platter copy /dev/sdb backup.img              an image of a disk
  platter copy /dev/sdb /dev/sdc copy.img       a clone and an image at once
  platter copy --yes --json disk.img /dev/sdb   for scripts: asks nothing
`;

const VERIFY_EXAMPLES = `
Examples:
  platter verify disk.img /dev/sdb /dev/sdc   are both still what the image is?
`;

/** The parser, with `actions` behind it. `exit` gets the exit code of the command that ran. */
export function commands(actions: Actions, exit: (code: number) => void): Command {
  const program = new Command('platter')
    .description('Images and clones disks, one to many: each destination with its own progress, verification and error.')
    .version(version(), '--version', 'print the version')
    .helpOption('--help', 'print this help')
    .helpCommand(false)
    .exitOverride()
    .configureOutput({ outputError: (text, write) => write(text.replace(/^error: /u, 'platter: ')) })
    .showHelpAfterError('Try --help.')
    .addHelpText('after', `\nplatter COMMAND --help says more about a command.\n${COPY_EXAMPLES}${EXIT_CODES}`);

  program.command('list')
    .description('list the disks, what is on them, and which cannot be written')
    .helpOption('--help', 'print this help')
    .option('--all', 'loop devices too')
    .option('--json', 'one JSON document: an array of disks')
    .action(async ({ all = false, json = false }: { all?: boolean; json?: boolean }) => exit(await actions.list({ all, json })));

  const job = (kind: CopyRequest['kind']) => async (source: string, destinations: string[], options: JobOptions): Promise<void> => {
    const { verify = true, io = 'auto', memory = null, yes = false, json = false } = options;
    exit(await actions.job({ kind, source, destinations, verify, io, memory }, { yes, json }));
  };
  jobCommand(program, 'copy', 'copy SOURCE to every DEST, and read each back when it is written')
    .option('--no-verify', 'do not read back what was written')
    .option('--yes', 'overwrite without asking; needed when there is no terminal to ask on')
    .addHelpText('after', `${COPY_EXAMPLES}${JSON_LINES}\n${EXIT_CODES}`)
    .action(job('copy'));
  jobCommand(program, 'verify', 'compare every DEST with SOURCE; writes nothing')
    .addHelpText('after', `${VERIFY_EXAMPLES}${JSON_LINES}\n${EXIT_CODES}`)
    .action(job('verify'));
  return program;
}

function jobCommand(program: Command, name: string, description: string): Command {
  return program.command(name)
    .description(description)
    .helpOption('--help', 'print this help')
    .argument('<SOURCE>', 'a disk or an image file')
    .argument('<DEST...>', 'disks or image files')
    .addOption(new Option('--io <BACKEND>', 'how to reach the devices; by default the best that works here').choices(['uring', 'threads']))
    .addOption(new Option('--memory <SIZE>', 'memory for data in flight, 64K to 1G; by default 32M').argParser(memory))
    .option('--json', 'events as JSON, one object a line');
}

/** Whether it is within the bounds is for the engine to say: it knows them. */
function memory(text: string): number {
  const bytes = parseSize(text);
  if (bytes === null) throw new InvalidArgumentError('Give a size from 64K to 1G, such as 16M, or a number of bytes.');
  return bytes;
}

/** The version in package.json, which lies as far above the bundle as above this file. */
function version(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}
