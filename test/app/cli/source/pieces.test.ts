// Images that were split into pieces: the first one is named, and all are read as one.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync, statSync, truncateSync, unlinkSync, writeFileSync } from 'node:fs';
import { afterEach, describe, expect, test } from 'vitest';
import { decoderLacks } from '../../../../build/native.mjs';
import { canLab } from '../../../lab/lab.ts';
import { madeOnce } from '../../parsers/made-once.ts';
import { Folder } from '../../parsers/source-files.ts';
import { expectRefusal } from '../shapes.ts';
import { Bench, digest, errorsOf, MiB, platter, resultOf } from '../support.ts';

const missing = decoderLacks();
const skip = missing.length > 0 ? ` (without ${missing.join(', ')}: install the -dev packages)` : '';
const noLab = canLab();
const bench = new Bench();
afterEach(() => bench.clear());

/** What a split image is made with, the name of its first piece, and that of the second. */
const SPLITS = [
  { what: 'raw', make: 'split -a 3 -d -b 5M disk.img x.img.', first: 'x.img.000', second: 'x.img.001' },
  { what: 'raw, from 1', make: 'split -a 3 --numeric-suffixes=1 -b 5M disk.img x.', first: 'x.001', second: 'x.002' },
  { what: 'zstd', make: 'zstd -qc disk.img | split -b 1M - x.zst.', first: 'x.zst.aa', second: 'x.zst.ab' },
  {
    what: 'xz in blocks',
    make: 'xz -0 --block-size=1MiB -c disk.img | split -d -b 1000000 - x.xz.',
    first: 'x.xz.00',
    second: 'x.xz.01',
  },
  { what: 'gzip', make: 'gzip -1c disk.img | split -b 1M - x.gz.', first: 'x.gz.aa', second: 'x.gz.ab' },
  {
    what: 'qcow2',
    make: 'qemu-img convert -O qcow2 disk.img x.qcow2 && split -d -a 3 -b 1M x.qcow2 x.qcow2. && rm x.qcow2',
    first: 'x.qcow2.000',
    second: 'x.qcow2.001',
  },
];
const [RAW, , ZSTD] = SPLITS;

/** A folder with a `disk.img`, and the pieces of one of SPLITS. */
const split = madeOnce(async ({ make }: { make: string }) => {
  const folder = new Folder();
  await folder.system();
  await folder.run(make);
  return folder;
});

describe.skipIf(skip !== '')(`the name of the whole${skip}`, () => {
  test.each(['check', 'info', 'copy'])(
    'names the first piece when %s gets it and only pieces are there',
    async (command) => {
      using folder = new Folder();
      await folder.run('truncate -s 5M x.img.zst.000 && truncate -s 1M x.img.zst.001');

      const run = await platter([
        command,
        folder.at('x.img.zst'),
        ...(command === 'copy' ? ['--yes', folder.at('o.img')] : []),
      ]);

      expect(run.code).not.toBe(0);
      expect(run.stderr).toContain(
        `It is in pieces, the first of which is x.img.zst.000. Name that one: ${folder.at('x.img.zst.000')}`,
      );
    },
  );
});

