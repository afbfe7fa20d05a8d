// Reads the bytes of the held source, past the page cache, as the job will.
import type { Extent } from '../../contract/values.ts';
import { PIECE, Pieces } from '../../parsers/bytes/pieces.ts';
import type { NativeDevice } from '../native/addon.ts';

/** Bytes of one read, and what reads begin and end at. */
const MOST = 1024 ** 2;
const ALIGNED = 4096;

/** `length` bytes at `at`, at most 512 KiB; fewer at the end. Rejects with an errno. */
export async function bytesAt(device: NativeDevice, at: number, length: number): Promise<Buffer> {
  const from = at - (at % ALIGNED);
  const to = Math.ceil((at + length) / ALIGNED) * ALIGNED;
  const bytes = await device.peek(from, to - from);
  return bytes.subarray(at - from, at - from + length);
}

/** Gives the bytes of `place` in order, piece by piece. Ends early where the source does. Rejects with an errno. */
export async function* bytesIn(
  device: NativeDevice,
  { offset, length }: Extent,
): AsyncGenerator<Buffer, void, undefined> {
  for (let done = 0; done < length; done += MOST / 2) {
    const bytes = await bytesAt(device, offset + done, Math.min(MOST / 2, length - done));
    if (bytes.length === 0) return;
    yield bytes;
  }
}

/** What `parse` makes of the source, once all that it asks for has been read. Rejects with an errno. */
export async function parsed<T>(device: NativeDevice, size: number, parse: (bytes: Pieces) => T): Promise<T> {
  const pieces = new Pieces(size);
  for (;;) {
    const found = parse(pieces);
    const missing = pieces.takeMissing();
    if (missing.length === 0) return found;
    for (const piece of missing)
      pieces.put(piece, await bytesAt(device, piece * PIECE, Math.min(PIECE, size - piece * PIECE)));
  }
}
