// Which file system is full, and how much room an image on it lacks.
import { readFile, stat, statfs } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Fact } from '../../contract/facts.ts';
import { Answers } from '../../base/slow-answers.ts';
import { errnoOf, nullIfRefused } from '../../base/errors.ts';
import { mountOf, parseMounts } from '../devices/mounts.ts';

/** It has just answered. One that hangs now is not waited for: its answer would only say more of what is known. */
const PATIENCE_SECONDS = 3;
/** As POSIX counts what a file takes. */
const UNIT = 512;

/** An image that met the end of its file system. */
export interface Filling {
  /** What it is called so far: an absolute path without links. */
  path: string;
  /** Bytes that it has in the end. */
  bytes: number;
  /** Each of them takes room: zeros are written too. */
  whole: boolean;
}

/** What is known of the file system that has no more room for an image; null where nobody can tell. */
export async function whatIsFull(image: Filling): Promise<Fact<'causes'> | null> {
  const answers = new Answers(PATIENCE_SECONDS, () => undefined);
  return answers.of(image.path, look(image)).catch(nullIfRefused);
}

async function look({ path, bytes, whole }: Filling): Promise<Fact<'causes'> | null> {
  try {
    const [space, { blocks }, mountinfo] = await Promise.all([
      statfs(path),
      stat(path),
      readFile('/proc/self/mountinfo', 'utf8'),
    ]);
    const target = mountOf(dirname(path), parseMounts(mountinfo))?.target;
    if (target === undefined) return null;
    const free = space.bavail * space.bsize;
    const missing = bytes - blocks * UNIT - free;
    return missing > 0
      ? { kind: 'fullAndMissing', target, free, missing, how: whole ? 'exactly' : 'most' }
      : { kind: 'fullAt', target, free };
  } catch (error) {
    if (errnoOf(error) === null) throw error;
    return null;
  }
}
