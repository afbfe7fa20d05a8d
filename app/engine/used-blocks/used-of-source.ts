// What of a source is in use: a map for each partition that is proven, and everything else as a whole.
import { createHash } from 'node:crypto';
import type { Note, Reason } from '../../contract/facts.ts';
import type { PartUse } from '../../contract/jobs.ts';
import type { Extent } from '../../contract/values.ts';
import { errnoOf } from '../../base/errors.ts';
import type { Answers } from '../../base/slow-answers.ts';
import type { Inside } from '../../contract/disk-content.ts';
import { insideOf } from '../../parsers/disk-content.ts';
import {
  complement,
  isWithin,
  joined,
  lengthOf,
  reasonAgainst,
  type UsedMap,
} from '../../parsers/used-blocks/used-map.ts';
import { withDescendants, type Block, type Blocks } from '../devices/block-devices.ts';
import type { End, HeldEnd } from '../devices/ends.ts';
import type { Made, Place } from './maker.ts';
import { MAKERS } from './makers.ts';
import { parsed } from './source-bytes.ts';

/** Bytes at the end of each partition that are copied in any case: some file systems keep a copy of their head there. */
const KEPT_AT_END = 1024 ** 2;

/** Milliseconds between reports that the maps are being made. */
const SECOND = 1000;

/** The map of one part, so that it can be told from a later one. */
export interface MapSign {
  /** Where the part begins on the source, in bytes. */
  offset: number;
  /** SHA-256 of what is free, in hex; null when the part is copied as a whole. */
  sha256: string | null;
  /** Why it is copied as a whole; null where it is not. */
  why: Reason | null;
}

/** The ranges of a source that count: ascending and disjoint. */
export interface UsedRanges {
  ranges: readonly Extent[];
  /** Their sum. */
  bytes: number;
}

/** A part of the source that may hold a file system. */
interface Part {
  /** Number of the partition in its table; null for a file system without a table. */
  number: number | null;
  place: Extent;
  signatures: readonly string[];
}

/** What was found of one part. `free` is empty where it is copied as a whole. */
interface Judged {
  part: Part;
  free: readonly Extent[];
  /** Why it is copied as a whole; null where it is not. */
  why: Reason | null;
  /** Bytes that the map would have left out. */
  saves: number;
}

/** Finds what of `source` is in use, with a sign of each map. Reads it, and writes nothing. */
export async function usedOfSource(
  { end, device }: HeldEnd,
  blocks: Blocks,
  answers: Answers,
): Promise<{ used: UsedRanges; parts: PartUse[]; notes: Note[]; signs: MapSign[] }> {
  const parts = await partsOf(end, device);
  const judged = await telling(answers, end.path, parts ?? [], (part) =>
    judge(part, { source: end, device, signal: answers.signal }, blocks),
  );
  const free = joined(judged.flatMap((one) => one.free));
  const ranges = complement(free, end.size);
  const used = { ranges, bytes: lengthOf(ranges) };
  const none: Note[] = parts === null ? [{ kind: 'usedNoTable', path: end.path }] : [];
  return {
    used,
    parts: judged.map(useOf),
    notes: [...none, ...judged.map((one) => noteOn(end, one))],
    signs: judged.map(signOf),
  };
}

/** Judges the parts one after the other, and reports that each second. */
async function telling(
  answers: Answers,
  path: string,
  parts: readonly Part[],
  judgeOne: (part: Part) => Promise<Judged>,
): Promise<Judged[]> {
  const of = parts.reduce((sum, { place }) => sum + place.length, 0);
  const judged: Judged[] = [];
  const timer = setInterval(() => {
    const done = judged.reduce((sum, { part }) => sum + part.place.length, 0);
    answers.reading(path, { why: 'used', done, of });
  }, SECOND);
  try {
    for (const part of parts) judged.push(await judgeOne(part));
    return judged;
  } finally {
    clearInterval(timer);
  }
}

