// A file on a server, looked at in parts. They are put into a nameless file of the same length, with holes elsewhere.
// The program that fetches (fetch.ts) talks to the server.
import { createInterface, type Interface } from 'node:readline';
import { mkdtemp, open, rmdir, unlink, type FileHandle } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ChildProcess } from 'node:child_process';
import type { PlatterError } from '../contract/errors.ts';
import { errnoOf, Refusal, refuse } from '../base/errors.ts';
import { asJson } from '../base/json.ts';
import { thisProgram } from '../base/program-name.ts';
import { fileName, shownUrl } from './addresses.ts';
import { unwritten } from './faults.ts';
import { endedUnexpectedly, endOf, say, startFetching } from './fetching.ts';
import type { Order, Part } from './orders.ts';
import { report, type Opened, type Report } from './reports.ts';

/** Most bytes to fetch of one file. */
export const MOST_FETCHED = 16 * 1024 ** 2;
/** Bytes that are fetched at once: at least so many, and more where one part follows the other. */
const BLOCK = 64 * 1024;
const MOST_AT_ONCE = 2 * 1024 ** 2;
/** Bytes to fetch first: all that tells what a file is. */
const HEAD = 4 * BLOCK;

/** A file on a server, open for a look at parts of it. */
export class RemoteFile {
  /** Its URL without secrets. */
  readonly origin: string;
  readonly name: string;
  /** Bytes. */
  readonly size: number;
  /**
   * Does the server give parts of the file? 'unpinned': it does, but it does not say whether they are of one version,
   * so that only the first one is taken.
   */
  readonly ranges: Opened['ranges'];
  /** Holds the fetched parts, each in its place. */
  readonly file: FileHandle;
  /** The first failure after the start; null for none. */
  fault: PlatterError | null = null;
  /** Something was wanted that was not fetched. */
  isIncomplete = false;
  /** The number of fetched bytes. */
  fetched: number;
  readonly #fetching: Fetching;
  /** The blocks that are there. */
  readonly #blocks = new Set<number>();
  /** The end of the last part, and its length in blocks. */
  #last = { end: 0, blocks: 1 };
  /** The parts that are being fetched. */
  #queue: Promise<unknown> = Promise.resolve();

  private constructor(url: URL, file: FileHandle, fetching: Fetching, size: number, { ranges, has }: Opened) {
    this.origin = shownUrl(url);
    this.name = fileName(url);
    this.size = size;
    this.ranges = ranges;
    this.file = file;
    this.fetched = has;
    this.#fetching = fetching;
    const whole = has === size ? Math.ceil(has / BLOCK) : Math.floor(has / BLOCK);
    for (let block = 0; block < whole; block += 1) this.#blocks.add(block);
  }

  /**
   * Opens the file at `url`, and fetches its start. `patience`: seconds without an answer after which the server counts
   * as silent; 0: wait forever. Rejects with a Refusal.
   */
  static async open(url: URL, patience: number): Promise<RemoteFile> {
    const { file, folder } = await namelessFile();
    const fetching = new Fetching(shownUrl(url), file.fd);
    try {
      const opened = await fetching.open({
        kind: 'parts',
        url: url.href,
        patience,
        program: thisProgram(),
        folder,
        head: HEAD,
      });
      const size = opened.length ?? lengthless(shownUrl(url));
      await resize(file, size, folder);
      return new RemoteFile(url, file, fetching, size, opened);
    } catch (error) {
      fetching.end();
      await file.close();
      throw error;
    }
  }

  /**
   * Has `length` bytes at `offset` put into the file. Resolves to false when they cannot be had. Bytes beyond the end
   * are ignored.
   */
  need(offset: number, length: number): Promise<boolean> {
    const work = this.#queue.then(() => this.#need(offset, length));
    this.#queue = work.catch(() => undefined);
    return work;
  }

  /** Ends the connection and drops what was fetched. */
  async close(): Promise<void> {
    this.#fetching.end();
    await this.file.close();
  }

