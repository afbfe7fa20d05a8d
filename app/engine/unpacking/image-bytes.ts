// Reads the bytes of a disk or an image, from an open file or from a decoder.
import type { Readable } from 'node:stream';
import type { PlatterError } from '../../contract/errors.ts';
import { errnoOf, failureOf } from '../../base/errors.ts';
import { PIECE, type Pieces } from '../../parsers/bytes/pieces.ts';
import { failureBy } from './packed-source.ts';
import type { Descriptors, SourceBytes } from './source-files.ts';
import { decodeToStream, type Decoder, type Supply } from './unpack-program.ts';

/** What `Pieces` are fetched from. */
export interface PieceSource {
  /** Bytes in all; null when that is unknown. */
  readonly size: number | null;
  /** The first error of reading; null for none. */
  readonly fault: PlatterError | null;
  /**
   * Puts at least the first of these pieces, which are in order, into `pieces`. A piece that cannot be read is empty.
   */
  fetch(wanted: readonly number[], pieces: Pieces): Promise<void>;
  close(): Promise<void>;
}

/** Most bytes that are decoded of an image that can only be read from its start. */
export const MOST_DECODED = 64 * 1024 ** 2;
/** Bytes of its start that are always kept. Beyond them only the wanted pieces are. */
const KEPT = 1024 ** 2;
/** A failing drive takes long for each piece that it cannot read, so give up after this many. */
const MOST_UNREADABLE = 4;
/** Wanted pieces at most this many pieces apart are fetched together. */
const GAP = 16;

/** An open file or disk. Errors name its path. */
export class FilePieceSource implements PieceSource {
  readonly size: number;
  fault: PlatterError | null = null;
  readonly #bytes: SourceBytes;
  readonly #path: string;
  readonly #kind: 'block' | 'file';
  #unreadable = 0;

  constructor(bytes: SourceBytes, path: string, kind: 'block' | 'file') {
    this.size = bytes.size;
    this.#bytes = bytes;
    this.#path = path;
    this.#kind = kind;
  }

