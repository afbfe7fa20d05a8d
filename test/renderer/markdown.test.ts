// The manual's Markdown as blocks.
import { expect, test } from 'vitest';
import { blocksOf } from '../../renderer/markdown.ts';

test('splits a text into headings, code, tables and text without marks', () => {
  const text =
    '# Platter\n\nCopies **disks**, see [here](x.md) and `cp`.\n\n```sh\na # b\n\nc\n```\n\n| a | b |\n|---|---|\n';
  expect(blocksOf(text)).toEqual([
    { kind: 'heading', text: 'Platter', level: 1 },
    { kind: 'text', text: 'Copies disks, see here and cp.', level: 0 },
    { kind: 'code', text: 'a # b\n\nc', level: 0 },
    { kind: 'code', text: '| a | b |\n|---|---|', level: 0 },
  ]);
});
