// The reading thread makes one call, posts the result, and ends. See read-aside.ts.
import { parentPort, workerData } from 'node:worker_threads';
import { Refusal } from '../../base/errors.ts';
import { work, type Answer, type Question } from './reading.ts';

/** Arrays of at least this many bytes are transferred; smaller ones are cheap to copy. */
const LARGE_BYTES = 64 * 1024;

async function answer({ what, args }: Question): Promise<Answer> {
  try {
    const act = work[what] as (...args: readonly unknown[]) => unknown;
    return { value: await act(...args) };
  } catch (error) {
    if (error instanceof Refusal) return { errors: error.errors };
    throw error;
  }
}

/** The buffers of the large arrays in `value`, each once. */
function largeBuffers(value: unknown, found = new Set<ArrayBuffer>()): Set<ArrayBuffer> {
  if (value instanceof Uint8Array) {
    if (
      value.byteLength >= LARGE_BYTES &&
      value.byteLength === value.buffer.byteLength &&
      value.buffer instanceof ArrayBuffer
    )
      found.add(value.buffer);
  } else if (typeof value === 'object' && value !== null) {
    for (const member of Object.values(value)) largeBuffers(member, found);
  }
  return found;
}

const said = await answer(workerData as Question);
parentPort!.postMessage(said, [...largeBuffers(said)]);
