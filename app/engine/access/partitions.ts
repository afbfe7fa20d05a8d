// What the kernel makes of a disk's partition table, which it reads again before the disk is written and after.
import type { Mounted } from '../../contract/disks.ts';
import type { Note } from '../../contract/facts.ts';
import type { Plan } from '../../contract/jobs.ts';
import { writes } from '../../contract/request-facts.ts';
import type { WorkRequest } from '../../contract/request.ts';
import type { Block } from '../devices/blocks.ts';
import { onceFree } from './busy.ts';
import { errnoOf, Refusal, refuse } from '../../base/errors.ts';
import { partitionHolder } from './holders.ts';
import type { End } from '../devices/inspect.ts';
import { readBlocks } from '../devices/lsblk.ts';
import type { NativeDevice } from '../native/addon.ts';
import type { RightsSession, Seen } from './rights-session.ts';

/** A destination that a job holds open, in so far as it can be a disk. */
export interface HeldDisk {
  readonly end: End;
  /** null for an image that is made when the job starts. */
  readonly device: NativeDevice | null;
  /** What is unmounted when the job starts; until then the disk is only open for reading. */
  readonly mounts: Mounted[];
}

/** The destinations of a job that has ended. */
interface WrittenDisks {
  plan: Pick<Plan, 'kind'>;
  destinations: readonly HeldDisk[];
  sessions: readonly RightsSession[];
}

/**
 * Has the kernel read the table of every disk that is held for writing, so that no partition of it is in use: one that is still
 * open could be written to later, by numbers that mean something else then. Disks that are still mounted have their turn when they
 * are unmounted. Rejects with a Refusal (IN_USE); gives a note for each disk for which the host may not ask.
 */
export async function partitionNotes(
  { kind }: WorkRequest,
  destinations: readonly HeldDisk[],
  sessions: readonly RightsSession[],
): Promise<Note[]> {
  const disks = destinations.filter(
    ({ end, device, mounts }) => writes(kind) && end.kind === 'block' && device !== null && mounts.length === 0,
  );
  const checked = await Promise.allSettled(disks.map(({ end, device }) => checkPartitions(end, device!, sessions)));
  const errors = checked.flatMap((one) => {
    if (one.status === 'fulfilled') return [];
    if (one.reason instanceof Refusal) return one.reason.errors;
    throw one.reason;
  });
  if (errors.length > 0) throw new Refusal(errors);
  return checked.flatMap((one) => (one.status === 'fulfilled' && one.value !== null ? [one.value] : []));
}

/** The same of one disk: a note, or null when the kernel has answered. */
export async function checkPartitions(
  end: Seen,
  device: NativeDevice,
  sessions: readonly RightsSession[],
): Promise<Note | null> {
  const errno = await reread(end, device, sessions);
  if (errno === 'EBUSY')
    return refuse({
      code: 'IN_USE',
      op: 'check',
      device: end.path,
      errno,
      ...(end.block === null ? { reason: { kind: 'partitionOpen' } } : partitionHolder(await now(end.block))),
    });
  // A table that cannot be read is about to be overwritten; a disk that is gone shows when it is written.
  return errno === 'EACCES' || errno === 'EPERM' ? { kind: 'partitionsUnchecked', path: end.path } : null;
}

/** A disk with the partitions that it has now. */
const now = async (disk: Block): Promise<Block> => (await readBlocks()).numbered(disk.majorMinor) ?? disk;

/**
 * Has the kernel show what is on the disks of a job now, but for those that `skip` names (they give no answer). Gives what
 * to tell the user of those where that failed.
 */
export async function showNewPartitions(
  { plan, destinations, sessions }: WrittenDisks,
  skip: (destination: number) => boolean,
): Promise<Note[]> {
  const written = destinations.filter(
    ({ end, device }, index) => writes(plan.kind) && end.kind === 'block' && device !== null && !skip(index),
  );
  const notes = await Promise.all(
    written.map(async ({ end, device }): Promise<Note[]> => {
      const errno = await reread(end, device!, sessions);
      // Without the right to ask, udev does the same when a disk is closed that was written.
      return errno === null || errno === 'EACCES' ? [] : [{ kind: 'oldPartitions', path: end.path, errno }];
    }),
  );
  return notes.flat();
}

/** null when the kernel has read it; the errno when not. BLKRRPART takes CAP_SYS_ADMIN, which the host does not have and the broker does. */
async function reread(end: Seen, device: NativeDevice, sessions: readonly RightsSession[]): Promise<string | null> {
  const errno = await errnoFrom(() => onceFree(() => device.rereadPartitions()));
  const session = sessions.find((one) => one.has(end));
  return session === undefined || (errno !== 'EACCES' && errno !== 'EPERM')
    ? errno
    : errnoFrom(() => onceFree(() => session.reread(end, device)));
}

async function errnoFrom(act: () => Promise<unknown>): Promise<string | null> {
  try {
    await act();
    return null;
  } catch (error) {
    // A session that has ended tells nothing: as good as no right to ask.
    const errno =
      error instanceof Refusal
        ? error.errors[0]!.code === 'ELEVATION_DENIED'
          ? 'EACCES'
          : error.errors[0]!.errno
        : errnoOf(error);
    if (errno === null) throw error;
    return errno;
  }
}
