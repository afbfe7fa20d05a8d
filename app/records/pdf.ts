// The report of a job as PDF: what was done, with which devices, and how it ended for each drive.
import type { JobError, PlatterError } from '../contract/errors.ts';
import type { JobRecord, RecordedDestination, RecordedEnd } from '../contract/records.ts';
import type { Language } from '../contract/limits.ts';
import { givenManifest } from '../contract/request-facts.ts';
import { countsUsedOnly } from '../view/used-only.ts';
import { isBad, isVerified, VERDICTS, verdictOf, type Verdict } from '../view/verdict.ts';
import { duration, exactBytes, listed, place, rate, size } from '../words/figures.ts';
import { sayError, sayNote, sayBay, sayOrigin, saySockets } from '../words/host-sentences.ts';
import { baseName } from '../words/short-names.ts';
import { locale, say, speakWith } from '../words/speech.ts';
import { stateWord } from '../words/states.ts';
import { BAD, GOOD, MUTED, Sheet, WIDTH, type Cell, type Mark, type Style } from './pdf-pages.ts';

/** Print at most this many errors of a drive. */
const MOST_ERRORS = 5;

/** The report of `record` as a PDF, in `language`. The same record gives the same bytes. */
export function reportPdf(record: JobRecord, language: Language): Promise<Buffer> {
  speakWith(() => language);
  const sheet = new Sheet({
    title: titleOf(record),
    subject: say('report.title'),
    creator: record.program,
    language: locale(),
    createdAt: new Date(record.endedAt),
  });
  head(sheet, record);
  facts(sheet, record);
  drives(sheet, record);
  otherErrors(sheet, record);
  return sheet.end((page, pages) => [
    { at: 0, width: 380, text: say('report.footer', { id: record.id, program: record.program }), style: SMALL },
    { at: WIDTH - 110, width: 110, text: say('report.page', { page, pages }), style: { ...SMALL, align: 'right' } },
  ]);
}

const SMALL: Style = { size: 8, colour: MUTED };

const nameOf = ({ model, path }: RecordedEnd): string =>
  model === null ? baseName(path) : model.startsWith('/') ? baseName(model) : model;
const titleOf = ({ name, source, request }: JobRecord): string =>
  name ?? (source === null ? baseName(givenManifest(request) ?? '') : nameOf(source));

function head(sheet: Sheet, record: JobRecord): void {
  sheet.row(
    [
      {
        at: 0,
        width: WIDTH,
        text: `${say('report.title')} · ${say('report.kind', { kind: record.kind })}`,
        style: { size: 10, colour: MUTED },
      },
    ],
    { gap: 2 },
  );
  sheet.row([{ at: 0, width: WIDTH, text: titleOf(record), style: { size: 22, bold: true } }], { gap: 6 });
  const colour = colourOf(record);
  sheet.row(
    [
      {
        at: 0,
        width: WIDTH,
        text: countsOf(record),
        style: { size: 13, bold: true, ...(colour !== undefined && { colour }) },
      },
    ],
    { gap: 14 },
  );
  sheet.rule(10);
}

const verdictsOf = (record: JobRecord): Verdict[] =>
  record.destinations.map((destination) => verdictOf(destination, record));

/** Green only when everything is proven, red only when something failed. */
function colourOf(record: JobRecord): string | undefined {
  const verdicts = verdictsOf(record);
  if (record.outcome === 'complete') return verdicts.every(isVerified) ? GOOD : undefined;
  if (record.outcome === 'cancelled') return MUTED;
  return verdicts.some(isBad) || record.outcome === 'failed' ? BAD : undefined;
}

/** "3 verified and 1 failed" */
function countsOf(record: JobRecord): string {
  const words = verdictsOf(record);
  return listed(
    VERDICTS.flatMap((word) => {
      const count = words.filter((other) => other === word).length;
      return count === 0 ? [] : [say(`counts.${word}`, { count })];
    }),
  );
}

