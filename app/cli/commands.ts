// Parses the command line into requests. The caller passes in what the commands do.
import { readFileSync } from 'node:fs';
import { Argument, Command, Option } from 'commander';
import { isOfJob, optionsOf } from '../contract/options/options.ts';
import {
  plainRun,
  type Downloads,
  type JobOption,
  type Run,
  type RunOption,
} from '../contract/options/option-types.ts';
import { inList, plainCopy, plainRepair, plainResume, plainVerify, STANDARD_INPUT } from '../contract/request-facts.ts';
import { HASHES, type Hash } from '../contract/hashes.ts';
import type { BmapChoice, JobKind, JobRequest, ResumeRequest } from '../contract/request.ts';
import { TEXTS } from './help.ts';
import { printableLines } from './output/text.ts';
import { file, job, jobOrUrl, PARSERS } from './option-values.ts';

/** A request as typed. `resume` without a job means the only interrupted one. */
export type Asked = JobRequest | (Omit<ResumeRequest, 'job'> & { job: null });

/** The options of `platter info`. */
export interface InfoOptions {
  /** The file of an archive to describe; null for its only one. */
  entry: string | null;
  /** Find what the file systems use. */
  used: boolean;
  json: boolean;
}

/** The implementation of each command. Each function resolves to the exit code. */
export interface Actions {
  list(options: { all: boolean; json: boolean }): Promise<number>;
  /** `checksum` is "sha256:…" or "list:PATH". Without it and without `key` the lists beside the file are used. */
  check(
    path: string,
    options: { entry: string | null; checksum: string | null; key: string | null; bmap: BmapChoice; json: boolean },
    downloads: Downloads,
  ): Promise<number>;
  info(path: string, options: InfoOptions): Promise<number>;
  /**
   * Opens an image as files in `folder`; null: one of Platter's. `entry`: the file of an archive that is meant; null
   * for its only one.
   */
  mount(path: string, folder: string | null, options: { entry: string | null; json: boolean }): Promise<number>;
  /** Closes the image that is open in `folder`. */
  unmount(folder: string, options: { json: boolean }): Promise<number>;
  /** `request` without a job to resume takes the only interrupted one. */
  job(request: Asked, options: Run): Promise<number>;
  jobs(options: { json: boolean }): Promise<number>;
  forget(job: string, options: { json: boolean }): Promise<number>;
  /** `words`: a job is listed when it contains all of them. */
  history(words: string[], options: { json: boolean; csv: boolean }): Promise<number>;
  /**
   * Writes the report of an ended job, and the manifest that it made, to files. null: not requested. `yes`: replace
   * existing files.
   */
  report(
    job: string,
    files: { pdf: string | null; json: string | null; csv: string | null; manifest: string | null },
    yes: boolean,
  ): Promise<number>;
}

/** The parser, which calls `actions`. `exit` gets the exit code of the command that ran. */
export function commands(actions: Actions, exit: (code: number) => void): Command {
  const program = new Command('platter')
    .description(
      'Images and clones disks, one to many: each destination has its own progress, verification and errors.',
    )
    .version(version(), '--version', 'print the version')
    .helpOption('--help', 'print this help')
    .helpCommand('help [COMMAND]', 'print this help, or that of a command')
    .exitOverride()
    .configureOutput({ outputError: (text, write) => write(printableLines(text.replace(/^error: /u, 'platter: '))) })
    .showHelpAfterError('Try --help.')
    .addHelpText('after', TEXTS.program);
  const add: Add = (name, description) =>
    program.command(name).description(description).helpOption('--help', 'print this help');
  // In the order of the help.
  for (const group of [addList, addInfo, addMount, addCheck, addJobs, addInterrupted, addHistory, addReport])
    group(add, actions, exit);
  return program;
}

type Add = (name: string, description: string) => Command;
/** Adds commands to the parser. */
type Group = (add: Add, actions: Actions, exit: (code: number) => void) => void;

const addList: Group = (add, actions, exit) => {
  add('list', 'list the disks, their contents, and which cannot be written')
    .option('--all', 'include loop devices')
    .option('--json', 'one JSON document: an array of disks')
    .action(async ({ all = false, json = false }: { all?: boolean; json?: boolean }) =>
      exit(await actions.list({ all, json })),
    );
};

const addInfo: Group = (add, actions, exit) => {
  const command = add('info', 'describe a disk or an image and its contents; writes nothing');
  for (const option of optionsOf('copy')) if (option.flag === '--entry') command.addOption(parsed(option));
  command
    .argument('<FILE|DISK|URL>', 'an image file, packed or not, a disk, a folder of Clonezilla or FOG, or a URL')
    .option('--used', 'find what its file systems use, and how large a packed image of that would be')
    .option('--json', 'one JSON document')
    .addHelpText('after', TEXTS.info)
    .action(async (path: string, { json = false, used = false, entry = null }: Partial<InfoOptions>) =>
      exit(await actions.info(path, { entry, used, json })),
    );
};

