// The format that a file's name announces.
import { describe, expect, test } from 'vitest';
import { seededBytes } from '../../lab/lab.ts';
import { isCertain, namedFormat, withoutEnding } from '../../../app/parsers/name-endings.ts';
import { recogniseBytes } from './source-files.ts';

describe('the name of a file', () => {
  test.each([
    ['disk.img.xz', 'xz'],
    ['DISK.IMG.GZ', 'gzip'],
    ['disk.img.xz?download=1&name=a.b', 'xz'],
    ['disk.zip', 'ZIP'],
    ['disk.img', null],
    ['disk-xz', null],
    ['xz', null],
    ['disk.xz.img', null],
  ])('%s says %s', (name, format) => expect(namedFormat(name)).toBe(format));

  test.each([
    ['disk.img.xz', 'disk.img'],
    ['disk.tar.gz?a=b', 'disk.tar'],
    ['disk.img', 'disk.img'],
  ])('%s is that of a packed %s', (name, inner) => expect(withoutEnding(name)).toBe(inner));

  test('is not proved wrong by the two bytes of a boot signature', () => {
    const bytes = seededBytes(4096, 3);
    bytes.writeUInt16LE(0xaa55, 510);
    expect(recogniseBytes(bytes)).toMatchObject({ kind: 'image', format: 'boot sector' });
    expect(isCertain(recogniseBytes(bytes))).toBe(false);
  });
});
