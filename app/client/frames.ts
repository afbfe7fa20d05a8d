// The framing between host and client: four bytes of length, big-endian, then that many bytes of JSON in UTF-8. A pipe
// does not keep messages apart, so the decoder takes bytes in any pieces.
import { MAX_FRAME_BYTES } from '../contract/host.ts';

const HEADER_BYTES = 4;

/** The other end broke the protocol, so the rest of this stream cannot be trusted. */
export class FrameError extends Error {
  override readonly name = 'FrameError';
}

/** `value` as a frame. Throws a FrameError when it is longer than the other end accepts. */
export function encodeFrame(value: unknown): Buffer {
  const json = JSON.stringify(value);
  const length = Buffer.byteLength(json);
  if (length > MAX_FRAME_BYTES)
    throw new FrameError(`A frame of ${length} bytes is longer than the ${MAX_FRAME_BYTES} allowed.`);
  const frame = Buffer.allocUnsafe(HEADER_BYTES + length);
  frame.writeUInt32BE(length);
  frame.write(json, HEADER_BYTES);
  return frame;
}

/**
 * Decodes bytes into values. Beside the given chunk it holds at most one frame, in a buffer of the announced length,
 * however small the pieces are.
 */
export class FrameDecoder {
  readonly #text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  readonly #header = Buffer.alloc(HEADER_BYTES);
  /** The buffer being filled: the header of a frame, or its body once the length is known. */
  #target: Buffer = this.#header;
  /** The number of bytes in it. */
  #filled = 0;

  /**
   * Takes the next bytes and yields every completed value, in order. Throws a FrameError at a frame that is empty, too
   * long, not UTF-8 or not JSON, after yielding what came before it.
   */
  *push(chunk: Buffer): Generator<unknown, void, void> {
    for (let at = 0; at < chunk.length;) {
      const count = chunk.copy(this.#target, this.#filled, at);
      at += count;
      this.#filled += count;
      if (this.#filled < this.#target.length) return;
      const whole = this.#target;
      this.#filled = 0;
      if (whole === this.#header) {
        this.#target = Buffer.allocUnsafe(checkedLength(whole.readUInt32BE()));
      } else {
        this.#target = this.#header;
        yield this.#parse(whole);
      }
    }
  }

  /** Call at the end of the stream. Throws a FrameError when it ends inside a frame. */
  end(): void {
    if (this.#filled > 0 || this.#target !== this.#header) throw new FrameError('The stream ended inside a frame.');
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
  if (length > MAX_FRAME_BYTES)
    throw new FrameError(`A frame of ${length} bytes was announced; ${MAX_FRAME_BYTES} are allowed.`);
  if (length === 0) throw new FrameError('An empty frame was announced.');
  return length;
}