const addMount: Group = (add, actions, exit) => {
  const command = add('mount', 'show an image and its partitions as files, without unpacking it; writes nothing');
  for (const option of optionsOf('copy')) if (option.flag === '--entry') command.addOption(parsed(option));
  command
    .addArgument(new Argument('<IMAGE>', 'an image file, packed or not, or a disk').argParser(file))
    .addArgument(new Argument('[DIR]', 'an empty or new folder; by default a private one').argParser(file))
    .option('--json', 'one JSON document')
    .addHelpText('after', TEXTS.mount)
    .action(
      async (
        path: string,
        folder: string | undefined,
        { json = false, entry = null }: { json?: boolean; entry?: string | null },
      ) => exit(await actions.mount(path, folder ?? null, { entry, json })),
    );

  add('unmount', 'close an image that platter mount has opened')
    .addArgument(new Argument('<DIR>', 'its folder').argParser(file))
    .option('--json', 'errors as JSON')
    .action(async (folder: string, { json = false }: { json?: boolean }) =>
      exit(await actions.unmount(folder, { json })),
    );
};

const addCheck: Group = (add, actions, exit) => {
  const command = add(
    'check',
    'read an image file to its end, unpack it, and say whether it is intact; writes nothing',
  );
  for (const option of optionsOf('copy')) if (CHECKED.has(option.flag)) command.addOption(parsed(option));
  command
    .argument('<FILE>', 'an image file, packed or not; a URL, or - for standard input')
    .option('--json', 'one JSON document')
    .addHelpText('after', TEXTS.check)
    .action(async (path: string, { json = false, entry = null, key = null, ...given }: CheckOptions) => {
      const { checksum: list, downloadDir, downloadLimit, keepDownload, bmap: map, ignoreBmap, ...hashes } = given;
      const downloads = {
        downloadDir: downloadDir ?? null,
        downloadLimit: downloadLimit ?? null,
        keepDownload: keepDownload ?? false,
      };
      const [said] = Object.entries(hashes);
      const checksum = list === undefined ? (said?.join(':') ?? null) : inList(list);
      const bmap = map !== undefined ? { path: map, sha256: null } : ignoreBmap === true ? 'none' : 'beside';
      exit(await actions.check(path, { entry, checksum, key, bmap, json }, downloads));
    });
};

/** The options that a check shares with a copy. */
const CHECKED: ReadonlySet<string> = new Set([
  '--entry',
  '--checksum',
  '--key',
  '--bmap',
  '--ignore-bmap',
  '--download-dir',
  '--download-limit',
  '--keep-download',
  ...Object.keys(HASHES).map((hash) => `--${hash}`),
]);
type CheckOptions = Partial<Record<Hash | 'checksum', string> & Downloads> & {
  json?: boolean;
  entry?: string | null;
  key?: string | null;
  bmap?: string;
  ignoreBmap?: boolean;
};

/** The commands that run a job. Their options are the rows of the contract's table. */
const addJobs: Group = (add, actions, exit) => {
  const jobOf = (kind: JobKind, description: string, after: string): Command => {
    const command = add(kind, description).addHelpText('after', after);
    for (const option of optionsOf(kind)) command.addOption(parsed(option));
    return command;
  };
  const run = async (request: JobRequest, command: Command): Promise<void> => {
    const options = setBy(request, command);
    exit(await actions.job(request, options));
  };

  jobOf('copy', 'copy SOURCE to every DEST, read each back and compare it', TEXTS.copy)
    .argument('<SOURCE>', 'a disk, an image file, a folder of Clonezilla or FOG, a URL, or - for standard input')
    .argument('<DEST...>', 'disks or image files')
    .action((source: string, destinations: string[], _options: unknown, command: Command) =>
      run(plainCopy(source, destinations), command),
    );

  jobOf('verify', 'compare every DEST with SOURCE, or with a manifest; writes nothing', TEXTS.verify)
    .usage('[options] <SOURCE> <DEST...>\n       platter verify [options] --manifest <FILE> <DEST...>')
    .argument('<SOURCE>', 'a disk, an image file, a folder of Clonezilla or FOG, a URL or -; none with --manifest')
    .argument('[DEST...]', 'disks or image files')
    .action((first: string, others: string[], { manifest }: { manifest?: string }, command: Command) => {
      if (manifest !== undefined)
        return run(plainVerify({ kind: 'manifest', path: manifest }, [first, ...others]), command);
      if (others.length === 0) missing('DEST', command);
      return run(plainVerify({ kind: 'source', path: first }, others), command);
    });

  jobOf('repair', 'compare every DEST with SOURCE, and rewrite only what differs', TEXTS.repair)
    .argument('<SOURCE>', 'a disk, an image file, a folder of Clonezilla or FOG, a URL, or - for standard input')
    .argument('<DEST...>', 'disks or image files')
    .action((source: string, destinations: string[], _options: unknown, command: Command) =>
      run(plainRepair(source, destinations), command),
    );

  jobOf('resume', 'continue an interrupted job: write only what is missing', TEXTS.resume)
    .addArgument(new Argument('[JOB]', 'as platter jobs lists it; may be omitted if there is only one').argParser(job))
    .action(async (id: string | undefined, _options: unknown, command: Command) => {
      const request = plainResume(id ?? '');
      const options = setBy(request, command);
      exit(await actions.job(id === undefined ? { ...request, job: null } : request, options));
    });
};

