// Lists of checksums, as the tools of GNU and BSD write them.
import { describe, expect, it } from 'vitest';
import { checksumIn, listsBeside } from '../../../../app/sources/checksums/list.ts';

const SHA256 = '0f343b0931126a20f133d67c2b018a3b'.repeat(2);
const OTHER = 'f'.repeat(64);

describe('a list of checksums', () => {
  it.each([
    ['a line of sha256sum', `${SHA256}  disk.img.xz`],
    ['a line of sha256sum --binary', `${SHA256} *disk.img.xz`],
    ['a line of sha256sum --tag', `SHA256 (disk.img.xz) = ${SHA256}`],
    ['a line with a folder', `${SHA256}  ./images/disk.img.xz`],
    ['a line with CRLF', `${OTHER}  other.img\r\n${SHA256}  disk.img.xz\r\n`],
    ['upper case', `${SHA256.toUpperCase()}  disk.img.xz`],
    ['the digits alone', `${SHA256}\n`],
    [
      'a signed message',
      `-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA512\n\n${SHA256}  disk.img.xz\n-----BEGIN PGP SIGNATURE-----\nabc\n`,
    ],
  ])('with %s says what the file should be', (_, text) => {
    expect(checksumIn(text, 'disk.img.xz')).toBe(`sha256:${SHA256}`);
  });

  it('counts the strongest hash', () => {
    const text = `${'a'.repeat(32)}  disk.img\n${'b'.repeat(128)}  disk.img\n${SHA256}  disk.img\n`;
    expect(checksumIn(text, 'disk.img')).toBe(`sha512:${'b'.repeat(128)}`);
  });

  it.each([
    ['another file', `${SHA256}  other.img.xz`],
    ['a file whose name ends like it', `${SHA256}  my-disk.img.xz`],
    ['digits of no known length', `${SHA256}00  disk.img.xz`],
    ['two that contradict each other', `${SHA256}  disk.img.xz\n${OTHER}  disk.img.xz`],
    ['nothing', ''],
  ])('of %s says nothing', (_, text) => {
    expect(checksumIn(text, 'disk.img.xz')).toBeNull();
  });

  it('is looked for under the names that publishers use', () => {
    expect(listsBeside('disk.img.xz')).toContain('disk.img.xz.sha256');
    expect(listsBeside('disk.img.xz')).toContain('SHA256SUMS');
  });
});
