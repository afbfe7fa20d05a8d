// Block maps as bmaptool writes them: the blocks of an image that hold data, with a checksum for each range of blocks.
// They are XML in a restricted form: no entities, no DOCTYPE, double quotes. Pure.
import { createHash } from 'node:crypto';
import { HASHES, type Hash } from '../contract/hashes.ts';
import type { Extent } from '../contract/values.ts';

/** Most bytes of a block map to read. A range takes about 110. */
export const BMAP_BYTES = 8 * 1024 ** 2;
/** Largest block. bmaptool uses the file system's block, nearly always 4096 bytes. */
const LARGEST_BLOCK = 64 * 1024 ** 2;
const SMALLEST_BLOCK = 512;

/** A range of the image that holds data. */
export interface MappedRange extends Extent {
  /** Checksum of these bytes, in lower-case hexadecimal digits; null when the map has none. */
  checksum: string | null;
}

/** A block map. Sizes in bytes. */
export interface Bmap {
  /** "2.0" */
  version: string;
  imageSize: number;
  /** The sum of its ranges. */
  mapped: number;
  /** The hash of the checksums; null in a map without them (version 1.2). */
  hash: Hash | null;
  /** Ascending and disjoint, within the image. There is at least one. Neighbours may touch. */
  ranges: readonly MappedRange[];
}

/** Why a file is not a usable block map. `line` counts from 1. */
export type BmapFault =
  | { kind: 'bmapVersion'; version: string }
  | { kind: 'bmapHash'; hash: string }
  /** Its checksum of itself is wrong. */
  | { kind: 'bmapDamaged' }
  /** Its counts or ranges contradict each other. */
  | { kind: 'bmapContradicts'; line: number }
  | { kind: 'bmapOdd'; line: number }
  | { kind: 'bmapEmpty' };

export type BmapAnswer = { ok: true; bmap: Bmap } | { ok: false; why: BmapFault };

/** A fault at an offset of the text. */
class Fault extends Error {
  readonly why: BmapFault;

  constructor(why: BmapFault) {
    super(why.kind);
    this.why = why;
  }
}

/** Parses a block map of at most BMAP_BYTES. */
export function readBmap(bytes: Uint8Array): BmapAnswer {
  try {
    return { ok: true, bmap: parse(bytes) };
  } catch (error) {
    if (error instanceof Fault) return { ok: false, why: error.why };
    throw error;
  }
}

/** The text of an element, with its start and end. */
interface Value {
  text: string;
  at: number;
}

/** An element <Range>: its text and its attributes. */
interface Listed extends Value {
  attributes: ReadonlyMap<string, string>;
}

/** Scans the tokens of the text in order. Each method throws a Fault when another token follows. */
class Scanner {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  get at(): number {
    return this.#at;
  }

  odd(at = this.#at): never {
    throw new Fault({ kind: 'bmapOdd', line: this.line(at) });
  }

