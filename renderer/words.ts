// Names and states as shown in the window, and parsers for typed input. The words themselves are in app/words. They are
// re-exported here, so that components import from one place.
import { language } from '../app/words/speech.ts';

export {
  bareRate,
  count,
  duration,
  exactBytes,
  listed,
  relativeTime,
  percent,
  place,
  rate,
  sector,
  size,
  timeLeft,
} from '../app/words/figures.ts';
export { baseName, folder, lastSix } from '../app/words/short-names.ts';
export {
  sayError,
  sayLock,
  sayNote,
  sayOrigin,
  sayPlace,
  sayPort,
  sayPortShort,
  sayReason,
  saySockets,
} from '../app/words/host-sentences.ts';
export { endonym, language, say } from '../app/words/speech.ts';
export { counted, stateWord, type TileState } from '../app/words/states.ts';

/** Separates the name of a job from its action. Svelte would drop a blank at the end of a block. */
export const AFTER_NAME = ': ';

/** Bounds of a speed limit, in MB/s. */
const LEAST_SPEED = 0.1;
const MOST_SPEED = 1_000_000;

/**
 * Bytes per second for typed megabytes: "20" or "1.5" ("1,5" in languages that write it so). null for empty input (no
 * limit), undefined when it is not a speed.
 */
export function speed(typed: string): number | null | undefined {
  const text = language() === 'en' ? typed.trim() : typed.trim().replace(',', '.');
  if (text === '') return null;
  const megabytes = /^\d+(\.\d+)?$/.test(text) ? Number(text) : 0;
  return megabytes >= LEAST_SPEED && megabytes <= MOST_SPEED ? Math.round(megabytes * 1e6) : undefined;
}

/** Text that `typedSpeed` parses to the same speed. */
export const typedSpeed = (bytesPerSecond: number | null): string => {
  if (bytesPerSecond === null) return '';
  const megabytes = String(bytesPerSecond / 1e6);
  return language() === 'en' ? megabytes : megabytes.replace('.', ',');
};
