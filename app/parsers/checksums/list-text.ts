// The text of a list of checksums: its decoding, and the part that a signature in the list covers.

/** One line. Numbers start at 1, as in an editor. */
export interface Line {
  number: number;
  text: string;
}

/** The form of a signature within the list; null when there is none. */
export type Framing = 'openpgp' | 'signify' | null;

/** The lines of a list. */
export interface ListText {
  framing: Framing;
  /** The lines that count: in a signed list, only the signed ones. */
  lines: Line[];
  /** The end of the signed part is missing, so no line of it counts. */
  isCut: boolean;
}

const SIGNED = '-----BEGIN PGP SIGNED MESSAGE-----';
const SIGNATURE = '-----BEGIN PGP SIGNATURE-----';

/** Decodes a list. Windows PowerShell writes UTF-16; a list in UTF-8 may have a byte order mark as well. */
export function textOfList(bytes: Buffer): string {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return bytes.toString('utf16le', 2);
  if (bytes[0] === 0xfe && bytes[1] === 0xff)
    return Buffer.from(bytes.subarray(2, bytes.length & ~1))
      .swap16()
      .toString('utf16le');
  const text = bytes.toString('utf8');
  return text.startsWith('\uFEFF') ? text.slice(1) : text;
}

/** Finds the lines of a list that count. */
export function linesOf(text: string): ListText {
  const lines = text.split(/\r\n|\n|\r/u).map((each, index) => ({ number: index + 1, text: each.trimEnd() }));
  const begin = lines.findIndex((line) => line.text === SIGNED);
  if (begin >= 0) return signedBy(lines.slice(begin + 1));
  // signify -e puts a comment and the signature before the text.
  if (text.startsWith('untrusted comment: ') && /^[A-Za-z0-9+/]{99}=$/u.test(lines[1]?.text ?? ''))
    return { framing: 'signify', lines: lines.slice(2), isCut: false };
  return { framing: null, lines, isCut: false };
}

/** RFC 9580, 7: armour headers, an empty line, the text with its dashes escaped, the signature. */
function signedBy(lines: readonly Line[]): ListText {
  const empty = lines.findIndex(({ text }) => text === '');
  const end = lines.findIndex(({ text }) => text === SIGNATURE);
  const body = lines.slice(empty + 1, end < 0 ? undefined : end);
  return {
    framing: 'openpgp',
    lines: body.map(({ number, text }) => ({ number, text: text.replace(/^- /u, '') })),
    isCut: end < 0 || empty < 0 || empty > end,
  };
}
