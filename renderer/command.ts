// The command line that does what the window does, so that nothing is hidden behind a button.
import { plainRequest, type CopyRequest } from '../app/contract/jobs.ts';

/** Quotes for a POSIX shell only what needs it. */
const quoted = (word: string): string => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`);

/** What the window can be asked to do: write, only compare, or rewrite what differs. */
export type Task = Exclude<CopyRequest['kind'], 'resume'>;

/** What was done by a job; what is continued was a copy. */
export const taskOf = (kind: CopyRequest['kind']): Task => (kind === 'resume' ? 'copy' : kind);

/** What the window asks main for: `source` is null where `more` has the manifest that stands for it. What the window has no control for is left to the engine. */
export const jobRequest = (
  kind: Task,
  source: string | null,
  destinations: string[],
  more: Partial<CopyRequest> = {},
): CopyRequest => ({ ...plainRequest, kind, source, destinations, ...more });

/** Asks for the rest of an interrupted job. */
export const resumeRequest = (job: string): CopyRequest => ({
  ...plainRequest,
  kind: 'resume',
  source: null,
  destinations: [],
  job,
  unmount: true,
});

/** What does the same as `request` on the command line. */
export function commandLine(request: CopyRequest): string {
  const { kind, source, destinations, job } = request;
  const paths = kind === 'resume' ? [job ?? ''] : [...(source === null ? [] : [source]), ...destinations];
  // A path that starts with a dash would be taken for an option.
  const words = [...(paths.some((path) => path.startsWith('-')) ? ['--'] : []), ...paths];
  return ['platter', kind, ...ownOptions(request), ...commonOptions(request), ...words].map(quoted).join(' ');
}

/** Its options alone. */
export const optionWords = (request: CopyRequest): string =>
  [...ownOptions(request), ...commonOptions(request)].map(quoted).join(' ');

/** An option with its value; nothing where there is none. One that starts with a dash would be taken for an option. */
const valued = (option: string, value: string | number | null): string[] =>
  value === null ? [] : String(value).startsWith('-') ? [`${option}=${value}`] : [option, String(value)];
const flag = (option: string, on: boolean): string[] => (on ? [option] : []);

/** Options of one command alone. */
function ownOptions({
  kind,
  name,
  verify,
  update,
  repair,
  rescue,
  keepGoing,
  sparse,
  assumeBlank,
  manifest,
  saveManifest,
  asIs,
}: CopyRequest): string[] {
  switch (kind) {
    case 'resume':
      return [];
    case 'verify':
    case 'repair':
      return [
        ...valued('--name', name),
        ...valued('--manifest', manifest),
        ...flag('--keep-going', keepGoing),
        ...flag('--as-is', asIs),
      ];
    case 'copy':
      return [
        ...valued('--name', name),
        ...flag('--update', update),
        ...valued('--manifest-from', manifest),
        ...valued('--manifest', saveManifest),
        ...flag('--repair', repair),
        ...flag('--rescue', rescue !== null && rescue.map === null),
        ...valued('--map', rescue?.map ?? null),
        ...valued('--retries', (rescue?.retries ?? 0) > 0 ? rescue!.retries : null),
        ...flag('--keep-going', keepGoing),
        ...flag('--no-sparse', !sparse),
        ...flag('--assume-blank', assumeBlank),
        ...flag('--no-verify', !verify),
        ...flag('--as-is', asIs),
      ];
  }
}

function commonOptions({
  throttle,
  destinations,
  destinationThrottles,
  stallTimeout,
  io,
  memory,
  unmount,
}: CopyRequest): string[] {
  return [
    ...valued('--throttle', throttle),
    ...destinations.flatMap((path, index) => {
      const rate = destinationThrottles[index] ?? null;
      return rate === null ? [] : ['--throttle-dest', `${path}=${rate}`];
    }),
    ...valued('--stall-timeout', stallTimeout === plainRequest.stallTimeout ? null : stallTimeout),
    ...valued('--io', io === 'auto' ? null : io),
    ...valued('--memory', memory),
    ...flag('--unmount', unmount),
  ];
}
