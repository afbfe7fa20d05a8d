// Writes into the file of a download.
import { write } from 'node:fs';
import { promisify } from 'node:util';

/** Writes all of `bytes` at `at` into an open file. Rejects with an errno as write(2) does. */
export async function writeAt(descriptor: number, bytes: Uint8Array, at: number): Promise<void> {
  for (let done = 0; done < bytes.length;)
    done += (await promisify(write)(descriptor, bytes, done, bytes.length - done, at + done)).bytesWritten;
}
