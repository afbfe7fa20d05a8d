// Text that is safe to print on a terminal, measured in columns.
import { once } from '../../words/once.ts';
import { printable, UNSAFE } from '../../words/safe-text.ts';

export { printable } from '../../words/safe-text.ts';

const WIDE_SCRIPTS = String.raw`\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}`;
const WIDE = new RegExp(String.raw`[${WIDE_SCRIPTS}\p{Emoji_Presentation}\uff01-\uff60\u3000-\u303e]`, 'u');

const graphemes = once(() => new Intl.Segmenter('en', { granularity: 'grapheme' }));

/** Text of which every character takes one column. */
const ASCII = /^[ -~]*$/u;

/** Lines separated by `newline`, each made printable. */
export const printableLines = (text: string, newline = '\n'): string =>
  text.split(newline).map(printable).join(newline);

/**
 * `value` as JSON on one line, or indented, with the same characters escaped. It parses to the same value and is safe
 * on a terminal.
 */
export const printableJson = (value: unknown, indent?: number): string =>
  JSON.stringify(value, null, indent).replace(UNSAFE, (character) =>
    character === '\n' ? character : `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );

/**
 * `text` for a terminal that shows only ASCII: a tilde for the ellipsis of `fit`, every other character as its code
 * point.
 */
export const inAscii = (text: string): string =>
  text
    .replaceAll('\u2026', '~')
    .replace(/[^\u0000-\u007f]/gu, (character) => `\\u{${character.codePointAt(0)!.toString(16)}}`);

/** Columns of printable text on a terminal. */
export function columns(text: string): number {
  if (ASCII.test(text)) return text.length;
  let total = 0;
  for (const { segment } of graphemes().segment(text)) total += WIDE.test(segment) ? 2 : 1;
  return total;
}

/**
 * `text` in exactly `width` columns: padded on the right, or cut with an ellipsis. Paths are cut at the start, because
 * they differ at the end.
 */
export function fit(text: string, width: number, cut: 'start' | 'end' = 'end'): string {
  const padding = width - columns(text);
  if (padding >= 0) return text + ' '.repeat(padding);
  if (width < 1) return '';
  const parts = [...graphemes().segment(text)].map(({ segment }) => segment);
  if (cut === 'start') parts.reverse();
  const kept: string[] = [];
  let free = width - 1;
  for (const part of parts) {
    free -= columns(part);
    if (free < 0) break;
    kept.push(part);
  }
  if (cut === 'start') kept.reverse();
  const shown = kept.join('');
  const spare = ' '.repeat(width - 1 - columns(shown));
  return cut === 'start' ? `…${shown}${spare}` : `${shown}…${spare}`;
}

/** `text` in lines of at most `width` columns, broken between words. All but the first are indented. */
export function wrap(text: string, width: number, indent: string): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && columns(line) + 1 + columns(word) > width) {
      lines.push(line);
      line = indent + word;
    } else {
      line = line === '' ? word : `${line} ${word}`;
    }
  }
  return [...lines, line];
}

/** `text` padded on the left to at least `width` columns. */
export const alignRight = (text: string, width: number): string =>
  ' '.repeat(Math.max(0, width - columns(text))) + text;

/** "1,024 bytes": the exact number. */
export const bytes = (count: number): string => `${count.toLocaleString('en')} bytes`;

/** Colours and weights by meaning. They change nothing on a terminal without colours. */
export type Style = 'good' | 'bad' | 'busy' | 'faint' | 'strong';
export type Paint = (style: Style, text: string) => string;

/** Paints nothing. */
export const plain: Paint = (_style, text) => text;
