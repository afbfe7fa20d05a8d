// A request that takes only what the file systems of its source use.
import type { PlatterError } from '../../contract/errors.ts';
import type { Note, Reason } from '../../contract/facts.ts';
import type { PartUse } from '../../contract/jobs.ts';
import { takesUsed, writes, zeroesUnmapped } from '../../contract/request-facts.ts';
import type { WorkRequest } from '../../contract/request.ts';
import type { Answers } from '../../base/slow-answers.ts';
import { cancelledOpening, failure, refuse } from '../../base/errors.ts';
import type { Blocks } from '../devices/block-devices.ts';
import type { HeldEnd } from '../devices/ends.ts';
import { writeMark, type WriteMark } from '../devices/write-counts.ts';
import type { LoggedSign } from '../formats/job-header.ts';
import { usedOfSource, type MapSign, type UsedRanges } from '../used-blocks/used-of-source.ts';
import type { Held } from './prepared.ts';

/** The used blocks of a source, as they were found for the review. */
export interface FoundUse {
  /** null when all of the source counts. */
  used: UsedRanges | null;
  /** What had been written to a device before they were found; null for a file, and when all of the source counts. */
  mark: WriteMark | null;
  parts: PartUse[];
  notes: Note[];
  /** A sign of the map of each part. */
  signs: MapSign[];
}

/** Finds the used blocks of the source, with the notes for the review. Throws a Refusal. */
export async function usedIn(
  request: WorkRequest,
  source: HeldEnd | null,
  destinations: readonly Held[],
  blocks: Blocks,
  answers: Answers,
): Promise<FoundUse> {
  if (!takesUsed(request) || source === null) return { used: null, mark: null, parts: [], notes: [], signs: [] };
  const { path, size, packed, block } = source.end;
  if (packed !== null)
    refuse({
      code: 'BAD_ARGUMENT',
      op: 'check',
      device: path,
      reason: { kind: 'usedPacked' },
      remedy: { kind: 'withoutUsed' },
    });
  // A write from here on can go where the map has nothing.
  const mark = block === null ? null : writeMark(block);
  const { used, parts, notes, signs } = await usedOfSource(source, blocks, answers);
  if (answers.signal?.aborted === true) throw cancelledOpening(path);
  const left = size - used.bytes;
  if (left === 0) return { used, mark, parts, notes, signs };
  const values = { path, used: used.bytes, left };
  const note: Note = zeroesUnmapped(request)
    ? { kind: 'usedZeros', ...values }
    : { kind: 'usedOnly', ...values, on: writes(request.kind) ? whatKeeps(destinations) : 'nothing' };
  return { used, mark, parts, notes: [note, ...notes], signs };
}

/** Reasons that say nothing about a file system: only its map could not be made this time. */
const SAY_NOTHING: ReadonlySet<Reason['kind']> = new Set([
  'usedToolMissing',
  'usedToolFailed',
  'usedOutOfReach',
  'usedUnreadable',
  'usedNoMaker',
]);

/**
 * The reasons not to continue a job whose source `path` had the maps `before` when it began, and has those of `now`. What
 * was copied until then would lie beside blocks of a later moment.
 */
export function againstOtherMaps(before: readonly LoggedSign[], now: readonly MapSign[], path: string): PlatterError[] {
  const changed = failure({
    code: 'CHANGED',
    op: 'check',
    device: path,
    reason: { kind: 'fileSystemChanged' },
    remedy: { kind: 'newCopy' },
  });
  for (const { offset, sha256 } of before) {
    const found = now.find((one) => one.offset === offset);
    if (found === undefined) return [changed];
    const { why } = found;
    if (why === null ? found.sha256 === sha256 : SAY_NOTHING.has(why.kind)) continue;
    if (why?.kind !== 'usedMounted') return [changed];
    return [failure({ code: 'MOUNTED', op: 'check', device: path, reason: why, remedy: { kind: 'unmountByHand' } })];
  }
  return [];
}

/** What the job leaves of free blocks: a drive keeps what it has there, as an existing image does. */
function whatKeeps(destinations: readonly Held[]): 'drives' | 'images' | 'both' {
  const keep = destinations.filter(({ end, updated }) => end.image === null || updated);
  return keep.length === destinations.length ? 'drives' : keep.length === 0 ? 'images' : 'both';
}
