// The names of the batches that follow the first one.
import { expect, test } from 'vitest';
import { MAX_NAME } from '../../app/contract/limits.ts';
import { nextName } from '../../renderer/batch-name.ts';

test.each([
  ['Room 12', 'Room 12 (2)'],
  ['Room 12 (2)', 'Room 12 (3)'],
  ['Room 12 (9)', 'Room 12 (10)'],
  ['Room 12(2)', 'Room 12 (3)'],
  ['(2)', '(2) (2)'],
  ['Spare (blue)', 'Spare (blue) (2)'],
  ['Year (0)', 'Year (0) (2)'],
])('counts the batch %j up to %j', (name, next) => {
  expect(nextName(name)).toBe(next);
});

test('gives a batch without a name no name', () => {
  expect(nextName(null)).toBeNull();
});

test('cuts a long name, and no character in half, so that its number fits', () => {
  const next = nextName('🙂'.repeat(MAX_NAME / 2))!;
  expect(next.length).toBeLessThanOrEqual(MAX_NAME);
  expect(next).toMatch(/^(?:🙂)+ \(2\)$/u);
});
