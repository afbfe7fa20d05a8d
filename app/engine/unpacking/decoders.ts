// A packed source while it is held: its decoders, and whether the file is what it should be. A destination that falls
// behind has a decoder of its own.
import { closeSync, constants, fstatSync, openSync } from 'node:fs';
import { constants as system } from 'node:os';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import type { PlatterError } from '../../contract/errors.ts';
import { partsOf } from '../../contract/request-facts.ts';
import type { Answers } from '../../base/slow-answers.ts';
import { cancelledOpening, errnoOf, failure } from '../../base/errors.ts';
import { openId, statsId } from '../devices/file-ids.ts';
import type { End, Packed } from '../devices/ends.ts';
import type { NativeAddon, NativeDevice } from '../native/addon.ts';
import { hasAllChecksums } from './bmap-file.ts';
import { forgetSize } from './known-sizes.ts';
import { failureBy, otherChecksum, RAW, unpackFailure, watching } from './packed-source.ts';
import {
  decodeFile,
  UNWATCHED,
  type Decoded,
  type Decoder,
  type DecoderEnd,
  type Failed,
  type Watch,
} from './unpack-program.ts';

/** Milliseconds without a report after which a decoder counts as blocked, because nobody reads its output. */
const SILENT_MS = 5000;
/** Milliseconds to wait for a decoder's own end after the end of its pipe. */
const REAPED_MS = 2000;
/** Longest gap, in bytes, that is decoded and dropped where a new decoder could begin behind it. */
const REACH = 64 * 1024 * 1024;

/** The decoders of one packed file. */
export class Unpacking {
  /** The image, to be read like a file. */
  readonly device: NativeDevice;
  readonly #end: End;
  readonly #packed: Packed;
  readonly #addon: NativeAddon;
  /** Its descriptors, in the order of its files. */
  readonly #files: readonly number[];
  readonly #running = new Set<Decoder>();
  /** The first decoder of the whole file since the job began. */
  #whole: Decoder | null = null;
  #isBegun = false;
  /** The job reads the image up to this byte; null: all of it. */
  #until: number | null = null;
  /** The first fault that a decoder met in the file. */
  #fault: PlatterError | null = null;
  /** Why the last decoder was lost. That says nothing about the file, so the next one is started all the same. */
  #loss: PlatterError | null = null;
  readonly #givingUp = new AbortController();
  #verdict: Promise<PlatterError | null> | null = null;
  /** What the first decoder that read the whole file has reported; null before. */
  #decoded: Decoded | null = null;
  /** When its files were changed last, as of their opening. */
  readonly #changed: readonly bigint[];
  #isClosed = false;

