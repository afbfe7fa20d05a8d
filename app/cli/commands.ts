// What the user can type, and what is asked for by it. Parsing only: what the commands do is passed in.
import { readFileSync } from 'node:fs';
import { Argument, Command, Option } from 'commander';
import { plainRequest, type CopyRequest } from '../contract/jobs.ts';
import { TEXTS } from './help.ts';
import { printableLines } from './output/text.ts';
import { destinationRate, file, job, memory, name, rate, retries, seconds } from './values.ts';

/** What a command does. Each resolves to the exit code. */
export interface Actions {
  list(options: { all: boolean; json: boolean }): Promise<number>;
  /** `request` without a job to resume takes the only interrupted one. */
  job(request: CopyRequest, options: { yes: boolean; json: boolean; verbose: boolean }): Promise<number>;
  jobs(options: { json: boolean }): Promise<number>;
  forget(job: string, options: { json: boolean }): Promise<number>;
  /** `words` is what the jobs have to have in them. */
  history(words: string[], options: { json: boolean; csv: boolean }): Promise<number>;
  /** Writes the report of a job that has ended, and the manifest that it made, to files; null for what is not wanted. `yes`: in the place of what is there. */
  report(
    job: string,
    files: { pdf: string | null; json: string | null; csv: string | null; manifest: string | null },
    yes: boolean,
  ): Promise<number>;
}

/** Options of the commands that run a job, as commander gives them; each command has some of them. */
interface JobOptions {
  name?: string;
  verify?: boolean;
  update?: boolean;
  manifestFrom?: string;
  repair?: boolean;
  keepGoing?: boolean;
  rescue?: boolean;
  retries?: number;
  map?: string;
  sparse?: boolean;
  assumeBlank?: boolean;
  manifest?: string;
  throttle?: number;
  throttleDest?: Map<string, number>;
  stallTimeout?: number;
  io?: 'uring' | 'threads';
  memory?: number;
  yes?: boolean;
  json?: boolean;
  verbose?: boolean;
  unmount?: boolean;
  asIs?: boolean;
}

