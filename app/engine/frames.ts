// How the host and its client talk: four bytes of length, big-endian, then that many bytes of JSON in UTF-8.
// A pipe has no messages, so the decoder takes the bytes however they come.
import { MAX_FRAME_BYTES } from '../contract/host.ts';

const HEADER_BYTES = 4;

/** The other end broke the protocol: nothing that follows on this stream can be trusted. */
export class FrameError extends Error {
  override readonly name = 'FrameError';
}

/** `value` as one frame. Throws a FrameError when it is longer than the other end accepts. */
export function encodeFrame(value: unknown): Buffer {
  const json = JSON.stringify(value);
  const length = Buffer.byteLength(json);
  if (length > MAX_FRAME_BYTES) throw new FrameError(`A frame of ${length} bytes is longer than the ${MAX_FRAME_BYTES} allowed.`);
  const frame = Buffer.allocUnsafe(HEADER_BYTES + length);
  frame.writeUInt32BE(length);
  frame.write(json, HEADER_BYTES);
  return frame;
}

/** Bytes in, values out. Holds at most one frame's worth of bytes beside the chunk it is given. */
export class FrameDecoder {
  readonly #text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  readonly #passOver: (body: Buffer) => boolean;
  #chunks: Buffer[] = [];
  #held = 0;
  /** Length of the frame being read; null while its header is. */
  #length: number | null = null;

  /** `passOver` is shown the bytes of every frame's JSON: a frame it is true of is left out, unread. */
  constructor(passOver: (body: Buffer) => boolean = () => false) {
    this.#passOver = passOver;
  }

  /**
   * Takes the next bytes and yields every value they complete, in order.
   * Throws a FrameError at a frame that is empty, too long, not UTF-8 or not JSON, after what came before it.
   */
  *push(chunk: Buffer): Generator<unknown, void, void> {
    this.#chunks.push(chunk);
    this.#held += chunk.length;
    for (;;) {
      if (this.#length === null) {
        if (this.#held < HEADER_BYTES) return;
        this.#length = checkedLength(this.#take(HEADER_BYTES).readUInt32BE());
      }
      if (this.#held < this.#length) return;
      const body = this.#take(this.#length);
      this.#length = null;
      if (!this.#passOver(body)) yield this.#parse(body);
    }
  }

  /** To be called at the end of the stream. Throws a FrameError when it ends inside a frame. */
  end(): void {
    if (this.#held > 0 || this.#length !== null) throw new FrameError('The stream ended inside a frame.');
  }

  /** Removes the first `count` bytes of what is held. */
  #take(count: number): Buffer {
    // Joined only when they are wanted: a frame that comes in many pieces is copied once.
    const all = this.#chunks.length === 1 ? this.#chunks[0]! : Buffer.concat(this.#chunks);
    this.#held -= count;
    this.#chunks = this.#held > 0 ? [all.subarray(count)] : [];
    return all.subarray(0, count);
  }

  #parse(body: Buffer): unknown {
    try {
      return JSON.parse(this.#text.decode(body)) as unknown;
    } catch (error) {
      throw new FrameError('A frame is not JSON in UTF-8.', { cause: error });
    }
  }
}

function checkedLength(length: number): number {
  if (length > MAX_FRAME_BYTES) throw new FrameError(`A frame of ${length} bytes was announced; ${MAX_FRAME_BYTES} are allowed.`);
  if (length === 0) throw new FrameError('An empty frame was announced.');
  return length;
}
