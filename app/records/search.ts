// Finds a job by whatever a person remembers of it.
import type { JobRecord, RecordedEnd } from '../contract/records.ts';
import { givenManifest } from '../contract/request-facts.ts';
import { english } from '../base/english.ts';
import { verdictOf, type Verdict } from '../view/verdict.ts';
import { sayBay, saySockets } from '../words/host-sentences.ts';
import { countsUsedOnly } from '../view/used-only.ts';
import { stateWord } from '../words/states.ts';

/**
 * The records that contain every word of `query`, in English or the current language. Case and order do not matter.
 */
export function search(records: readonly JobRecord[], query: string): JobRecord[] {
  const words = query
    .toLowerCase()
    .split(/\s+/u)
    .filter((word) => word !== '');
  return records.filter((record) => {
    const text = words.length === 0 ? '' : textOf(record);
    return words.every((word) => text.includes(word));
  });
}

function textOf(record: JobRecord): string {
  const ofEnd = ({ path, model, serial, port, bay }: RecordedEnd): (string | null)[] => [
    path,
    model,
    serial,
    ...(bay === null ? [] : [english.bay(bay), sayBay(bay)]),
    ...(port === null ? [] : [english.port({ sockets: port }), saySockets(port)]),
  ];
  const errors = [...record.errors, ...record.destinations.flatMap((destination) => destination.errors)];
  return [
    record.id,
    record.name,
    record.kind,
    record.outcome,
    ...dates(record.startedAt),
    record.manifest,
    record.origin,
    ...(record.source === null ? [givenManifest(record.request)] : ofEnd(record.source)),
    ...record.destinations.flatMap((destination) => [
      ...ofEnd(destination),
      verdictOf(destination, record),
      wordOf(verdictOf(destination, record), countsUsedOnly(record)),
    ]),
    ...errors.map(({ code }) => code),
  ]
    .filter((part) => part !== null)
    .join('\n')
    .toLowerCase();
}

/** The verdict as a tile shows it, but "Written" for "Written, not verified", so that "verified" does not match. */
const wordOf = (verdict: Verdict, isUsed: boolean): string =>
  verdict === 'written' ? stateWord(verdict).split(',')[0]! : stateWord(verdict, isUsed);

/** "2026-11-26" and "26 november 2026", in the machine's time zone. */
function dates(iso: string): string[] {
  const at = new Date(iso);
  return [
    at.toLocaleDateString('sv-SE'),
    at.toLocaleDateString('en-GB', { day: 'numeric', month: 'long', year: 'numeric' }),
  ];
}
