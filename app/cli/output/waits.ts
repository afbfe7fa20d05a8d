// Tells which files a command waits for before its job, and how much of one has been read.
import { basename } from 'node:path';
import type { Writable } from 'node:stream';
import type { Waiting } from '../../base/slow-answers.ts';
import type { Reading } from '../../contract/host.ts';
import { asTyped } from './typed-paths.ts';
import { printable } from './text.ts';

/** Prints the files that a command waits for. */
export interface Waits {
  told: Waiting;
  /** The wait is over. */
  over: () => void;
}

/** Percent between two lines, when a line cannot be redrawn. */
const STEP = 10;

/** Prints on `stderr`. `rewrites`: it is a terminal where a line can be redrawn. */
export function waitsOn(stderr: Writable, rewrites: boolean): Waits {
  let last: number | null = null;
  const clear = (): void => {
    if (rewrites && last !== null) stderr.write('\r\x1b[K');
  };
  return {
    told(path, reading) {
      if (reading === null) {
        clear();
        stderr.write(`platter: ${printable(`still waiting for ${asTyped(path)}`)}\n`);
        return;
      }
      const percent = Math.floor((100 * reading.done) / reading.of);
      if (!rewrites && last !== null && percent < last + STEP) return;
      clear();
      last = percent;
      // A map of one partition comes at once, after a while.
      const share = reading.why === 'used' && percent === 0 ? '' : `: ${percent} %`;
      stderr.write(`platter: ${printable(sentence(path, reading.why))}${share}${rewrites ? '' : '\n'}`);
    },
    over: () => {
      clear();
      last = null;
    },
  };
}

const sentence = (path: string, why: Reading['why']): string =>
  ({
    size: `reading ${basename(path)} to find the size of the image in it`,
    check: `checking all of ${basename(path)} first`,
    used: `finding which blocks of ${asTyped(path)} are in use`,
  })[why];
