// `platter check`: reads an image file to its end, and reports whether it is intact.
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { decoderLacks } from '../../../../build/native.mjs';
import { Folder } from '../../parsers/source-files.ts';
import { mbrDisk, MiB } from '../../parsers/forged-tables.ts';
import { platter } from '../support.ts';

const missing = decoderLacks();
const skip = missing.length > 0 ? ` (without ${missing.join(', ')}: install the -dev packages)` : '';
const sha256 = (path: string): string => createHash('sha256').update(readFileSync(path)).digest('hex');

/** A packed image with its image beside it. */
async function packed(): Promise<Folder> {
  const folder = new Folder();
  await folder.image();
  await folder.run('cp disk.img kept.img && xz disk.img');
  return folder;
}

describe.skipIf(skip !== '')(`platter check${skip}`, () => {
  test('says what a packed image is, that all of it is right, and its hashes', async () => {
    using folder = await packed();
    const { code, stdout } = await platter(['check', folder.at('disk.img.xz')]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/: xz, [\d,]+ bytes; the image in it has [\d,]+ bytes\./u);
    expect(stdout).toContain(`sha256 of the file:  ${sha256(folder.at('disk.img.xz'))}`);
    expect(stdout).toContain(`sha256 of the image: ${sha256(folder.at('kept.img'))}`);
  });

  test('says how many bytes of its partitions an image lacks at its end, packed or not', async () => {
    using folder = new Folder();
    writeFileSync(folder.at('cut.img'), mbrDisk(MiB, [{ type: 0x0c, start: 2, count: 2054 }]));
    await folder.run('xz -k cut.img');
    for (const name of ['cut.img', 'cut.img.xz']) {
      const { stdout } = await platter(['check', folder.at(name)]);
      expect(stdout).toContain('\nMissing: 4,096 bytes at the end: its partitions reach to 1,052,672 bytes,');
    }
  });

  test('uses the list of checksums beside the file', async () => {
    using folder = await packed();
    await folder.run('sha256sum disk.img.xz > SHA256SUMS');
    const right = await platter(['check', folder.at('disk.img.xz')]);
    expect([right.code, right.stdout]).toEqual([
      0,
      expect.stringContaining(
        `The checksum in SHA256SUMS is right: it is that of the file (sha256 ${sha256(folder.at('disk.img.xz'))}).`,
      ),
    ]);

    writeFileSync(folder.at('SHA256SUMS'), `${'0'.repeat(64)}  disk.img.xz\n`);
    const wrong = await platter(['check', folder.at('disk.img.xz')]);
    expect([wrong.code, wrong.stderr]).toEqual([3, expect.stringContaining('it is another file, or a damaged one')]);
  });

  test('shows both checksums when the one that was given is neither that of the file nor that of the image', async () => {
    using folder = await packed();
    const { code, stderr } = await platter(['check', '--sha256', '0'.repeat(64), folder.at('disk.img.xz')]);
    expect(code).toBe(3);
    const [file, image] = [sha256(folder.at('disk.img.xz')), sha256(folder.at('kept.img'))];
    expect(stderr).toContain(`that of the file is ${file}, that of the image ${image}.`);
  });

  test('compares the image in the file when the list names it', async () => {
    using folder = await packed();
    writeFileSync(folder.at('SHA256SUMS'), `${sha256(folder.at('kept.img'))}  disk.img\n`);
    const { code, stdout } = await platter(['check', folder.at('disk.img.xz')]);
    expect([code, stdout]).toEqual([
      0,
      expect.stringContaining('The checksum in SHA256SUMS is right: it is that of the image in it (sha256 '),
    ]);
  });

  test('refuses a list that contradicts itself, and names both checksums', async () => {
    using folder = await packed();
    const [one, other] = ['0'.repeat(64), '1'.repeat(64)];
    writeFileSync(folder.at('SHA256SUMS'), `${one}  disk.img.xz\n${other}  disk.img.xz\n`);
    const { code, stderr } = await platter(['check', folder.at('disk.img.xz')]);
    expect([code, stderr]).toEqual([2, expect.stringContaining(`(sha256) of the same file: ${one} and ${other}.`)]);
  });

  test('names a list that it cannot use', async () => {
    using folder = await packed();
    writeFileSync(folder.at('disk.img.xz.sha256'), 'disk.img.xz: 0f34\n');
    const text = await platter(['check', folder.at('disk.img.xz')]);
    const json = await platter(['check', '--json', folder.at('disk.img.xz')]);
    const message = 'Line 1 names the file and is not understood: disk.img.xz: 0f34';
    expect([text.code, text.stdout]).toEqual([
      0,
      expect.stringContaining(`The checksum list disk.img.xz.sha256 cannot be used. ${message}`),
    ]);
    expect(JSON.parse(json.stdout)).toMatchObject({
      matches: null,
      unclear: [{ list: folder.at('disk.img.xz.sha256'), message }],
    });
  });

  test('takes the checksum of the image as well as that of the file', async () => {
    using folder = await packed();
    const { code, stdout } = await platter([
      'check',
      '--sha256',
      sha256(folder.at('kept.img')).toUpperCase(),
      '--json',
      folder.at('disk.img.xz'),
    ]);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ format: 'xz', checked: true, matches: { list: null, of: 'image' } });
  });

  test('says when zeros follow the image', async () => {
    using folder = await packed();
    await folder.run('truncate -s +4096 disk.img.xz');
    const { code, stdout } = await platter(['check', folder.at('disk.img.xz')]);
    expect([code, stdout]).toEqual([0, expect.stringContaining('4,096 bytes of zeros follow the packed image.')]);
  });

  test('ends with exit code 3 for a file that is cut short, and says where it ends', async () => {
    using folder = await packed();
    await folder.run('truncate -s -100 disk.img.xz');
    const { code, stderr } = await platter(['check', folder.at('disk.img.xz')]);
    expect([code, stderr]).toEqual([3, expect.stringContaining('The packed file is cut short')]);
  });

  test('ends with exit code 1 for a file without any checksum', async () => {
    using folder = await packed();
    const { code, stdout } = await platter(['check', folder.at('kept.img')]);
    expect([code, stdout]).toEqual([1, expect.stringContaining('There is no checksum to compare with')]);
  });

  test('ends with exit code 2 for a missing file and for an invalid checksum', async () => {
    using folder = await packed();
    const missing = await platter(['check', folder.at('nothing.xz')]);
    const short = await platter(['check', '--sha256', 'abc', folder.at('disk.img.xz')]);
    expect([missing.code, short.code]).toEqual([2, 2]);
    expect(short.stderr).toContain('64 hexadecimal digits of the sha256');
  });

  test.each([
    ['folder', 'mkdir odd', 'It is a folder; a regular file is needed here. Name a file.'],
    ['pipe', 'mkfifo odd', 'It is a pipe; a regular file is needed here.'],
    ['socket', `python3 -c 'import socket; socket.socket(socket.AF_UNIX).bind("odd")'`, 'It is a socket; a regular'],
    ['character device', 'ln -s /dev/null odd', 'It is a character device; a regular file is needed here.'],
  ])('says that a %s cannot be checked', async (_, make, said) => {
    using folder = await packed();
    await folder.run(make);
    const { code, stderr } = await platter(['check', folder.at('odd')]);
    expect([code, stderr]).toEqual([2, expect.stringContaining(said)]);
  });

  test('ends with exit code 2, not 3, for a file that it cannot unpack', async () => {
    using folder = await packed();
    await folder.run('7zz a -tzip -mm=LZMA odd.zip kept.img > 7z.log');
    const { code, stderr } = await platter(['check', folder.at('odd.zip')]);
    expect([code, stderr]).toEqual([2, expect.stringContaining('a method that Platter does not know (LZMA)')]);
  });

  test('lists its exit codes and the members of --json in its help', async () => {
    const { stdout } = await platter(['check', '--help']);
    for (const said of [
      '0    it is right',
      '1    no fault',
      '2    it could not be checked',
      '3    it is not right',
      '"matches"',
    ])
      expect(stdout).toContain(said);
  });
});
