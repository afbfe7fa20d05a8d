// What the engine host says, in the window's language. The host itself speaks English, to logs and to the command line;
// elsewhere a sentence is made of the error's fields: code, operation and place.
import type { Disk } from '../contract/disks.ts';
import type { ErrorCode, Operation, PlatterError } from '../contract/errors.ts';
import type { Language } from '../contract/settings.ts';
import { de } from './de/host.ts';
import { placeShort } from './figures.ts';
import { fr } from './fr/host.ts';
import { language } from './speech.ts';

type Failing = Extract<Operation, 'read' | 'write' | 'flush' | 'verify'>;

/** One language's words for what the host says. */
export interface HostWords {
  /** For each code what happened and what to do. */
  codes: Readonly<Record<ErrorCode, readonly [what: string, advice: string]>>;
  /** What to do where it is the source that failed. */
  source: Readonly<Partial<Record<ErrorCode, string>>>;
  failed: Readonly<Record<Failing, string>>;
  at: (failed: string, place: string, what: string) => string;
  notAt: (failed: string, what: string) => string;
}

const words: Readonly<Record<Exclude<Language, 'en'>, HostWords>> = { de, fr };

/** Codes whose sentence leaves nothing out that the host's own would say. */
const WHOLE: ReadonlySet<ErrorCode> = new Set<ErrorCode>(['CANCELLED', 'IS_SYSTEM', 'NOT_PERMITTED', 'READ_ONLY', 'SOURCE_EMPTY', 'SOURCE_FAILED', 'TIMED_OUT']);

/** Only the host's sentence says where an incomplete image was kept. */
const KEPT = /\.part\b/;

/** An error as it is shown. `original` is the host's English sentence, where it says more than could be translated; else null. */
export interface SaidError {
  message: string;
  advice: string;
  original: string | null;
}

/** What happened and what to do, in the language of the moment. */
export function sayError(error: PlatterError & { side?: string; destination?: number | null }): SaidError {
  const now = language();
  if (now === 'en') return { message: error.message, advice: error.advice, original: null };
  const { codes, source, failed, at, notAt } = words[now];
  const { code, op, offset, errno } = error;
  const [sentence, advice] = codes[code];
  const what = code === 'IO_ERROR' && errno !== null ? sentence.replace(/\.$/, ` (${errno}).`) : sentence;
  const ofSource = error.side !== undefined && error.destination === null;
  const said = { advice: (ofSource ? source[code] : undefined) ?? advice };
  // Of a running job the fields say all that the sentence does.
  if (error.side !== undefined && isFailing(op) && code !== 'CANCELLED' && code !== 'SOURCE_FAILED') {
    const message = offset === null ? notAt(failed[op], what) : at(failed[op], placeShort(offset), what);
    return { ...said, message, original: (offset === null && op !== 'flush') || KEPT.test(error.message) ? error.message : null };
  }
  return { ...said, message: what, original: WHOLE.has(code) ? null : error.message };
}

const isFailing = (op: Operation): op is Failing => op === 'read' || op === 'write' || op === 'flush' || op === 'verify';

/** Why a disk cannot be written to, in the language of the moment; null when it can. */
export function sayLock({ locked }: Disk): string | null {
  const now = language();
  return locked === null || now === 'en' ? (locked?.reason ?? null) : words[now].codes[locked.code][0];
}
