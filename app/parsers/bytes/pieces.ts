// A disk or an image of which pieces are read as they are asked for: what is missing is noted, fetched, and the parser
// is run again. So a parser stays pure, whether the bytes come from a disk or out of a decoder.
import { Bytes } from './sample.ts';

/** Bytes of a piece. */
export const PIECE = 64 * 1024;
/** Longest read. */
const MOST = 1024 ** 2;

export class Pieces extends Bytes {
  size: number | null;
  readonly #known = new Map<number, Buffer>();
  readonly #missing = new Set<number>();

  /** `size`: in bytes; null when that is unknown. */
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
    // A piece that is shorter than others ends where the bytes do.
    const isWhole = parts.slice(0, -1).every(({ length: bytes }) => bytes === PIECE);
    return isWhole && from + length <= all.length ? all.subarray(from, from + length) : null;
  }

  /** As many of `length` bytes at `at` as there are. */
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

  /** Numbers of the pieces that were asked for and are not known, in order. They count as asked for no more. */
  takeMissing(): number[] {
    const missing = [...this.#missing].sort((one, other) => one - other);
    this.#missing.clear();
    return missing;
  }

  /** How many pieces are known. */
  get count(): number {
    return this.#known.size;
  }

  /** Sets a piece. One that is short, or empty, ends the bytes or cannot be read. */
  put(piece: number, bytes: Buffer): void {
    this.#known.set(piece, bytes);
  }
}
