// The options of the commands that run a job, one row each. The command line's parser and help, the manual page, the
// shell's completions, the window's command line and the options carried over to a repeated job are made from these
// rows.
import type { CopyMethod, CopyRequest, JobKind, JobRequest } from '../request.ts';
import { bmapOptions, checksumOptions } from './checksum-options.ts';
import { packedFormats, type ImageFormat } from '../image-formats.ts';
import { MOST_THREADS } from '../limits.ts';
import { LOG_LEVELS, type JobOption, type LogLevel, type OptionValue, type RunOption } from './option-types.ts';
import { entryOf, plainRunning, rescueOf, takesAsIs } from '../request-facts.ts';

/** A row of the table. Its functions take only requests of its `kinds`, which all callers check first. */
const job = <K extends JobKind, V extends OptionValue>(option: JobOption<K, V>): JobOption =>
  option as unknown as JobOption;
const run = <V extends OptionValue>(option: RunOption<V>): RunOption => option;

/** The same copy by another method. Options that the new method does not have are dropped. */
function switchMethod(request: CopyRequest, kind: CopyMethod['kind']): void {
  const { check, zeros } = request.method;
  if (request.method.kind === kind) return;
  if (kind === 'update')
    request.method = { kind, check, zeros: zeros === 'assumed' ? 'sparse' : zeros, manifest: null };
  else if (kind === 'rescue')
    request.method = { kind, check: check === 'repair' ? 'verify' : check, zeros, retries: 0, map: null };
  else request.method = { kind, check, zeros };
}

const WRITING = ['copy', 'repair', 'resume'] as const;
const NAMING = ['copy', 'verify', 'repair'] as const;
const ALL = ['copy', 'verify', 'repair', 'resume'] as const;

