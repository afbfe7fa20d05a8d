// Says which files a command waits for before its job, and how far it has read one.
import { basename } from 'node:path';
import type { Writable } from 'node:stream';
import type { Waiting } from '../../base/slow-answers.ts';
import type { Reading } from '../../contract/host.ts';
import { asTyped } from './typed-paths.ts';
import { printable } from './text.ts';

/** The lines on the files that a command waits for. */
export interface Waits {
  told: Waiting;
  /** Nothing is awaited any more. */
  over: () => void;
}

/** Percent between two lines, where a line cannot be written again. */
const STEP = 10;

/** Says it on `stderr`. `rewrites`: that is a terminal on which a line can be written again. */
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
      stderr.write(`platter: ${printable(sentence(path, reading.why))}: ${percent} %${rewrites ? '' : '\n'}`);
    },
    over: () => {
      clear();
      last = null;
    },
  };
}

const sentence = (path: string, why: Reading['why']): string =>
  why === 'size'
    ? `reading ${basename(path)} to find the size of the image in it`
    : `checking all of ${basename(path)} first`;
