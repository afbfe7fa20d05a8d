// The name of this program in the files that it writes.
import { readFileSync } from 'node:fs';

let known: string | null = null;

/** "platter 0.1.0". package.json is the same number of levels above the bundle as above this file. */
export const thisProgram = (): string => (known ??= read());

function read(): string {
  const { name, version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
    name: string;
    version: string;
  };
  return `${name} ${version}`;
}