  async fetch(wanted: readonly number[], pieces: Pieces): Promise<void> {
    for (const piece of wanted) pieces.put(piece, await this.#read(piece * PIECE));
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  async #read(at: number): Promise<Buffer> {
    if (this.#unreadable === MOST_UNREADABLE) return Buffer.alloc(0);
    const wanted = Math.max(0, Math.min(PIECE, this.size - at));
    const parts: Buffer[] = [];
    let got = 0;
    try {
      while (got < wanted) {
        const part = await this.#bytes.read(at + got, wanted - got);
        if (part.length === 0) break;
        parts.push(part);
        got += part.length;
      }
    } catch (error) {
      if (errnoOf(error) === null) throw error;
      this.#unreadable += 1;
      this.fault ??= failureOf(error, 'read', this.#path, this.#kind);
    }
    return Buffer.concat(parts);
  }
}

/** An open packed file. */
export interface Opened {
  files: Descriptors;
  /** The file of an archive that is meant; null for the only one. */
  entry: string | null;
  /** Brings what is read of a partial file; null for one that is all there. */
  supply: Supply | null;
}

/** An image that can be decoded from a place in its middle. */
export class SeekingPieceSource implements PieceSource {
  readonly size: number;
  fault: PlatterError | null = null;
  readonly #path: string;
  readonly #of: Opened;

  constructor(path: string, size: number, of: Opened) {
    this.size = size;
    this.#path = path;
    this.#of = of;
  }

  async fetch(wanted: readonly number[], pieces: Pieces): Promise<void> {
    for (const run of runsOf(wanted)) {
      const image = new ImageStream(this.#of, run[0]!);
      let found: PlatterError | null = null;
      try {
        await image.take(run, pieces);
      } finally {
        // Not behind `??=`, which would skip it once there is a fault: a decoder that nobody reads never ends.
        found = await image.close(this.#path);
      }
      this.fault ??= found;
    }
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

/** Pieces in runs with no large gap. */
function runsOf(wanted: readonly number[]): number[][] {
  const runs: number[][] = [];
  for (const piece of wanted) {
    const run = runs.at(-1);
    if (run !== undefined && piece - run.at(-1)! <= GAP) run.push(piece);
    else runs.push([piece]);
  }
  return runs;
}

/** An image that can only be decoded from its start. Bytes that were passed over are gone. */
export class SequentialPieceSource implements PieceSource {
  size: number | null;
  fault: PlatterError | null = null;
  readonly #path: string;
  readonly #image: ImageStream;

  constructor(path: string, size: number | null, of: Opened) {
    this.size = size;
    this.#path = path;
    this.#image = new ImageStream(of, 0);
  }

  async fetch(wanted: readonly number[], pieces: Pieces): Promise<void> {
    const isNear = (piece: number): boolean => piece * PIECE < MOST_DECODED;
    const start = this.#image.next === 0 ? Array.from({ length: KEPT / PIECE }, (_, index) => index) : [];
    // Take only the nearest run: its content may ask for pieces that lie before the others.
    const next = runsOf(wanted.filter(isNear))[0] ?? [];
    await this.#image.take(
      [...new Set([...start, ...next])].toSorted((one, other) => one - other),
      pieces,
    );
    for (const piece of wanted) if (!isNear(piece)) pieces.put(piece, Buffer.alloc(0));
    // An image that has ended within the look has a known size.
    if (this.#image.end !== null && this.size === null) pieces.size = this.size = this.#image.end;
  }

  async close(): Promise<void> {
    const found = await this.#image.close(this.#path);
    this.fault ??= found;
  }
}

/** The image out of one decoder, piece by piece. */
class ImageStream {
  /** Number of the piece that comes next. */
  next: number;
  /** Bytes of the image; null until its end is reached, and when the decoder failed. */
  end: number | null = null;
  readonly #decoder: Decoder;
  readonly #image: Readable;
  readonly #chunks: AsyncIterator<Buffer>;
  #rest: Buffer[] = [];
  #isOver = false;

  constructor({ files, entry, supply }: Opened, first: number) {
    const { decoder, image } = decodeToStream(files, {
      map: null,
      entry,
      supply,
      isRaw: false,
      from: first * PIECE,
      threads: first === 0 ? null : 1,
      digests: [],
    });
    this.next = first;
    this.#decoder = decoder;
    this.#image = image;
    this.#chunks = image[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  }

  /** Takes these pieces, in order. A piece that was passed over, or lies beyond the end, is empty. */
  async take(wanted: readonly number[], pieces: Pieces): Promise<void> {
    for (const piece of wanted) {
      let bytes: Buffer = Buffer.alloc(0);
      while (this.next <= piece) bytes = await this.#piece();
      pieces.put(piece, this.next === piece + 1 ? bytes : Buffer.alloc(0));
    }
  }

  /** Ends the decoder. Resolves to the fault that it found in the file at `path`; null for none. */
  async close(path: string): Promise<PlatterError | null> {
    if (!this.#isOver) this.#decoder.stop();
    this.#image.destroy();
    const end = await this.#decoder.ended;
    return end.kind === 'fault' || end.kind === 'lost' ? failureBy(path, end) : null;
  }

  async #piece(): Promise<Buffer> {
    let length = this.#rest.reduce((sum, part) => sum + part.length, 0);
    while (length < PIECE && !this.#isOver) {
      const { value, done } = (await this.#chunks.next()) as IteratorResult<Buffer, undefined>;
      if (done === true) {
        this.#isOver = true;
        if ((await this.#decoder.ended).kind === 'done') this.end = this.next * PIECE + length;
      } else {
        this.#rest.push(value);
        length += value.length;
      }
    }
    const all = Buffer.concat(this.#rest);
    this.#rest = [all.subarray(PIECE)];
    this.next += 1;
    return all.subarray(0, PIECE);
  }
}