  /** The line at an offset, from 1. */
  line(at: number): number {
    let line = 1;
    for (let end = this.#text.indexOf('\n'); end >= 0 && end < at; end = this.#text.indexOf('\n', end + 1)) line += 1;
    return line;
  }

  /** Matches a sticky expression here and moves behind it; null without a match. */
  take(expression: RegExp): RegExpExecArray | null {
    expression.lastIndex = this.#at;
    const found = expression.exec(this.#text);
    if (found !== null) this.#at = expression.lastIndex;
    return found;
  }

  /** Passes white space and comments. */
  skip(): void {
    for (;;) {
      this.take(/[ \t\r\n]*/y);
      if (!this.#text.startsWith('<!--', this.#at)) return;
      const end = this.#text.indexOf('-->', this.#at + 4);
      if (end < 0) this.odd();
      this.#at = end + 3;
    }
  }

  /** The name and attributes of an opening tag; null when none follows. */
  open(): { name: string; attributes: Map<string, string> } | null {
    this.skip();
    const at = this.#at;
    const name = this.take(/<([A-Za-z]\w*)/y)?.[1];
    if (name === undefined) return null;
    const attributes = new Map<string, string>();
    for (let one = this.#attribute(); one !== null; one = this.#attribute()) {
      if (attributes.has(one[1]!)) this.odd(at);
      attributes.set(one[1]!, one[2]!);
    }
    if (this.take(/[ \t\r\n]*>/y) === null) this.odd(at);
    return { name, attributes };
  }

  #attribute(): RegExpExecArray | null {
    return this.take(/[ \t\r\n]+([A-Za-z]\w*)="([^"<&]*)"/y);
  }

  /** The text before the closing tag of `name`, trimmed. */
  value(name: string): Value {
    this.take(/[ \t\r\n]*/y);
    const at = this.#at;
    const text = this.take(/[^<&]*/y)![0].trimEnd();
    this.close(name);
    return { text, at };
  }

  close(name: string): void {
    this.skip();
    if (this.take(new RegExp(`</${name}[ \\t\\r\\n]*>`, 'y')) === null) this.odd();
  }

  end(): void {
    this.skip();
    if (this.#at < this.#text.length) this.odd();
  }
}

/** A version's names for its checksums. */
interface Dialect {
  /** The attribute of a range. */
  attribute: string;
  /** The element with the map's checksum of itself; null when it has none. */
  own: string | null;
  /** null: the map names it. */
  hash: Hash | null;
}

function dialectOf(version: string): Dialect {
  const [, major, minor] = /^(\d{1,3})\.(\d{1,3})$/.exec(version) ?? [];
  // bmap-tools 3.0 wrote 1.4 by mistake for 2.0. A higher minor number only adds elements.
  if (version === '1.4' || Number(major) === 2) return { attribute: 'chksum', own: 'BmapFileChecksum', hash: null };
  if (version === '1.3') return { attribute: 'sha1', own: 'BmapFileSHA1', hash: 'sha1' };
  if (version === '1.2') return { attribute: '', own: null, hash: 'sha1' };
  return fail({ kind: 'bmapVersion', version: minor === undefined ? version.slice(0, 32) : version });
}

const fail = (why: BmapFault): never => {
  throw new Fault(why);
};

function parse(bytes: Uint8Array): Bmap {
  // Use one character for each byte, so that offsets in the text are offsets in the file. Only comments can contain
  // other characters.
  const text = Buffer.from(bytes).toString('latin1');
  const scanner = new Scanner(text);
  scanner.take(/\xef\xbb\xbf/y);
  scanner.take(/<\?xml [^<>&]*\?>/y);
  const root = scanner.open();
  const version = root?.attributes.get('version');
  if (root?.name !== 'bmap' || version === undefined) return scanner.odd();
  const dialect = dialectOf(version);
  const { values, listed } = elementsOf(scanner);
  const valueOf = (name: string): Value => values.get(name) ?? scanner.odd();
  const hash = dialect.hash ?? hashNamed(valueOf('ChecksumType').text);
  // Check this before trusting anything in the map.
  if (dialect.own !== null && !isWhole(text, valueOf(dialect.own), hash)) fail({ kind: 'bmapDamaged' });
  const numberOf = (name: string): number => {
    const { text: digits, at } = valueOf(name);
    return exactNumber(digits) ?? scanner.odd(at);
  };
  const [imageSize, blockSize] = [numberOf('ImageSize'), numberOf('BlockSize')];
  const contradicts = (at: number): never => fail({ kind: 'bmapContradicts', line: scanner.line(at) });
  if (blockSize < SMALLEST_BLOCK || blockSize > LARGEST_BLOCK) contradicts(valueOf('BlockSize').at);
  if (numberOf('BlocksCount') !== Math.ceil(imageSize / blockSize)) contradicts(valueOf('BlocksCount').at);
  const sizes = { imageSize, blockSize };
  const { ranges, blocks } = rangesOf(listed, sizes, { attribute: dialect.attribute, hash }, scanner);
  if (numberOf('MappedBlocksCount') !== blocks) contradicts(valueOf('MappedBlocksCount').at);
  if (ranges.length === 0) fail({ kind: 'bmapEmpty' });
  const mapped = ranges.reduce((sum, { length }) => sum + length, 0);
  return { version, imageSize, mapped, hash: ranges.some(({ checksum }) => checksum !== null) ? hash : null, ranges };
}

/** The ranges in bytes, and the number of their blocks. */
function rangesOf(
  listed: readonly Listed[],
  { imageSize, blockSize }: { imageSize: number; blockSize: number },
  { attribute, hash }: { attribute: string; hash: Hash },
  scanner: Scanner,
): { ranges: MappedRange[]; blocks: number } {
  const ranges: MappedRange[] = [];
  let end = 0; // the block after the previous range
  let blocks = 0;
  for (const { text: said, attributes, at } of listed) {
    const [first, last] = blocksIn(said) ?? scanner.odd(at);
    if (first < end || last < first || last * blockSize >= imageSize)
      fail({ kind: 'bmapContradicts', line: scanner.line(at) });
    end = last + 1;
    blocks += end - first;
    // The last block of an image can be short.
    const length = Math.min(end * blockSize, imageSize) - first * blockSize;
    const checksum = attributes.get(attribute)?.trim().toLowerCase() ?? null;
    if (checksum !== null && !isHashOf(checksum, hash)) scanner.odd(at);
    ranges.push({ offset: first * blockSize, length, checksum });
  }
  return { ranges, blocks };
}

/** The elements of the map, each allowed once, and its ranges. Unknown elements contain only text. */
function elementsOf(scanner: Scanner): { values: Map<string, Value>; listed: Listed[] } {
  const values = new Map<string, Value>();
  let listed: Listed[] | null = null;
  for (let tag = scanner.open(); tag !== null; tag = scanner.open()) {
    const { name } = tag;
    if (name !== 'BlockMap') {
      if (values.has(name)) scanner.odd();
      values.set(name, scanner.value(name));
      continue;
    }
    if (listed !== null) scanner.odd();
    listed = rangesIn(scanner);
  }
  scanner.close('bmap');
  scanner.end();
  return { values, listed: listed ?? scanner.odd() };
}

function rangesIn(scanner: Scanner): Listed[] {
  const listed: Listed[] = [];
  for (let tag = scanner.open(); tag !== null; tag = scanner.open()) {
    if (tag.name !== 'Range') scanner.odd();
    listed.push({ ...scanner.value('Range'), attributes: tag.attributes });
  }
  scanner.close('BlockMap');
  return listed;
}

/** Parses "3-7" or "3" to the first and the last block. */
function blocksIn(text: string): [number, number] | null {
  const dash = text.indexOf('-');
  const first = exactNumber(dash < 0 ? text : text.slice(0, dash).trimEnd());
  const last = dash < 0 ? first : exactNumber(text.slice(dash + 1).trimStart());
  return first === null || last === null ? null : [first, last];
}

/** Parses a decimal number that JavaScript represents exactly. */
function exactNumber(text: string): number | null {
  const value = /^\d{1,16}$/.test(text) ? Number(text) : NaN;
  return Number.isSafeInteger(value) ? value : null;
}

function hashNamed(name: string): Hash {
  return Object.hasOwn(HASHES, name) ? (name as Hash) : fail({ kind: 'bmapHash', hash: name.slice(0, 32) });
}

const isHashOf = (text: string, hash: Hash): boolean => text.length === HASHES[hash] && /^[0-9a-f]*$/.test(text);

/** True when the map's checksum of itself is right. It was computed with zeros in its place. */
function isWhole(text: string, { text: own, at }: Value, hash: Hash): boolean {
  const wanted = own.toLowerCase();
  if (!isHashOf(wanted, hash)) return false;
  const blank = text.slice(0, at) + '0'.repeat(own.length) + text.slice(at + own.length);
  return createHash(hash).update(blank, 'latin1').digest('hex') === wanted;
}

/** The possible names of a block map beside the file `name`. `image`: the name of the image packed in it. */
export const bmapNames = (name: string, image: string | null): string[] =>
  [name, image].filter((one) => one !== null).map((one) => `${one}.bmap`);
