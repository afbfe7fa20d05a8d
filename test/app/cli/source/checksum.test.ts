// `--checksum FILE`: the checksum of the source comes from a publisher's list.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { afterEach, describe, expect, test } from 'vitest';
import { decoderLacks } from '../../../../build/native.mjs';
import { Folder } from '../../parsers/source-files.ts';
import { expectJobLines, expectRefusal } from '../shapes.ts';
import { platter, type Run } from '../support.ts';

const missing = decoderLacks();
const skip = missing.length > 0 ? ` (without ${missing.join(', ')}: install the -dev packages)` : '';

describe.skipIf(skip !== '')(`--checksum${skip}`, () => {
  let folder: Folder | null = null;
  afterEach(() => {
    folder?.[Symbol.dispose]();
    folder = null;
  });

  const at = (name: string): string => folder!.at(name);
  const sha256 = (name: string): string =>
    createHash('sha256')
      .update(readFileSync(at(name)))
      .digest('hex');

  /** A packed image, the image, and a folder for lists. */
  async function packed(): Promise<void> {
    folder = new Folder();
    await folder.image();
    await folder.run('cp disk.img kept.img && xz disk.img');
    mkdirSync(at('lists'));
  }
  const list = (text: string): void => writeFileSync(at('lists/SUMS'), text);
  const copy = (...options: string[]): Promise<Run> =>
    platter(['copy', 'disk.img.xz', 'copy.img', '--json', ...options], { cwd: at('.') });

  test('compares a checksum with the source, and reports what it covers', async () => {
    await packed();
    list(`${'0'.repeat(64)}  other.img\n${sha256('disk.img.xz')}  disk.img.xz\n`);
    const run = await copy('--checksum', 'lists/SUMS');
    expect(run.code, run.stdout).toBe(0);
    expectJobLines(run);
    expect(run.lines[0]).toMatchObject({ event: 'plan', request: { checksum: `sha256:${sha256('disk.img.xz')}` } });
    expect(JSON.stringify(run.lines[0])).toContain(
      `The sha256 of ${at('disk.img.xz')} is ${sha256('disk.img.xz')}, says ${at('lists/SUMS')}.`,
    );
    expect(readFileSync(at('copy.img')).equals(readFileSync(at('kept.img')))).toBe(true);
  });

  test('compares the image when the list names it', async () => {
    await packed();
    list(`${sha256('kept.img')}  disk.img\n`);
    const run = await copy('--checksum', 'lists/SUMS');
    expect(run.code, run.stdout).toBe(0);
    expect(JSON.stringify(run.lines[0])).toContain(`The sha256 of the image in ${at('disk.img.xz')} is `);
  });

  test.each([
    ['the image with what the packed file should be', 'disk.img.xz', 'kept.img'],
    ['the packed file with what the image should be', 'disk.img', 'disk.img.xz'],
  ])('does not compare %s', async (_, name, has) => {
    await packed();
    list(`${sha256(has)}  ${name}\n`);
    const run = await copy('--checksum', 'lists/SUMS');
    expect([run.code, existsSync(at('copy.img'))]).toEqual([3, false]);
    const check = await platter(['check', '--checksum', 'lists/SUMS', 'disk.img.xz'], { cwd: at('.') });
    expect([check.code, check.stderr]).toEqual([
      3,
      expect.stringContaining(`, not ${sha256(has)}: it is another file`),
    ]);
  });

  test('compares digits alone with both', async () => {
    await packed();
    writeFileSync(at('lists/disk.img.xz.sha256'), `${sha256('kept.img')}\n`);
    const run = await copy('--checksum', 'lists/disk.img.xz.sha256');
    expect(run.code, run.stdout).toBe(0);
  });

  test('compares the file in an archive when the list names it', async () => {
    await packed();
    await folder!.run('mv kept.img raspios.img && zip -q download.zip raspios.img');
    list(`${sha256('raspios.img')}  raspios.img\n`);
    const run = await platter(['copy', 'download.zip', 'copy.img', '--checksum', 'lists/SUMS'], { cwd: at('.') });
    expect(run.code, run.stderr).toBe(0);
  });

  test('leaves no image when the checksum differs', async () => {
    await packed();
    list(`${'0'.repeat(64)}  disk.img.xz\n`);
    const run = await copy('--checksum', 'lists/SUMS');
    expect([run.code, existsSync(at('copy.img'))]).toEqual([3, false]);
  });

  test.each([
    [
      'does not name the source',
      `${'0'.repeat(64)}  a.img\n${'1'.repeat(64)}  b.img\n`,
      'It has checksums of a.img, b.img, but none of the file at this path.',
    ],
    [
      'contradicts itself',
      `${'0'.repeat(64)}  disk.img.xz\n${'1'.repeat(64)}  disk.img.xz\n`,
      `It has two checksums (sha256) of the same file: ${'0'.repeat(64)} and ${'1'.repeat(64)}.`,
    ],
    [
      'has digits alone',
      `${'0'.repeat(64)}\n`,
      'It has a checksum without a name, but is not itself named after the file.',
    ],
    ['is no list', '<html>Not found</html>', 'It has no checksum that Platter can read.'],
  ])('refuses a list that %s, and writes nothing', async (_, text, message) => {
    await packed();
    list(text);
    const run = await copy('--checksum', 'lists/SUMS');
    expect(expectRefusal(run)).toMatchObject([{ code: 'BAD_FILE', path: 'lists/SUMS', message }]);
    expect(existsSync(at('copy.img.part'))).toBe(false);
  });

  test('refuses a list that is not there', async () => {
    await packed();
    expect(expectRefusal(await copy('--checksum', 'none'))).toMatchObject([{ code: 'NOT_FOUND', path: 'none' }]);
  });

  test('verify compares the checksum', async () => {
    await packed();
    const verify = (): Promise<Run> =>
      platter(['verify', 'disk.img.xz', 'kept.img', '--checksum', 'lists/SUMS'], { cwd: at('.') });
    list(`${sha256('disk.img.xz')}  disk.img.xz\n`);
    expect(await verify()).toMatchObject({ code: 0 });
    list(`${'0'.repeat(64)}  disk.img.xz\n`);
    const run = await verify();
    expect(run.code, run.stdout).not.toBe(0);
    expect(run.stderr).toContain('it is another file, or a damaged one');
  });

  test('check compares the checksum', async () => {
    await packed();
    list(`${sha256('disk.img.xz')}  disk.img.xz\n`);
    const right = await platter(['check', '--checksum', 'lists/SUMS', 'disk.img.xz'], { cwd: at('.') });
    expect([right.code, right.stdout]).toEqual([0, expect.stringContaining('The checksum in lists/SUMS is right')]);
    list(`${'0'.repeat(64)}  x.img\n`);
    const wrong = await platter(['check', '--checksum', 'lists/SUMS', 'disk.img.xz'], { cwd: at('.') });
    expect([wrong.code, wrong.stderr]).toEqual([2, expect.stringContaining('It has checksums of x.img')]);
  });

  test.each([
    ['copy', ['--sha256', '0'.repeat(64)], '--sha256'],
    ['copy', ['--rescue'], '--rescue'],
    ['verify', ['--manifest', 'm'], '--manifest'],
    ['check', ['--md5', '0'.repeat(32)], '--md5'],
  ])('is refused by %s with %j', async (command, options, flag) => {
    const run = await platter([
      command,
      '--checksum',
      'SUMS',
      ...options,
      'a.img',
      ...(command === 'check' ? [] : ['b.img']),
    ]);
    expect([run.code, run.stderr]).toEqual([2, expect.stringContaining('cannot be used with option')]);
    expect(run.stderr).toContain(flag);
  });
});
