// Waits for devices that are held only for a moment, as by udev probing a disk or a desktop looking at it.
import { setTimeout as sleep } from 'node:timers/promises';
import { errnoOf, Refusal } from '../../base/errors.ts';

/** Milliseconds. A program that holds a device for longer is not a probe. */
const PATIENCE_MS = 2000;
const POLL_MS = 50;

/** Asks `isFree` repeatedly for a while. Resolves to its last answer; rejects as it does. */
export async function becomesFree(isFree: () => boolean | Promise<boolean>): Promise<boolean> {
  for (let waited = 0; !(await isFree()); waited += POLL_MS) {
    if (waited >= PATIENCE_MS) return false;
    await sleep(POLL_MS);
  }
  return true;
}

/** Runs `act`, and retries it for a while when it fails with EBUSY. Gives its result; rejects as the last try does. */
export async function onceFree<T>(act: () => Promise<T>): Promise<T> {
  const results: T[] = [];
  let refused = new Error();
  const isFree = await becomesFree(async () => {
    try {
      results.push(await act());
      return true;
    } catch (error) {
      if (!isBusy(error)) throw error;
      refused = error;
      return false;
    }
  });
  if (!isFree) throw refused;
  return results[0]!;
}

const isBusy = (error: unknown): error is Error =>
  (error instanceof Refusal ? error.errors[0]?.errno : errnoOf(error)) === 'EBUSY';
