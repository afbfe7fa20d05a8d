// What a station copies has to stay what it was when it was armed.
import { stat } from 'node:fs/promises';
import type { Disk } from '../../contract/disks.ts';
import { nullIfAbsent } from '../../base/errors.ts';
import { identityOf } from './verdict.ts';

/** Tells a source from another one at the same path, or from a changed one; null when it is gone. */
export async function sourceIdentity(path: string, disks: readonly Disk[]): Promise<string | null> {
  const disk = disks.find((each) => each.path === path);
  if (disk !== undefined) return identityOf(disk);
  const stats = await stat(path, { bigint: true }).catch(nullIfAbsent);
  // A disk that has left the list still has its node for a moment.
  if (stats === null || !(stats.isFile() || stats.isDirectory())) return null;
  return `file:${String(stats.dev)}:${String(stats.ino)}:${String(stats.size)}:${String(stats.mtimeNs)}`;
}
