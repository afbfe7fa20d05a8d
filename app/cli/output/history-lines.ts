// `platter history` for people: a line for each job, and one below for each of its destinations.
import type { JobRecord, RecordedDestination } from '../../contract/records.ts';
import { givenManifest } from '../../contract/request-facts.ts';
import { english } from '../../base/english.ts';
import { size } from '../../base/figures.ts';
import { removedWords, verdictWords } from '../../records/verdict-words.ts';
import { verdictOf } from '../../view/verdict.ts';
import { formatTime } from './quantities.ts';
import { printable, type Paint } from './text.ts';

const OUTCOMES = { complete: 'good', partial: 'bad', failed: 'bad', cancelled: 'faint' } as const;

/**
 * Lines for the records, all of them or those `searched` for, and for `unreadable` files. `timeZone` defaults to that
 * of the machine.
 */
export function historyLines(
  records: readonly JobRecord[],
  unreadable: number,
  paint: Paint,
  searched = false,
  timeZone?: string,
): string[] {
  const date = new Intl.DateTimeFormat('sv-SE', { dateStyle: 'short', timeStyle: 'short', timeZone });
  const lines = records.flatMap((record) => {
    const { id, kind, name, startedAt, outcome, source, origin, request, destinations, bytes, seconds } = record;
    const started = date.format(new Date(startedAt));
    const batch = name === null ? '' : `  "${printable(name)}"`;
    const from = printable(origin === null ? (source?.path ?? givenManifest(request) ?? '') : english.origin(origin));
    return [
      `${paint('strong', id)}  ${started}  ${paint(OUTCOMES[outcome], outcome)}${batch}`,
      `  ${kind} from ${from}, ${size(bytes)}, in ${formatTime(seconds)}`,
      ...destinations.map((destination) => destinationLine(destination, record)),
    ];
  });
  const found = lines.length > 0 ? lines : [searched ? 'No job contains all of these words.' : 'No job has ended yet.'];
  return unreadable === 0
    ? found
    : [...found, `${unreadable} of the files in the history could not be read; they are left as they are.`];
}

function destinationLine(destination: RecordedDestination, record: JobRecord): string {
  const { path, model, serial, port, errors } = destination;
  const identity = [model, serial, port === null ? null : english.port({ sockets: port })]
    .filter((text) => text !== null)
    .map(printable)
    .join(', ');
  const error = errors[0] === undefined ? '' : `. ${printable(errors[0].message)}`;
  const verdict = verdictOf(destination, record);
  const ending =
    verdict === 'removed' ? removedWords(destination, record.bytes) : verdictWords(verdict, destination, record);
  return `  to ${printable(path)}${identity === '' ? '' : ` (${identity})`}: ${ending}${error}`;
}
