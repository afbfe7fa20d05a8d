// Which files of tests are units: those that start no process and need no device, no browser and no build. The rule is
// what a file imports, itself or through other files of test/: not `node:child_process`, not Playwright, and none of what
// drives devices, hosts and windows.
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));

/** A unit imports none of these, but for types, and names no built file. */
const STARTS_SOMETHING =
  /^import (?!type )[^;]* from '(node:child_process|node:worker_threads|playwright-core|eslint|.*\/build\/.*|.*\/native\/addon\.ts)'|\/out\/|new Worker/m;

const imports = (text: string): string[] =>
  [...text.matchAll(/from '(\.{1,2}\/[^']+\.ts)'/g)].map(([, path = '']) => path);

/** Whether a file of tests, or a file of test/ that it imports, starts something. */
function startsSomething(file: string, seen = new Set<string>()): boolean {
  if (seen.has(file)) return false;
  seen.add(file);
  const text = readFileSync(file, 'utf8');
  if (STARTS_SOMETHING.test(text)) return true;
  const own = imports(text)
    .map((path) => join(dirname(file), path))
    .filter((path) => path.startsWith(join(root, 'test/')));
  return own.some((path) => startsSomething(path, seen));
}

/** The files of test/app that are units, from the project's folder. */
export function unitTests(): string[] {
  const files = readdirSync(join(root, 'test/app'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.test.ts'))
    .map((name) => join(root, 'test/app', name));
  return files.filter((file) => !startsSomething(file)).map((file) => relative(root, file));
}
