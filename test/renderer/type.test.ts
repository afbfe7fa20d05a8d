// The type of the window: four sizes and two weights. Tiles of jobs and stations have large figures of their own.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const ROOT = fileURLToPath(new URL('../../renderer/', import.meta.url));
const OWN_FIGURES = /^components\/(?:job|station)\//u;
const files = readdirSync(ROOT, { recursive: true, encoding: 'utf8' }).filter(
  (path) => /\.(?:svelte|css)$/u.test(path) && !OWN_FIGURES.test(path),
);
const SIZE = /^(?:inherit|var\(--type-(?:small|normal|large|title)\))/u;

/** The values of this property in a file, each with the file's path. */
const valuesOf = (path: string, property: RegExp): string[] =>
  [...readFileSync(join(ROOT, path), 'utf8').matchAll(property)].map(([, value]) => `${path}: ${value ?? ''}`);

test('every font size is one of the scale', () => {
  const sizes = files.flatMap((path) => valuesOf(path, /^\s*font(?:-size)?: (.*);$/gmu));
  expect(sizes.length).toBeGreaterThan(50);
  expect(sizes.filter((size) => !SIZE.test(size.replace(/^.*?: /u, '')))).toEqual([]);
});

test('every weight is that of text or of names', () => {
  const weights = files.flatMap((path) => valuesOf(path, /^\s*font-weight: (.*);$/gmu));
  expect(weights.length).toBeGreaterThan(20);
  expect(weights.filter((weight) => !/: (?:400|600)$/u.test(weight))).toEqual([]);
});
