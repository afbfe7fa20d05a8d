// The pieces of a split file, by their names: "disk.img.000", "disk.img.001", or "disk.img.aa", "disk.img.ab". Pure.

/** The role of a name among the names in its folder. */
export type PieceNames =
  | { kind: 'whole' }
  /** The first piece of several, in order. `whole`: the name of the file that was split. */
  | { kind: 'pieces'; whole: string; names: string[] }
  /** A piece is missing, and there is a later one. */
  | { kind: 'gap'; missing: string }
  /** Another piece than the first one, whose name is `first`. */
  | { kind: 'later'; first: string };

const SUFFIX = /^(.+\.)(\d{2,}|[a-z]{2,})$/su;
const FIRST = /^(?:0+1?|a+)$/u;
/**
 * Most letters' worth of pieces that may be missing before another one. Farther names are endings of their own, such as
 * "gz".
 */
const FARTHEST = 100;

/** The name of the file whose first or later piece `name` can be: "disk.img.zst" of "disk.img.zst.001"; null for none. */
export const splitName = (name: string): string | null => /^(.+)\.(?:\d{2,}|a{2,})$/su.exec(name)?.[1] ?? null;

/** The role of `name` in a folder with the names `beside`. */
export function pieceNames(name: string, beside: readonly string[]): PieceNames {
  const [, stem, suffix] = SUFFIX.exec(name) ?? [];
  if (stem === undefined || suffix === undefined) return { kind: 'whole' };
  const suffixes = new Set(beside.flatMap((one) => (one.startsWith(stem) ? [one.slice(stem.length)] : [])));
  for (const first of firstsLike(suffix)) {
    if (first === suffix || !suffixes.has(first)) continue;
    if (chainFrom(first, suffixes).includes(suffix)) return { kind: 'later', first: stem + first };
  }
  if (!FIRST.test(suffix)) return { kind: 'whole' };
  const chain = chainFrom(suffix, suffixes);
  const missing = nextOf(chain.at(-1)!);
  if (missing !== null && [...suffixes].some((one) => isSoonAfter(one, missing)))
    return { kind: 'gap', missing: stem + missing };
  if (chain.length === 1) return { kind: 'whole' };
  return { kind: 'pieces', whole: stem.slice(0, -1), names: chain.map((one) => stem + one) };
}

/**
 * The names that the first piece could have, when `name` is that of a later piece by its number alone: "x.img.002".
 * null for any other name. Without zeros in front, a number is more often a year or a version.
 */
export function firstsFor(name: string): [zero: string, one: string] | null {
  const [, stem, suffix] = SUFFIX.exec(name) ?? [];
  if (stem === undefined || suffix === undefined || !/^0\d{2,}$/u.test(suffix) || FIRST.test(suffix)) return null;
  return [stem + '0'.repeat(suffix.length), stem + '1'.padStart(suffix.length, '0')];
}

/** The other pieces of a set of pieces that a file belongs to by its name, in order. */
export interface OtherPieces {
  /** The name of the file that was split. */
  whole: string;
  /** At least one. */
  names: string[];
}

/** The pieces among the names `beside` that a reader would take together with a file `name`; null for none. */
export function piecesBeside(name: string, beside: readonly string[]): OtherPieces | null {
  const [, stem, suffix] = SUFFIX.exec(name) ?? [];
  if (stem === undefined || suffix === undefined) return null;
  const suffixes = new Set([name, ...beside].flatMap((one) => (one.startsWith(stem) ? [one.slice(stem.length)] : [])));
  for (const first of firstsLike(suffix)) {
    if (!suffixes.has(first)) continue;
    const chain = chainFrom(first, suffixes);
    const missing = nextOf(chain.at(-1)!)!;
    // Behind a gap, only digits are certain to be those of a piece.
    const behind = /^\d/u.test(first) ? [...suffixes].filter((one) => isSoonAfter(one, missing)).toSorted() : [];
    const set = [...chain, ...behind];
    const names = set.filter((one) => one !== suffix).map((one) => stem + one);
    if (set.includes(suffix) && names.length > 0) return { whole: stem.slice(0, -1), names };
  }
  return null;
}

/** The suffixes that the first piece can have beside one with `suffix`. split(1) lengthens suffixes when they run out. */
function firstsLike(suffix: string): string[] {
  const widths = Array.from({ length: suffix.length - 1 }, (_, index) => index + 2);
  const isDigits = /^\d/u.test(suffix);
  return widths.flatMap((width) => (isDigits ? ['0'.repeat(width), `1`.padStart(width, '0')] : ['a'.repeat(width)]));
}

/** The suffixes in a row that begins with `first`. */
function chainFrom(first: string, suffixes: ReadonlySet<string>): string[] {
  const chain = [first];
  for (;;) {
    const next = [nextOf(chain.at(-1)!), longerThan(chain.at(-1)!)].find((one) => one !== null && suffixes.has(one));
    if (next === undefined || next === null) return chain;
    chain.push(next);
  }
}

/** The next suffix: "ab" after "aa", "1000" after "999"; null after "zz". */
function nextOf(suffix: string): string | null {
  if (/^\d/u.test(suffix)) return String(BigInt(suffix) + 1n).padStart(suffix.length, '0');
  const [, kept, letter, ended] = /^(.*?)([a-y])(z*)$/u.exec(suffix) ?? [];
  if (letter === undefined) return null;
  return kept! + String.fromCodePoint(letter.codePointAt(0)! + 1) + 'a'.repeat(ended!.length);
}

/** The longer suffix that split(1) goes on with: "zaaa" after "yz", "9000" after "89"; null after any other. */
function longerThan(suffix: string): string | null {
  const [, letters, ended] = /^(z*)y(z+)$/u.exec(suffix) ?? [];
  if (ended !== undefined) return `${letters!}z${'a'.repeat(ended.length + 2)}`;
  const [, digits, nines] = /^(9*)8(9+)$/u.exec(suffix) ?? [];
  return nines === undefined ? null : `${digits!}9${'0'.repeat(nines.length + 2)}`;
}

/** True for a later piece than the missing one. */
function isSoonAfter(suffix: string, missing: string): boolean {
  if (suffix.length !== missing.length) return false;
  if (/^\d+$/u.test(missing)) return /^\d+$/u.test(suffix) && suffix > missing;
  const distance = numberIn(suffix) - numberIn(missing);
  return /^[a-z]+$/u.test(suffix) && distance > 0 && distance <= FARTHEST;
}

const numberIn = (letters: string): number =>
  Array.from(letters).reduce((sum, letter) => sum * 26 + letter.codePointAt(0)! - 97, 0);
