// Has the kernel read a disk's partition table again, before the disk is written and after.
import type { Mounted } from '../../contract/disks.ts';
import type { Note } from '../../contract/facts.ts';
import type { Plan } from '../../contract/jobs.ts';
import { writes } from '../../contract/request-facts.ts';
import type { WorkRequest } from '../../contract/request.ts';
import type { Block } from '../devices/block-devices.ts';
import { onceFree } from './busy.ts';
import { errnoOf, Refusal, refuse } from '../../base/errors.ts';
import { partitionHolder } from './holders.ts';
import type { HeldEnd } from '../devices/ends.ts';
import { readBlocks } from '../devices/lsblk.ts';
import type { NativeDevice } from '../native/addon.ts';
import type { RightsSession, InspectedDevice } from './rights-session.ts';

/** A destination that a job holds open, with the fields that matter if it is a disk. */
export interface HeldDisk extends HeldEnd<NativeDevice | null> {
  /** The mounts that the job will unmount when it starts. Until then the disk is only open for reading. */
  readonly mounts: Mounted[];
}

/** The destinations of a job that has ended. */
interface WrittenDisks {
  plan: Pick<Plan, 'kind'>;
  destinations: readonly HeldDisk[];
  sessions: readonly RightsSession[];
}

/**
 * Has the kernel read the table of every disk that is held for writing, which shows that no partition of it is in use.
 * A partition that stays open could be written to later, under a number that means another area by then. Mounted disks
 * are checked when they are unmounted. Rejects with a Refusal (IN_USE). Gives a note for each disk for which the host
 * lacks the right to ask.
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

/** Checks one disk as `partitionNotes` does. Gives a note, or null when the kernel has answered. */
export async function checkPartitions(
  end: InspectedDevice,
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
  // An unreadable table is about to be overwritten. A missing disk shows when it is written.
  return errno === 'EACCES' || errno === 'EPERM' ? { kind: 'partitionsUnchecked', path: end.path } : null;
}

/** The disk with its current partitions. */
const now = async (disk: Block): Promise<Block> => (await readBlocks()).numbered(disk.majorMinor) ?? disk;

/**
 * Has the kernel show what is on the disks of a job now. `skip` names disks that do not answer. Gives a note for each
 * disk where this failed.
 */
export async function showNewPartitions(
  { plan, destinations, sessions }: WrittenDisks,
  skip: (destination: number) => boolean,
): Promise<Note[]> {
  const written = destinations.filter(
    ({ end, device }, index) => writes(plan.kind) && end.kind === 'block' && device !== null && !skip(index),
  );
  const notes = await Promise.all(written.map(({ end, device }) => showPartitionsOf(end, device!, sessions)));
  return notes.flat();
}

/** Does the same for one disk. */
export async function showPartitionsOf(
  end: InspectedDevice,
  device: NativeDevice,
  sessions: readonly RightsSession[],
): Promise<Note[]> {
  const errno = await reread(end, device, sessions);
  // Without the right to ask, rely on udev: it rereads the table when a written disk is closed.
  return errno === null || errno === 'EACCES' ? [] : [{ kind: 'oldPartitions', path: end.path, errno }];
}

/**
 * null when the kernel has read the table; otherwise the errno. BLKRRPART takes CAP_SYS_ADMIN, which the broker has and
 * the host does not.
 */
async function reread(
  end: InspectedDevice,
  device: NativeDevice,
  sessions: readonly RightsSession[],
): Promise<string | null> {
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
    // A session that has ended counts as having no right to ask.
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
