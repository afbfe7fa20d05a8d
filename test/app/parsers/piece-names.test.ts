// Which names in a folder are the pieces of one split file.
import { describe, expect, test } from 'vitest';
import { firstsFor, pieceNames, piecesBeside } from '../../../app/parsers/piece-names.ts';

describe('the pieces of a split file', () => {
  test.each([
    ['disk.img.000', ['disk.img.000', 'disk.img.001', 'disk.img.002'], 'disk.img'],
    ['disk.img.zst.001', ['disk.img.zst.001', 'disk.img.zst.002'], 'disk.img.zst'],
    ['a.gz.aa', ['a.gz.aa', 'a.gz.ab', 'a.gz.ac'], 'a.gz'],
    ['a.00', ['a.00', 'a.01'], 'a'],
  ])('are those that follow %s', (first, names, whole) =>
    expect(pieceNames(first, [...names].toReversed())).toEqual({ kind: 'pieces', whole, names }),
  );

  test.each([
    [[...Array.from({ length: 1002 }, (_, index) => `x.${String(index).padStart(3, '0')}`)]],
    [[...lettersTo('yz'), 'zaaa', 'zaab'].map((one) => `x.${one}`)],
    [[...lettersTo('zz')].map((one) => `x.${one}`)],
    [[...Array.from({ length: 90 }, (_, index) => `x.${String(index).padStart(2, '0')}`), 'x.9000', 'x.9001']],
  ])('go on where the suffixes get longer, as split makes them', (names) =>
    expect(pieceNames(names[0]!, names)).toEqual({ kind: 'pieces', whole: 'x', names }),
  );

  test.each([
    ['x.000', ['x.000', 'x.002'], 'x.001'],
    ['x.001', ['x.001', 'x.002', 'x.005'], 'x.003'],
    ['x.aa', ['x.aa', 'x.ab', 'x.ad'], 'x.ac'],
    ['x.aa', ['x.aa', 'x.ac'], 'x.ab'],
  ])('have a gap beside %s when one is missing before the last', (name, beside, missing) =>
    expect(pieceNames(name, beside)).toEqual({ kind: 'gap', missing }),
  );

  test.each([
    ['x.001', ['x.000', 'x.001'], 'x.000'],
    ['x.003', ['x.001', 'x.002', 'x.003'], 'x.001'],
    ['x.ab', ['x.aa', 'x.ab'], 'x.aa'],
  ])('include %s as a later one', (name, beside, first) =>
    expect(pieceNames(name, beside)).toEqual({ kind: 'later', first }),
  );

  test.each([
    ['disk.img', ['disk.img', 'disk.img.001']],
    ['x.001', ['x.001', 'y.002', 'x.002x']],
    ['x.gz', ['x.gz', 'x.aa', 'x.ab']],
    ['x.aa', ['x.aa', 'x.gz', 'x.xz']],
    ['x.2024', ['x.2024', 'x.2025']],
    ['.001', ['.001', '.002']],
    ['x.0', ['x.0', 'x.1']],
  ])('do not include %s', (name, beside) => expect(pieceNames(name, beside)).toEqual({ kind: 'whole' }));
});

/** The suffixes of two letters up to `last`. */
function lettersTo(last: string): string[] {
  const letters = Array.from('abcdefghijklmnopqrstuvwxyz');
  const all = letters.flatMap((one) => letters.map((other) => one + other));
  return all.slice(0, all.indexOf(last) + 1);
}

describe('a file with the name of a piece', () => {
  test.each([
    ['x.000', ['x.001', 'x.002'], ['x.001', 'x.002']],
    ['x.000', ['x.000', 'x.003'], ['x.003']],
    ['x.002', ['x.000', 'x.001'], ['x.000', 'x.001']],
    ['x.005', ['x.000'], ['x.000']],
    ['x.aa', ['x.ab'], ['x.ab']],
  ])('would be read together with others: %s beside %j', (name, beside, names) =>
    expect(piecesBeside(name, beside)).toEqual({ whole: 'x', names }),
  );

  test.each([
    ['x.000', ['x.000', 'y.001', 'x.000.part']],
    ['x.2024', ['x.2022', 'x.2023']],
    ['x.gz', ['x.aa', 'x.ab']],
    ['x.img', ['x.000', 'x.001']],
  ])('is read alone: %s beside %j', (name, beside) => expect(piecesBeside(name, beside)).toBeNull());

  test.each([
    ['x.img.002', ['x.img.000', 'x.img.001']],
    ['x.0100', ['x.0000', 'x.0001']],
  ])('begins with another one, of which only %s is there', (name, firsts) => expect(firstsFor(name)).toEqual(firsts));

  test.each(['x.001', 'x.000', 'x.02', 'x.2024', 'x.ab', 'x.img', '002'])('is whole when %s is there alone', (name) =>
    expect(firstsFor(name)).toBeNull(),
  );
});
