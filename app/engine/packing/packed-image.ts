// An image that is written packed: its file, and the programs that pack it. Each chunk is packed by itself.
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import type { Packing } from '../../contract/image-formats.ts';
import { SYSTEM_PATH } from '../devices/run-program.ts';
import type { FrameWorker, NativeAddon, NativeDevice } from '../native/addon.ts';
import { endOfZstd } from './seekable-zstd.ts';

const PROGRAM = fileURLToPath(new URL('../native/platter-unpack', import.meta.url));
/** The most programs for one image. */
const MOST_WORKERS = 16;

/** Bytes that are read at once. */
const LOOK = 1024 ** 2;

/** The image in a packed file. Sizes in bytes. `written`: a bitmap of its chunks that are written; the others are zeros. */
export interface ImageShape {
  length: number;
  chunk: number;
  written: Uint8Array;
}

/** An open image that is written packed. */
export class PackedImage {
  /** The image as a destination. */
  readonly device: NativeDevice;
  readonly #file: NativeDevice;
  readonly #shape: ImageShape;
  readonly #packing: Packing;

  private constructor(file: NativeDevice, device: NativeDevice, shape: ImageShape, packing: Packing) {
    this.#file = file;
    this.device = device;
    this.#shape = shape;
    this.#packing = packing;
  }

  /**
   * Makes an image of the empty, open `file`, which belongs to it from then on. Rejects with an errno when the programs
   * cannot be started.
   */
  static async open(addon: NativeAddon, file: NativeDevice, shape: ImageShape, packing: Packing): Promise<PackedImage> {
    const workers: FrameWorker[] = [];
    try {
      for (let i = 0; i < Math.min(availableParallelism(), MOST_WORKERS); i += 1)
        workers.push(await startWorker(addon, shape.chunk, packing));
    } catch (error) {
      for (const fd of workers.flat()) closeSync(fd);
      throw error;
    }
    const device = file.pack(shape.length, shape.chunk, workers, new Uint32Array(), shape.written);
    return new PackedImage(file, device, shape, packing);
  }

  /** Bytes of the file. */
  get size(): number {
    return this.#file.sizeNow();
  }

  /**
   * Completes the file, durably. A seekable zstd gets its table and `manifest`; the other formats have no place for
   * them. Rejects with an errno, EINVAL when chunks are missing.
   */
  async finish(manifest: Uint8Array | null): Promise<void> {
    const { chunk, length } = this.#shape;
    const sizes = this.device.frames();
    const end = this.#packing.format === 'zstd' ? endOfZstd({ sizes, chunk, length }, manifest) : Buffer.alloc(0);
    const before = sizes.reduce((sum, size) => sum + size, 0);
    await this.device.finishFrames(end);
    await this.#compare(before, end);
  }

  /** Rejects with EIO unless the medium has `bytes` from byte `at` of the file on. */
  async #compare(at: number, bytes: Buffer): Promise<void> {
    for (let done = 0; done < bytes.length; done += LOOK) {
      const part = bytes.subarray(done, done + LOOK);
      if (!part.equals(await this.#file.peek(at + done, part.length)))
        throw Object.assign(new Error('the end of the image is not what was written'), { code: 'EIO' });
    }
  }

  /** Closes the file of a closed device. The programs have ended with the device. */
  close(): void {
    this.#file.close();
  }
}

/** Bytes of the memory that a program shares with the engine (native/addon/frame_workers.h). */
const sharedMemory = (chunk: number): number => 2 * chunk + Math.floor(chunk / 64) + 64 * 1024;

/** Starts a program that packs chunks. Rejects with an errno. */
async function startWorker(addon: NativeAddon, chunk: number, { format, level }: Packing): Promise<FrameWorker> {
  const open: number[] = [];
  const kept = <Fd extends number>(fd: Fd): Fd => {
    open.push(fd);
    return fd;
  };
  try {
    const memory = kept(addon.makeMemory(sharedMemory(chunk)));
    const [theirRequests, requests] = addon.makePipe().map(kept) as [number, number];
    const [answers, theirAnswers] = addon.makePipe().map(kept) as [number, number];
    const words = ['frames', '--format', format, '--level', String(level), '--size', String(chunk)];
    const child = spawn(PROGRAM, [...words, '--parent', String(process.pid)], {
      stdio: [theirRequests, theirAnswers, 'ignore', 'ignore', memory],
      env: { PATH: SYSTEM_PATH, LC_ALL: 'C.UTF-8' },
      // Ctrl-C is for the job, which ends its programs in order.
      detached: true,
    });
    await started(child);
    for (const fd of [theirRequests, theirAnswers]) closeSync(fd);
    return [memory, requests, answers];
  } catch (error) {
    for (const fd of open) closeSync(fd);
    throw error;
  }
}

async function started(child: ChildProcess): Promise<void> {
  if (child.pid === undefined) throw ((await once(child, 'error')) as [Error])[0];
  child.on('error', () => undefined); // it runs; its end is seen at its pipes
  child.unref();
}
