// An image that is written packed: its file, and the programs that pack it. Each chunk is packed by itself.
import { closeSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import type { Packing } from '../../contract/image-formats.ts';
import type { Frames, FrameWorker, NativeAddon, NativeDevice } from '../native/addon.ts';
import { startWorker } from './pack-program.ts';
import { endOfQcow2 } from './qcow2.ts';
import { endOfZstd, type CopyFacts } from './seekable-zstd.ts';

/** The most programs for one image, unless the user says how many. */
const MOST_BY_CORES = 16;

/** Bytes that are read at once. */
const LOOK = 1024 ** 2;

/** The image in a packed file. Sizes in bytes. */
export interface ImageShape {
  length: number;
  chunk: number;
  /** A bitmap of the chunks that are written; the others are zeros. */
  written: Uint8Array;
}

/** An open image that is written packed, or in pieces. */
export class PackedImage {
  /** The image as a destination. */
  readonly device: NativeDevice;
  readonly #file: NativeDevice;
  readonly #shape: ImageShape;
  readonly #packing: Packing | null;

  private constructor(file: NativeDevice, device: NativeDevice, shape: ImageShape, packing: Packing | null) {
    this.#file = file;
    this.device = device;
    this.#shape = shape;
    this.#packing = packing;
  }

  /**
   * Makes an image of the open `file`, which belongs to it from then on. `sizes`: bytes of the frames that the file has
   * already. `packing`: null for a raw image, whose frames are its bytes. Rejects with an errno when the programs cannot
   * be started.
   */
  static async open(
    addon: NativeAddon,
    file: NativeDevice,
    shape: ImageShape,
    packing: Packing | null,
    sizes = new Uint32Array(),
  ): Promise<PackedImage> {
    const workers: FrameWorker[] = [];
    try {
      const count = packing === null ? 0 : (packing.threads ?? Math.min(availableParallelism(), MOST_BY_CORES));
      for (let i = 0; i < count; i += 1) workers.push(await startWorker(addon, shape.chunk, packing!));
    } catch (error) {
      for (const fd of workers.flat()) closeSync(fd);
      throw error;
    }
    const { length, chunk, written } = shape;
    const device = file.pack(length, chunk, packing?.format === 'qcow2', workers, sizes, written);
    return new PackedImage(file, device, shape, packing);
  }

  /**
   * Cuts off what follows the frames, so that it is not taken for frames of what is written next. Throws with an errno.
   */
  cutRest(addon: NativeAddon): void {
    addon.resizeFile(this.#file, this.device.frames().end);
  }

  /**
   * Completes the file, durably, and gives its length. A seekable zstd gets its table and `facts`, a qcow2 its tables and
   * its header; the other formats have no place for them. Rejects with an errno, EINVAL when chunks are missing.
   */
  async finish(facts: CopyFacts): Promise<number> {
    const frames = this.device.frames();
    const { start, end } = this.#closing(frames, facts);
    await this.device.finishFrames(end, start);
    await this.#compare(frames.end, end);
    await this.#compare(0, start);
    return frames.end + end.length;
  }

  /** The bytes behind the frames, and those that are then written at the start of the file. */
  #closing({ sizes, offsets, end: at }: Frames, facts: CopyFacts): { start: Buffer; end: Buffer } {
    const { chunk, length } = this.#shape;
    switch (this.#packing?.format) {
      case 'zstd':
        return { start: NOTHING, end: endOfZstd({ sizes, chunk, length }, facts) };
      case 'qcow2':
        return endOfQcow2({ sizes, offsets, end: at, cluster: chunk, size: length });
      case 'xz':
      case 'gzip':
      case undefined:
        return { start: NOTHING, end: NOTHING };
    }
  }

  /** Rejects with EIO unless the medium has `bytes` from byte `at` of the file on. */
  async #compare(at: number, bytes: Buffer): Promise<void> {
    for (let done = 0; done < bytes.length; done += LOOK) {
      const part = bytes.subarray(done, done + LOOK);
      if (!part.equals(await this.#file.peek(at + done, part.length)))
        throw Object.assign(new Error('the tables of the image are not what was written'), { code: 'EIO' });
    }
  }

  /** Closes the file of a closed device. The programs have ended with the device. */
  close(): void {
    this.#file.close();
  }
}

const NOTHING = Buffer.alloc(0);