/** The parser, with `actions` behind it. `exit` gets the exit code of the command that ran. */
export function commands(actions: Actions, exit: (code: number) => void): Command {
  const program = new Command('platter')
    .description(
      'Images and clones disks, one to many: each destination with its own progress, verification and error.',
    )
    .version(version(), '--version', 'print the version')
    .helpOption('--help', 'print this help')
    .helpCommand(false)
    .exitOverride()
    .configureOutput({ outputError: (text, write) => write(printableLines(text.replace(/^error: /u, 'platter: '))) })
    .showHelpAfterError('Try --help.')
    .addHelpText('after', TEXTS.program);
  const add = (name: string, description: string): Command =>
    program.command(name).description(description).helpOption('--help', 'print this help');
  const run = async (request: CopyRequest, { yes = false, json = false, verbose = false }: JobOptions): Promise<void> =>
    exit(await actions.job(request, { yes, json, verbose }));

  add('list', 'list the disks, what is on them, and which cannot be written')
    .option('--all', 'loop devices too')
    .option('--json', 'one JSON document: an array of disks')
    .action(async ({ all = false, json = false }: { all?: boolean; json?: boolean }) =>
      exit(await actions.list({ all, json })),
    );

  const copy = add('copy', 'copy SOURCE to every DEST, and read each back when it is written')
    .argument('<SOURCE>', 'a disk or an image file')
    .argument('<DEST...>', 'disks or image files')
    .option('--no-verify', 'do not read back what was written')
    .option('--update', 'compare first, and write only what differs')
    .addOption(fileOption('--manifest-from <FILE>', 'with --update: what the source was last time; changes are told'))
    .addOption(fileOption('--manifest <FILE>', 'write the hashes of what was read to FILE'))
    .addOption(
      new Option('--repair', 'rewrite what verification finds bad, once, and verify that again').conflicts('verify'),
    )
    .option('--keep-going', 'list every bad block of a destination instead of giving it up')
    .addOption(new Option('--rescue', 'go on past what cannot be read; it is zeros on every DEST').conflicts('update'))
    .addOption(new Option('--retries <N>', 'with --rescue: try what stayed unreadable N times more').argParser(retries))
    .addOption(fileOption('--map <FILE>', 'rescue by a map as ddrescue has it, new or continued').conflicts('update'))
    .addOption(new Option('--no-sparse', 'write zeros, instead of making holes or letting the disk make them'))
    .addOption(
      new Option('--assume-blank', 'do not write zeros at all: the disks are known to be blank').conflicts('sparse'),
    )
    .addHelpText('after', TEXTS.copy)
    .action((source: string, destinations: string[], options: JobOptions, command: Command) =>
      run(copyRequest(source, destinations, options, command), options),
    );
  common(writing(asIs(copy)), true);

  const verify = add('verify', 'compare every DEST with SOURCE, or with a manifest; writes nothing')
    .usage('[options] <SOURCE> <DEST...>\n       platter verify [options] --manifest <FILE> <DEST...>')
    .argument('<SOURCE>', 'a disk or an image file; none with --manifest')
    .argument('[DEST...]', 'disks or image files')
    .addOption(fileOption('--manifest <FILE>', 'compare with the hashes in FILE; no source is needed'))
    .option('--keep-going', 'list every bad block of a destination instead of giving it up')
    .addHelpText('after', TEXTS.verify)
    .action((first: string, others: string[], options: JobOptions, command: Command) => {
      if (options.manifest !== undefined)
        return run(request('verify', null, [first, ...others], options, command), options);
      if (others.length === 0) missing('DEST', command);
      return run(request('verify', first, others, options, command), options);
    });
  common(verify, true);

  const repair = add('repair', 'compare every DEST with SOURCE, and rewrite only what differs')
    .argument('<SOURCE>', 'a disk or an image file')
    .argument('<DEST...>', 'disks or image files')
    .addOption(fileOption('--manifest <FILE>', 'what SOURCE has to be: hashes from when it was copied'))
    .option('--keep-going', 'list every bad block of a destination instead of giving it up')
    .addHelpText('after', TEXTS.repair)
    .action((source: string, destinations: string[], options: JobOptions, command: Command) =>
      run(request('repair', source, destinations, options, command), options),
    );
  common(writing(asIs(repair)), true);

  const resume = add('resume', 'go on with an interrupted copy: write only what is missing')
    .addArgument(new Argument('[JOB]', 'as platter jobs lists it; not needed when there is only one').argParser(job))
    .addHelpText('after', TEXTS.resume)
    .action((id: string | undefined, options: JobOptions, command: Command) =>
      run({ ...request('resume', null, [], options, command), job: id ?? null }, options),
    );
  common(writing(resume), false);

  add('jobs', 'list interrupted copies, which resume can go on with')
    .option('--json', 'one JSON document: an array of jobs')
    .action(async ({ json = false }: { json?: boolean }) => exit(await actions.jobs({ json })));

  add('forget', 'drop an interrupted copy from that list; no disk is touched')
    .addArgument(new Argument('<JOB>', 'as platter jobs lists it').argParser(job))
    .option('--json', 'errors as JSON')
    .action(async (id: string, { json = false }: { json?: boolean }) => exit(await actions.forget(id, { json })));

  add('history', 'list the jobs that have ended, newest first, here and in the window')
    .argument('[WORD...]', 'only those that have each WORD in them: a name, a path, a model, a serial, a state, a date')
    .addOption(new Option('--json', 'one JSON document: an array of records').conflicts('csv'))
    .option('--csv', 'a table for a spreadsheet, one row for each destination')
    .addHelpText('after', TEXTS.history)
    .action(async (words: string[], { json = false, csv = false }: { json?: boolean; csv?: boolean }) =>
      exit(await actions.history(words, { json, csv })),
    );

  add('report', 'write the report of a job that has ended to a file')
    .addArgument(new Argument('<JOB>', 'as platter history lists it, or: last').argParser(job))
    .addOption(fileOption('--pdf <FILE>', 'to print, or to hand on'))
    .addOption(fileOption('--json <FILE>', 'for programs'))
    .addOption(fileOption('--csv <FILE>', 'for a spreadsheet'))
    .addOption(fileOption('--manifest <FILE>', 'the manifest that the job made, to verify by later'))
    .option('--yes', 'replace files that are there')
    .addHelpText('after', TEXTS.report)
    .action(
      async (
        id: string,
        {
          pdf = null,
          json = null,
          csv = null,
          manifest = null,
          yes = false,
        }: Partial<Parameters<Actions['report']>[1]> & { yes?: boolean },
        command: Command,
      ) => {
        if ([pdf, json, csv, manifest].every((file) => file === null))
          refuse('name a file: --pdf FILE, --json FILE, --csv FILE or --manifest FILE', command);
        exit(await actions.report(id, { pdf, json, csv, manifest }, yes));
      },
    );
  return program;
}

