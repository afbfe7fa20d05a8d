// ZIP files that cannot be unpacked are refused before the start, and the error says why.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { decoderLacks } from '../../../../build/native.mjs';
import { Folder, lacks } from '../../parsers/source-files.ts';
import { zipOf } from '../../unpacking/zip-files.ts';
import { platter } from '../support.ts';

const missing = decoderLacks();
const skip = missing.length > 0 ? ` (without ${missing.join(', ')}: install the -dev packages)` : '';

/** A folder with `disk.img` and the archive `disk.zip` that `make` gives for it. */
async function archive(make: (image: Buffer) => Buffer): Promise<Folder> {
  const folder = new Folder();
  writeFileSync(folder.at('disk.zip'), make(readFileSync(await folder.image())));
  return folder;
}

/** Copies the image in disk.zip, which is refused. Returns the messages. */
async function refusal(folder: Folder, ...options: string[]): Promise<string> {
  const { code, stderr } = await platter(['copy', '--yes', ...options, folder.at('disk.zip'), folder.at('o.img')]);
  expect({ code, stderr }).toEqual({ code: 2, stderr: expect.any(String) as string });
  expect(existsSync(folder.at('o.img')) || existsSync(folder.at('o.img.part'))).toBe(false);
  return stderr;
}

describe.skipIf(skip !== '')(`a ZIP file${skip}`, () => {
  test.each([
    [12, 'bzip2'],
    [14, 'LZMA'],
    [98, 'PPMd'],
    [77, '77'],
  ])('is refused with the name of a method that is not known: %i', async (method, name) => {
    using folder = await archive((content) => zipOf([{ name: 'disk.img', content, method }]));

    const said = await refusal(folder);

    expect(said).toContain(`disk.img is packed in the archive by a method that Platter does not know (${name}).`);
    expect(said).toContain('7z x FILE');
  });

  test.skipIf(lacks('7zz') !== null)('is refused when it is encrypted, and what to do is said', async () => {
    using folder = new Folder();
    await folder.image();
    await folder.run('7zz a -tzip -psecret -mem=AES256 disk.zip disk.img > /dev/null');

    const said = await refusal(folder);

    expect(said).toContain('disk.img is encrypted in the archive.');
    expect(said).toContain('7z x FILE');
  });

  test.each([{ options: [] }, { options: ['--entry', 'disk.img'] }])(
    'is refused when two files in it have one name: %j',
    async ({ options }) => {
      using folder = await archive((content) =>
        zipOf([
          { name: 'disk.img', content: Buffer.alloc(content.length) },
          { name: 'disk.img', content },
        ]),
      );

      expect(await refusal(folder, ...options)).toContain('2 files in the archive are called disk.img');
    },
  );

  const content = Buffer.from('hi');

  test.each([
    ['has a NUL in its name', ['disk\0img'], [], 'there is a NUL in it'],
    ['is a README', ['README.txt'], [], 'The only file in the archive is README.txt'],
    [
      'is no image among those that macOS adds',
      ['__MACOSX/._notes.md', 'notes.md'],
      [],
      'The only file in the archive',
    ],
    ['is not there', [], [], 'The archive has no file in it. Choose the disk image itself'],
  ])('is refused when the only file in it %s', async (_, names, options, said) => {
    using folder = await archive(() => zipOf(names.map((name) => ({ name, content }))));

    expect(await refusal(folder, ...options)).toContain(said);
    for (const command of ['check', 'info']) {
      const { code, stderr } = await platter([command, folder.at('disk.zip')]);
      expect({ code, stderr }).not.toMatchObject({ code: 3 });
    }
  });

  test('gives the image without what macOS adds', async () => {
    using folder = await archive((image) =>
      zipOf([
        { name: '__MACOSX/._disk.img', content },
        { name: '.DS_Store', content },
        { name: 'disk.img', content: image },
      ]),
    );

    const { code, stderr } = await platter(['copy', '--yes', folder.at('disk.zip'), folder.at('o.img')]);

    expect({ code, stderr }).toMatchObject({ code: 0 });
    expect(readFileSync(folder.at('o.img')).equals(readFileSync(folder.at('disk.img')))).toBe(true);
  });

  test('gives a README to whoever names it', async () => {
    using folder = await archive((image) => zipOf([{ name: 'README.txt', content: image }]));

    const args = ['copy', '--yes', '--entry', 'README.txt', folder.at('disk.zip'), folder.at('o.img')];
    expect(await platter(args)).toMatchObject({ code: 0 });
  });

  test('with a program in front is refused, and what to do is said', async () => {
    using folder = await archive((image) =>
      Buffer.concat([Buffer.alloc(76, '#'), zipOf([{ name: 'disk.img', content: image }])]),
    );

    const said = await refusal(folder);

    expect(said).toContain('It is a packed file (self-extracting ZIP)');
    expect(said).toContain('7z x FILE');
  });

  test('reads an archive with a name in an unknown encoding', async () => {
    using folder = await archive((content) => zipOf([{ name: 'Gr\x94\xe1e.img', content }]));

    const { code, stderr } = await platter(['copy', '--yes', folder.at('disk.zip'), folder.at('o.img')]);

    expect({ code, stderr }).toMatchObject({ code: 0 });
    expect(readFileSync(folder.at('o.img')).equals(readFileSync(folder.at('disk.img')))).toBe(true);
  });

  test('reports the place at which an archive is damaged', async () => {
    using folder = await archive((content) => zipOf([{ name: 'disk.img', content }]));
    const bytes = readFileSync(folder.at('disk.zip'));
    bytes[1_000_000]! ^= 1;
    writeFileSync(folder.at('disk.zip'), bytes);

    const { code, stderr } = await platter(['check', folder.at('disk.zip')]);

    const end = 30 + 'disk.img'.length + readFileSync(folder.at('disk.img')).length;
    expect(code).toBe(3);
    expect(stderr.replaceAll(/[,\u202f]/gu, '')).toContain(`damaged about ${end} bytes after its beginning`);
    expect(stderr).toContain('from byte 38 on');
  });

  test('reports damage when one entry of the directory is wrong', async () => {
    using folder = await archive((content) =>
      zipOf([
        { name: 'disk.img', content },
        { name: 'other.img', content },
      ]),
    );
    const bytes = readFileSync(folder.at('disk.zip'));
    const place = bytes.lastIndexOf('PK\x01\x02');
    bytes[place]! ^= 1;
    writeFileSync(folder.at('disk.zip'), bytes);

    expect((await refusal(folder)).replaceAll(/[,\u202f]/gu, '')).toContain(
      `damaged about ${place} bytes after its beginning`,
    );
  });

  test('takes the file of an archive that the user names', async () => {
    using folder = await archive((content) => zipOf([{ name: 'disk.img', content }]));

    for (const command of ['copy', 'check']) {
      const paths = command === 'copy' ? [folder.at('disk.zip'), folder.at('o.img')] : [folder.at('disk.zip')];
      const { code, stderr } = await platter([command, '--entry', '', ...paths]);
      expect({ code, stderr }).toEqual({
        code: 2,
        stderr: expect.stringContaining('Give the name of a file in the archive.') as string,
      });
    }
  });
});
