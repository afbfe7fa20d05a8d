// Lists of checksums, as publishers and the tools of GNU, BSD, OpenSSL, Gentoo and Windows write them.
import { describe, expect, it } from 'vitest';
import { readChecksumList } from '../../../../app/parsers/checksums/list.ts';
import { listsAmong } from '../../../../app/parsers/checksums/list-names.ts';
import { lookUp, type Answer } from '../../../../app/parsers/checksums/lookup.ts';

const SHA256 = '0f343b0931126a20f133d67c2b018a3b'.repeat(2);
const SHA512 = SHA256.repeat(2);
const OTHER = 'f'.repeat(64);
const MD5 = 'a'.repeat(32);

/** The result for the image of a list with this text and this name. */
function said(text: string | Buffer, list = 'SHA256SUMS', file = '/home/me/images/disk.img.xz'): Answer {
  const images = [file.replace(/\.xz$/u, '')];
  return lookUp(readChecksumList(Buffer.from(text), list), list, { file, images });
}

const found = (checksum: string, of = 'file', isNamed = true): object => ({
  kind: 'found',
  checksum,
  of,
  isNamed,
  odd: null,
});
/** The result for digits alone. */
const bare = (checksum: string, of = 'file'): object => found(checksum, of, false);

describe('a list of checksums', () => {
  it.each([
    ['a line of sha256sum', `${SHA256}  disk.img.xz`],
    ['a line of sha256sum --binary', `${SHA256} *disk.img.xz`],
    ['a line with one blank', `${SHA256} disk.img.xz`],
    ['a line of sha256sum --tag', `SHA256 (disk.img.xz) = ${SHA256}`],
    ['a line of OpenSSL 1', `SHA256(disk.img.xz)= ${SHA256}`],
    ['a line of OpenSSL 3', `SHA2-256(disk.img.xz)= ${SHA256}`],
    ['the hash as a prefix', `sha256:${SHA256}  disk.img.xz`],
    ['"./" before the name', `${SHA256}  ./disk.img.xz`],
    ['the folder that the file is in', `${SHA256}  images/disk.img.xz`],
    ['the whole path', `${SHA256}  /home/me/images/disk.img.xz`],
    ['the folder that the publisher has it in', `${SHA256}  ./old/disk.img.xz`],
    ['the path that the publisher has it at', `${SHA256}  /srv/disk.img.xz`],
    ['another folder beside its own', `${OTHER}  old/disk.img.xz\n${SHA256}  images/disk.img.xz`],
    ['CRLF', `${OTHER}  other.img\r\n${SHA256}  disk.img.xz\r\n`],
    ['a byte order mark', `\uFEFF${SHA256}  disk.img.xz`],
    ['UTF-16, as PowerShell writes it', Buffer.from(`\uFEFF${SHA256}  disk.img.xz\r\n`, 'utf16le')],
    ['UTF-16 of the other order', Buffer.from(`\uFEFF${SHA256}  disk.img.xz\n`, 'utf16le').swap16()],
    ['upper case', `${SHA256.toUpperCase()}  disk.img.xz`],
    ['comments', `# disk.img.xz: 12345 bytes\n; made by hand\nSHA256 (disk.img.xz) = ${SHA256}`],
    ['the same line twice', `${SHA256}  disk.img.xz\n${SHA256}  disk.img.xz`],
    ['a line of another hash', `SHA384 (disk.img.xz) = ${'a'.repeat(96)}\nSHA256 (disk.img.xz) = ${SHA256}`],
    [
      'a line of OpenBSD, signed by signify -e',
      `untrusted comment: x\n${'A'.repeat(99)}=\nSHA256 (disk.img.xz) = ${SHA256}`,
    ],
  ])('with %s says what the file should be', (_, text) => {
    expect(said(text)).toEqual(found(`sha256:${SHA256}`));
  });

  it('unescapes an escaped name', () => {
    const file = '/home/me/a\\b\n.img';
    expect(said(`\\${SHA256}  a\\\\b\\n.img`, 'SHA256SUMS', file)).toEqual(found(`sha256:${SHA256}`));
    expect(said(`\\SHA256 (a\\\\b\\n.img) = ${SHA256}`, 'SHA256SUMS', file)).toEqual(found(`sha256:${SHA256}`));
  });

  it('counts the strongest hash', () => {
    const text = `${MD5}  disk.img.xz\n${SHA512}  disk.img.xz\n${SHA256}  disk.img.xz\n`;
    expect(said(text)).toEqual(found(`sha512:${SHA512}`));
  });

  it.each([
    ['another file', `${SHA256}  other.img.xz`, ['other.img.xz']],
    ['a file whose name ends like it', `${SHA256}  my-disk.img.xz`, ['my-disk.img.xz']],
    [
      'files with its name in several folders',
      `${SHA256}  old/disk.img.xz\n${OTHER}  new/disk.img.xz`,
      ['old/disk.img.xz', 'new/disk.img.xz'],
    ],
    ['nothing', '', []],
  ])('of %s says only what it is of', (_, text, names) => {
    expect(said(text)).toEqual({ kind: 'absent', names, isBare: false });
  });

  describe('with digits alone', () => {
    it.each(['disk.img.xz.sha256', 'disk.img.xz.sha256sum', 'disk.img.xz.SHA256.txt', 'disk.img.xz-CHECKSUM'])(
      'is of the file that it is named after (%s)',
      (list) => {
        expect(said(`${SHA256}\n`, list)).toEqual(bare(`sha256:${SHA256}`));
        expect(said(`sha256:${SHA256}`, list)).toEqual(bare(`sha256:${SHA256}`));
      },
    );

    it('covers the image in the packed file that the list is named after', () => {
      expect(said(MD5, 'disk.img.md5')).toEqual(bare(`md5:${MD5}`, 'image'));
    });

    it.each(['SHA256SUMS', 'other.img.xz.sha256', 'disk.sha256'])('covers no file in %s', (list) => {
      expect(said(SHA256, list)).toEqual({ kind: 'absent', names: [], isBare: true });
    });
  });

  it('covers the image that it names, unless it names the packed file too', () => {
    expect(said(`${SHA256}  disk.img`)).toEqual(found(`sha256:${SHA256}`, 'image'));
    expect(said(`${SHA256}  disk.img\n${OTHER}  disk.img.xz`)).toEqual(found(`sha256:${OTHER}`));
  });

  it('does not take the checksum of the image when the line of the file cannot be used', () => {
    expect(said(`BAD  disk.img.xz\n${SHA256}  disk.img`)).toMatchObject({ kind: 'odd', line: { number: 1 } });
    expect(said(`SHA384 (disk.img.xz) = ${'a'.repeat(96)}\n${SHA256}  disk.img`)).toEqual(
      found(`sha256:${SHA256}`, 'image'),
    );
  });

  it('gives both checksums when it has two of one file', () => {
    const contradiction = { kind: 'contradiction', hash: 'sha256', one: SHA256, other: OTHER };
    expect(said(`${SHA256}  disk.img.xz\n${OTHER}  ./disk.img.xz`)).toEqual(contradiction);
    expect(said(`${SHA512}  disk.img.xz\n${SHA256}  disk.img.xz\n${OTHER}  disk.img.xz`)).toEqual(contradiction);
  });

  it.each([
    ['digits of no known length', `${SHA256}00  disk.img.xz`, false],
    ['digits of another length than the hash has', `SHA256 (disk.img.xz) = ${MD5}`, false],
    ['a digit that is none', `${SHA256.slice(1)}g  disk.img.xz`, false],
    ['the name first', `disk.img.xz: ${SHA256}`, false],
    ['a hash that Platter does not make', `SHA384 (disk.img.xz) = ${'a'.repeat(96)}`, true],
  ])('that names the file with %s is not passed over', (_, text, isOtherHash) => {
    expect(said(`\n${text}`)).toEqual({ kind: 'odd', line: { number: 2, text, isOtherHash } });
    expect(said(`${OTHER}  disk.img.xz\n${text}`)).toEqual({
      ...found(`sha256:${OTHER}`),
      odd: isOtherHash ? null : { number: 2, text, isOtherHash },
    });
  });

  it.each([
    ['b2sums.txt', `${SHA512}  disk.img.xz`],
    ['disk.img.xz.DIGESTS', `# BLAKE2B HASH\n${SHA512}  disk.img.xz`],
  ])('does not take BLAKE2b for SHA-512 (%s)', (list, text) => {
    expect(said(text, list)).toMatchObject({ kind: 'odd', line: { isOtherHash: true } });
  });

  it("follows the headings of Gentoo's lists", () => {
    const text = `# BLAKE2B HASH\n${'b'.repeat(128)}  disk.img.xz\n# SHA512 HASH\n${SHA512}  disk.img.xz\n`;
    expect(said(text, 'disk.img.xz.DIGESTS')).toEqual(found(`sha512:${SHA512}`));
  });
});

