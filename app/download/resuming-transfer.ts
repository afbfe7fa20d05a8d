// Downloads a URL into a file with as many requests as it takes. After a broken connection it requests the rest, and
// accepts that only when the server shows that it still has the same file.
import { setTimeout as sleep } from 'node:timers/promises';
import { Fault, connectionFault, statusFault } from './faults.ts';
import { conditionOf, partIn, readBody, UNMARKED, validatorsIn, type Validators } from './answers.ts';
import { get, type Answer, type ConnectionOptions } from './connection.ts';

/** The part of the file that we have. */
export interface Start extends Validators {
  /** Bytes in the file. */
  has: number;
  /** The file is complete. The server is only asked whether it has changed. */
  isWhole: boolean;
}

/** Receives the bytes. */
export interface Sink {
  write(bytes: Uint8Array, at: number): Promise<void>;
  /** Drops everything that was written. */
  empty(): Promise<void>;
}

/** Receives the events of the download. */
export interface Listener {
  /**
   * A body is about to be written from byte `from` on. The download waits for the promise, and ends when it rejects.
   */
  begins(from: number, file: Validators): Promise<void>;
  /** `has`: bytes in the file now. */
  progress(has: number): void;
  /** The request failed. It is repeated after `seconds`. */
  again(fault: Fault, attempt: number, seconds: number): void;
}

/** The options of a download. */
export interface TransferOptions extends ConnectionOptions {
  /** The most bytes that the file may have; null for no limit. */
  most: number | null;
  /** Waits this many seconds before a repeated request. */
  pause?: (seconds: number) => Promise<unknown>;
}

/** Most failures in a row. Only NEW_ROW new bytes end a row, because a few bytes each time could go on forever. */
const MOST_FAILURES = 6;
const NEW_ROW = 1024 ** 2;
/** The longest pause between two requests, in seconds. */
const MOST_PAUSE = 30;
/** Most restarts from the first byte because the server's file has changed. */
const MOST_BEGINNINGS = 4;

/**
 * Downloads `url`. Resolves to `unchanged` when our file is up to date, otherwise to its length. Rejects with a Fault.
 */
export function transfer(
  url: URL,
  start: Start,
  sink: Sink,
  listener: Listener,
  conditions: TransferOptions,
): Promise<number | 'unchanged'> {
  return new Transfer(url, start, sink, listener, conditions).run();
}

class Transfer {
  readonly #url: URL;
  readonly #sink: Sink;
  readonly #listener: Listener;
  readonly #options: TransferOptions;
  #has: number;
  #isWhole: boolean;
  #file: Validators;
  /** The server has sent something during this run. */
  #begun = false;
  #beginnings = 0;
  /** Why the last request failed; null when none has. */
  #last: Fault | null = null;

  constructor(url: URL, { has, isWhole, ...file }: Start, sink: Sink, listener: Listener, conditions: TransferOptions) {
    this.#url = url;
    this.#sink = sink;
    this.#listener = listener;
    this.#options = conditions;
    this.#has = has;
    this.#isWhole = isWhole;
    this.#file = file;
  }

  async run(): Promise<number | 'unchanged'> {
    const { pause = (seconds: number) => sleep(seconds * 1000) } = this.#options;
    let failures = 0;
    for (;;) {
      const had = this.#has;
      try {
        const end = await this.#attempt();
        if (end !== 'more') return end;
      } catch (error) {
        const fault = connectionFault(this.#url.host, error);
        if (fault.again === 'no' || (fault.again === 'begun' && !this.#begun)) throw fault;
        this.#last = fault;
        failures = this.#has - had >= NEW_ROW ? 1 : failures + 1;
        if (failures === MOST_FAILURES) throw fault;
        const seconds = fault.wait ?? Math.min(2 ** (failures - 1), MOST_PAUSE);
        this.#listener.again(fault, failures, seconds);
        await pause(seconds);
      }
    }
  }

  /** Makes one request. 'more': another one must follow. */
  async #attempt(): Promise<number | 'unchanged' | 'more'> {
    // Without a validator, the rest could belong to another file, so begin again.
    if (this.#has > 0 && conditionOf(this.#file) === null) await this.#forget();
    const answer = await get(this.#url, this.#headers(), this.#options);
    try {
      return await this.#take(answer);
    } finally {
      answer.close();
    }
  }

  #headers(): Record<string, string> {
    const { etag, lastModified } = this.#file;
    if (this.#isWhole)
      return {
        ...(etag === null ? {} : { 'if-none-match': etag }),
        ...(lastModified === null ? {} : { 'if-modified-since': lastModified }),
      };
    const condition = conditionOf(this.#file);
    return this.#has === 0 || condition === null ? {} : { range: `bytes=${String(this.#has)}-`, 'if-range': condition };
  }

  async #take(answer: Answer): Promise<number | 'unchanged' | 'more'> {
    const { response, host } = answer;
    const code = response.statusCode ?? 0;
    if (code === 304 && this.#isWhole) return 'unchanged';
    if (code === 200) return this.#whole(answer);
    if (code === 206 && this.#has > 0 && !this.#isWhole) return this.#rest(answer);
    if (code === 416 && this.#has > 0) {
      await this.#forget();
      return 'more';
    }
    throw code === 206
      ? new Fault({ kind: 'serverAnswered', host, status: '206 Partial Content' })
      : statusFault(host, code, response.headers['retry-after']);
  }

  /** The answer is the whole file. The server may not know ranges, or have another file now. */
  async #whole(answer: Answer): Promise<number> {
    if (this.#has > 0) await this.#forget();
    this.#isWhole = false;
    this.#file = validatorsIn(answer);
    await this.#listener.begins(0, this.#file);
    return this.#body(answer, this.#file.length);
  }

  /** The answer is the rest of the file, if it is the same file. */
  async #rest(answer: Answer): Promise<number | 'more'> {
    const part = partIn(answer);
    const { etag, length } = this.#file;
    const given = validatorsIn(answer).etag;
    const isSame =
      part?.first === this.#has &&
      (length === null || part.total === length) &&
      (etag === null || given === null || given === etag);
    if (!isSame) {
      await this.#forget();
      return 'more';
    }
    const { last, total } = part;
    this.#file = { ...this.#file, length: total };
    await this.#listener.begins(this.#has, this.#file);
    const end = last + 1;
    await this.#body(answer, end);
    return end === total ? end : 'more';
  }

  /** Writes the body. `end`: length of the file afterwards; null when the server does not say. */
  #body(answer: Answer, end: number | null): Promise<number> {
    const { patience, most } = this.#options;
    if (most !== null && end !== null && end > most) throw tooLarge(most);
    return readBody(answer, { from: this.#has, end, patience }, async (bytes, at) => {
      const has = at + bytes.length;
      if (most !== null && has > most) throw tooLarge(most);
      await this.#sink.write(bytes, at);
      this.#has = has;
      this.#begun = true;
      this.#listener.progress(has);
      return true;
    });
  }

  /** Restarts from the first byte. Rejects with a Fault after too many restarts. */
  async #forget(): Promise<void> {
    this.#beginnings += 1;
    if (this.#beginnings > MOST_BEGINNINGS)
      throw new Fault(this.#last?.reason ?? { kind: 'downloadChanges', host: this.#url.host, times: this.#beginnings });
    await this.#sink.empty();
    this.#has = 0;
    this.#isWhole = false;
    this.#file = UNMARKED;
  }
}

const tooLarge = (most: number): Fault =>
  new Fault({ kind: 'downloadLimit', most }, 'no', { kind: 'raiseDownloadLimit' });
