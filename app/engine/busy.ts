// Devices that somebody holds for a moment: udev that probes a disk, a desktop that looks at it.
import { setTimeout as sleep } from 'node:timers/promises';
import { errnoOf, Refusal } from './errors.ts';

/** What holds a device for longer means it. */
const PATIENCE_MS = 2000;
const POLL_MS = 50;

/** The result of `act`, which is tried again for a while where it fails with EBUSY. Rejects as its last try does. */
export async function onceFree<T>(act: () => Promise<T>): Promise<T> {
  for (let waited = 0; waited < PATIENCE_MS; waited += POLL_MS) {
    try {
      return await act();
    } catch (error) {
      if (!isBusy(error)) throw error;
    }
    await sleep(POLL_MS);
  }
  return act();
}

const isBusy = (error: unknown): boolean => (error instanceof Refusal ? error.errors[0]?.errno : errnoOf(error)) === 'EBUSY';
