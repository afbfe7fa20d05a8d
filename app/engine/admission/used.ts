// A request that takes only what the file systems of its source use.
import type { Note } from '../../contract/facts.ts';
import type { PartUse } from '../../contract/jobs.ts';
import { takesUsed, zeroesUnmapped } from '../../contract/request-facts.ts';
import type { WorkRequest } from '../../contract/request.ts';
import type { Answers } from '../../base/slow-answers.ts';
import { cancelledOpening, refuse } from '../../base/errors.ts';
import type { Blocks } from '../devices/block-devices.ts';
import type { HeldEnd } from '../devices/inspect-paths.ts';
import { writeMark, type WriteMark } from '../devices/write-counts.ts';
import { usedOfSource, type UsedRanges } from '../used-blocks/used-of-source.ts';

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
  // What is written from here on can lie where the map has nothing.
  const mark = block === null ? null : writeMark(block);
  const { used, parts, notes } = await usedOfSource(source, blocks, answers);
  if (answers.signal?.aborted === true) throw cancelledOpening(path);
  const left = size - used.bytes;
  const kind = zeroesUnmapped(request) ? 'usedZeros' : 'usedOnly';
  return { used, mark, parts, notes: left === 0 ? notes : [{ kind, path, used: used.bytes, left }, ...notes] };
}
