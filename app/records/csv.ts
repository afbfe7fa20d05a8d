// Jobs as a table for spreadsheets: RFC 4180, a row for each destination.
import type { JobRecord, RecordedDestination } from '../contract/records.ts';
import { english } from '../base/english.ts';
import { verdictOf } from '../view/verdict.ts';
import { printable } from '../words/safe-text.ts';
import { verdictWords } from './verdict-words.ts';

type Cell = string | number | null;

/** Name and content of each column. */
const COLUMNS: readonly [string, (record: JobRecord, destination: RecordedDestination) => Cell][] = [
  ['job', ({ id }) => id],
  ['name', ({ name }) => name],
  ['kind', ({ kind }) => kind],
  ['started', ({ startedAt }) => startedAt],
  ['ended', (_, { endedAt }) => endedAt],
  ['seconds', (_, { seconds }) => Math.round(seconds * 1000) / 1000],
  ['source', ({ source }) => source?.path ?? null],
  ['source_model', ({ source }) => source?.model ?? null],
  ['source_serial', ({ source }) => source?.serial ?? null],
  ['bytes', ({ bytes }) => bytes],
  ['manifest_sha256', ({ manifest }) => manifest],
  ['destination', (_, { path }) => path],
  ['model', (_, { model }) => model],
  ['serial', (_, { serial }) => serial],
  ['port', (_, { port }) => (port === null ? null : english.port({ sockets: port }))],
  ['bay', (_, { bay }) => (bay === null ? null : english.bay(bay))],
  ['size', (_, { size }) => size],
  ['result', (record, destination) => verdictWords(verdictOf(destination, record), destination, record)],
  ['outcome', ({ outcome }) => outcome],
  ['written', (_, { written }) => written],
  ['kept', (_, { kept }) => kept],
  ['read_back', (_, { readBack }) => readBack],
  ['not_compared', (_, { uncompared }) => uncompared],
  ['mapped', ({ mapped }) => mapped ?? null],
  ['source_written', ({ sourceWritten }) => (sourceWritten ? 'yes' : 'no')],
  ['bytes_per_second', (_, { bytesPerSecond }) => bytesPerSecond],
  ['errors', (_, { errorCount }) => errorCount],
  ['error_code', (_, { errors }) => errors[0]?.code ?? null],
  ['error_offset', (_, { errors }) => errors[0]?.offset ?? null],
  ['error', (_, { errors }) => errors[0]?.message ?? null],
  ['advice', (_, { errors }) => errors[0]?.advice ?? null],
  ['program', ({ program }) => program],
  ['source_origin', ({ origin }) => (origin === null ? null : english.origin(origin))],
];

/** The table, with the column names first. Lines end in CR LF. */
export function recordsCsv(records: readonly JobRecord[]): string {
  const rows = records.flatMap((record) =>
    record.destinations.map((destination) => COLUMNS.map(([, value]) => value(record, destination))),
  );
  return [COLUMNS.map(([name]) => name), ...rows].map((cells) => `${cells.map(cell).join(',')}\r\n`).join('');
}

/**
 * A spreadsheet evaluates text that begins like a formula, and a drive, file or batch can have such a name, so an
 * apostrophe marks it as text. Control characters are escaped, because a pipe can end at a terminal.
 */
function cell(value: Cell): string {
  if (value === null) return '';
  if (typeof value === 'number') return String(value);
  const shown = printable(value);
  const safe = /^[=+\-@|%]/u.test(shown) ? `'${shown}` : shown;
  return /[",;']/u.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
