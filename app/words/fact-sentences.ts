// Sentences made of the contract's facts: in any language, with figures of any kind. Pure.
import { FACTS, type Fact, type FactValues, type Part, type Spec } from '../contract/facts.ts';
import type { DriveFacts } from '../contract/values.ts';
import type { drives } from './en/facts/drives.ts';
import { formatted } from './message.ts';

/** How figures are written. */
export interface Figures {
  /** Exact bytes: "24,576 bytes". */
  bytes: (bytes: number) => string;
  /** Bytes as on a drive's label: "64 GB". */
  size: (bytes: number) => string;
  /** A range on a device, in bytes. */
  place: (place: FactValues['place']) => string;
  /** A point in time, in milliseconds since the epoch. */
  time: (at: number) => string;
}

/** A language's words, locale and figures. */
export interface Speaker {
  words: { readonly [P in Part]: Readonly<Record<Fact<P>['kind'], string>> } & {
    drives: Readonly<Record<keyof typeof drives, string>>;
  };
  locale: string;
  figures: Figures;
}

/** A fact as a sentence or part of a sentence. */
export function factSentence<P extends Part>(part: P, fact: Fact<P>, speaker: Speaker): string {
  // The types follow from the tables, so reading a fact by its table is safe.
  const { kind, ...known } = fact as Record<string, unknown> & { kind: string };
  const specs = (FACTS[part] as Readonly<Record<string, Readonly<Record<string, Spec>>>>)[kind]!;
  const message = (speaker.words[part] as Readonly<Record<string, string>>)[kind]!;
  return formatted(
    message,
    speaker.locale,
    Object.fromEntries(Object.entries(specs).map(([name, spec]) => [name, written(spec, known[name], speaker)])),
  );
}

/** Formats a value of each kind for a message. Only counts stay numbers. */
const WRITERS: { readonly [S in keyof FactValues]: (value: FactValues[S], speaker: Speaker) => string | number } = {
  text: (value) => value,
  list: (values) => values.join(', '),
  count: (value) => value,
  bytes: (value, { figures }) => figures.bytes(value),
  size: (value, { figures }) => figures.size(value),
  time: (value, { figures }) => figures.time(value),
  place: (value, { figures }) => figures.place(value),
  drive,
  reason: (value, speaker) => factSentence('reasons', value, speaker),
  clause: (value, speaker) => factSentence('reasons', value, speaker).replace(/\.$/u, ''),
  cause: (value, speaker) => factSentence('causes', value, speaker),
  end: (value, speaker) => factSentence('ends', value, speaker),
  file: (value, speaker) => factSentence('files', value, speaker),
};

function written(spec: Spec, value: unknown, speaker: Speaker): string | number {
  if (typeof spec !== 'string') return String(value);
  return (WRITERS[spec] as (value: unknown, speaker: Speaker) => string | number)(value, speaker);
}

/** "SanDisk Ultra, serial number 4C530001, 64 GB" */
function drive({ model, serial, size }: DriveFacts, { words, locale, figures }: Speaker): string {
  const number = serial === null ? words.drives.noSerial : formatted(words.drives.serial, locale, { serial });
  return [model ?? words.drives.nameless, number, figures.size(size)].join(', ');
}
