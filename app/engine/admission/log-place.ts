// The place of a job's log.
import { access, constants } from 'node:fs/promises';
import { join } from 'node:path';
import type { Note } from '../../contract/facts.ts';
import { isLogged } from '../../contract/request-facts.ts';
import type { WorkRequest } from '../../contract/request.ts';
import type { Answers } from '../../base/slow-answers.ts';
import { errnoOf, reasonOf, Refusal } from '../../base/errors.ts';
import { makeFolder, stateDir } from '../../base/state-folder.ts';
import { isChunkSize } from '../formats/chunks.ts';
import { newJobId } from '../formats/job-log.ts';
import type { NativeClient } from '../native/addon.ts';
import type { Prepared } from './prepared.ts';
import type { Resumed } from './resume.ts';

/** Where the log of a job goes, and what to say when it can have none. */
export async function placeOfLog(
  request: WorkRequest,
  { chunkSize }: NativeClient,
  resumed: Resumed | null,
  answers: Answers,
): Promise<{ log: Prepared['log']; dir: string | null; notes: Note[] }> {
  const dir = stateDir();
  try {
    await answers.of(dir, makeFolder(join(dir, 'jobs')));
    await answers.of(dir, access(join(dir, 'jobs'), constants.W_OK));
  } catch (error) {
    if (!(error instanceof Refusal) && errnoOf(error) === null) throw error;
    return {
      log: null,
      dir: null,
      notes: isLogged(request) ? [{ kind: 'unlogged', directory: dir, reason: reasonOf(error) }] : [],
    };
  }
  if (!isLogged(request)) return { log: null, dir, notes: [] };
  if (!isChunkSize(chunkSize)) return { log: null, dir, notes: [{ kind: 'unloggedMemory' }] };
  return {
    log: { dir, id: resumed === null || resumed.log.damage === 'corrupt' ? newJobId() : resumed.id },
    dir,
    notes: [],
  };
}