  async #need(offset: number, length: number): Promise<boolean> {
    const end = Math.ceil(Math.min(offset + length, this.size) / BLOCK);
    for (let block = Math.floor(offset / BLOCK); block < end; block += 1) {
      if (this.#blocks.has(block)) continue;
      let next = block + 1;
      while (next < end && !this.#blocks.has(next)) next += 1;
      if (!(await this.#fetch(block, next))) {
        this.isIncomplete = true;
        return false;
      }
    }
    return true;
  }

  /** Fetches these blocks, and some more where they follow the last ones. False when that is not possible. */
  async #fetch(first: number, wanted: number): Promise<boolean> {
    if (this.ranges !== 'yes' || this.fault !== null) return false;
    const ahead = first === this.#last.end ? first + Math.min(2 * this.#last.blocks, MOST_AT_ONCE / BLOCK) : 0;
    const from = first * BLOCK;
    const most = Math.min(this.size, from + MOST_FETCHED - this.fetched);
    if (Math.min(wanted * BLOCK, this.size) > most) return false;
    let until = wanted;
    while (until < ahead && !this.#blocks.has(until) && (until + 1) * BLOCK <= most) until += 1;
    const length = Math.min(until * BLOCK, this.size) - from;
    try {
      await this.#fetching.part({ offset: from, length });
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      this.fault = error.errors[0]!;
      return false;
    }
    this.fetched += length;
    this.#last = { end: until, blocks: until - first };
    for (let block = first; block < until; block += 1) this.#blocks.add(block);
    return true;
  }
}

/** The fetching program and the conversation with it. */
class Fetching {
  readonly #origin: string;
  readonly #child: ChildProcess;
  readonly #ended: Promise<string>;
  readonly #reports: Interface;
  readonly #lines: AsyncIterator<string, undefined>;

  constructor(origin: string, file: number) {
    this.#origin = origin;
    this.#child = startFetching(file);
    this.#ended = endOf(this.#child);
    // Writing to a program that is gone fails with EPIPE. Its end says more.
    this.#child.stdin!.on('error', () => undefined);
    this.#reports = createInterface({ input: this.#child.stdout! });
    this.#lines = this.#reports[Symbol.asyncIterator]();
  }

  /** Gives the order. Rejects with a Refusal, as `part` does. */
  async open(order: Order): Promise<Opened> {
    say(this.#child, JSON.stringify(order));
    const { event: _event, ...opened } = await this.#answer('opened');
    return opened;
  }

  async part(part: Part): Promise<void> {
    say(this.#child, JSON.stringify(part));
    await this.#answer('part');
  }

  end(): void {
    this.#child.kill('SIGKILL');
    this.#reports.close();
  }

  async #answer<E extends Report['event']>(event: E): Promise<Extract<Report, { event: E }>> {
    const { value, done } = await this.#lines.next();
    const told = done === true ? null : (report.safeParse(asJson(value)).data ?? null);
    if (told?.event === 'failed') throw new Refusal([told.error]);
    if (told?.event === event) return told as Extract<Report, { event: E }>;
    this.end();
    return endedUnexpectedly(this.#origin, await this.#ended);
  }
}

/** A file that has no name any more, and the folder that it was in. */
async function namelessFile(): Promise<{ file: FileHandle; folder: string }> {
  const folder = tmpdir();
  try {
    const own = await mkdtemp(join(folder, 'platter-look-'));
    const path = join(own, 'parts');
    try {
      const file = await open(path, 'wx+', 0o600);
      await unlink(path);
      return { file, folder };
    } finally {
      await rmdir(own);
    }
  } catch (error) {
    throw errnoOf(error) === null ? error : new Refusal([unwritten(error, folder)]);
  }
}

async function resize(file: FileHandle, size: number, folder: string): Promise<void> {
  try {
    await file.truncate(size);
  } catch (error) {
    throw errnoOf(error) === null ? error : new Refusal([unwritten(error, folder)]);
  }
}

const lengthless = (device: string): never =>
  refuse({
    code: 'DOWNLOAD_FAILED',
    op: 'check',
    device,
    reason: { kind: 'lengthUntold' },
    remedy: { kind: 'said', text: 'Have `platter check` download and read all of it.' },
  });