/** In the order of the help and of application. */
export const OPTIONS: readonly (JobOption | RunOption)[] = [
  job({
    flag: '--no-verify',
    value: null,
    kinds: ['copy'],
    help: 'do not read back what was written',
    inWindow: true,
    get: ({ method: { check } }) => check === 'none' || null,
    set: ({ method }, off: true | null) => {
      method.check = off ? 'none' : 'verify';
    },
  }),
  job({
    flag: '--update',
    value: null,
    kinds: ['copy'],
    help: 'compare first, and write only what differs',
    inWindow: true,
    get: ({ method: { kind } }) => kind === 'update' || null,
    set: (request, on: true | null) => switchMethod(request, on ? 'update' : 'write'),
  }),
  job({
    flag: '--manifest-from',
    value: { name: 'FILE', is: 'file' },
    kinds: ['copy'],
    help: 'with --update: a manifest of the source from an earlier job; reports what changed',
    needs: '--update',
    inWindow: false,
    get: ({ method }) => (method.kind === 'update' ? method.manifest : null),
    set: ({ method }, file: string | null) => {
      if (method.kind === 'update') method.manifest = file;
    },
  }),
  job({
    flag: '--manifest',
    value: { name: 'FILE', is: 'file' },
    kinds: ['copy'],
    help: 'write the hashes of what was read to FILE',
    inWindow: false,
    get: ({ saveManifest }) => saveManifest,
    set: (request, file: string | null) => {
      request.saveManifest = file;
    },
  }),
  job({
    flag: '--manifest',
    value: { name: 'FILE', is: 'file' },
    kinds: ['verify'],
    help: 'compare with the hashes in FILE; needs no source',
    inWindow: true,
    get: ({ against }) => (against.kind === 'manifest' ? against.path : null),
    set: (request, file: string | null) => {
      if (file !== null) request.against = { kind: 'manifest', path: file };
    },
  }),
  job({
    flag: '--manifest',
    value: { name: 'FILE', is: 'file' },
    kinds: ['repair'],
    help: 'hashes that SOURCE must match, from when it was copied',
    inWindow: false,
    get: ({ manifest }) => manifest,
    set: (request, file: string | null) => {
      request.manifest = file;
    },
  }),
  job({
    flag: '--repair',
    value: null,
    kinds: ['copy'],
    help: 'rewrite once what verification finds bad, and verify that again',
    conflicts: ['--no-verify', '--rescue', '--map'],
    inWindow: false,
    get: ({ method: { check } }) => check === 'repair' || null,
    set: ({ method }, on: true | null) => {
      if (method.kind !== 'rescue' && method.check !== 'none') method.check = on ? 'repair' : 'verify';
    },
  }),
  job({
    flag: '--keep-going',
    value: null,
    kinds: NAMING,
    help: 'list every bad block of a destination instead of dropping it',
    inWindow: true,
    get: ({ keepGoing }) => keepGoing || null,
    set: (request, on: true | null) => {
      request.keepGoing = on === true;
    },
  }),
  job({
    flag: '--rescue',
    value: null,
    kinds: ['copy'],
    help: 'continue past what cannot be read, which becomes zeros on every DEST',
    conflicts: ['--update'],
    inWindow: true,
    get: (request) => rescueOf(request) !== null || null,
    set: (request, on: true | null) => switchMethod(request, on ? 'rescue' : 'write'),
  }),
  job({
    flag: '--retries',
    value: { name: 'N', is: 'retries' },
    kinds: ['copy'],
    help: 'with --rescue: retry what stays unreadable N times',
    needs: '--rescue',
    inWindow: false,
    get: (request) => {
      const retries = rescueOf(request)?.retries ?? 0;
      return retries > 0 ? retries : null;
    },
    set: ({ method }, count: number | null) => {
      if (method.kind === 'rescue') method.retries = count ?? 0;
    },
  }),
  job({
    flag: '--map',
    value: { name: 'FILE', is: 'file' },
    kinds: ['copy'],
    help: 'rescue with a ddrescue mapfile, new or continued',
    implies: '--rescue',
    conflicts: ['--update'],
    inWindow: false,
    get: (request) => rescueOf(request)?.map ?? null,
    set: ({ method }, file: string | null) => {
      if (method.kind === 'rescue') method.map = file;
    },
  }),
  job({
    flag: '--format',
    value: { name: 'FORMAT', is: 'text', choices: ['raw', ...packedFormats] },
    kinds: ['copy'],
    help: 'the format of new images; by default what their names say (.zst, .xz, .gz, .qcow2)',
    conflicts: ['--update', '--rescue', '--map'],
    inWindow: false,
    get: ({ imageFormat: { format } }) => (format === 'byName' ? null : format),
    set: ({ imageFormat }, format: ImageFormat['format'] | null) => {
      imageFormat.format = format ?? 'byName';
    },
  }),
  job({
    flag: '--level',
    value: { name: 'N', is: 'level' },
    kinds: ['copy'],
    help: 'how hard new images are packed: 1 to 22 (zstd, qcow2), 0 to 9 (xz), 1 to 9 (gzip)',
    conflicts: ['--update', '--rescue', '--map'],
    inWindow: false,
    get: ({ imageFormat: { level } }) => level,
    set: ({ imageFormat }, level: number | null) => {
      imageFormat.level = level;
    },
  }),
  job({
    flag: '--threads',
    value: { name: 'N', is: 'threads' },
    kinds: ['copy'],
    help: `how many processes pack a new image, 1 to ${MOST_THREADS}; by default one a core, 16 at most`,
    conflicts: ['--update', '--rescue', '--map'],
    inWindow: false,
    get: ({ imageFormat: { threads } }) => threads,
    set: ({ imageFormat }, count: number | null) => {
      imageFormat.threads = count;
    },
  }),
  job({
    flag: '--split',
    value: { name: 'SIZE', is: 'split' },
    kinds: ['copy'],
    help: 'write new images in pieces NAME.000, NAME.001 of SIZE, such as 4000M, or fat: just under 4 GiB, what FAT allows',
    conflicts: ['--update', '--rescue', '--map'],
    inWindow: false,
    get: ({ imageFormat: { split } }) => split,
    set: ({ imageFormat }, bytes: number | null) => {
      imageFormat.split = bytes;
    },
  }),
  job({
    flag: '--anonymous',
    value: null,
    kinds: ['copy'],
    help: 'keep model, serial number and path of SOURCE out of new images and manifests',
    inWindow: false,
    get: ({ anonymous }) => anonymous || null,
    set: (request, on: true | null) => {
      request.anonymous = on === true;
    },
  }),
  job({
    flag: '--no-sparse',
    value: null,
    kinds: ['copy'],
    help: 'write zeros, instead of making holes or having the disk zero itself',
    inWindow: false,
    get: ({ method: { zeros } }) => zeros === 'written' || null,
    set: ({ method }, off: true | null) => {
      method.zeros = off ? 'written' : 'sparse';
    },
  }),
  job({
    flag: '--assume-blank',
    value: null,
    kinds: ['copy'],
    help: 'write no zeros at all: the disks are known to be blank',
    conflicts: ['--no-sparse', '--update'],
    inWindow: false,
    get: ({ method: { zeros } }) => zeros === 'assumed' || null,
    set: ({ method }, on: true | null) => {
      if (method.kind !== 'update') method.zeros = on ? 'assumed' : 'sparse';
    },
  }),
  job({
    flag: '--as-is',
    value: null,
    kinds: ['copy', 'repair'],
    help: 'copy the bytes of SOURCE unchanged, even if it is packed or not a disk image',
    inWindow: true,
    get: ({ asIs }) => asIs || null,
    set: (request, on: true | null) => {
      request.asIs = on === true;
    },
  }),
  job({
    flag: '--as-is',
    value: null,
    kinds: ['verify'],
    help: 'compare with the bytes of SOURCE unchanged, as copy --as-is wrote them',
    conflicts: ['--manifest'],
    inWindow: false,
    get: (request) => takesAsIs(request) || null,
    set: ({ against }, on: true | null) => {
      if (against.kind === 'source') against.asIs = on === true;
    },
  }),
  job({
    flag: '--entry',
    value: { name: 'NAME', is: 'entry' },
    kinds: NAMING,
    help: 'the file to take from SOURCE, if that is an archive with several',
    inWindow: true,
    get: (request) => entryOf(request),
    set: (request, name: string | null) => {
      if (request.kind !== 'verify') request.entry = name;
      else if (request.against.kind === 'source') request.against.entry = name;
    },
  }),
  ...checksumOptions(['copy', 'repair'], ['--rescue', '--map']),
  ...checksumOptions(['verify'], ['--manifest']),
  ...bmapOptions(['copy', 'repair'], ['--rescue', '--map']),
  ...bmapOptions(['verify'], ['--manifest']),
  run({
    flag: '--download-dir',
    value: { name: 'DIR', is: 'file' },
    kinds: NAMING,
    help: "where to store a URL or -; by default in the user's cache",
    setRun: (run, directory: string) => {
      run.downloadDir = directory;
    },
  }),
  run({
    flag: '--download-limit',
    value: { name: 'SIZE', is: 'length' },
    kinds: NAMING,
    help: 'refuse a longer download, such as 8G',
    setRun: (run, bytes: number) => {
      run.downloadLimit = bytes;
    },
  }),
  run({
    flag: '--keep-download',
    value: null,
    kinds: NAMING,
    help: 'keep the download when the job is done; by default it is removed',
    setRun: (run) => {
      run.keepDownload = true;
    },
  }),
  job({
    flag: '--unmount',
    value: null,
    kinds: WRITING,
    help: "unmount a DEST before it is written; never the system's",
    inWindow: true,
    get: ({ unmount }) => unmount || null,
    set: (request, on: true | null) => {
      request.unmount = on === true;
    },
  }),
  run({
    flag: '--yes',
    value: null,
    kinds: WRITING,
    help: 'overwrite without asking; required when no terminal can ask',
    setRun: (run) => {
      run.yes = true;
    },
  }),
  job({
    flag: '--name',
    value: { name: 'NAME', is: 'name' },
    kinds: NAMING,
    help: 'the name of this batch, in the list of jobs and in reports',
    inWindow: true,
    get: ({ name }) => name,
    set: (request, name: string | null) => {
      request.name = name;
    },
  }),
  job({
    flag: '--throttle',
    value: { name: 'RATE', is: 'rate' },
    kinds: ALL,
    help: 'most bytes per second for the job, such as 20M',
    inWindow: true,
    get: ({ throttle }) => throttle,
    set: (request, rate: number | null) => {
      request.throttle = rate;
    },
  }),
  job({
    flag: '--throttle-dest',
    value: { name: 'DEST=RATE', is: 'destinationRate' },
    kinds: NAMING,
    help: 'the same for one DEST; can be repeated',
    inWindow: false,
    get: ({ destinations }) => {
      const rates = destinations.flatMap(({ path, throttle }) =>
        throttle === null ? [] : [[path, throttle] as const],
      );
      return rates.length === 0 ? null : new Map(rates);
    },
    set: (request, rates: ReadonlyMap<string, number> | null) => {
      request.destinations = request.destinations.map(({ path }) => ({ path, throttle: rates?.get(path) ?? null }));
    },
  }),
  job({
    flag: '--stall-timeout',
    value: { name: 'SECONDS', is: 'seconds' },
    kinds: ALL,
    help: `give up a drive after this long without an answer; 0: never; by default ${plainRunning.stallTimeout}`,
    inWindow: false,
    get: ({ stallTimeout }) => (stallTimeout === plainRunning.stallTimeout ? null : stallTimeout),
    set: (request, seconds: number | null) => {
      request.stallTimeout = seconds ?? plainRunning.stallTimeout;
    },
  }),
  job({
    flag: '--io',
    value: { name: 'BACKEND', is: 'text', choices: ['uring', 'threads'] },
    kinds: ALL,
    help: 'the I/O backend; by default the best one that works here',
    inWindow: false,
    get: ({ io }) => (io === 'auto' ? null : io),
    set: (request, backend: 'uring' | 'threads' | null) => {
      request.io = backend ?? 'auto';
    },
  }),
  job({
    flag: '--memory',
    value: { name: 'SIZE', is: 'size' },
    kinds: ALL,
    help: 'memory for data in flight, 64K to 1G; by default 32M',
    inWindow: false,
    get: ({ memory }) => memory,
    set: (request, bytes: number | null) => {
      request.memory = bytes;
    },
  }),
  run({
    flag: '--json',
    value: null,
    kinds: ALL,
    help: 'events as JSON, one object per line',
    setRun: (run) => {
      run.json = true;
    },
  }),
  run({
    flag: '--verbose',
    value: null,
    kinds: ALL,
    help: 'print log entries on stderr too, and where the log is',
    setRun: (run) => {
      run.verbose = true;
    },
  }),
  run({
    flag: '--log-level',
    value: { name: 'LEVEL', is: 'text', choices: LOG_LEVELS },
    kinds: ALL,
    help: 'the least severe level to log; by default that of PLATTER_LOG, else info',
    setRun: (run, level: LogLevel) => {
      run.logLevel = level;
    },
  }),
];

