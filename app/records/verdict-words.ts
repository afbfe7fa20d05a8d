// Verdicts in English, for the command line, its lists, the log and tables.
import type { DestinationResult, JobResult } from '../contract/jobs.ts';
import { counted, size } from '../base/figures.ts';
import type { Verdict } from '../view/verdict.ts';

/**
 * How a destination ended: "verified", "verified except 1,048,576 bytes". `uncompared`: bytes that were not compared.
 * `mapped`: bytes that the map of the source lists.
 */
export function verdictWords(
  verdict: Verdict,
  { uncompared }: Pick<DestinationResult, 'uncompared'>,
  { mapped }: Pick<JobResult, 'mapped'>,
): string {
  switch (verdict) {
    case 'mappedVerified':
      return `verified: the ${counted(mapped ?? 0, 'byte')} that the map lists`;
    case 'sourceWritten':
      return 'verified, but the source was written to during the job';
    case 'partlyVerified':
      return `verified except ${counted(uncompared, 'byte')}`;
    case 'written':
      return 'written, not verified';
    case 'verified':
    case 'failed':
    case 'removed':
    case 'cancelled':
      return verdict;
  }
}

/**
 * "removed with 12.0 GB of 64.0 GB flushed": how much of `bytes` was on a destination when it was removed. Data that
 * was written but not flushed may only have been in its cache.
 */
export function removedWords(
  { written, kept, durable }: Pick<DestinationResult, 'written' | 'kept' | 'durable'>,
  bytes: number,
): string {
  const part = (some: number): string => `${size(some)} of ${size(bytes)}`;
  if (durable === undefined) return written === 0 ? 'removed' : `removed with ${part(written)} written`;
  if (durable === 0)
    return written === 0 ? 'removed with nothing written' : `removed with ${part(written)} written and nothing flushed`;
  return `removed with ${part(durable)} ${kept === 0 ? 'flushed' : 'on its medium'}`;
}
