// Removes a download after its job, unless it is still needed.
import { STANDARD_INPUT } from '../contract/request-facts.ts';
import type { JobView } from '../contract/window.ts';
import type { Fetched } from './download.ts';
import { errnoOf, failureOf, Refusal } from '../base/errors.ts';
import { downloadAt } from './download-folder.ts';

/**
 * Removes the download `of` a job that ended as `view` (null: the job was refused). It stays when the user keeps it,
 * when the job can be continued (`isContinuable`), or when the next attempt would download the same URL again. Gives
 * the path of a download that stays; null for none.
 */
export async function removeUnneeded(
  of: Pick<Fetched, 'path' | 'origin'>,
  view: Pick<JobView, 'result'> | null,
  isContinuable: boolean,
): Promise<string | null> {
  const found = await downloadAt(of.path);
  if (found === null) return null;
  return isOfUse(of.origin, view, isContinuable) || !(await found.remove()) ? of.path : null;
}

function isOfUse(origin: string, view: Pick<JobView, 'result'> | null, isContinuable: boolean): boolean {
  const result = view?.result ?? null;
  if (result === null) return origin !== STANDARD_INPUT;
  // A new attempt would not help with a bad file.
  if (result.errors.some(({ code }) => code === 'BAD_IMAGE')) return false;
  if (result.destinations.every(({ state }) => state === 'done')) return false;
  return origin !== STANDARD_INPUT || isContinuable;
}

/**
 * Removes the download at `path` (null: there is none), which no job uses any more, unless the user keeps it. True when
 * it is gone. Rejects with a Refusal when it cannot be removed.
 */
export async function removeForgotten(path: string | null): Promise<boolean> {
  try {
    return path !== null && (await (await downloadAt(path))?.remove()) === true;
  } catch (error) {
    throw errnoOf(error) === null ? error : new Refusal([failureOf(error, 'write', path!, 'file')]);
  }
}
