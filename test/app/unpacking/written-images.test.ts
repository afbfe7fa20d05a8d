// Packed images that earlier versions wrote. `write-images.ts` made the files in `written`; every later version reads them.
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { decoderLacks, serverLacks } from '../../../build/native.mjs';
import { canLab } from '../../lab/lab.ts';
import { Bench, digest, platter, resultOf } from '../cli/support.ts';

const WRITTEN = join(import.meta.dirname, 'written');
const IMAGES = readdirSync(WRITTEN).filter((name) => name.endsWith('.zst'));
const lacks = decoderLacks();
const cannot = lacks.length > 0 ? `without ${lacks.join(', ')}: install the -dev packages` : null;
const cannotMount = serverLacks().length > 0 ? `without ${serverLacks().join(', ')}` : canLab();

const bench = new Bench();
afterEach(() => bench.clear());

const why = [cannot, cannotMount].filter((reason) => reason !== null).map((reason) => ` (${reason})`);

describe(`an image that an earlier version wrote${why.join('')}`, () => {
  it.skipIf(cannot !== null).each(IMAGES)('%s is copied, and verified against the copy', async (name) => {
    const [image, copy] = [join(WRITTEN, name), join(await bench.directory(), 'copy.img')];

    const copied = await platter(['copy', image, copy, '--yes', '--json']);
    const compared = await platter(['verify', image, copy, '--json']);

    expect(resultOf(copied).destinations, copied.stdout).toMatchObject([{ verdict: 'verified' }]);
    expect(compared.code, compared.stdout).toBe(0);
    expect(await digest(copy)).toBe(readFileSync(`${image}.sha256`, 'utf8').trim());
  });

  it.skipIf(cannotMount !== null).each(IMAGES.filter((name) => name.includes('-used.')))(
    '%s is opened with mount',
    async (name) => {
      const view = join(await bench.directory(), 'view');

      const opened = await platter(['mount', join(WRITTEN, name), view]);
      const text = readFileSync(join(view, 'disk/text'), 'utf8');
      const closed = await platter(['unmount', view]);

      expect([opened.code, closed.code]).toEqual([0, 0]);
      expect(text).toBe('the content of a file\n'.repeat(100));
    },
  );

  it.each(IMAGES)('%s is whole for zstd', (name) => {
    expect(() => execFileSync('zstd', ['--test', '-q', join(WRITTEN, name)])).not.toThrow();
  });
});