  /** `end` is a packed file, and `file` that file, opened. Throws with an errno as open(2) does, or ESTALE. */
  constructor(addon: NativeAddon, end: End, file: NativeDevice) {
    const packed = end.packed!;
    this.#addon = addon;
    this.#end = end;
    this.#packed = packed;
    this.#files = openAll(end, openId(file.info()));
    this.#changed = changesOf(this.#files);
    // Gaps in a block map are passed over quickly, and one decoder has to see all of its ranges. So a gap starts no new
    // decoder.
    const reach = packed.seekable && packed.map === null ? REACH : end.size;
    this.device = file.unpack(end.size, reach, (at, stream, seals) => void this.#answer(at, stream, seals));
  }

  /**
   * Begins the job: what is decoded from now on decides what the file is. The job reads the image up to the byte
   * `until`, which is all of it without a block map.
   */
  begin(until: number): void {
    this.#isBegun = true;
    this.#until = until;
  }

  /**
   * What is wrong with the whole packed file; null when nothing is, CANCELLED when the check was given up. When no
   * decoder has read the file to its end, one does now; `answers` gets its progress, and can give it up.
   */
  async verdict(answers: Answers | null = null): Promise<PlatterError | null> {
    const verdict = (this.#verdict ??= this.#makeVerdict(answers));
    const wrong = await verdict;
    // The decoder was lost or stopped, so there is no verdict on the file yet.
    if (wrong !== null && wrong !== this.#fault && this.#verdict === verdict) this.#verdict = null;
    return wrong;
  }

  /** Gives up the verdict, because the job is cancelled. */
  giveUp(): void {
    this.#givingUp.abort();
  }

  /** Why a decoder has ended before the end of the image. */
  async fault(): Promise<PlatterError | null> {
    // The pipe of a decoder ends before the decoder does. Other decoders may go on for hours.
    const ended = Promise.all([...this.#running].map((one) => Promise.race([one.ended, whenSilent(one)])));
    await Promise.race([ended, sleep(REAPED_MS, undefined, { ref: false })]);
    return this.#fault ?? this.#loss;
  }

  /** True when the whole image was decoded, and neither the file nor the user has a checksum of it. */
  get isUnchecked(): boolean {
    const { checksum, format, map } = this.#packed;
    if (checksum !== null || format === RAW || (map !== null && hasAllChecksums(map.bmap))) return false;
    return this.#decoded?.checked === false;
  }

  /** Bytes of zeros after the packed image, as far as it was decoded to its end. */
  get zeros(): number {
    return this.#decoded?.zeros ?? 0;
  }

  /** Ends the decoders. */
  close(): void {
    this.#isClosed = true;
    for (const one of this.#running) one.stop();
    this.#files.forEach((file) => closeSync(file));
  }

  async #answer(at: number, stream: number, seals: boolean): Promise<void> {
    this.device.provide(stream, await this.#stream(at, seals));
  }

  /** A descriptor of the image from `at` on, or a negative errno. */
  async #stream(at: number, seals: boolean): Promise<number> {
    const wrong = this.#fault ?? (seals ? await this.verdict() : null);
    if (wrong !== null) return wrong.code === 'CANCELLED' ? -system.errno.ECANCELED : -system.errno.EBADMSG;
    // The job has ended during the wait for the verdict, and the descriptor's number may belong to another file.
    if (this.#isClosed) return -system.errno.EBADMSG;
    let write = -1;
    try {
      const [read, end] = this.#addon.makePipe();
      write = end;
      this.#decode(at, write);
      return read;
    } catch (error) {
      this.#lost({ kind: 'lost', reason: { kind: 'decoderUnstarted', errno: errnoOf(error) ?? String(error) } });
      return -system.errno.EBADMSG;
    } finally {
      if (write >= 0) closeSync(write);
    }
  }

  #decode(from: number, to: number | null, watch?: Watch): Decoder {
    const { entry, format, checksum, map, folder } = this.#packed;
    // The first decoder has all cores. Those of lagging destinations take one each.
    const isFirst = this.#whole === null;
    const isWhole = this.#isBegun && from === 0;
    const how = {
      entry,
      isRaw: format === RAW,
      from,
      threads: isFirst ? null : 1,
      digests: isWhole && checksum !== null ? [partsOf(checksum).hash] : [],
      map:
        map === null
          ? null
          : // One decoder compares the ranges. What others decode is compared by the engine, with hashes.
            { ranges: map.bmap.ranges, hash: isWhole ? map.bmap.hash : null, until: this.#until },
    };
    const decoder = decodeFile({ descriptors: this.#files, words: folder?.words ?? [] }, to, how, watch);
    this.#running.add(decoder);
    if (isWhole) this.#whole ??= decoder;
    void decoder.ended.then((end) => this.#ended(decoder, end, isWhole));
    return decoder;
  }

  #ended(decoder: Decoder, end: DecoderEnd, isWhole: boolean): void {
    this.#running.delete(decoder);
    if (end.kind === 'fault')
      this.#fault ??= failureBy(this.#pathOf(end.fault.part ?? null), end, this.#packed.map?.path);
    if (end.kind === 'lost') this.#lost(end, decoder);
    // Before the job, a look at a small image reaches its end too, but without hashes.
    if (end.kind !== 'done' || !isWhole) return;
    this.#decoded ??= end.of;
    this.#fault ??= this.#sizeFault(end.of) ?? this.#checksumFault(end.of);
  }

  /** The path of the file in which a fault is. `part`: the number of the part of a disk. */
  #pathOf(part: number | null): string {
    return (part === null ? null : this.#packed.folder?.partPaths[part]) ?? this.#end.path;
  }

  #lost(why: Failed, decoder: Decoder | null = null): void {
    this.#loss = failureBy(this.#end.path, why);
    if (this.#whole === decoder) this.#whole = null;
  }

  /** The size in a header or a table is only a claim. */
  #sizeFault({ written, read }: Decoded): PlatterError | null {
    const { path, size } = this.#end;
    if (written === size) return null;
    const map = this.#packed.map;
    if (map !== null) {
      const reason = { kind: 'bmapOfOther', said: map.bmap.imageSize, has: written } as const;
      return failure({ code: 'BAD_IMAGE', op: 'check', device: map.path, reason, remedy: { kind: 'otherBmap' } });
    }
    // A wrong size that was kept must not make the next job fail too.
    void forgetSize(this.#packed.sizeKey);
    const said = `the image has ${String(written)} bytes, not ${String(size)}`;
    return unpackFailure(path, { fault: 'damaged', offset: read, said });
  }

  /** The checksum of a virtual disk is computed apart from its decoding, so a change can lie behind it. */
  #checksumFault(decoded: Decoded): PlatterError | null {
    const { checksum, checksumCovers } = this.#packed;
    if (checksum !== null && !this.#isClosed && String(changesOf(this.#files)) !== String(this.#changed))
      return failure({
        code: 'BAD_IMAGE',
        op: 'check',
        device: this.#end.path,
        reason: { kind: 'changedWhileChecked' },
        remedy: { kind: 'BAD_IMAGE' },
      });
    return checksum === null ? null : otherChecksum(this.#end.path, checksum, checksumCovers, decoded);
  }

  async #makeVerdict(answers: Answers | null): Promise<PlatterError | null> {
    const [cancelled] = cancelledOpening(this.#end.path).errors;
    const signal = AbortSignal.any([this.#givingUp.signal, ...(answers?.signal ? [answers.signal] : [])]);
    if (this.#whole !== null) await Promise.race([this.#whole.ended, whenSilent(this.#whole), aborted(signal)]);
    if (this.#fault !== null || this.#decoded !== null) return this.#fault;
    if (this.#isClosed || signal.aborted) return cancelled!;
    const read = answers === null ? UNWATCHED.read : watching(answers, 'check', this.#end).read;
    const end = await this.#decode(0, null, { signal, read }).ended;
    if (end.kind === 'stopped') return cancelled!;
    return end.kind === 'lost' ? this.#loss : this.#fault;
  }
}

/** Opens the files of a source. `first`: the identity of the first one. Throws with an errno, ESTALE for another file. */
function openAll({ packed }: End, first: string): number[] {
  const opened: number[] = [];
  try {
    for (const { path, id, size } of packed!.files) {
      const file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
      opened.push(file);
      const stats = fstatSync(file, { bigint: true });
      const isThat =
        opened.length === 1 ? statsId(stats) === first : statsId(stats) === id && Number(stats.size) === size;
      if (!isThat) throw Object.assign(new Error(`${path} is another file`), { code: 'ESTALE' });
    }
    return opened;
  } catch (error) {
    opened.forEach((file) => closeSync(file));
    throw error;
  }
}

/** When open files were changed last. */
const changesOf = (files: readonly number[]): bigint[] =>
  files.map((file) => fstatSync(file, { bigint: true }).mtimeNs);

const aborted = (signal: AbortSignal): Promise<unknown> => (signal.aborted ? Promise.resolve() : once(signal, 'abort'));

/** Resolves when a decoder has said nothing for a while. */
async function whenSilent(decoder: Decoder): Promise<void> {
  for (;;) {
    const left = decoder.lastReport() + SILENT_MS - performance.now();
    if (left <= 0) return;
    await sleep(left, undefined, { ref: false });
  }
}
