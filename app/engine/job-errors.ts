// The native error list as errors of the contract: which endpoint, what happened, where, what to do.
import type { ErrorCode, JobError } from '../contract/errors.ts';
import type { CopyRequest } from '../contract/jobs.ts';
import { ADVICE, failure, type Failure } from './errors.ts';
import type { NativeCause, NativeError } from './native.ts';
import { place } from './words.ts';

/** Of a job, what its errors need to name things. */
export interface Named {
  kind: CopyRequest['kind'];
  /** As the user gave it; null where a manifest stands for it. */
  source: string | null;
  /** As the user gave them; `part` is the name of an image until it is complete. */
  destinations: readonly { path: string; part: string | null }[];
}

const CODES: Readonly<Record<NativeCause, ErrorCode>> = {
  io: 'IO_ERROR',
  medium: 'MEDIUM_ERROR',
  gone: 'DEVICE_GONE',
  'no-space': 'NO_SPACE',
  'read-only': 'READ_ONLY',
  'timed-out': 'TIMED_OUT',
  mismatch: 'VERIFY_MISMATCH',
  cancelled: 'CANCELLED',
  stalled: 'STALLED',
};

/** Where another sentence helps more, because it is the source that failed. */
const SOURCE_ADVICE: Partial<Record<ErrorCode, string>> = {
  MEDIUM_ERROR: 'Use another copy of this data if there is one: this drive is failing.',
  DEVICE_GONE: 'Check the cable, the port and the power of the source, then repeat the job.',
};

/** One entry of the native list. */
export function jobError(entry: NativeError, job: Named): JobError {
  const { side, errno, flush } = entry;
  const destination = entry.destination < 0 ? null : entry.destination;
  const code = entry.cause === 'mismatch' && side === 'read' ? 'SOURCE_CHANGED' : CODES[entry.cause];
  const placed = flush || code === 'CANCELLED' ? null : { offset: entry.offset, length: entry.length };
  return about(job, destination, side, {
    code,
    op: flush ? 'flush' : side,
    errno,
    ...placed,
    message: code === 'CANCELLED'
      ? 'Cancelled before it was complete.'
      : `${operationOf(entry)}${placed === null ? '' : ` at ${place(entry.offset, entry.length)}`}: ${cause(entry, job)}.`,
  });
}

/** Makes `known` an error of the source (null) or of a destination. */
export function about(job: Named, destination: number | null, side: JobError['side'], known: Failure): JobError {
  const end = destination === null ? null : job.destinations[destination];
  const device = destination === null ? job.source : (end?.path ?? null);
  const advice = (destination === null ? SOURCE_ADVICE[known.code] : undefined) ?? ADVICE[known.code];
  const part = end?.part ?? null;
  const kept = part === null ? '' : ` (the incomplete image is kept as ${part})`;
  const message = known.message.replace(/\.$/, `${kept}.`);
  return { ...failure({ advice, device, ...known, message }), side, destination };
}

function operationOf({ side, flush, cause }: NativeError): string {
  if (flush) return 'Flush failed';
  const names: Record<NativeError['side'], string> =
    { read: 'Read failed', write: 'Write failed', verify: cause === 'mismatch' ? 'Verification failed' : 'Reading back failed' };
  return names[side];
}

function cause({ cause, errno, side, destination }: NativeError, { kind, source, destinations }: Named): string {
  switch (cause) {
    case 'medium':
      return 'the drive reported a medium error';
    case 'gone':
      return 'the drive is gone';
    case 'no-space':
      return (destinations[destination]?.part ?? null) === null ? 'what lies behind the drive is full' : 'the file system is full';
    case 'read-only':
      return 'the drive is write-protected';
    case 'timed-out':
      return 'the drive did not answer in time';
    case 'stalled':
      return 'the drive has stopped answering';
    case 'mismatch':
      if (side === 'read') return 'read again for a slower destination, it gave other data than before';
      if (kind === 'copy' || kind === 'resume') return 'what was read back is not what was written';
      return source === null ? 'it differs from the manifest' : 'it differs from the source';
    case 'cancelled':
      return 'it was cancelled';
    case 'io':
      return errno === null ? `the system gave no reason for the failed ${side}` : `the system reported ${errno}`;
  }
}

