// Downloads that were stopped or cut. The same command continues one; the window offers to.
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { LeftDownload } from '../contract/downloads.ts';
import { errnoOf } from '../base/errors.ts';
import { isWeb, keyOf, urlIn } from './addresses.ts';
import { incompleteIn, isInUse, DownloadFolder } from './download-folder.ts';

/** The incomplete downloads in `directory` that no process works on, newest first. */
export async function leftDownloads(directory: string): Promise<LeftDownload[]> {
  const found: (LeftDownload & { changedAt: number })[] = [];
  for (const id of await namesIn(directory)) {
    const folder = join(directory, id);
    const left = await incompleteIn(folder);
    if (left === null || (await isInUse(folder))) continue;
    const { origin, bytes, length, isMarked, changedAt } = left;
    found.push({ id, origin, bytes, length, canContinue: isMarked && linkOf({ id, origin }) !== null, changedAt });
  }
  return found.toSorted((one, other) => other.changedAt - one.changedAt).map(({ changedAt: _, ...left }) => left);
}

/** The whole link of a download; null when it had secrets, which are not stored. */
export function linkOf({ id, origin }: Pick<LeftDownload, 'id' | 'origin'>): URL | null {
  const url = urlIn(origin);
  return url !== null && isWeb(url) && keyOf(url) === id ? url : null;
}

/**
 * Removes the incomplete download `id` in `directory`. Resolves to false when there is none. Rejects with a Refusal
 * while another Platter works on it.
 */
export async function removeLeft(directory: string, id: string): Promise<boolean> {
  const left = await incompleteIn(join(directory, id));
  if (left === null) return false;
  await (await DownloadFolder.open(directory, id, left.name, left.origin, false)).remove();
  return true;
}

async function namesIn(directory: string): Promise<string[]> {
  try {
    return await readdir(directory);
  } catch (error) {
    if (errnoOf(error) === null) throw error;
    return []; // nothing was downloaded yet
  }
}