function facts(sheet: Sheet, record: JobRecord): void {
  const fact = (label: string, text: string): void =>
    sheet.row([
      { at: 0, width: 130, text: label, style: { colour: MUTED } },
      { at: 134, width: WIDTH - 134, text },
    ]);
  const { source, request, rescue } = record;
  fact(
    say('report.source'),
    source === null
      ? say('report.manifestOf', { file: givenManifest(request) ?? '' })
      : [nameOf(source), ...serialOf(source), size(source.size)].join(' · '),
  );
  if (source !== null) fact('', record.origin === null ? source.path : sayOrigin(record.origin));
  fact(say('report.started'), dateTime(record.startedAt));
  fact(say('report.ended'), dateTime(record.endedAt));
  fact(say('report.took'), took(record.seconds));
  fact(say('report.each'), `${size(record.bytes)} (${exactBytes(record.bytes)})`);
  fact(say('report.verification'), verificationOf(record));
  if (record.sourceWritten) fact('', say('report.sourceWritten'));
  if (rescue !== null)
    fact(say('report.rescued'), say('report.rescue', { rescued: size(rescue.rescued), bad: size(rescue.bad) }));
  if (record.manifest !== null) fact(say('report.manifest'), record.manifest);
  sheet.space(10);
}

function verificationOf({ kind, verify, destinations, mapped, request, notes }: JobRecord): string {
  // For a drive that failed or was cancelled, not every byte was verified.
  if (verify && destinations.some(({ verified }) => verified !== true)) return say('report.notAllCompared');
  if (destinations.some(({ uncompared }) => uncompared > 0)) return say('report.partlyCompared');
  if (verify && mapped !== undefined)
    return countsUsedOnly({ request, notes })
      ? say('report.usedCompared', { size: `${size(mapped)} (${exactBytes(mapped)})` })
      : say('report.mappedCompared', { size: `${size(mapped)} (${exactBytes(mapped)})` });
  return kind === 'verify' ? say('report.compared') : verify ? say('report.readBack') : say('report.notReadBack');
}

/** Empty for a file, which has no serial number. */
const serialOf = ({ kind, serial }: RecordedEnd): string[] =>
  serial !== null ? [say('report.serial', { serial })] : kind === 'block' ? [say('report.noSerial')] : [];

/** As `duration`, but "85 s" and not "1 min": a report compares short jobs. */
const took = (seconds: number): string =>
  seconds >= 59.5 && seconds < 99.5 ? say('figures.seconds', { seconds: Math.round(seconds) }) : duration(seconds);

function dateTime(iso: string): string {
  return new Intl.DateTimeFormat(locale(), {
    day: 'numeric',
    month: 'long',
    year: 'numeric',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    timeZoneName: 'short',
  }).format(new Date(iso));
}
const clock = (iso: string): string =>
  new Intl.DateTimeFormat(locale(), { hour: '2-digit', minute: '2-digit', second: '2-digit' }).format(new Date(iso));

/** Columns of the table of drives. */
const NUMBER = { at: 0, width: 18 };
const DRIVE = { at: 20, width: 150 };
const PLACE = { at: 176, width: 86 };
const SIZE = { at: 262, width: 48 };
const RESULT = { at: 332, width: 74 };
const TIME = { at: 400, width: 42 };
const SPEED = { at: 444, width: WIDTH - 444 };

function drives(sheet: Sheet, record: JobRecord): void {
  const title = (column: Pick<Cell, 'at' | 'width'>, text: string, align: Style['align'] = 'left'): Cell => ({
    ...column,
    text,
    style: { ...SMALL, align },
  });
  sheet.heading([
    title(DRIVE, say('report.drive')),
    title(PLACE, say('report.place')),
    title(SIZE, say('report.size'), 'right'),
    title(RESULT, say('report.result')),
    title(TIME, say('report.time'), 'right'),
    title(SPEED, say('report.speed'), 'right'),
  ]);
  for (const [index, destination] of record.destinations.entries()) {
    sheet.keep(56);
    sheet.rule();
    drive(sheet, record, destination, index);
  }
  sheet.heading(null);
  sheet.rule(12);
}

