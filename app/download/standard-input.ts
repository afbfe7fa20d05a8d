// Stores standard input in a file, which is then a source like any other.
import { fstatSync } from 'node:fs';
import type { Readable } from 'node:stream';
import { STANDARD_INPUT } from '../contract/request-facts.ts';
import { errnoOf, failure, Refusal, refuse } from '../base/errors.ts';
import type { DownloadListener, DownloadOptions, Fetched } from './download.ts';
import { unwritten } from './faults.ts';
import { newKey, DownloadFolder } from './download-folder.ts';
import { Speed } from './speed.ts';
import { writeAt } from './writing.ts';

/** The name of its file. */
const NAME = 'standard-input';
/** Milliseconds between two reports of progress. */
const INTERVAL = 200;

/**
 * Reads `input` to its end. Rejects with a Refusal, which is CANCELLED when `signal` ends it. The file is then removed.
 */
export async function receive(
  input: Readable & { fd?: number },
  { directory, most, isKept }: DownloadOptions,
  listener: DownloadListener,
  signal: AbortSignal,
): Promise<Fetched> {
  const place = await DownloadFolder.open(directory, newKey(), NAME, STANDARD_INPUT, isKept);
  try {
    const length = lengthOf(input);
    await place.begins({ etag: null, lastModified: null, length });
    listener.begins(place.path, { bytes: 0, length }, await place.free());
    const bytes = await copy(input, place, new Speed(0, length), { most, listener, signal });
    return { path: await place.finish(), origin: STANDARD_INPUT, bytes };
  } catch (error) {
    await place.remove();
    throw error;
  }
}

interface Terms {
  most: number | null;
  listener: DownloadListener;
  signal: AbortSignal;
}

async function copy(
  input: Readable,
  place: DownloadFolder,
  speed: Speed,
  { most, listener, signal }: Terms,
): Promise<number> {
  let bytes = 0;
  let told = -Infinity;
  const stop = (): void => void input.destroy();
  signal.addEventListener('abort', stop, { once: true });
  try {
    for await (const chunk of input as AsyncIterable<Buffer>) {
      if (most !== null && bytes + chunk.length > most)
        refuse({
          code: 'DOWNLOAD_FAILED',
          op: 'read',
          device: STANDARD_INPUT,
          reason: { kind: 'downloadLimit', most },
          remedy: { kind: 'raiseDownloadLimit' },
        });
      await writeAll(place, chunk, bytes);
      bytes += chunk.length;
      if (performance.now() - told < INTERVAL) continue;
      told = performance.now();
      listener.progress({ origin: STANDARD_INPUT, ...speed.at(bytes) });
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    signal.removeEventListener('abort', stop);
  }
  if (signal.aborted)
    throw new Refusal([
      failure({ code: 'CANCELLED', op: 'read', device: STANDARD_INPUT, reason: { kind: 'downloadCancelled' } }),
    ]);
  if (bytes === 0) refuse({ code: 'SOURCE_EMPTY', op: 'read', device: STANDARD_INPUT, reason: { kind: 'emptyFile' } });
  return bytes;
}

async function writeAll({ descriptor, folder }: DownloadFolder, bytes: Buffer, at: number): Promise<void> {
  try {
    await writeAt(descriptor, bytes, at);
  } catch (error) {
    if (errnoOf(error) === null) throw error;
    throw new Refusal([unwritten(error, folder)]);
  }
}

/** The number of bytes to come when standard input is a file; null otherwise. */
function lengthOf({ fd }: { fd?: number }): number | null {
  if (fd === undefined) return null;
  const stats = fstatSync(fd);
  return stats.isFile() ? stats.size : null;
}
