// The information that support needs, as text for the clipboard: no user names, no full serials, nothing from any file
// but the log.
import { app } from 'electron';
import { readFileSync } from 'node:fs';
import { homedir, hostname, release, userInfo, version } from 'node:os';
import type { Disk } from '../contract/disks.ts';
import type { JobRecord } from '../contract/records.ts';
import type { About } from '../contract/window.ts';
import { english } from '../base/english.ts';
import { errorLine } from '../records/log.ts';
import { anonymous, type Identifiers } from '../records/anonymous.ts';
import { verdictWords } from '../records/verdict-words.ts';
import { verdictOf } from '../view/verdict.ts';

/** Lines of the log to include. */
export const LOG_LINES = 200;
/** Errors of the last job to include. */
const MOST_ERRORS = 20;

/** The current state to report. */
export interface Known {
  disks: readonly Disk[];
  /** The last job that ended; null when there is none. */
  last: JobRecord | null;
  logPath: string;
  logLines: readonly string[];
}

/** The versions of Platter and of what it runs on. A checkout says that it is one. */
export function about(): About {
  const { electron, chrome, node } = process.versions;
  return { version: `${app.getVersion()}${app.isPackaged ? '' : ' (checkout)'}`, electron, chrome, node };
}

/** The report as text. */
export function diagnostics({ disks, last, logPath, logLines }: Known): string {
  const { version: ours, electron, chrome, node } = about();
  const sections = [
    ['Platter', `${ours}, Electron ${electron}, Chrome ${chrome}, Node ${node}`],
    ['System', `${distribution()}, kernel ${release()} (${version()}), ${process.arch}`],
    [
      'Session',
      [process.env.XDG_SESSION_TYPE, process.env.XDG_CURRENT_DESKTOP].filter((part) => part !== undefined).join(', ') ||
        'unknown',
    ],
    [
      'Engine',
      last === null
        ? 'no job has run yet'
        : [`io ${last.io} (asked for: ${last.request.io})`, ...last.notes.map(english.note)].join('; '),
    ],
    ['Disks', disks.map(diskLine).join('\n') || 'none'],
    ['Last job', last === null ? 'none' : jobLines(last).join('\n')],
    [`Log (${logPath})`, logLines.slice(-LOG_LINES).join('\n') || 'empty'],
  ];
  const serials = [...disks, ...(last === null ? [] : [last.source, ...last.destinations])].flatMap(
    (end) => end?.serial ?? [],
  );
  return anonymous(sections.map(([title, text]) => `## ${title}\n${text}\n`).join('\n'), { ...person(), serials });
}

function diskLine({ path, model, size, serial, transport, kind, locked }: Disk): string {
  const facts = [
    path,
    kind === 'loop' ? 'loop device' : (model ?? 'unknown model'),
    `${size} bytes`,
    serial === null ? 'no serial' : `serial ${serial}`,
    transport ?? 'unknown transport',
  ];
  return `${facts.join(', ')}${locked === null ? '' : `: ${locked.code}, ${english.reason(locked.reason)}`}`;
}

function jobLines(record: JobRecord): string[] {
  const { id, kind, outcome, startedAt, seconds, bytes, destinations, errors, failure } = record;
  const all = [
    ...(failure === null ? [] : [failure]),
    ...errors,
    ...destinations.flatMap((destination) => destination.errors),
  ];
  return [
    `${id}: ${kind}, ${outcome}, ${startedAt}, ${seconds.toFixed(1)} s, ${bytes} bytes each`,
    ...destinations.map((destination) => {
      const { path, written, errorCount } = destination;
      const verdict = verdictWords(verdictOf(destination, record), destination, record);
      return `${path}: ${verdict}; ${written} bytes written, ${errorCount} errors`;
    }),
    ...all.slice(0, MOST_ERRORS).map(errorLine),
  ];
}

function distribution(): string {
  try {
    return /^PRETTY_NAME="?([^"\n]*)/m.exec(readFileSync('/etc/os-release', 'utf8'))?.[1] ?? process.platform;
  } catch {
    return process.platform; // a system without that file does not identify itself
  }
}

const person = (): Omit<Identifiers, 'serials'> => ({ home: homedir(), user: userName(), host: hostname() });

/** The account's name; empty when this user has no account, as in a window opened by root. */
function userName(): string {
  try {
    return userInfo().username;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ERR_SYSTEM_ERROR') return '';
    throw error;
  }
}