const addInterrupted: Group = (add, actions, exit) => {
  add('jobs', 'list the interrupted jobs, which resume can continue')
    .option('--json', 'one JSON document: an array of jobs')
    .action(async ({ json = false }: { json?: boolean }) => exit(await actions.jobs({ json })));

  add('forget', 'remove an interrupted job from that list, or a download; touches no disk')
    .addArgument(new Argument('<JOB|URL>', 'as platter jobs lists it; or the URL of the download').argParser(jobOrUrl))
    .option('--json', 'errors as JSON')
    .action(async (id: string, { json = false }: { json?: boolean }) => exit(await actions.forget(id, { json })));
};

const addHistory: Group = (add, actions, exit) => {
  add('history', 'list the jobs that have ended, here and in the window, newest first')
    .argument('[WORD...]', 'only jobs with every WORD in a name, path, model, serial number, state or date')
    .addOption(new Option('--json', 'one JSON document: an array of records').conflicts('csv'))
    .option('--csv', 'a table for a spreadsheet, one row for each destination')
    .addHelpText('after', TEXTS.history)
    .action(async (words: string[], { json = false, csv = false }: { json?: boolean; csv?: boolean }) =>
      exit(await actions.history(words, { json, csv })),
    );
};

const addReport: Group = (add, actions, exit) => {
  type Files = Parameters<Actions['report']>[1];
  add('report', 'save the report of a job that has ended')
    .addArgument(new Argument('<JOB>', 'as platter history lists it, or: last').argParser(job))
    .addOption(fileOption('--pdf <FILE>', 'to print or pass on'))
    .addOption(fileOption('--json <FILE>', 'for programs'))
    .addOption(fileOption('--csv <FILE>', 'for a spreadsheet'))
    .addOption(fileOption('--manifest <FILE>', 'the manifest that the job made, to verify by later'))
    .option('--yes', 'replace existing files')
    .addHelpText('after', TEXTS.report)
    .action(async (id: string, options: Partial<Files> & { yes?: boolean }, command: Command) => {
      const { pdf = null, json = null, csv = null, manifest = null, yes = false } = options;
      if ([pdf, json, csv, manifest].every((file) => file === null))
        refuse('name a file: --pdf FILE, --json FILE, --csv FILE or --manifest FILE', command);
      exit(await actions.report(id, { pdf, json, csv, manifest }, yes));
    });
};

const fileOption = (flags: string, description: string): Option => new Option(flags, description).argParser(file);

/** Converts a row of the table to an option of the parser. */
function parsed({ flag, value, help, conflicts = [] }: JobOption | RunOption): Option {
  const option = new Option(value === null ? flag : `${flag} <${value.name}>`, help);
  if (value !== null) option.argParser<unknown>(PARSERS[value.is]);
  if (value?.choices !== undefined) option.choices(value.choices);
  return option.conflicts(conflicts.map(attributeOf));
}

/** The parser's name for an option's value. `--no-verify` sets `verify`. */
const attributeOf = (flag: string): string => new Option(flag).attributeName();

/** Puts the typed options into `request`. Returns those that are not part of it. */
function setBy(request: JobRequest, command: Command): Run {
  const { kind } = request;
  const paths = kind === 'resume' ? [] : request.destinations.map(({ path }) => path);
  if ([...command.args].includes('')) refuse('an argument is empty: name a disk or an image file', command);
  if (paths.includes(STANDARD_INPUT))
    refuse("'-' cannot be a destination: standard output cannot be read back; a file of that name is './-'", command);
  const options = optionsOf(kind);
  const isTyped = (flag: string): boolean => command.getOptionValueSource(attributeOf(flag)) === 'cli';
  const isMeant = (flag: string): boolean =>
    isTyped(flag) || options.some(({ implies, flag: other }) => implies === flag && isTyped(other));
  const run = { ...plainRun };
  for (const option of options) {
    const { flag, needs, value } = option;
    if (!isMeant(flag)) continue;
    if (needs !== undefined && !isMeant(needs)) refuse(`option '${flag}' is only for '${needs}'`, command);
    const typed: unknown = command.getOptionValue(attributeOf(flag));
    const given = (value === null ? true : typed) as string | number | true | ReadonlyMap<string, number>;
    if (typeof given === 'object')
      for (const path of given.keys())
        if (!paths.includes(path))
          refuse(`option '${flag}' names '${path}', which is none of the destinations`, command);
    if (isOfJob(option)) option.set(request, given);
    else option.setRun(run, given);
  }
  return run;
}

/** Rejects the arguments as the parser itself does: the reason on stderr, and exit code 2. */
function refuse(reason: string, command: Command): never {
  return command.error(`error: ${reason}`, { code: 'platter.refused', exitCode: 1 });
}

const missing = (name: string, command: Command): never => refuse(`missing required argument '${name}'`, command);

/** The version in package.json, which is the same number of levels above the bundle as above this file. */
function version(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}