/** The options of one command. */
export const optionsOf = (kind: JobKind): (JobOption | RunOption)[] =>
  OPTIONS.filter(({ kinds }) => kinds.includes(kind));

/** True when it is part of the request. */
export const isOfJob = (option: JobOption | RunOption): option is JobOption => 'set' in option;

/** True when `request` has this option. False when its kind does not have it. */
function isGiven(request: JobRequest, flag: string): boolean {
  const option = optionsOf(request.kind).find((one) => one.flag === flag);
  return option !== undefined && isOfJob(option) && option.get(request) !== null;
}

/** True when `option` can be given in `request` together with its other options. */
const fits = (request: JobRequest, { kinds, needs, implies, conflicts = [] }: JobOption): boolean =>
  kinds.includes(request.kind) &&
  [needs, implies].every((flag) => flag === undefined || isGiven(request, flag)) &&
  !conflicts.some((flag) => isGiven(request, flag));

/** Copies the options that have no control in the window from `former` to `request`, where both can have them. */
export function carryOver(former: JobRequest, request: JobRequest): void {
  for (const option of OPTIONS)
    if (isOfJob(option) && !option.inWindow && fits(former, option) && fits(request, option))
      option.set(request, option.get(former));
}

/** The words for `option` in `request`; none when it is not given, or another option includes it. */
export function wordsOf(option: JobOption, request: JobRequest): string[] {
  const { flag } = option;
  const value = option.get(request);
  const isSaid = optionsOf(request.kind).some((one) => one.implies === flag && isGiven(request, one.flag));
  if (value === null || isSaid) return [];
  if (value === true) return [flag];
  if (typeof value === 'object') return [...value].flatMap(([path, rate]) => [flag, `${path}=${rate}`]);
  // A value that starts with a dash would be taken for an option.
  return String(value).startsWith('-') ? [`${flag}=${String(value)}`] : [flag, String(value)];
}

/** The options of `request` as words of the command line. */
export const optionWords = (request: JobRequest): string[] =>
  optionsOf(request.kind).flatMap((option) => (isOfJob(option) ? wordsOf(option, request) : []));
