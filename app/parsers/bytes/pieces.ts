// A disk or an image that is read in pieces on demand. A missing piece is noted and fetched, and the parser runs again.
// So parsers stay pure, whether the bytes come from a disk or from a decoder.
import { Bytes } from './sample.ts';

/** Bytes in a piece. */
export const PIECE = 64 * 1024;
/** Longest read. */
const MOST = 1024 ** 2;

export class Pieces extends Bytes {
  size: number | null;
  readonly #known = new Map<number, Buffer>();
  readonly #missing = new Set<number>();

  /** `size`: in bytes; null when unknown. */
  constructor(size: number | null) {
    super();
    this.size = size;
  }

  bytes(at: number, length: number): Buffer | null {
    const place = at < 0 && this.size !== null ? this.size + at : at;
    const isThere = place >= 0 && length <= MOST && place + length <= (this.size ?? Number.MAX_SAFE_INTEGER);
    if (!isThere) return null;
    const [first, last] = [Math.floor(place / PIECE), Math.floor((place + Math.max(1, length) - 1) / PIECE)];
    const parts: Buffer[] = [];
    for (let piece = first; piece <= last; piece += 1) {
      const known = this.#known.get(piece);
      if (known === undefined) this.#missing.add(piece);
      else parts.push(known);
    }
    if (parts.length <= last - first) return null;
    const all = parts.length === 1 ? parts[0]! : Buffer.concat(parts);
    const from = place - first * PIECE;
    // A short piece is at the end of the bytes.
    const isWhole = parts.slice(0, -1).every(({ length: bytes }) => bytes === PIECE);
    return isWhole && from + length <= all.length ? all.subarray(from, from + length) : null;
  }

  /** Up to `length` bytes at `at`. */
  upTo(at: number, length: number): Buffer {
    const end = Math.min(at + length, this.size ?? Infinity);
    const parts: Buffer[] = [];
    for (let place = at; place < end;) {
      const piece = Math.floor(place / PIECE);
      const known = this.#known.get(piece);
      if (known === undefined) this.#missing.add(piece);
      const from = place - piece * PIECE;
      const part = known?.subarray(from, from + end - place) ?? Buffer.alloc(0);
      parts.push(part);
      if (from + part.length < PIECE) break;
      place += part.length;
    }
    return Buffer.concat(parts);
  }

  /** Returns the numbers of the requested pieces that are missing, in order, and clears the list. */
  takeMissing(): number[] {
    const missing = [...this.#missing].sort((one, other) => one - other);
    this.#missing.clear();
    return missing;
  }

  /** The number of known pieces. */
  get count(): number {
    return this.#known.size;
  }

  /** Sets a piece. A short or empty piece marks the end of the bytes, or bytes that cannot be read. */
  put(piece: number, bytes: Buffer): void {
    this.#known.set(piece, bytes);
  }
}