describe('a clear-signed list', () => {
  const signed = (body: string): string =>
    `-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA512\n\n${body}\n-----BEGIN PGP SIGNATURE-----\n\nabc\n-----END PGP SIGNATURE-----\n`;

  it('gives its signed part with the dashes unescaped', () => {
    expect(said(signed(`${SHA256}  disk.img.xz`))).toEqual(found(`sha256:${SHA256}`));
    const file = '/home/me/-disk.img';
    expect(said(signed(`- -disk.img is here\nSHA256 (-disk.img) = ${SHA256}`), 'CHECKSUM', file)).toMatchObject({
      checksum: `sha256:${SHA256}`,
      odd: { number: 4, text: '-disk.img is here' },
    });
  });

  it('ignores what lies outside the signed part', () => {
    const outside = `${OTHER}  disk.img.xz\n`;
    expect(said(`${outside}${signed('')}${outside}`)).toEqual({ kind: 'absent', names: [], isBare: false });
    expect(said(`${outside}${signed(`${SHA256}  disk.img.xz`)}${outside}`)).toEqual(found(`sha256:${SHA256}`));
  });

  it('gives nothing when it is cut off', () => {
    const [cut = ''] = signed(`${SHA256}  disk.img.xz`).split('\n-----BEGIN PGP SIGNATURE');
    expect(said(cut)).toMatchObject({ kind: 'odd', line: { number: 4 } });
  });
});

