// Checks that a retried destination still has the medium that this job has written.
import { writes } from '../../contract/request-facts.ts';
import {
  intersection,
  chunksOfErrors,
  isEmpty,
  noChunks,
  sampleOf,
  difference,
  type KnownHashes,
} from '../formats/chunk-sets.ts';
import { refuse } from '../../base/errors.ts';
import type { Prepared } from './prepared.ts';

/** Chunks that are read again before a destination goes on. */
const SAMPLES = 16;

/**
 * Makes sure that the medium of a destination is the one that this job has written: a card reader keeps its serial
 * number when the card is changed. Reads a sample of what is `durable` there, and gives the chunks to write again:
 * those that could not be read, or all where no hash is known to compare with. Rejects with a Refusal (CHANGED) when
 * the sample differs, or when the drive was away and there is nothing to compare: the user agreed to erase the medium
 * that was reviewed, not this one.
 */
export async function uncertainChunks(
  { client, destinations, grid, plan, request }: Prepared,
  destination: number,
  durable: Uint8Array,
  { hashes, known }: Pick<KnownHashes, 'hashes' | 'known'>,
): Promise<Uint8Array> {
  const { end, device } = destinations[destination]!;
  if (end.kind === 'file' || !writes(request.kind)) return noChunks(grid);
  const sample = sampleOf(intersection(durable, known), SAMPLES, grid);
  if (isEmpty(sample)) {
    if (wasAway(plan.destinations[destination]!.diskSequence, end.block?.diskSequence ?? null)) {
      refuse({
        code: 'CHANGED',
        op: 'check',
        device: end.path,
        reason: { kind: 'mediumUnknown' },
        remedy: { kind: 'newCopy' },
      });
    }
    return durable.slice();
  }
  const job = client.submit({
    op: 'compare',
    source: null,
    destinations: [device!],
    offset: 0,
    length: grid.bytes,
    hashes,
    known,
    check: [sample],
    todo: [noChunks(grid)],
    ignoreWrite: true,
    stallTimeout: Math.ceil(request.stallTimeout * 1000),
  });
  await job.done;
  const errors = job.errors(0);
  if (errors.some(({ cause }) => cause === 'mismatch'))
    refuse({
      code: 'CHANGED',
      op: 'check',
      device: end.path,
      reason: { kind: 'anotherMedium' },
      remedy: { kind: 'newCopy' },
    });
  const unread = chunksOfErrors(errors, 0, grid);
  return isEmpty(difference(sample, unread)) ? durable.slice() : unread;
}

/**
 * True when the kernel has detected the disk or its medium anew since the review. Takes disk sequence numbers; null
 * where there is none.
 */
const wasAway = (reviewed: number | null, now: number | null): boolean =>
  reviewed !== null && now !== null && reviewed !== now;