/** The parts of the source; null when its partition table cannot be trusted, or nothing is recognised. */
async function partsOf({ size, block }: End, device: HeldEnd['device']): Promise<Part[] | null> {
  let inside: Inside;
  try {
    inside = await parsed(device, size, (bytes) => insideOf(bytes, block?.logicalSector ?? null));
  } catch (error) {
    if (errnoOf(error) === null) throw error;
    return null; // The job will report that the source cannot be read.
  }
  const { table, signatures } = inside;
  const whole = (found: string[]): Part => ({ number: null, place: { offset: 0, length: size }, signatures: found });
  if (table === null) {
    if (signatures === null || signatures.length === 0) return null;
    return [whole(signatures.map(({ type }) => type))];
  }
  const isTrusted =
    table.kind === 'gpt'
      ? table.header === 'right' && table.entries === 'right' && agreesWithMbr(table)
      : !table.gptToo;
  if (!isTrusted || table.partitions.some(({ faults }) => faults.length > 0)) return null;
  // One of them is old: RAID on a whole disk, for example, leaves a table of before, and the file systems in it.
  if (signatures !== null && signatures.length > 0)
    return [whole([table.kind.toUpperCase(), ...signatures.map(({ type }) => type)])];
  const parts = table.partitions.flatMap(({ number, start, size: length, place, signatures: found }) =>
    place === 'extended' || length === 0
      ? []
      : [{ number, place: { offset: start, length }, signatures: (found ?? []).map(({ type }) => type) }],
  );
  const places = parts.map(({ place }) => place).toSorted((one, other) => one.offset - other.offset);
  return isWithin(places, size) ? parts : null;
}

/** True when each partition of a hybrid MBR is one of the GPT: systems that read only the MBR use no other blocks. */
const agreesWithMbr = ({ hybrid, partitions }: Extract<NonNullable<Inside['table']>, { kind: 'gpt' }>): boolean =>
  hybrid.every(({ start, size }) => partitions.some((one) => one.start === start && one.size === size));

/** Makes the map of a part and decides whether it counts. */
async function judge(part: Part, of: Omit<Place, 'place'>, blocks: Blocks): Promise<Judged> {
  const whole = (why: Reason, saves = 0): Judged => ({ part, free: [], why, saves });
  const [type] = part.signatures;
  // Several signatures contradict each other: one of them is old.
  if (type === undefined || part.signatures.length > 1) return whole({ kind: 'usedUnknown' });
  const maker = MAKERS.get(type);
  if (maker === undefined) return whole({ kind: 'usedNoMaker', fileSystem: type });
  const targets = mountsOf(of.source, part, blocks);
  if (targets.length > 0) return whole({ kind: 'usedMounted', targets });
  let made: Made;
  try {
    made = await maker({ ...of, place: part.place });
  } catch (error) {
    if (errnoOf(error) === null) throw error;
    return whole({ kind: 'usedUnreadable' });
  }
  if ('why' in made) return whole(made.why);
  const { place } = part;
  const free = freeIn(made, place);
  const against = reasonAgainst(made, place.length);
  return against === null ? { part, free, why: null, saves: 0 } : whole(against, lengthOf(free));
}

/** The free ranges of a map on the source, without the last part of the partition. */
function freeIn({ free }: UsedMap, { offset, length }: Extent): Extent[] {
  const end = length - KEPT_AT_END;
  return free.flatMap((range) => {
    const rest = Math.min(range.offset + range.length, end) - range.offset;
    return rest <= 0 ? [] : [{ offset: offset + range.offset, length: rest }];
  });
}

/**
 * Where the part is mounted by its own device or by one above it, and can be written. The proof of its map tells
 * whether a file system that is only read has work left.
 */
function mountsOf({ block, id }: End, { number }: Part, { all }: Blocks): string[] {
  const loops = all.filter(({ backingId }) => id !== null && backingId === id);
  const disks = block === null ? loops : [block, ...loops];
  const isOfPart = (child: Block): boolean =>
    number === null || child.partition === null || child.partition === String(number);
  const own = disks.flatMap((disk) => [
    disk,
    ...disk.children.filter(isOfPart).flatMap((one) => [...withDescendants(one)]),
  ]);
  return [...new Set(own.flatMap(({ writtenAt }) => writtenAt))];
}

const signOf = ({ part, free, why }: Judged): MapSign => ({
  offset: part.place.offset,
  sha256: why === null ? createHash('sha256').update(JSON.stringify(free)).digest('hex') : null,
  why,
});

const useOf = ({ part: { number, place, signatures }, free, why, saves }: Judged): PartUse => ({
  partition: number,
  signatures: [...signatures],
  offset: place.offset,
  size: place.length,
  used: place.length - lengthOf(free),
  whole: why,
  saves,
});

function noteOn({ path }: End, { part, free, why, saves }: Judged): Note {
  const { place, signatures } = part;
  const which = {
    path,
    of: part.number === null ? 'whole' : 'partition',
    partition: String(part.number ?? ''),
  } as const;
  const fileSystem = signatures.join(', ');
  if (why === null)
    return { kind: 'usedPart', ...which, fileSystem, used: place.length - lengthOf(free), size: place.length };
  const reason = why;
  if (saves > 0) return { kind: 'wholePartSaves', ...which, fileSystem, size: place.length, saves, reason };
  return { kind: 'wholePart', ...which, fileSystem: fileSystem === '' ? '-' : fileSystem, size: place.length, reason };
}