describe('lists beside a file', () => {
  it('are distinguished from other files by name', () => {
    // The time must not grow with the number of possible ends.
    expect(listsAmong([`checksum${'.sha1'.repeat(49)}\n`, 'disk.img.xz.sha256\n'], 'disk.img.xz')).toEqual([]);
  });

  it('are found by the names that publishers use, its own and the strongest hash first', () => {
    const names = [
      'MD5SUMS',
      'SHA256SUMS',
      'SHA256SUMS.gpg',
      'Fedora-Server-42-1.1-x86_64-CHECKSUM',
      'CHECKSUM.SHA256-FreeBSD-14.3-RELEASE-amd64',
      'sha256sum.txt',
      'disk.img.sha256',
      'disk.img.xz',
      'disk.img.xz.md5',
      'disk.img.xz.sha256sum',
      'disk.img.xz.sha512',
      'other.img.xz.sha256',
      'notes.txt',
    ];
    expect(listsAmong(names, 'disk.img.xz')).toEqual([
      'disk.img.xz.sha512',
      'disk.img.xz.sha256sum',
      'disk.img.xz.md5',
      'disk.img.sha256',
      'CHECKSUM.SHA256-FreeBSD-14.3-RELEASE-amd64',
      'SHA256SUMS',
      'sha256sum.txt',
      'Fedora-Server-42-1.1-x86_64-CHECKSUM',
      'MD5SUMS',
    ]);
  });
});
