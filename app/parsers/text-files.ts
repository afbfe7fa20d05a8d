// Recognises text files and their kinds by their first bytes.
import type { Fact } from '../contract/facts.ts';
import type { Sample } from './bytes/sample.ts';

type TextKind = Exclude<Fact<'files'>, { format: string }>['kind'];

/** Many test disks are filled with a repeated byte; text has more kinds of characters. */
const LEAST_CHARACTERS = 4;
/** Bytes to search for the first tag or the first line. */
const START = 4096;

/** The kind of text in a file; null when it is not text. `sure` is false when only the start of the file is text. */
export function textOf(file: Sample): { what: TextKind; sure: boolean } | null {
  const start = textIn(file.head, file.head.length < file.size);
  if (start === null || new Set(start.slice(0, START)).size < LEAST_CHARACTERS) return null;
  return { what: kindOf(start.slice(0, START)), sure: !file.tail.includes(0) };
}

/**
 * `bytes` as text; null when they are not UTF-8 or contain control characters. `cut`: the last character may be
 * incomplete.
 */
function textIn(bytes: Buffer, cut: boolean): string | null {
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes, { stream: cut });
    // Tabs, line ends, form feeds and escape sequences occur in text.
    return /[^\P{Cc}\t\n\f\r\x1b]/u.test(text) ? null : text;
  } catch (error) {
    if (error instanceof TypeError) return null; // not UTF-8
    throw error;
  }
}

function kindOf(text: string): TextKind {
  const start = text.trimStart();
  if (/^<\?xml|^<!--|^<bmap\b/i.test(start))
    return /<bmap\b/.test(start) ? 'bmap' : /<html\b/i.test(start) ? 'webPage' : 'xml';
  if (/^<(!doctype html|html|head|body)\b/i.test(start)) return 'webPage';
  if (/^[[{]\s*["{[\]}\d]/.test(start)) return 'json';
  return isChecksums(start) ? 'checksums' : 'text';
}

/**
 * Checksum lines of sha256sum(1) and its relatives: plain, escaped (with a backslash first) or with `--tag`; signed
 * lists too.
 */
function isChecksums(text: string): boolean {
  const line =
    text
      .split(/\r?\n/)
      .find(
        (each) =>
          each !== '' &&
          !each.startsWith('#') &&
          !each.startsWith('-----BEGIN PGP SIGNED') &&
          !each.startsWith('Hash: '),
      ) ?? '';
  return (
    /^\\?[0-9a-f]{32,128}([ \t]+[ *]?\S|\s*$)/i.test(line) ||
    /^(MD5|SHA\d+|SHA512\/256|BLAKE2b|SM3) ?\(.+\) ?= ?[0-9a-f]{32,128}/i.test(line)
  );
}
