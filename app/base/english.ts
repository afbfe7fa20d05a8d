// The host's own language, used by the command line, the log and the records: English, with figures for technicians.
import type { Content, Fact, Note, Reason, Remedy } from '../contract/facts.ts';
import type { Bay, Port } from '../contract/bays.ts';
import { STANDARD_INPUT } from '../contract/request-facts.ts';
import { causes } from '../words/en/facts/causes.ts';
import { contents } from '../words/en/facts/contents.ts';
import { drives } from '../words/en/facts/drives.ts';
import { ends } from '../words/en/facts/ends.ts';
import { files } from '../words/en/facts/files.ts';
import { notes } from '../words/en/facts/notes.ts';
import { reasons } from '../words/en/facts/reasons.ts';
import { remedies } from '../words/en/facts/remedies.ts';
import { sockets } from '../words/en/facts/sockets.ts';
import { once } from '../words/once.ts';
import { factSentence, type Speaker } from '../words/fact-sentences.ts';
import { counted, place, size } from './figures.ts';

/** "2026-11-28 23:59 UTC". The Swedish locale writes dates as ISO 8601 does. */
const dates = once(
  () =>
    new Intl.DateTimeFormat('sv-SE', {
      year: 'numeric',
      month: '2-digit',
      day: '2-digit',
      hour: '2-digit',
      minute: '2-digit',
      timeZoneName: 'short',
    }),
);

const host: Speaker = {
  words: { causes, contents, drives, ends, files, notes, reasons, remedies, sockets },
  locale: 'en-GB',
  figures: {
    bytes: (bytes) => counted(bytes, 'byte'),
    size,
    place: ({ offset, length }) => place(offset, length),
    time: (at) => dates().format(at),
  },
};

/** The contract's facts as English sentences. */
export const english = {
  reason: (reason: Reason): string => factSentence('reasons', reason, host),
  remedy: (remedy: Remedy): string => factSentence('remedies', remedy, host),
  note: (note: Note): string => factSentence('notes', note, host),
  content: (content: Content): string => factSentence('contents', content, host),
  /** "an archive (tar)" */
  file: (file: Fact<'files'>): string => factSentence('files', file, host),
  /** A time in milliseconds since the epoch, with its time zone. */
  time: (at: number): string => host.figures.time(at),
  /** The origin of a downloaded source file. */
  origin: (origin: string): string => (origin === STANDARD_INPUT ? 'standard input' : origin),
  /** "Bay 6", or the user's name for it. */
  bay: ({ number, name }: Bay): string =>
    name ?? factSentence('sockets', { kind: 'bay', number: String(number) }, host),
  /** "USB bus 1, hub 2, port 3" */
  port: ({ sockets: way }: Pick<Port, 'sockets'>): string =>
    way.map((socket) => factSentence('sockets', socket, host)).join(', '),
};
