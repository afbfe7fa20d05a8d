// A request that takes only what the file systems of its source use.
import type { Note } from '../../contract/facts.ts';
import type { PartUse } from '../../contract/jobs.ts';
import { takesUsed, writes, zeroesUnmapped } from '../../contract/request-facts.ts';
import type { WorkRequest } from '../../contract/request.ts';
import type { Answers } from '../../base/slow-answers.ts';
import { cancelledOpening, refuse } from '../../base/errors.ts';
import type { Blocks } from '../devices/block-devices.ts';
import type { HeldEnd } from '../devices/ends.ts';
import { writeMark, type WriteMark } from '../devices/write-counts.ts';
import { usedOfSource, type UsedRanges } from '../used-blocks/used-of-source.ts';
import type { Held } from './prepared.ts';

/** The used blocks of a source, as they were found for the review. */
export interface FoundUse {
  /** null when all of the source counts. */
  used: UsedRanges | null;
  /** What had been written to a device before they were found; null for a file, and when all of the source counts. */
  mark: WriteMark | null;
  parts: PartUse[];
  notes: Note[];
}

/** Finds the used blocks of the source, with the notes for the review. Throws a Refusal. */
export async function usedIn(
  request: WorkRequest,
  source: HeldEnd | null,
  destinations: readonly Held[],
  blocks: Blocks,
  answers: Answers,
): Promise<FoundUse> {
  if (!takesUsed(request) || source === null) return { used: null, mark: null, parts: [], notes: [] };
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
  const { used, parts, notes } = await usedOfSource(source, blocks, answers);
  if (answers.signal?.aborted === true) throw cancelledOpening(path);
  const left = size - used.bytes;
  if (left === 0) return { used, mark, parts, notes };
  const values = { path, used: used.bytes, left };
  const note: Note = zeroesUnmapped(request)
    ? { kind: 'usedZeros', ...values }
    : { kind: 'usedOnly', ...values, on: writes(request.kind) ? whatKeeps(destinations) : 'nothing' };
  return { used, mark, parts, notes: [note, ...notes] };
}

/** What the job leaves of free blocks: a drive keeps what it has there, as an existing image does. */
function whatKeeps(destinations: readonly Held[]): 'drives' | 'images' | 'both' {
  const keep = destinations.filter(({ end, updated }) => end.image === null || updated);
  return keep.length === destinations.length ? 'drives' : keep.length === 0 ? 'images' : 'both';
}
