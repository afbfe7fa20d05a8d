// The lists of checksums beside a file: which one is used, and which one is reported because it cannot be.
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { checksumBeside } from '../../../app/engine/unpacking/checksum-beside.ts';

const SHA256 = '0f343b0931126a20f133d67c2b018a3b'.repeat(2);
const OTHER = 'f'.repeat(64);

describe('the lists beside a file', () => {
  let folder = '';
  const at = (name: string): string => join(folder, name);
  const write = (name: string, text: string): void => writeFileSync(at(name), text);

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'platter-lists-'));
  });
  afterEach(() => {
    rmSync(folder, { recursive: true });
  });

  it("give the file's checksum, its own list first", async () => {
    write('SHA256SUMS', `${SHA256}  disk.img.xz\n`);
    write('disk.img.xz.md5', `${'a'.repeat(32)}\n`);
    expect(await checksumBeside(at('disk.img.xz'), null)).toEqual({
      found: { list: at('disk.img.xz.md5'), checksum: `md5:${'a'.repeat(32)}`, of: 'file', isNamed: false },
      unclear: [],
    });
  });

  it('give the checksum of an image in an archive, by its name there', async () => {
    write('SHA256SUMS', `${SHA256}  raspios.img\n`);
    expect(await checksumBeside(at('download.zip'), 'folder/raspios.img')).toMatchObject({
      found: { of: 'image', checksum: `sha256:${SHA256}` },
    });
  });

  it('give the checksum of the file rather than that of the image in it', async () => {
    write('disk.img.sha256', `${OTHER}  disk.img\n`);
    write('SHA256SUMS', `${SHA256}  disk.img.xz\n`);
    expect(await checksumBeside(at('disk.img.xz'), null)).toMatchObject({
      found: { of: 'file', checksum: `sha256:${SHA256}` },
    });
  });

  it('are ignored when one has two checksums of the file', async () => {
    write('SHA256SUMS', `${SHA256}  disk.img\n${OTHER}  disk.img\n`);
    expect(await checksumBeside(at('disk.img'), null)).toEqual({
      found: null,
      unclear: [
        { list: at('SHA256SUMS'), reason: { kind: 'listContradicts', hash: 'sha256', one: SHA256, other: OTHER } },
      ],
    });
  });

  it('are ignored when two contradict each other', async () => {
    write('SHA256SUMS', `${SHA256}  disk.img\n`);
    write('disk.img.sha256', `${OTHER}  disk.img\n`);
    expect(await checksumBeside(at('disk.img'), null)).toEqual({
      found: null,
      unclear: [
        {
          list: at('disk.img.sha256'),
          reason: { kind: 'listsContradict', hash: 'sha256', one: OTHER, list: 'SHA256SUMS', other: SHA256 },
        },
      ],
    });
  });

  it.each([
    ['a line that is not understood', 'SHA256SUMS', `disk.img  ${SHA256}`, { kind: 'listOdd', line: 1 }],
    [
      'the start of a line that is as long as a list may be',
      'SHA256SUMS',
      `${'0'.repeat(1_000_000)}  disk.img`,
      { kind: 'listOdd', line: 1, text: `${'0'.repeat(300)}…` },
    ],
    [
      'the start of a name that no file can have',
      'disk.img.sha256',
      `${SHA256}  ${'😀'.repeat(100_000)}`,
      { kind: 'listLacks', names: [`${'😀'.repeat(300)}…`], more: 0 },
    ],
    [
      'its own list that names another file',
      'disk.img.sha256',
      `${SHA256}  x.img`,
      { kind: 'listLacks', names: ['x.img'], more: 0 },
    ],
    [
      'the file in two other folders',
      'SHA256SUMS',
      `${SHA256}  old/disk.img\n${OTHER}  new/disk.img`,
      { kind: 'listLacks', names: ['old/disk.img', 'new/disk.img'] },
    ],
    ['its own list with nothing in it', 'disk.img.sha256', '<html>Not found</html>', { kind: 'listEmpty' }],
    [
      'a list over 1 MiB',
      'SHA256SUMS',
      `${SHA256}  disk.img\n`.padEnd(1024 * 1024 + 1),
      { kind: 'fileTooLong', most: 1024 * 1024 },
    ],
  ])('are told with %s', async (_, list, text, reason) => {
    write(list, text);
    expect(await checksumBeside(at('disk.img'), null)).toMatchObject({
      found: null,
      unclear: [{ list: at(list), reason }],
    });
  });

  it('are not reported when they name other files or none', async () => {
    write('SHA256SUMS', `${SHA256}  other.img\n`);
    write('disk.iso.sha256', SHA256);
    await mkdir(at('CHECKSUM'));
    symlinkSync(at('SHA256SUMS'), at('sha256sum.txt'));
    expect(await checksumBeside(at('disk.img'), null)).toEqual({ found: null, unclear: [] });
  });
});
