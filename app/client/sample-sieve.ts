// Which of a host's samples are read. Some may be left out: the next one says more, and the result says all. So it costs
// next to nothing when a host sends more of them than anybody looks at.
import { type Readable } from 'node:stream';

/** How the host's frames of samples begin. One that is spelt in another way is read like any other frame. */
const SAMPLE = Buffer.from('{"event":"progress",');

/** Milliseconds between two samples at the least; the host sends one every hundred. */
const SAMPLE_INTERVAL = 50;
/** So many that had to be left out one after the other are no hiccup of ours but a flood. */
const FLOOD = 5;
/** In a flood, milliseconds in which the pipe takes what is said, and then milliseconds in which that is read. */
const REST_MS = 400;
const LISTEN_MS = 20;

/** Sifts the frames of one stream. Everything but samples is let through, in a flood at most `REST_MS` later. */
export class SampleSieve {
  readonly #stream: Readable;
  #takenAt = Number.NEGATIVE_INFINITY;
  #leftOut = 0;
  #rests = false;

  constructor(stream: Readable) {
    this.#stream = stream;
  }

  /** True of a frame's bytes when it is a sample that comes too soon after the last one. */
  leavesOut(body: Buffer): boolean {
    if (!body.subarray(0, SAMPLE.length).equals(SAMPLE)) return false;
    const now = performance.now();
    if (now - this.#takenAt >= SAMPLE_INTERVAL) {
      this.#takenAt = now;
      this.#leftOut = 0;
      return false;
    }
    this.#leftOut += 1;
    if (this.#leftOut >= FLOOD && !this.#rests) this.#rest();
    return true;
  }

  /** It is waking up for every frame that costs, not passing over it. */
  #rest(): void {
    this.#rests = true;
    this.#stream.pause();
    setTimeout(() => {
      this.#stream.resume();
      setTimeout(() => (this.#rests = false), LISTEN_MS);
    }, REST_MS);
  }
}
