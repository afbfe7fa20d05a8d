// What the makers of maps give: where a file system has nothing, and the figures that prove it. Pure.
import type { Reason } from '../../contract/facts.ts';
import type { Extent } from '../../contract/values.ts';

/** Why a file system is not at rest, so that what its map says is not what a mount would find. */
export type Unrest = 'journal' | 'notUnmounted' | 'hibernated' | 'severalDevices' | 'features' | 'groups';

/** What a file system says that it uses. Offsets and sizes in bytes, from the start of its partition. */
export interface UsedMap {
  /** Where the file system ends. */
  end: number;
  /** What is free: ascending, disjoint, within [0, end). All else is in use. */
  free: readonly Extent[];
  /** The figure that was counted from the map. */
  counted: number;
  /** The same figure as the file system keeps it elsewhere; null when it keeps none that can be trusted. */
  said: number | null;
  /** null for a file system at rest. */
  unrest: Unrest | null;
  /** It has more free ranges than MOST_RANGES, so `free` is empty. */
  isTooMany?: true;
  /** The program that checked the file system and found errors in it. */
  errorsBy?: string;
}

/** A map; null when what was read contradicts itself or is not complete. */
export type MapAnswer = UsedMap | null;

/**
 * Most free ranges of a map. A crafted file system can have as many as it has blocks, and each takes memory several
 * times over while the map is made.
 */
export const MOST_RANGES = 1024 ** 2;

/** The map of a file system with more free ranges than MOST_RANGES. */
export const withTooMany = (end: number): UsedMap => ({
  end,
  free: [],
  counted: 0,
  said: null,
  unrest: null,
  isTooMany: true,
});

/** Takes the output of a program, line by line. */
export interface LineReader {
  line(text: string): void;
}

/** Ranges that grow at their end, so that neighbours become one. Pure but for itself. */
export class Ranges {
  readonly #found: Extent[] = [];
  /** False once a range began before the end of the one before it, or had no length. */
  ascend = true;
  /** The sum of their lengths. */
  sum = 0;
  /** True once there were more than MOST_RANGES. The others are not kept. */
  areTooMany = false;

  add(offset: number, length: number): void {
    const last = this.#found.at(-1);
    const end = last === undefined ? 0 : last.offset + last.length;
    if (offset < end || length <= 0) this.ascend = false;
    this.sum += length;
    if (last !== undefined && offset === end) last.length += length;
    else if (this.#found.length === MOST_RANGES) this.areTooMany = true;
    else this.#found.push({ offset, length });
  }

  get all(): readonly Extent[] {
    return this.#found;
  }
}

/** Joins ranges in any order, which may overlap, into ascending and disjoint ones. */
export function joined(extents: readonly Extent[]): Extent[] {
  const sorted = extents.toSorted((one, other) => one.offset - other.offset);
  const all: Extent[] = [];
  for (const { offset, length } of sorted) {
    const last = all.at(-1);
    if (last !== undefined && offset <= last.offset + last.length)
      last.length = Math.max(last.length, offset + length - last.offset);
    else if (length > 0) all.push({ offset, length });
  }
  return all;
}

/** What the ascending, disjoint `extents` leave of [0, size). */
export function complement(extents: readonly Extent[], size: number): Extent[] {
  const rest: Extent[] = [];
  let at = 0;
  for (const { offset, length } of extents) {
    if (offset > at) rest.push({ offset: at, length: Math.min(offset, size) - at });
    at = Math.max(at, offset + length);
    if (at >= size) break;
  }
  if (at < size) rest.push({ offset: at, length: size - at });
  return rest.filter(({ length }) => length > 0);
}

/** The sum of the lengths. */
export const lengthOf = (extents: readonly Extent[]): number => extents.reduce((sum, { length }) => sum + length, 0);

/** True when the ranges ascend, do not overlap and lie within [0, end). */
export const isWithin = (extents: readonly Extent[], end: number): boolean =>
  extents.every(
    ({ offset, length }, index) =>
      Number.isSafeInteger(offset + length) &&
      length > 0 &&
      offset + length <= end &&
      offset >= (index === 0 ? 0 : extents[index - 1]!.offset + extents[index - 1]!.length),
  );

/** Why a map of a partition of `length` bytes does not count; null when it is proven. */
export function reasonAgainst(map: UsedMap, length: number): Reason | null {
  const { end, free, counted, said, unrest, errorsBy } = map;
  if (map.isTooMany === true) return { kind: 'usedTooMany', most: MOST_RANGES };
  switch (unrest) {
    case 'journal':
      return { kind: 'usedJournal' };
    case 'notUnmounted':
      return { kind: 'usedNotUnmounted' };
    case 'hibernated':
      return { kind: 'usedHibernated' };
    case 'severalDevices':
      return { kind: 'usedSeveralDevices' };
    case 'features':
      return { kind: 'usedFeatures' };
    case 'groups':
      return { kind: 'usedGroups' };
    case null:
      break;
  }
  if (end > length) return { kind: 'usedBeyond' };
  if (!isWithin(free, end)) return { kind: 'usedOdd', program: 'platter' };
  if (said === null) return { kind: 'usedNoFigure' };
  if (counted !== said) return { kind: 'usedSum', counted, said };
  return errorsBy === undefined ? null : { kind: 'usedErrors', program: errorsBy };
}

/** A whole decimal number; null for anything else. */
export const numberIn = (text: string | undefined): number | null => {
  if (text === undefined || !/^\d{1,16}$/u.test(text)) return null;
  const value = Number(text);
  return Number.isSafeInteger(value) ? value : null;
};
