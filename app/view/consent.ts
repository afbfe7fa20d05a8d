// How much consent a plan requires before it may start: a click, a held button, or a typed word. The page asks for it,
// main checks it.
import type { Endpoint, Plan } from '../contract/jobs.ts';
import { updates } from '../contract/request-facts.ts';
import { size } from '../words/figures.ts';
import { say } from '../words/speech.ts';

/** Milliseconds that a plan must be on screen before it can start, and that the button must be held. */
export const HOLD_MS = 1500;

const LARGE_BYTES = 256e9;
const LARGE_RATIO = 4;

/**
 * 'none': nothing is overwritten, a click is enough. 'hold': hold the button, or type the word. 'word': type the word.
 */
export interface Consent {
  kind: 'none' | 'hold' | 'word';
  /** The word to type, in capitals. */
  word: string;
  /** Why only the word will do, as phrases for a list; empty for the other kinds. */
  reasons: string[];
}

/** The destinations that would be overwritten. */
export const erased = (plan: Plan): Endpoint[] => plan.destinations.filter(({ overwrites }) => overwrites);

/** True when only data that differs from the source is overwritten. */
export const isPartial = ({ kind, request }: Plan): boolean => kind === 'repair' || updates(request);

/** Decides by the reviewed plan only, never by earlier choices. */
export function consentFor(plan: Plan): Consent {
  const doomed = erased(plan);
  const word = isPartial(plan) ? say('tasks.overwrite') : say('review.erase');
  if (doomed.length === 0) return { kind: 'none', word, reasons: [] };
  // The engine has just proved that these drives contain the beginning of this job.
  if (plan.kind === 'resume') return { kind: 'hold', word: say('review.eraseAgain'), reasons: [] };
  const drives = doomed.filter(({ kind }) => kind === 'block');
  const rules: [Endpoint[], (count: number) => string][] = [
    // The review names drives that could not be inspected, but they require no word: an ordinary user may not be able
    // to read any disk.
    [
      drives.filter((drive) => drive.contents.some(({ kind }) => kind !== 'unread')),
      (count) => say('review.withData', { count }),
    ],
    [
      drives.filter((drive) => drive.size > LARGE_BYTES),
      (count) => say('review.large', { count, size: size(LARGE_BYTES) }),
    ],
    [drives.filter((drive) => drive.size > LARGE_RATIO * plan.bytes), (count) => say('review.larger', { count })],
  ];
  const reasons = rules.filter(([hit]) => hit.length > 0).map(([hit, what]) => what(hit.length));
  return { kind: reasons.length > 0 ? 'word' : 'hold', word, reasons };
}

/**
 * What arming a station requires: always the word, because the drives that it will erase are not there yet, so no review
 * can show them.
 */
export const consentForStation = (): Consent => ({ kind: 'word', word: say('station.word'), reasons: [] });

/** True when `typed` is the word, letter for letter: a word in another case is a reflex, not a check. */
export const isWord = (typed: string, word: string): boolean => typed.trim().normalize('NFC') === word;
