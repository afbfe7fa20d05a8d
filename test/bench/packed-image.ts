// Images of programs, and packing them, for the rows of packed images.
import { execFileSync } from 'node:child_process';
import { closeSync, openSync, readdirSync, readFileSync, statSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { missingProgram } from './shell.ts';

/** Writes programs one after the other over the file at `path`, as an image of a system has them. */
export function fillWithPrograms(path: string, bytes: number): void {
  const folder = '/usr/bin';
  const file = openSync(path, 'w');
  let left = bytes;
  while (left > 0) {
    for (const name of readdirSync(folder)) {
      const program = join(folder, name);
      if (left === 0 || !statSync(program, { throwIfNoEntry: false })?.isFile()) continue;
      left -= writeSync(file, readFileSync(program), 0, Math.min(left, statSync(program).size));
    }
  }
  closeSync(file);
}

/**
 * Packs `image` into the file `packed` by a command that has IMAGE in it and writes to its output. Returns why it cannot
 * be done, null when it is done.
 */
export function pack(command: string, image: string, packed: string): string | null {
  const missing = missingProgram(/(?:filter=')?(xz|bzip2|zstd|gzip|lz4) /.exec(command)![1]!);
  if (missing === null) execFileSync('sh', ['-c', `${command.replace('IMAGE', image)} > ${packed}`]);
  return missing;
}
