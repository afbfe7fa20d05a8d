// What the kernel makes of a disk's partition table, which it reads again before the disk is written and after.
import type { Note } from '../contract/facts.ts';
import { writes } from '../contract/jobs.ts';
import { errnoOf, refuse } from './errors.ts';
import type { NativeDevice } from './native.ts';
import type { Prepared } from './prepare.ts';

/**
 * Has the kernel read the table of a disk that is about to be written, so that no partition of it is in use: one that
 * is still open could be written to later, by numbers that mean something else then. Rejects with a Refusal (IN_USE).
 */
export async function refuseStalePartitions(path: string, device: NativeDevice): Promise<void> {
  const errno = await reread(device);
  if (errno === 'EBUSY') refuse({ code: 'IN_USE', op: 'check', device: path, errno, reason: { kind: 'partitionOpen' } });
  // A table that cannot be read is about to be overwritten; a disk that is gone shows when it is written.
}

/**
 * Has the kernel show what is on the disks of a job now, but for those that `skip` names (they give no answer). Gives what
 * to tell the user of those where that failed.
 */
export async function showNewPartitions({ plan, destinations }: Prepared, skip: (destination: number) => boolean): Promise<Note[]> {
  const written = destinations.filter(({ end, device }, index) => writes(plan.kind) && end.kind === 'block' && device !== null && !skip(index));
  const notes = await Promise.all(written.map(async ({ end, device }): Promise<Note[]> => {
    const errno = await reread(device!);
    // Who may not ask for it is not asked about it: udev does the same when a disk is closed that was written.
    return errno === null || errno === 'EACCES' ? [] : [{ kind: 'oldPartitions', path: end.path, errno }];
  }));
  return notes.flat();
}

async function reread(device: NativeDevice): Promise<string | null> {
  try {
    await device.rereadPartitions();
    return null;
  } catch (error) {
    const errno = errnoOf(error);
    if (errno === null) throw error;
    return errno;
  }
}
