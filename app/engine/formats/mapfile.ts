// GNU ddrescue's mapfile: which ranges of a source could be read. ddrescue can continue from ours, and we from its own.
// The format is described in ddrescue's manual, chapter "Mapfile structure".
import type { Reason, Remedy } from '../../contract/facts.ts';
import type { Extent } from '../../contract/values.ts';
import { readPlainFile, replaceFile } from '../../base/durable-file.ts';
import { failure, Refusal } from '../../base/errors.ts';
import { thisProgram } from '../../base/program-name.ts';

/**
 * State of a range: '?' not tried, '*' failed and not trimmed, '/' failed and not scraped, '-' bad sectors, '+'
 * rescued.
 */
export type RangeStatus = '?' | '*' | '/' | '-' | '+';

/** One range of the source. */
export interface MapExtent extends Extent {
  status: RangeStatus;
}

/** The state of a rescue of one source. */
export interface RescueMap {
  /** Byte of the source that was being tried. */
  position: number;
  /**
   * The current activity: a range's status names the phase that deals with such ranges; 'F' filling, 'G' generating,
   * '+' finished.
   */
  status: RangeStatus | 'F' | 'G';
  /** Pass of that phase, from 1. */
  pass: number;
  /** In order, without gaps, none empty, neighbours of different status. `setRange` keeps it so. */
  extents: MapExtent[];
}

/** The file is not a mapfile that can be continued, or a map breaks its own rules. */
export class MapfileError extends Refusal {
  constructor(reason: Reason, remedy: Remedy = { kind: 'otherMap' }, path: string | null = null) {
    super([failure({ code: 'BAD_FILE', op: 'read', device: path, reason, remedy })]);
    this.name = 'MapfileError';
  }
}

/** The longest mapfile, in bytes: more than half a million ranges. */
export const MAX_MAPFILE_BYTES = 16 * 1024 ** 2;
/** The longest line, in bytes. ddrescue's longest is a comment with its command line. */
const MAX_LINE_BYTES = 64 * 1024;
/** The largest exact number; a source of unknown length ends at 2^63 - 1. */
const LAST = Number.MAX_SAFE_INTEGER;
const NUMBER = /^(0[xX][0-9a-fA-F]{1,16}|0[0-7]{0,22}|[1-9][0-9]{0,18})$/;
const PASS = /^0*[1-9][0-9]{0,8}$/;
const RANGE = /^[?*/+-]$/;
const ACTIVITY = /^[?*/+FG-]$/;

/** A map of an untried source of `length` bytes. */
export const newMap = (length: number): RescueMap => ({
  position: 0,
  status: '?',
  pass: 1,
  extents: length === 0 ? [] : [{ offset: 0, length, status: '?' }],
});

/**
 * Parses a mapfile's text, keeping one line at a time and only the numbers of each range. Throws a MapfileError that
 * names the line and says what to do.
 */
export function parseMapfile(text: string): RescueMap {
  if (text.length > MAX_MAPFILE_BYTES)
    throw new MapfileError({ kind: 'fileTooLong', bytes: text.length, most: MAX_MAPFILE_BYTES });
  let map: RescueMap | null = null;
  for (const line of linesOf(text)) {
    if (map === null) map = statusLine(line);
    else addExtent(map.extents, line);
  }
  if (map === null) throw new MapfileError({ kind: 'mapEmpty' });
  return map;
}

