// Parts of a disk or an image as plain files, for tools that take nothing else.
import { chown, mkdtemp, rmdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { serve, type ServedRange, type ServeOptions } from './serve-program.ts';

/**
 * Calls `act` with a file for each of `ranges`, in their order, and resolves to its result. The files can only be read,
 * by `owner` alone (null: the user of this process; only root may name another one), and are gone when this resolves, or
 * when this process ends in any way. `file`: a descriptor of a disk or an image that is not open for writing; its bytes
 * are taken as they are. `path` names it in errors. Rejects with a Refusal when it cannot be served, and as `act` does.
 */
export async function withServedFile<T>(
  file: number,
  path: string,
  ranges: readonly ServedRange[],
  act: (paths: readonly string[]) => Promise<T>,
  owner: ServeOptions['owner'] = null,
): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'platter-served-'));
  try {
    if (owner !== null) await chown(folder, owner.uid, owner.gid);
    const server = await serve([file], path, folder, { entry: null, isRaw: true, source: 'platter', owner });
    try {
      for (const range of ranges) await server.add(range);
      return await act(ranges.map(({ name }) => join(folder, name)));
    } finally {
      await server.end();
    }
  } finally {
    await rmdir(folder);
  }
}
