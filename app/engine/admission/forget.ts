// Forgetting an interrupted job. Its incomplete images stay: they may be all that there is of a rescue, or an image that a
// repair has half rewritten. The person is told of them, because a later copy finds no job that they belong to.
import { lstat } from 'node:fs/promises';
import type { BigIntStats } from 'node:fs';
import { pieceAt, wholeOf } from '../../contract/image-formats.ts';
import { imageFormatOf, originOf } from '../../contract/request-facts.ts';
import type { Forgotten, LeftImage } from '../../contract/jobs.ts';
import { errnoOf, refuse } from '../../base/errors.ts';
import { statsId } from '../devices/file-ids.ts';
import { bornOf, numbersLast, partOf } from '../devices/inspect-paths.ts';
import { jobPath, listJobs, removeJob, summaries, type JobSummary, type LoggedEnd } from '../formats/job-log.ts';
import type { NativeAddon } from '../native/addon.ts';
import { mayBeThatFile } from './logged-end.ts';
import { holdLog, unfinished } from './resume.ts';

/** Forgets an interrupted job. Rejects with a Refusal when there is none, or when it runs. */
export async function forgetJob(dir: string, id: string, addon: NativeAddon): Promise<Forgotten> {
  const lock = await holdLog(addon, jobPath(dir, id));
  if (lock === 'absent') return refuse({ code: 'NOTHING_TO_DO', op: 'open', reason: { kind: 'noJob', id } });
  if (lock === 'running') return refuse({ code: 'IN_USE', op: 'open', reason: { kind: 'jobRuns', id } });
  try {
    const logs = await summaries(await listJobs(dir));
    const left = await leftImages(logs.find((log) => log?.id === id));
    await removeJob(dir, id);
    return { download: downloadOf(logs, id), left };
  } finally {
    lock.close();
  }
}

/**
 * Path of the downloaded source of the job `id`; null when another job has it, it was not downloaded, or the log is
 * damaged.
 */
function downloadOf(logs: readonly (JobSummary | null)[], id: string): string | null {
  const header = logs.find((log) => log?.id === id)?.header;
  const path = header === undefined || originOf(header.request) === null ? null : (header.source?.realPath ?? null);
  // A log that cannot be read may be of a job with the same source.
  const isShared = logs.some((log) => log === null || (log.id !== id && log.header.source?.realPath === path));
  return isShared ? null : path;
}

/** The incomplete images of a job that are still there. A file that cannot be looked at is left out. */
async function leftImages(log: JobSummary | null | undefined): Promise<LeftImage[]> {
  if (log === null || log === undefined) return [];
  const { request, destinations } = log.header;
  const isSplit = imageFormatOf(request).split !== null;
  const found = unfinished(log)
    .map((index) => destinations[index]!)
    .filter(({ kind }) => kind === 'file')
    .map(async (logged): Promise<LeftImage[]> => {
      const path = partOf(logged.realPath);
      if (!(await isLeft(path, logged))) return [];
      return [{ path, image: logged.path, pieces: isSplit ? await countPieces(logged.realPath) : 1 }];
    });
  return (await Promise.all(found)).flat();
}

async function isLeft(path: string, logged: LoggedEnd): Promise<boolean> {
  const stats = await fileAt(path);
  if (stats === null) return false;
  return mayBeThatFile({ id: statsId(stats), born: bornOf(stats), lasting: await numbersLast(path) }, logged);
}

/** How many incomplete pieces there are, from the one at `first.part` on. */
async function countPieces(first: string): Promise<number> {
  let count = 1;
  while ((await fileAt(partOf(pieceAt(wholeOf(first), count)))) !== null) count += 1;
  return count;
}

async function fileAt(path: string): Promise<BigIntStats | null> {
  try {
    const stats = await lstat(path, { bigint: true });
    return stats.isFile() ? stats : null;
  } catch (error) {
    if (errnoOf(error) === null) throw error;
    return null;
  }
}
