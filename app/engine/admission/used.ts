// A request that takes only what the file systems of its source use.
import type { Note } from '../../contract/facts.ts';
import type { PartUse } from '../../contract/jobs.ts';
import { takesUsed, zeroesUnmapped } from '../../contract/request-facts.ts';
import type { WorkRequest } from '../../contract/request.ts';
import type { Answers } from '../../base/slow-answers.ts';
import { cancelledOpening, refuse } from '../../base/errors.ts';
import type { Blocks } from '../devices/block-devices.ts';
import type { HeldEnd } from '../devices/inspect-paths.ts';
import { usedOfSource, type UsedRanges } from '../used-blocks/used-of-source.ts';

/** Finds the used blocks of the source, with the notes for the review; null when all of it counts. Throws a Refusal. */
export async function usedIn(
  request: WorkRequest,
  source: HeldEnd | null,
  blocks: Blocks,
  answers: Answers,
): Promise<{ used: UsedRanges | null; parts: PartUse[]; notes: Note[] }> {
  if (!takesUsed(request) || source === null) return { used: null, parts: [], notes: [] };
  const { path, size, packed } = source.end;
  if (packed !== null)
    refuse({
      code: 'BAD_ARGUMENT',
      op: 'check',
      device: path,
      reason: { kind: 'usedPacked' },
      remedy: { kind: 'withoutUsed' },
    });
  const { used, parts, notes } = await usedOfSource(source, blocks, answers);
  if (answers.signal?.aborted === true) throw cancelledOpening(path);
  const left = size - used.bytes;
  const kind = zeroesUnmapped(request) ? 'usedZeros' : 'usedOnly';
  return { used, parts, notes: left === 0 ? notes : [{ kind, path, used: used.bytes, left }, ...notes] };
}