const MARKS: Readonly<Record<Verdict, Mark>> = {
  verified: 'verified',
  mappedVerified: 'verified',
  sourceWritten: 'caution',
  partlyVerified: 'caution',
  written: 'written',
  failed: 'failed',
  removed: 'failed',
  cancelled: 'cancelled',
};

function drive(sheet: Sheet, record: JobRecord, destination: RecordedDestination, index: number): void {
  const word = verdictOf(destination, record);
  const right: Style = { align: 'right' };
  const { port, bay, path, bytesPerSecond } = destination;
  sheet.row(
    [
      { ...NUMBER, text: String(index + 1), style: { colour: MUTED } },
      { ...DRIVE, text: nameOf(destination), style: { bold: true } },
      { ...PLACE, text: port === null ? path : [...(bay === null ? [] : [sayBay(bay)]), saySockets(port)].join(', ') },
      { ...SIZE, text: size(destination.size), style: right },
      {
        ...RESULT,
        text: stateWord(word, countsUsedOnly(record)),
        style: {
          bold: true,
          ...(isVerified(word) && { colour: GOOD }),
          ...(isBad(word) && { colour: BAD }),
        },
      },
      { ...TIME, text: took(destination.seconds), style: right },
      { ...SPEED, text: bytesPerSecond === null ? '' : rate(bytesPerSecond), style: right },
    ],
    { gap: 1, mark: { cell: 4, of: MARKS[word] } },
  );
  const done = [
    ...serialOf(destination),
    ...(port === null ? [] : [path]),
    say('report.line', { from: clock(record.startedAt), to: clock(destination.endedAt) }),
    ...(record.kind === 'verify' ? [] : [say('report.written', { size: size(destination.written) })]),
    ...(destination.readBack > 0 ? [say('report.read', { size: size(destination.readBack) })] : []),
    ...(destination.kept > 0 ? [say('report.kept', { size: size(destination.kept) })] : []),
    ...(destination.uncompared > 0
      ? [say('report.uncompared', { size: `${size(destination.uncompared)} (${exactBytes(destination.uncompared)})` })]
      : []),
  ];
  sheet.row([{ at: DRIVE.at, width: WIDTH - DRIVE.at, text: done.join(' · '), style: SMALL }]);
  errors(sheet, destination.errors, destination.errorCount, DRIVE.at);
  sheet.space(2);
}

function errors(sheet: Sheet, all: readonly (JobError | PlatterError)[], total: number, at: number): void {
  for (const error of all.slice(0, MOST_ERRORS)) {
    const where = error.offset === null ? '' : ` · ${place(error.offset)}`;
    const code = `${error.code}${error.errno === null ? '' : ` (${error.errno})`}${where}`;
    const { message, advice } = sayError(error);
    sheet.row([{ at, width: WIDTH - at, text: `${code}\n${message} ${advice}`, style: { size: 8.5, colour: BAD } }], {
      gap: 3,
    });
  }
  const more = total - Math.min(total, MOST_ERRORS);
  if (more > 0)
    sheet.row([{ at, width: WIDTH - at, text: say('report.more', { count: more }), style: { ...SMALL, colour: BAD } }]);
}

/** Errors and notes that do not belong to a drive. */
function otherErrors(sheet: Sheet, record: JobRecord): void {
  const section = (text: string): void => {
    sheet.keep(48);
    sheet.row([{ at: 0, width: WIDTH, text, style: { size: 11, bold: true } }]);
  };
  if (record.failure !== null) {
    section(say('report.stopped'));
    errors(sheet, [record.failure], 1, 0);
  }
  if (record.errors.length > 0) {
    section(`${say('report.ofSource')}: ${say('report.errors', { count: record.errors.length })}`);
    errors(sheet, record.errors, record.errors.length, 0);
  }
  if (record.notes.length === 0) return;
  section(say('report.notes'));
  for (const note of record.notes) sheet.row([{ at: 0, width: WIDTH, text: sayNote(note) }], { gap: 2 });
}