const fileOption = (flags: string, description: string): Option => new Option(flags, description).argParser(file);

/** Options of every command that runs a job; `named` says that its destinations are named on the command line. */
function common(command: Command, named: boolean): void {
  if (named)
    command.addOption(
      new Option('--name <NAME>', 'what this batch is called, in the list of jobs and in reports').argParser(name),
    );
  command.addOption(
    new Option('--throttle <RATE>', 'at most so many bytes a second for the job, such as 20M').argParser(rate),
  );
  if (named)
    command.addOption(
      new Option('--throttle-dest <DEST=RATE>', 'the same for one DEST; may be given for several').argParser(
        destinationRate,
      ),
    );
  command
    .addOption(
      new Option(
        '--stall-timeout <SECONDS>',
        'give up a drive that does not answer for so long; 0: never; by default 60',
      ).argParser(seconds),
    )
    .addOption(
      new Option('--io <BACKEND>', 'how to reach the devices; by default the best that works here').choices([
        'uring',
        'threads',
      ]),
    )
    .addOption(new Option('--memory <SIZE>', 'memory for data in flight, 64K to 1G; by default 32M').argParser(memory))
    .option('--json', 'events as JSON, one object a line')
    .option('--verbose', 'what goes into the log on stderr too, and where the log is');
}

const asIs = (command: Command): Command =>
  command.option('--as-is', 'take the bytes of SOURCE as they are, though it is packed or no disk image');

const writing = (command: Command): Command =>
  command
    .option('--unmount', "unmount what is mounted of a DEST before it is written; never the system's")
    .option('--yes', 'overwrite without asking; needed when there is no terminal to ask on');

/** What is asked for by the options that all commands share. */
function request(
  kind: CopyRequest['kind'],
  source: string | null,
  destinations: string[],
  options: JobOptions,
  command: Command,
): CopyRequest {
  const {
    name: called = null,
    io = 'auto',
    memory: pool = null,
    manifest = null,
    keepGoing = false,
    throttle = null,
    throttleDest = new Map<string, number>(),
    stallTimeout,
    unmount = false,
    asIs = false,
  } = options;
  if ([source, ...destinations].includes('')) refuse('an argument is empty: name a disk or an image file', command);
  for (const path of throttleDest.keys()) {
    if (!destinations.includes(path))
      refuse(`option '--throttle-dest' names '${path}', which is none of the destinations`, command);
  }
  return {
    ...plainRequest,
    kind,
    name: called,
    source,
    destinations,
    io,
    memory: pool,
    manifest,
    keepGoing,
    throttle,
    asIs,
    unmount,
    destinationThrottles: throttleDest.size === 0 ? [] : destinations.map((path) => throttleDest.get(path) ?? null),
    stallTimeout: stallTimeout ?? plainRequest.stallTimeout,
  };
}

function copyRequest(source: string, destinations: string[], options: JobOptions, command: Command): CopyRequest {
  const {
    verify = true,
    update = false,
    manifestFrom = null,
    manifest = null,
    repair = false,
    sparse = true,
    assumeBlank = false,
    map = null,
  } = options;
  const rescues = options.rescue === true || map !== null;
  if (manifestFrom !== null && !update) refuse("option '--manifest-from' is only for '--update'", command);
  if (options.retries !== undefined && !rescues) refuse("option '--retries' is only for '--rescue'", command);
  return {
    ...request('copy', source, destinations, options, command),
    verify,
    update,
    repair,
    sparse,
    assumeBlank,
    manifest: manifestFrom,
    saveManifest: manifest,
    rescue: rescues ? { retries: options.retries ?? 0, map } : null,
  };
}

/** Ends the parsing as the parser itself does: the reason on stderr, and exit code 2. */
function refuse(reason: string, command: Command): never {
  return command.error(`error: ${reason}`, { code: 'platter.refused', exitCode: 1 });
}

const missing = (name: string, command: Command): never => refuse(`missing required argument '${name}'`, command);

/** The version in package.json, which lies as far above the bundle as above this file. */
function version(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}
