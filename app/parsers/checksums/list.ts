// Parses a publisher's list of checksums for images: SHA256SUMS, disk.img.xz.sha256, CHECKSUM. Pure and bounded.
import { HASHES, hashWith, type Hash } from '../../contract/hashes.ts';
import { linesOf, textOfList, type Framing, type Line } from './list-text.ts';

/** Most bytes of a list. */
export const LIST_BYTES = 1024 * 1024;

/** One checksum in a list. */
export interface Listed extends Line {
  /** Without a leading "./"; null for digits without a name. */
  name: string | null;
  hash: Hash;
  /** In lower case. */
  hex: string;
}

/** A line that cannot be used. */
export interface UnusableLine extends Line {
  /** Its hash is one that Platter does not compute, such as SHA384. */
  isOtherHash: boolean;
}

export interface ChecksumList {
  framing: Framing;
  listed: Listed[];
  odd: UnusableLine[];
}

/** "SHA256 (name) = HEX" of BSD and sha256sum --tag, "SHA256(name)= HEX" and "SHA2-256(name)= HEX" of OpenSSL. */
const TAGGED = /^(\\?)([a-z][\w/-]*) ?\((.+)\) ?= ?([0-9a-f]{32,})$/iu;
/** "sha256:HEX", optionally followed by a name. */
const PREFIXED = /^(\\?)([a-z][\w-]*):[ \t]*([0-9a-f]{32,})(?:[ \t]+\*?(\S.*))?$/iu;
/** "HEX  name" and "HEX *name" of sha256sum, and digits alone. */
const PLAIN = /^(\\?)([0-9a-f]{32,})(?:[ \t]+\*?(\S.*))?$/iu;
/** "# SHA512 HASH" names the hash of the lines below it (Gentoo). */
const HEADING = /^#\s*([a-z][\w/-]*) HASH$/iu;
/** Names of lists whose hash has as many digits as one of ours, but is another one. */
const OTHER_HASHES = /blake|b[23]sum|sha3|sm3|whirlpool/iu;

/** Reads the list `bytes` from a file called `listName`. */
export function readChecksumList(bytes: Buffer, listName: string): ChecksumList {
  const { framing, lines, isCut } = linesOf(textOfList(bytes));
  const list: ChecksumList = { framing, listed: [], odd: [] };
  let heading = OTHER_HASHES.test(listName) ? 'other' : null;
  for (const line of lines) {
    heading = HEADING.exec(line.text)?.[1] ?? heading;
    if (/^\s*([#;].*)?$/u.test(line.text)) continue;
    const read = isCut ? 'odd' : checksumIn(line.text.trimStart(), heading);
    if (typeof read === 'string') list.odd.push({ ...line, isOtherHash: read === 'otherHash' });
    else list.listed.push({ ...line, ...read });
  }
  return list;
}

/** The checksum in a line. `heading`: the name of the hash for digits without one; null when their number decides. */
function checksumIn(line: string, heading: string | null): Pick<Listed, 'name' | 'hash' | 'hex'> | 'otherHash' | 'odd' {
  const tagged = TAGGED.exec(line);
  if (tagged !== null) return checksumOf(tagged[2]!, tagged[4]!, unescaped(tagged[1]!, tagged[3]));
  const prefixed = PREFIXED.exec(line);
  if (prefixed !== null) return checksumOf(prefixed[2]!, prefixed[3]!, unescaped(prefixed[1]!, prefixed[4]));
  const plain = PLAIN.exec(line);
  return plain === null ? 'odd' : checksumOf(heading, plain[2]!, unescaped(plain[1]!, plain[3]));
}

function checksumOf(
  said: string | null,
  digits: string,
  name: string | null,
): Pick<Listed, 'name' | 'hash' | 'hex'> | 'otherHash' | 'odd' {
  const hash = said === null ? hashWith(digits.length) : hashNamed(said);
  if (hash === undefined) return said === null ? 'odd' : 'otherHash';
  return HASHES[hash] === digits.length ? { name, hash, hex: digits.toLowerCase() } : 'odd';
}

/** "SHA-256" and OpenSSL's "SHA2-256" are sha256. */
function hashNamed(said: string): Hash | undefined {
  const name = said
    .toLowerCase()
    .replace(/^sha2-(?=\d)/u, 'sha')
    .replace('-', '');
  return Object.hasOwn(HASHES, name) ? (name as Hash) : undefined;
}

/** A name as the file system has it. GNU marks a line with a backslash when it has escaped characters in the name. */
function unescaped(backslash: string, name: string | undefined): string | null {
  if (name === undefined) return null;
  const plain =
    backslash === ''
      ? name
      : name.replace(/\\([nr\\])/gu, (_, letter: string) => ({ n: '\n', r: '\r' })[letter] ?? '\\');
  return plain.replace(/^(\.\/+)+/u, '');
}
