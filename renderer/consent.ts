// How much a plan asks of the person before it may start: nothing, a held button, or a typed word.
import type { Endpoint, Plan } from '../app/contract.ts';
import { plural } from './words.ts';

/** The word to type. */
export const WORD = 'ERASE';
/** The same where nothing more is erased than was agreed to before. */
const WORD_AGAIN = 'CONTINUE';

/** How long the button is held, milliseconds. */
export const HOLD_MS = 1500;

const LARGE_BYTES = 256e9;
const LARGE_RATIO = 4;

/** 'none': nothing is erased. 'hold': hold, or type the word. 'word': the word only, and why. */
export interface Consent {
  kind: 'none' | 'hold' | 'word';
  word: string;
  reasons: string[];
}

/** What would be overwritten. */
export const erased = (plan: Plan): Endpoint[] => plan.destinations.filter(({ overwrites }) => overwrites);

/** Decides from the reviewed plan only, never from what was chosen before it. */
export function consentFor(plan: Plan): Consent {
  const doomed = erased(plan);
  if (doomed.length === 0) return { kind: 'none', word: WORD, reasons: [] };
  // What is on these drives is the beginning of this job; the engine has just proved it.
  if (plan.kind === 'resume') return { kind: 'hold', word: WORD_AGAIN, reasons: [] };
  const drives = doomed.filter(({ kind }) => kind === 'block');
  const rules: [Endpoint[], string][] = [
    [drives.filter((drive) => drive.contents.length > 0), 'with data'],
    [drives.filter((drive) => drive.size > LARGE_BYTES), 'above 256 GB'],
    [drives.filter((drive) => drive.size > LARGE_RATIO * plan.bytes), 'over four times the size of the source'],
  ];
  const reasons = rules
    .filter(([hit]) => hit.length > 0)
    .map(([hit, what]) => `${plural(hit.length, 'drive')} ${what}`);
  return { kind: reasons.length > 0 ? 'word' : 'hold', word: WORD, reasons };
}

/** True when what was typed is the word; capitals do not matter. */
export const isWord = (typed: string, word = WORD): boolean => typed.trim().toUpperCase() === word;
