// A partition as a file that the programs of its file system can open, although they run without rights.
//
// - For a user who may open the source: /proc/self/fd/3, the source itself, when the partition begins at its start. A
//   program that takes an offset gets any partition.
// - For root: a read-only loop device of our own, which belongs to nobody (65534) meanwhile. A descriptor alone is not
//   enough: opening /proc/self/fd/3 checks the rights of whoever opens it.
// - For a user elsewhere: a file of the range, as platter-serve shows it. It cannot be opened for writing, which
//   xfs_logprint insists on.
import { constants, type BigIntStats } from 'node:fs';
import { chmod, chown, open, stat, type FileHandle } from 'node:fs/promises';
import { errnoOf, Refusal } from '../../base/errors.ts';
import type { Extent } from '../../contract/values.ts';
import { statsId } from '../devices/file-ids.ts';
import type { End } from '../devices/ends.ts';
import { runProgram } from '../devices/run-program.ts';
import { withServedFile } from '../serving/served-file.ts';
import { NOBODY } from './run-tool.ts';

/** Milliseconds for losetup. */
const LOOP_MS = 30_000;

/** A partition that programs can open: by `path`, with `file` as their descriptor 3. */
export interface PartitionFile {
  path: string;
  file: number | null;
}

/** The path of a partition that begins at `offset` of the file at `path`, for programs that understand one. */
export type ByOffset = (path: string, offset: number) => string;

/** Calls `work` with the partition `place` of `source`. null when there is no way to give it to a program. */
export async function withPartitionFile<T>(
  source: Pick<End, 'realPath' | 'id' | 'kind'>,
  place: Extent,
  byOffset: ByOffset | null,
  work: (file: PartitionFile) => Promise<T>,
): Promise<T | null> {
  const file = await openSame(source);
  if (file === null) return null;
  try {
    if (process.geteuid?.() === 0) return await withLoop(file, source.kind, place, work);
    const own = '/proc/self/fd/3';
    // The page cache of a disk can be older than what was written to its partitions.
    if (source.kind === 'block') return await served(file, source.realPath, place, work);
    if (place.offset === 0) return await work({ path: own, file: file.fd });
    if (byOffset !== null) return await work({ path: byOffset(own, place.offset), file: file.fd });
    return await served(file, source.realPath, place, work);
  } finally {
    await file.close();
  }
}

/** Opens the source; null when this user may not, or another file has its name by now. */
async function openSame({ realPath, id }: Pick<End, 'realPath' | 'id'>): Promise<FileHandle | null> {
  try {
    const file = await open(realPath, constants.O_RDONLY | constants.O_NONBLOCK);
    if (statsId(await file.stat({ bigint: true })) === id) return file;
    await file.close();
    return null;
  } catch (error) {
    if (errnoOf(error) === null) throw error;
    return null;
  }
}

/** Shows the partition as a file of its own; null where there is no FUSE, or no server was built. */
async function served<T>(
  file: FileHandle,
  path: string,
  place: Extent,
  work: (file: PartitionFile) => Promise<T>,
): Promise<T | null> {
  const begun = { work: false };
  try {
    return await withServedFile(file.fd, path, [{ name: 'partition', ...place }], ([shown]) => {
      begun.work = true;
      return work({ path: shown!, file: null });
    });
  } catch (error) {
    if (error instanceof Refusal && !begun.work) return null;
    throw error;
  }
}

async function withLoop<T>(
  file: FileHandle,
  kind: End['kind'],
  { offset, length }: Extent,
  work: (file: PartitionFile) => Promise<T>,
): Promise<T | null> {
  const made = await runProgram(
    'losetup',
    [
      '--find',
      '--show',
      '--read-only',
      // A disk is read past its page cache, which can be older than what was written to its partitions.
      ...(kind === 'block' ? ['--direct-io=on'] : []),
      `--offset=${offset}`,
      `--sizelimit=${length}`,
      `/proc/${process.pid}/fd/${file.fd}`,
    ],
    undefined,
    LOOP_MS,
  );
  const node = made.stdout.trim();
  if (made.failed !== null || !/^\/dev\/loop\d+$/u.test(node)) return null;
  const detach = (): Promise<unknown> => runProgram('losetup', ['--detach', node], undefined, LOOP_MS);
  let holder: FileHandle;
  try {
    holder = await open(node, constants.O_RDONLY);
  } finally {
    // It goes with the last descriptor of it, so it does not outlive this process.
    await detach();
  }
  try {
    return await lent(node, await stat(node, { bigint: true }), () => work({ path: node, file: null }));
  } finally {
    await holder.close();
  }
}

/**
 * Gives the node of a read-only device to nobody while `work` goes on. It may be opened for writing, which xfs_logprint
 * insists on; the device takes no writes.
 */
async function lent<T>(node: string, before: BigIntStats, work: () => Promise<T>): Promise<T> {
  await chmod(node, 0o600);
  await chown(node, NOBODY, NOBODY);
  try {
    return await work();
  } finally {
    // A host that was killed has left it with nobody.
    const isLeft = before.uid === BigInt(NOBODY);
    await chown(node, isLeft ? 0 : Number(before.uid), isLeft ? 0 : Number(before.gid));
    await chmod(node, isLeft ? 0o600 : Number(before.mode & 0o7777n));
  }
}