/** The words of each line with content. Comments and blank lines are skipped. */
function* linesOf(text: string): Generator<Line, void, void> {
  let number = 0;
  for (let at = 0; at < text.length;) {
    const newline = text.indexOf('\n', at);
    const end = newline === -1 ? text.length : newline;
    number += 1;
    if (end - at > MAX_LINE_BYTES) {
      throw new MapfileError(
        { kind: 'mapLongLine', line: String(number), bytes: end - at, most: MAX_LINE_BYTES },
        { kind: 'mapLine' },
      );
    }
    if (end > at) {
      const words = text
        .slice(at, end)
        .replace(/(^|\s)#.*$/s, '')
        .split(/\s+/)
        .filter((word) => word !== '');
      if (words.length > 0) yield { words, number };
    }
    at = end + 1;
  }
}

/** Appends the range of a line. */
function addExtent(extents: MapExtent[], line: Line): void {
  const extent = extentLine(line);
  const last = extents.at(-1);
  const expected = last === undefined ? extent.offset : last.offset + last.length;
  if (extent.offset !== expected) {
    throw new MapfileError(
      { kind: 'mapGap', line: String(line.number), begins: hex(extent.offset), expected: hex(expected) },
      { kind: 'mapOrder' },
    );
  }
  if (extent.offset === LAST) return; // no disk extends beyond exact numbers
  extent.length = Math.min(extent.length, LAST - extent.offset);
  if (last?.status === extent.status) last.length += extent.length;
  else extents.push(extent);
}

/** The text of a mapfile. Throws a MapfileError when the map breaks its own rules. */
export function formatMapfile(map: RescueMap): string {
  checkMap(map);
  const hexed = (value: number): string => `0x${value.toString(16).toUpperCase().padStart(8, '0')}`;
  const lines = map.extents.map(({ offset, length, status }) => `${hexed(offset)}  ${hexed(length)}  ${status}`);
  return [
    `# Mapfile. Created by ${thisProgram()}`,
    '# current_pos  current_status  current_pass',
    `${hexed(map.position)}     ${map.status}               ${map.pass}`,
    '#      pos        size  status',
    ...lines,
    '',
  ].join('\n');
}

/**
 * Gives a range another status, in place. The map grows beyond its ends; the gap becomes untried. Throws a RangeError
 * for numbers that are not bytes.
 */
export function setRange(map: RescueMap, offset: number, length: number, status: RangeStatus): void {
  if (!isRange(offset, length)) throw new RangeError(`${offset}, ${length} is no range of bytes`);
  if (length === 0) return;
  const { extents } = map;
  const end = offset + length;
  const [from, to] = [firstOf(map), endOf(map)];
  // Fill the gap between the map and the range, if any, as untried; empty extents are dropped below.
  const before = extents.length > 0 && offset > to ? [{ offset: to, length: offset - to, status: '?' as const }] : [];
  const after = extents.length > 0 && end < from ? [{ offset: end, length: from - end, status: '?' as const }] : [];
  // Include one extent more on either side, to be split or joined.
  const left = Math.max(0, indexAt(extents, offset) - 1);
  let right = left;
  while (right < extents.length && extents[right]!.offset <= Math.max(end, from)) right += 1;
  const touched = extents.slice(left, right);
  const parts: MapExtent[] = [
    ...touched.flatMap((extent) => clip(extent, 0, offset)),
    ...before,
    { offset, length, status },
    ...after,
    ...touched.flatMap((extent) => clip(extent, end, LAST)),
  ];
  extents.splice(left, right - left, ...mergeNeighbours(parts));
}

/** The parts of the map's extents within a range of bytes, in order. */
export function extentsIn({ extents }: RescueMap, offset: number, length: number): MapExtent[] {
  const found: MapExtent[] = [];
  for (
    let index = indexAt(extents, offset);
    index < extents.length && extents[index]!.offset < offset + length;
    index += 1
  ) {
    found.push(...clip(extents[index]!, offset, offset + length));
  }
  return found;
}

/** The ranges with this status, in order, in bytes. */
export const ranges = (map: RescueMap, status: RangeStatus): Extent[] =>
  map.extents.filter((extent) => extent.status === status).map(({ offset, length }) => ({ offset, length }));

/** Bytes with this status. */
export const bytesOf = (map: RescueMap, status: RangeStatus): number =>
  ranges(map, status).reduce((sum, { length }) => sum + length, 0);

/**
 * Writes a mapfile durably, replacing the file `path`. Throws as `formatMapfile` does, or a Refusal when it cannot be
 * written.
 */
export async function writeMapfile(path: string, map: RescueMap): Promise<void> {
  await replaceFile(path, [Buffer.from(formatMapfile(map))]);
}

/**
 * Reads a mapfile of at most MAX_MAPFILE_BYTES. It can take a second, so a host uses the reading thread
 * (`read-aside.ts`). Throws a MapfileError when it is not a mapfile, a Refusal when the file cannot be read.
 */
export async function readMapfile(path: string): Promise<RescueMap> {
  const bytes = await readPlainFile(path, MAX_MAPFILE_BYTES);
  try {
    return parseMapfile(bytes.toString('latin1')); // anything beyond ASCII can only be in a comment
  } catch (error) {
    throw error instanceof MapfileError
      ? new MapfileError(error.errors[0]!.reason, error.errors[0]!.remedy, path)
      : error;
  }
}

interface Line {
  words: string[];
  number: number;
}

/** Position, activity, and since ddrescue 1.20 the pass. */
function statusLine(line: Line): RescueMap {
  const [position = '', status = '', pass = '1'] = line.words;
  if (line.words.length > 3 || !NUMBER.test(position) || !ACTIVITY.test(status) || !PASS.test(pass)) {
    throw new MapfileError(
      { kind: 'mapNoStatus', line: String(line.number), text: quoted(line) },
      { kind: 'mapStatus' },
    );
  }
  return { position: numberOf(position), status: status as RescueMap['status'], pass: Number(pass), extents: [] };
}

function extentLine(line: Line): MapExtent {
  const [offset = '', length = '', status = ''] = line.words;
  if (line.words.length !== 3 || !NUMBER.test(offset) || !NUMBER.test(length) || !RANGE.test(status)) {
    throw new MapfileError({ kind: 'mapNoRange', line: String(line.number), text: quoted(line) }, { kind: 'mapRange' });
  }
  const extent = { offset: numberOf(offset), length: numberOf(length), status: status as RangeStatus };
  if (extent.length === 0)
    throw new MapfileError({ kind: 'mapEmptyRange', line: String(line.number) }, { kind: 'mapLine' });
  return extent;
}

/** As in C: hexadecimal after 0x, octal after 0. Clamped to the largest exact number. */
function numberOf(text: string): number {
  const octal = /^0[0-7]+$/.test(text);
  const value = BigInt(octal ? `0o${text}` : text);
  return value > BigInt(LAST) ? LAST : Number(value);
}

/** A line for a message: shortened, and without terminal control characters. */
function quoted({ words }: Line): string {
  const text = words.join(' ').replaceAll(/[^ -~]/g, '?');
  return text.length > 60 ? `${text.slice(0, 60)}...` : text;
}

const hex = (value: number): string => `0x${value.toString(16).toUpperCase()}`;
const isRange = (offset: number, length: number): boolean =>
  [offset, length, offset + length].every((value) => Number.isSafeInteger(value) && value >= 0);
const firstOf = ({ extents }: RescueMap): number => extents[0]?.offset ?? 0;
const endOf = ({ extents }: RescueMap): number =>
  extents.length === 0 ? 0 : extents.at(-1)!.offset + extents.at(-1)!.length;

function checkMap({ position, status, pass, extents }: RescueMap): void {
  if (!isRange(position, 0) || !ACTIVITY.test(status) || !PASS.test(String(pass)))
    throw new MapfileError({ kind: 'mapState', state: `${position} ${status} ${pass}` });
  for (const [index, extent] of extents.entries()) {
    const last = extents[index - 1];
    const follows =
      last === undefined || (last.offset + last.length === extent.offset && last.status !== extent.status);
    if (!follows || extent.length === 0 || !isRange(extent.offset, extent.length) || !RANGE.test(extent.status)) {
      throw new MapfileError({ kind: 'mapOrder', range: `${extent.offset} ${extent.length} ${extent.status}` });
    }
  }
}

/** Index of the extent that contains `offset`, or of the next one; the length when there is none. */
function indexAt(extents: readonly MapExtent[], offset: number): number {
  let [low, high] = [0, extents.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (extents[middle]!.offset + extents[middle]!.length > offset) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** The part of an extent from `from` to `to`. */
function clip({ offset, length, status }: MapExtent, from: number, to: number): MapExtent[] {
  const begin = Math.max(offset, from);
  const end = Math.min(offset + length, to);
  return begin < end ? [{ offset: begin, length: end - begin, status }] : [];
}

/** Joins neighbours of the same status. */
function mergeNeighbours(extents: readonly MapExtent[]): MapExtent[] {
  const parts: MapExtent[] = [];
  for (const extent of extents) {
    const last = parts.at(-1);
    if (last?.status === extent.status) last.length += extent.length;
    else parts.push({ ...extent });
  }
  return parts;
}
