// Tells a removed drive from one that fails. A failed request mostly says the same in both cases, so what counts is
// whether the system still has the device.
import { existsSync, statfsSync } from 'node:fs';
import type { ErrorCode, JobError } from '../../contract/errors.ts';
import type { Reason } from '../../contract/facts.ts';
import { errnoOf, failure, type Failure } from '../../base/errors.ts';
import type { Prepared } from '../admission/prepared.ts';
import { content } from '../devices/sysfs.ts';

/** Failures that a drive also gives while it is being removed. */
const AMBIGUOUS: ReadonlySet<ErrorCode> = new Set<ErrorCode>(['MEDIUM_ERROR', 'IO_ERROR', 'TIMED_OUT', 'NO_SPACE']);

/** What shows that a device is gone. */
type Sign = Extract<Reason, { kind: 'removedMeanwhile' }>['sign'];

/** What shows that the block device with this number ("8:16") is gone; null when nothing does. */
export function signOfRemoval(majorMinor: string, sys = '/sys'): Sign | null {
  const at = `${sys}/dev/block/${majorMinor}`;
  if (!existsSync(at)) return 'removed';
  if (content(`${at}/size`).trim() === '0') return 'noSize';
  const backing = content(`${at}/loop/backing_file`).trim();
  return backing !== '' && isDead(backing) ? 'nothingBehind' : null;
}

/**
 * A file on a file system whose server has died. The kernel answers stat(2) for such a file from its cache, but not
 * statfs(2).
 */
function isDead(path: string): boolean {
  try {
    statfsSync(path);
    return false;
  } catch (error) {
    return ['ENOTCONN', 'ESTALE', 'ENODEV', 'ENXIO'].includes(errnoOf(error) ?? '');
  }
}

/** Which ends of a job are gone. A number is a destination, null the source. */
export class Removals {
  readonly #prepared: Prepared;
  readonly #gone = new Set<number | null>();

  constructor(prepared: Prepared) {
    this.#prepared = prepared;
  }

  has(end: number | null): boolean {
    return this.#gone.has(end);
  }

  /** Forgets that a destination is gone: it is retried, perhaps plugged in again. */
  forget(destination: number): void {
    this.#gone.delete(destination);
  }

  /** Returns the error to report: on a device that is gone, that is the cause of any failure. */
  explain(error: JobError): JobError {
    const { code, destination, reason } = error;
    if (code === 'DEVICE_GONE') this.#gone.add(destination);
    if (!AMBIGUOUS.has(code) || !(this.#gone.has(destination) || this.check(destination) !== null)) return error;
    this.#gone.add(destination);
    const cause = { kind: 'removed' } as const;
    const removed: Reason =
      reason.kind === 'failed' || reason.kind === 'failedAt'
        ? { ...reason, cause }
        : { kind: 'removedMeanwhile', sign: 'removed' };
    return {
      ...error,
      ...failure({ ...error, code: 'DEVICE_GONE', reason: removed, remedy: { kind: 'DEVICE_GONE' } }),
    };
  }

  /** Checks whether a device is gone; `why` is the sign, when it is known. Returns what to report, once. */
  check(end: number | null, why?: Sign): Failure | null {
    const block = end === null ? this.#prepared.source?.end.block : this.#prepared.destinations[end]!.end.block;
    if (block === undefined || block === null || this.#gone.has(end)) return null;
    const found = why ?? signOfRemoval(block.majorMinor);
    return found === null
      ? null
      : { code: 'DEVICE_GONE', op: 'check', reason: { kind: 'removedMeanwhile', sign: found } };
  }

  /**
   * Returns what a uevent of the device with this number means for the source and the destinations that are this
   * device.
   */
  onUevent(number: string, action: string): { end: number | null; failure: Failure }[] {
    const { source, destinations } = this.#prepared;
    const ends = [[null, source?.end], ...destinations.map(({ end }, index) => [index, end] as const)] as const;
    return ends.flatMap(([end, found]) => {
      const failure =
        found?.id === `block:${number}` ? this.check(end, action === 'remove' ? 'removed' : undefined) : null;
      return failure === null ? [] : [{ end, failure }];
    });
  }
}
