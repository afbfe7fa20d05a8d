// Parts of one version of a file by range requests. A server that gives another part than the one that was asked for,
// or a part of another version, is not believed.
import { setTimeout as sleep } from 'node:timers/promises';
import { conditionOf, partIn, readBody, UNMARKED, validatorsIn, type Validators } from './answers.ts';
import { get, type Answer, type ConnectionOptions } from './connection.ts';
import { connectionFault, Fault, statusFault } from './faults.ts';
import type { Opened } from './reports.ts';
import type { Sink } from './resuming-transfer.ts';

/** Most bytes to take of a file whose server gives no ranges. */
const MOST_OF_WHOLE = 1024 ** 2;
/** Most requests for one part, and the seconds before the first repeated one. Each pause is twice the one before. */
const MOST_TRIES = 3;
const PAUSE = 1;

/** A file on a server, of which parts are wanted. */
export class Parts {
  readonly #url: URL;
  readonly #write: Sink['write'];
  readonly #means: ConnectionOptions;
  #file: Validators = UNMARKED;
  /** The server has answered once. */
  #begun = false;

  /** `write` receives the bytes. */
  constructor(url: URL, write: Sink['write'], means: ConnectionOptions) {
    this.#url = url;
    this.#write = write;
    this.#means = means;
  }

  /** Asks for the first `wanted` bytes, and takes what the answer says of the file. Rejects with a Fault. */
  open(wanted: number): Promise<Opened> {
    return this.#patiently({ range: `bytes=0-${String(wanted - 1)}` }, (answer, code) => {
      if (code === 206) return this.#start(answer, wanted);
      if (code === 200) return this.#whole(answer);
      if (code === 416 && answer.response.headers['content-range'] === 'bytes */0')
        return Promise.resolve({ length: 0, ranges: 'no', has: 0 });
      throw statusFault(answer.host, code, answer.response.headers['retry-after']);
    });
  }

  /** Takes the part of `length` bytes at `offset`, which lies in the file. Rejects with a Fault. */
  fetch(offset: number, length: number): Promise<void> {
    const condition = conditionOf(this.#file)!;
    const range = `bytes=${String(offset)}-${String(offset + length - 1)}`;
    return this.#patiently({ range, 'if-range': condition }, async (answer, code) => {
      const { host, response } = answer;
      if (code !== 206 && code !== 200 && code !== 416) throw statusFault(host, code, response.headers['retry-after']);
      const part = code === 206 ? partIn(answer) : null;
      const { etag, lastModified } = validatorsIn(answer);
      const isOther = (was: string | null, is: string | null): boolean => is !== null && is !== was;
      if (
        isOther(this.#file.etag, etag) ||
        isOther(this.#file.lastModified, lastModified) ||
        (part !== null && part.total !== this.#file.length)
      )
        throw new Fault({ kind: 'fileChanged', host }, 'no', { kind: 'tryAgain' });
      if (part?.first !== offset || part.last !== offset + length - 1) throw new Fault({ kind: 'otherPart', host });
      await this.#take(answer, offset, offset + length);
    });
  }

  /** The answer is a part, which must be the first one. */
  async #start(answer: Answer, wanted: number): Promise<Opened> {
    const part = partIn(answer);
    if (part?.first !== 0 || part.last !== Math.min(wanted, part.total) - 1)
      throw new Fault({ kind: 'otherPart', host: answer.host });
    this.#file = { ...validatorsIn(answer), length: part.total };
    const has = await this.#take(answer, 0, part.last + 1);
    return { length: part.total, ranges: conditionOf(this.#file) === null ? 'unpinned' : 'yes', has };
  }

  /** The answer is the whole file, of which only the start is taken. */
  async #whole(answer: Answer): Promise<Opened> {
    const { length } = validatorsIn(answer);
    const has = await this.#take(answer, 0, length, MOST_OF_WHOLE);
    return { length: length ?? (has < MOST_OF_WHOLE ? has : null), ranges: 'no', has };
  }

  #take(answer: Answer, from: number, end: number | null, most = Infinity): Promise<number> {
    const { patience } = this.#means;
    return readBody(answer, { from, end, patience }, async (bytes, at) => {
      await this.#write(bytes, at);
      return at + bytes.length < most;
    });
  }

  /** Makes the request and gives its answer to `take`. Repeats it after a failure that can pass. */
  async #patiently<T>(headers: Record<string, string>, take: (answer: Answer, code: number) => Promise<T>): Promise<T> {
    for (let tries = 1; ; tries += 1) {
      try {
        const answer = await get(this.#url, headers, this.#means);
        this.#begun = true;
        try {
          return await take(answer, answer.response.statusCode ?? 0);
        } finally {
          answer.close();
        }
      } catch (error) {
        const fault = connectionFault(this.#url.host, error);
        const isFinal = fault.again === 'no' || (fault.again === 'begun' && !this.#begun);
        if (isFinal || tries === MOST_TRIES) throw fault;
        await sleep((fault.wait ?? PAUSE * 2 ** (tries - 1)) * 1000);
      }
    }
  }
}
