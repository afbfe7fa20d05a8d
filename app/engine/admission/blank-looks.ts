// Looks into disks that are held for writing. A system that knows no signature on a disk does not know whether it is
// blank: an encrypted volume has none. This reads a little of the medium, through the descriptor that will write it.
import { plainRunning } from '../../contract/request-facts.ts';
import { Answers, type Waiting } from '../../base/slow-answers.ts';
import { errnoOf, Refusal } from '../../base/errors.ts';
import type { NativeDevice } from '../native/addon.ts';
import type { Held } from './prepared.ts';

const LOOK = 1024 * 1024;
/** Where to look, as shares of the disk. Tables and signatures of file systems are at its ends. */
const PLACES = [0, 0.25, 0.5, 0.75, 1];

/**
 * For each disk: true when it holds only zeros, or only the ones of erased flash, wherever it was looked at. null when
 * it could not be read.
 */
export function looksBlank(
  held: readonly Pick<Held, 'end' | 'device'>[],
  waiting: Waiting,
): Promise<(boolean | null)[]> {
  const answers = new Answers(plainRunning.stallTimeout, waiting);
  return Promise.all(
    held.map(async ({ end: { path, size }, device }) =>
      device === null ? null : answers.of(path, isBlank(device, size), 'block').catch(unlessRead),
    ),
  );
}

/** A drive that fails, or gives no answer, is not known to be blank. The job that writes it reports its errors. */
const unlessRead = (error: unknown): null => {
  if (error instanceof Refusal || errnoOf(error) !== null) return null;
  throw error;
};

async function isBlank(device: NativeDevice, size: number): Promise<boolean> {
  const last = Math.max(0, Math.floor((size - LOOK) / LOOK) * LOOK);
  const places = new Set(PLACES.map((share) => Math.floor((last * share) / LOOK) * LOOK));
  const looks = [...places].map((at): [number, number] => [at, Math.min(LOOK, size - at)]);
  // The last part of a MiB, where the backup of a table is.
  if (last + LOOK < size) looks.push([last + LOOK, size - last - LOOK]);
  const [first] = await device.peek(0, 1);
  if (first !== 0x00 && first !== 0xff) return false;
  for (const [at, length] of looks) {
    const read = await device.peek(at, length);
    if (read.length < length || read.some((byte) => byte !== first)) return false;
  }
  return true;
}
