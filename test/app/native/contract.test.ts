// The engine's contract and its tests name the same assertions.
import { readdirSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { expect, test } from 'vitest';

const ROOT = resolve(import.meta.dirname, '../../..');
const numbersIn = (text: string, pattern: RegExp): number[] =>
  [...new Set([...text.matchAll(pattern)].map(([, number]) => Number(number)))].toSorted((one, other) => one - other);

test('has a test for every assertion of CONTRACT.md, and an assertion for every numbered test', () => {
  const asserted = numbersIn(readFileSync(`${ROOT}/native/kcopyd/CONTRACT.md`, 'utf8'), /^\| K(\d+) \|/gm);
  const tests = readdirSync(`${ROOT}/test/engine`, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.cc'))
    .map((name) => readFileSync(`${ROOT}/test/engine/${name}`, 'utf8'))
    .join('\n');
  expect(asserted).toEqual(Array.from({ length: 33 }, (_, index) => index + 1));
  expect(numbersIn(tests, /TEST_CASE\(\s*"K(\d+) /g)).toEqual(asserted);
});