describe.skipIf(skip !== '')(`a split image${skip}`, () => {
  describe.skipIf(noLab !== null)('on drives', () => {
    test.each(SPLITS)('of $what is written to two drives as it was before', async (one) => {
      using folder = await split(one);
      const drives = await Promise.all([1, 2].map(() => bench.disk({ size: 32 * MiB, plain: true })));

      const run = await platter([
        ...['copy', '--yes', '--json', folder.at(one.first)],
        ...drives.map(({ device }) => device),
      ]);

      expect(run.code, run.stdout).toBe(0);
      expect(resultOf(run)).toMatchObject({ destinations: [{ verified: true }, { verified: true }] });
      for (const { backing } of drives)
        expect(await digest(backing, 24 * MiB)).toBe(await digest(folder.at('disk.img')));
    });

    test('refuses a drive that is smaller than all pieces together before touching it', async () => {
      using folder = await split(RAW!);
      const drive = await bench.disk({ file: await bench.image('kept.img', 16 * MiB, 9), plain: true });
      const before = await digest(drive.backing);

      const run = await platter(['copy', '--yes', '--json', folder.at(RAW!.first), drive.device]);

      expect(errorsOf(run)).toMatchObject([{ code: 'TOO_SMALL' }]);
      expect(await digest(drive.backing)).toBe(before);
    });
  });

  test.each(SPLITS)('of $what is described as it was before', async (one) => {
    using folder = await split(one);

    const { code, stdout } = await platter(['info', '--json', folder.at(one.first)]);

    expect(code).toBe(0);
    const found = JSON.parse(stdout) as { bytes: number; table: { partitions: unknown[] } };
    expect(found).toMatchObject({ content: { kind: 'image', format: 'GPT' }, table: { backup: 'right' } });
    expect(found.table.partitions).toMatchObject([{ start: MiB, size: 20 * MiB }]);
  });

  test('is copied into an image, with a note on its pieces', async () => {
    using folder = await split(ZSTD!);
    const run = await platter(['copy', '--yes', folder.at(ZSTD!.first), folder.at('copy.img')]);

    expect(run.code, run.stderr).toBe(0);
    expect(run.stdout + run.stderr).toMatch(/x\.zst\.aa is the first of \d pieces, which are read as one/u);
    execFileSync('cmp', [folder.at('disk.img'), folder.at('copy.img')]);
  });

  test('is compared with the checksum that a list has for the whole', async () => {
    using folder = await split({
      make: 'zstd -q disk.img -o x.zst && sha256sum x.zst > SHA256SUMS && split -b 1M x.zst x.zst.',
    });
    const sha256 = createHash('sha256')
      .update(readFileSync(folder.at('x.zst')))
      .digest('hex');
    unlinkSync(folder.at('x.zst'));

    const { code, stdout } = await platter(['check', folder.at('x.zst.aa')]);

    expect([code, stdout]).toEqual([
      0,
      expect.stringContaining(`SHA256SUMS is right: it is that of the file (sha256 ${sha256}`),
    ]);
  });

  describe('is refused', () => {
    test.each([RAW!, ZSTD!])('without a piece in the middle, which is named ($what)', async (one) => {
      using folder = await split(one);
      unlinkSync(folder.at(one.second));

      const run = await platter(['copy', '--yes', '--json', folder.at(one.first), folder.at('copy.img')]);

      expectRefusal(run);
      expect(errorsOf(run)[0]!.message).toContain(`the piece ${one.second} is missing`);
    });

    test('with a piece that is shorter than the first', async () => {
      using folder = await split(RAW!);
      truncateSync(folder.at(RAW!.second), 4 * MiB);

      const run = await platter(['copy', '--yes', '--json', folder.at(RAW!.first), folder.at('copy.img')]);

      expectRefusal(run);
      expect(errorsOf(run)[0]!.message).toContain(`the piece ${RAW!.second} has 4,194,304 bytes`);
    });

    test('when a later piece is named', async () => {
      using folder = await split(RAW!);

      const run = await platter(['copy', '--yes', '--json', folder.at('x.img.003'), folder.at('copy.img')]);

      expectRefusal(run);
      expect(errorsOf(run)[0]!.message).toContain(`whose first piece is ${RAW!.first}`);
    });

    test.each(['copy', 'info', 'check'])('by %s when only a later piece is there', async (command) => {
      using folder = new Folder();
      await folder.run('head -c 1M /dev/urandom > x.img.002');

      const run = await platter([command, folder.at('x.img.002'), ...(command === 'copy' ? [folder.at('o.img')] : [])]);

      expect(run.code).not.toBe(0);
      expect(run.stderr).toContain('the first piece, x.img.001 or x.img.000, is not beside it.');
      expect(run.stderr).toContain('Put all pieces into one folder, and give the first one.');
    });

    test.each([
      ['without its first piece', 'rm x.zst.000', 'x.zst.001'],
      [
        'when pieces have the names of each other',
        'mv x.zst.000 x && mv x.zst.001 x.zst.000 && mv x x.zst.001',
        'x.zst.000',
      ],
    ])('%s when its name says that it is packed', async (_, change, first) => {
      using folder = await split({ make: 'zstd -qc disk.img | split -a 3 -d -b 1M - x.zst.' });
      await folder.run(change);

      const run = await platter(['copy', '--yes', '--json', folder.at(first), folder.at('copy.img')]);

      expectRefusal(run);
      expect(errorsOf(run)).toMatchObject([
        {
          code: 'NOT_AN_IMAGE',
          message: expect.stringContaining('Its name says zstd') as string,
          advice: expect.stringContaining('Put all its pieces into one folder') as string,
        },
      ]);
    });

    test('as source of one of its own pieces', async () => {
      using folder = await split(RAW!);

      const run = await platter(['copy', '--yes', '--json', folder.at(RAW!.first), folder.at(RAW!.second)]);

      expect(errorsOf(run).map(({ code }) => code)).toContain('IS_SOURCE');
      expect(statSync(folder.at(RAW!.second)).size).toBe(5 * MiB);
    });
  });

  test('without its last piece is found to be cut short when it is packed', async () => {
    using folder = await split(ZSTD!);
    unlinkSync(folder.at('x.zst.ad'));

    const { code, stderr } = await platter(['check', folder.at(ZSTD!.first)]);

    expect([code, stderr]).toEqual([3, expect.stringContaining('The packed file is cut short')]);
  });

  test('is not made of two images with numbers in their names', async () => {
    using folder = await split(RAW!);
    await folder.run('cp disk.img b.img.001 && cp disk.img b.img.002');
    writeFileSync(folder.at('b.img.003'), '');

    const { stdout } = await platter(['info', '--json', folder.at('b.img.001')]);

    expect(JSON.parse(stdout)).toMatchObject({ bytes: 24 * MiB });
  });

  test('is not what a disk image with the number of a piece belongs to', async () => {
    using folder = new Folder();
    await folder.system();
    await folder.run('mv disk.img x.img.002 && cp x.img.002 other.img.003 && truncate -s 24M y.img.004');

    const copied = await platter(['copy', '--yes', folder.at('x.img.002'), folder.at('copy.img')]);
    const asIs = await platter(['copy', '--yes', '--as-is', folder.at('y.img.004'), folder.at('blank.img')]);
    const compared = await platter(['verify', '--as-is', folder.at('blank.img'), folder.at('y.img.004')]);

    expect([copied.code, asIs.code, compared.code], copied.stderr + asIs.stderr + compared.stderr).toEqual([0, 0, 0]);
  });

  test('gives the bytes of the named piece alone with --as-is', async () => {
    using folder = await split(RAW!);
    const run = await platter(['copy', '--yes', '--as-is', folder.at(RAW!.first), folder.at('copy.img')]);

    expect(run.code, run.stderr).toBe(0);
    execFileSync('cmp', [folder.at(RAW!.first), folder.at('copy.img')]);
  });
});
