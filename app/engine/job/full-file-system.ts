// Which file system is full, and how much room an image on it lacks.
import { readFile, stat, statfs } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Fact } from '../../contract/facts.ts';
import { Answers } from '../../base/slow-answers.ts';
import { errnoOf, nullIfRefused } from '../../base/errors.ts';
import { mountOf, parseMounts } from '../devices/mounts.ts';

/** The file system has just answered. Do not wait longer for one that hangs now: its answer would only add detail. */
const PATIENCE_SECONDS = 3;
/** Bytes in a block of stat(2)'s st_blocks. */
const UNIT = 512;

/** An image that has filled its file system. */
export interface Filling {
  /** Its current path: absolute, without links. */
  path: string;
  /** Its final length in bytes. */
  bytes: number;
  /** Every byte takes space, because zeros are written too. */
  whole: boolean;
}

/** Describes the file system that is full; null when nothing is known of it. */
export async function whatIsFull(image: Filling): Promise<Fact<'causes'> | null> {
  const answers = new Answers(PATIENCE_SECONDS, () => undefined);
  return answers.of(image.path, inspectSpace(image)).catch(nullIfRefused);
}

async function inspectSpace({ path, bytes, whole }: Filling): Promise<Fact<'causes'> | null> {
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
