// The command line refuses a source file that is not a disk image, and copies it unchanged when the user says so.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { decoderLacks } from '../../../../build/native.mjs';
import { canLab } from '../../../lab/lab.ts';
import { expectRefusal } from '../shapes.ts';
import { Bench, digest, MiB, platter, resultOf } from '../support.ts';
import { F6, Folder, lacks } from '../../parsers/source-files.ts';

const bench = new Bench();
afterEach(() => bench.clear());
const noLab = canLab();
if (noLab !== null) console.warn(`skipped: ${noLab}`);

/** Files that a machine with the decoder's libraries unpacks. All other files are refused everywhere. */
const unpacks = (name: string): boolean =>
  decoderLacks().length === 0 &&
  [
    'an xz file',
    'a gzip file that is named .img',
    'a zstd file',
    'a bzip2 file',
    'a ZIP file',
    'a qcow2 file',
    'a VMDK file',
    'a VHD file',
  ].includes(name);

/** The notes in a copy's plan. */
async function notesOf(args: string[]): Promise<unknown> {
  const run = await platter([...args, '--json']);
  expect(run.code, run.stderr).toBe(0);
  return run.lines[0]!.notes;
}

describe.skipIf(noLab !== null)('a source that is no disk image', () => {
  for (const { name, tool, make, file } of F6.filter((one) => !unpacks(one.name))) {
    test.skipIf(lacks(tool) !== null)(`F6 ${name} is refused by what it holds, and nothing is written`, async () => {
      using folder = new Folder();
      await folder.image();
      await folder.run(make);
      const disk = await bench.disk({
        size: 16 * MiB,
        file: await bench.image('precious.img', 16 * MiB, 99),
        plain: true,
      });
      const before = await digest(disk.backing);
      const run = await platter(['copy', folder.at(file), disk.device, '--yes', '--json']);
      expect(expectRefusal(run)).toMatchObject([
        { code: 'NOT_AN_IMAGE', path: folder.at(file), advice: expect.stringContaining('--as-is') as string },
      ]);
      expect(await digest(disk.backing)).toBe(before);
    });
  }
});

describe('a packed source', () => {
  for (const { name, tool, make, file } of F6.filter((one) => unpacks(one.name))) {
    test.skipIf(lacks(tool) !== null)(`F6 ${name} is unpacked, and the review says so`, async () => {
      using folder = new Folder();
      await folder.image();
      await folder.run(`cp disk.img kept && ${make}`);
      expect(await notesOf(['copy', '--yes', folder.at(file), folder.at('o.img')])).toEqual([
        expect.stringContaining('is unpacked as it is read'),
      ]);
      expect(await digest(folder.at('o.img'))).toBe(await digest(folder.at('kept')));
    });
  }

  test.skipIf(lacks('lz4') !== null)('is unpacked when it begins with skippable frames', async () => {
    using folder = new Folder();
    await folder.image();
    await folder.run("(printf '\\120\\052\\115\\030\\005\\0\\0\\0hello'; lz4 -qc disk.img) > disk.img.lz4");
    expect(await notesOf(['copy', '--yes', folder.at('disk.img.lz4'), folder.at('o.img')])).toEqual([
      expect.stringContaining('is unpacked as it is read'),
    ]);
    expect(await digest(folder.at('o.img'))).toBe(await digest(folder.at('disk.img')));
  });

  test('is unpacked when metadata of OpenWrt follows it, and the review says how much', async () => {
    using folder = new Folder();
    await folder.image();
    const piece = String.raw`'{"a":1}FWx0\1\2\3\4\1\0\0\0\0\0\0\27'`;
    await folder.run(`(gzip -c disk.img; printf ${piece}; printf ${piece}) > disk.img.gz`);
    expect(await notesOf(['copy', '--yes', folder.at('disk.img.gz'), folder.at('o.img')])).toEqual([
      expect.stringContaining('is unpacked as it is read'),
      expect.stringContaining('is followed by 46 bytes of OpenWrt metadata, which are not part of the image.'),
    ]);
    expect(await digest(folder.at('o.img'))).toBe(await digest(folder.at('disk.img')));
  });

  test('names the command that unpacks what something follows', async () => {
    using folder = new Folder();
    await folder.image();
    await folder.run('(gzip -c disk.img; echo FWx0) > disk.img.gz');
    const { code, stderr } = await platter(['copy', '--yes', folder.at('disk.img.gz'), folder.at('o.img')]);
    expect({ code, stderr }).toEqual({
      code: 2,
      stderr: expect.stringContaining('unpack it yourself first (gzip -dc FILE > disk.img)') as string,
    });
  });

  test.each([
    ['tar', 'tar -cf files disk.img'],
    ['a compressed tar', 'tar -czf files disk.img'],
  ])('advises to take the image out of %s', async (_, make) => {
    using folder = new Folder();
    await folder.image();
    await folder.run(make);
    const { code, stderr } = await platter(['copy', '--yes', folder.at('files'), folder.at('o.img')]);
    expect({ code, stderr }).toEqual({
      code: 2,
      stderr: expect.stringContaining('Unpack it (tar -xf FILE) and choose the disk image that was in it') as string,
    });
  });

  test('advises to check that it is the right file when there is no disk image in it', async () => {
    using folder = new Folder();
    await folder.run("(printf '%%PDF-1.7\n'; head -c 100000 /dev/zero) | gzip -c > manual.gz");
    const { code, stderr } = await platter(['copy', '--yes', folder.at('manual.gz'), folder.at('o.img')]);
    expect({ code, stderr }).toEqual({
      code: 2,
      stderr: expect.stringMatching(
        /Check that it is the right file\..*\(gzip -dc FILE > disk\.img\).*--as-is/u,
      ) as string,
    });
  });

  test('F6 refuses a packed source that it cannot unpack, and names the command that does', async () => {
    using folder = new Folder();
    await folder.image();
    await folder.run('xz --format=lzma -k disk.img');
    const { code, stderr } = await platter(['copy', folder.at('disk.img.lzma'), folder.at('o.img')]);
    expect({ code, stderr }).toEqual({
      code: 2,
      stderr: expect.stringContaining('It is a packed file (lzma), not a disk image') as string,
    });
    expect(stderr).toContain('xz --format=lzma -dc FILE > disk.img');
    expect(existsSync(folder.at('o.img'))).toBe(false);
  });

  const DICTIONARY =
    'for i in $(seq 200); do seq $i $((i + 300)) > s$i; done && zstd -q --train s* -o dict && zstd -q -D dict disk.img -o odd.img.zst';

  test.each([
    ['zstd', DICTIONARY, 'odd.img.zst', 'made with a dictionary'],
    ['xz', 'xz -kc --lzma2=dict=1536MiB disk.img > odd.img.xz', 'odd.img.xz', 'needs more memory than is allowed'],
  ])('is refused before anything is written when %s cannot unpack its beginning', async (tool, make, file, said) => {
    if (lacks(tool) !== null) return;
    using folder = new Folder();
    await folder.image();
    await folder.run(make);

    const { code, stderr } = await platter(['copy', '--yes', folder.at(file), folder.at('o.img')]);

    expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringContaining(said) as string });
    expect(existsSync(folder.at('o.img.part'))).toBe(false);
  });

  test.skipIf(lacks('zstd') !== null)('is not called empty when it is a zstd file that is cut short', async () => {
    using folder = new Folder();
    await folder.run('head -c 1M /dev/urandom > r && zstd -qc r | head -c 300K > cut.img.zst');

    const { code, stderr } = await platter(['copy', '--yes', folder.at('cut.img.zst'), folder.at('o.img')]);

    expect({ code, stderr }).toEqual({
      code: 2,
      stderr: expect.stringContaining('The packed file is cut short: it ends at 307,200 bytes') as string,
    });
  });

  test('F6 writes a packed source as it is with --as-is, and says so in the review', async () => {
    using folder = new Folder();
    await folder.image();
    await folder.run('gzip -k disk.img');
    const [source, copy] = [folder.at('disk.img.gz'), folder.at('o.img')];
    expect(await notesOf(['copy', '--yes', '--as-is', source, copy])).toEqual([
      expect.stringContaining('is a packed file (gzip), not a disk image: its bytes are taken as they are'),
    ]);
    expect(await digest(copy)).toBe(await digest(source));
  });

  test('compares a copy made with --as-is with the packed bytes, if verify has --as-is too', async () => {
    using folder = new Folder();
    await folder.image();
    await folder.run('gzip disk.img && cp disk.img.gz copy.img');
    const [source, copy] = [folder.at('disk.img.gz'), folder.at('copy.img')];
    expect((await platter(['verify', '--as-is', source, copy])).code).toBe(0);
    expect((await platter(['verify', source, copy])).code).toBe(2);
  });

  test('F6 compares with the image in a packed source, and repairs by it', async () => {
    using folder = new Folder();
    await folder.image();
    await folder.run('cp disk.img copy.img && gzip disk.img');
    const [source, copy] = [folder.at('disk.img.gz'), folder.at('copy.img')];
    expect(await notesOf(['verify', source, copy])).toEqual([expect.stringContaining('is unpacked as it is read')]);
    const before = await digest(copy);
    await folder.run('printf x | dd of=copy.img bs=1 seek=100000 conv=notrunc status=none');
    expect(resultOf(await platter(['repair', source, copy, '--yes', '--json'])).writeErr).toBe(0);
    expect(await digest(copy)).toBe(before);
  });
});

describe('a source that is not what its name says', () => {
  const PACKERS = [
    ['xz', 'xz -k disk.img', 'disk.img.xz', 'xz'],
    ['gzip', 'gzip -k disk.img', 'disk.img.gz', 'gzip'],
    ['bzip2', 'bzip2 -k disk.img', 'disk.img.bz2', 'bzip2'],
    ['zstd', 'zstd -q disk.img', 'disk.img.zst', 'zstd'],
    ['lz4', 'lz4 -q disk.img disk.img.lz4', 'disk.img.lz4', 'lz4'],
    ['zip', 'zip -q disk.zip disk.img', 'disk.zip', 'ZIP'],
  ] as const;

  test.each(PACKERS.filter(([tool]) => lacks(tool) === null))(
    'is refused when its first bit is wrong: packed by %s',
    async (_, make, file, format) => {
      using folder = new Folder();
      await folder.image();
      await folder.run(make);
      const bytes = readFileSync(folder.at(file));
      bytes[0]! ^= 1;
      writeFileSync(folder.at(file), bytes);

      const { code, stderr } = await platter(['copy', '--yes', folder.at(file), folder.at('o.img')]);
      const checked = await platter(['check', folder.at(file)]);

      expect({ code, stderr }).toEqual({
        code: 2,
        stderr: expect.stringContaining(`Its name says ${format}`) as string,
      });
      expect(stderr).toContain('--as-is');
      expect(existsSync(folder.at('o.img'))).toBe(false);
      expect({ code: checked.code, stderr: checked.stderr }).toEqual({
        code: 3,
        stderr: expect.stringContaining(`Its name says ${format}`) as string,
      });
    },
  );

  test('is copied as it is with --as-is and compared, and the review says so', async () => {
    const source = await bench.image('noise.img.xz', MiB, 5);
    const copy = join(await bench.directory(), 'o.img');
    const note = [expect.stringContaining('says xz, but it does not begin as such a file: its bytes are taken')];
    expect(await notesOf(['copy', '--yes', '--as-is', source, copy])).toEqual(note);
    expect(await notesOf(['verify', source, copy])).toEqual(note);
  });

  test('is copied when it is a disk image, and the review says so', async () => {
    using folder = new Folder();
    await folder.image();
    await folder.run('mv disk.img disk.img.gz');
    expect(await notesOf(['copy', '--yes', folder.at('disk.img.gz'), folder.at('o.img')])).toEqual([
      expect.stringContaining('says gzip, but it is a disk image'),
    ]);
  });

  test('is refused when a packed file contains it', async () => {
    using folder = new Folder();
    await folder.run('head -c 1M /dev/zero > disk.img.xz && gzip disk.img.xz');
    const { code, stderr } = await platter(['copy', '--yes', folder.at('disk.img.xz.gz'), folder.at('o.img')]);
    expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringContaining('Its name says xz') as string });
  });
});

describe('a source in which nothing is recognised', () => {
  test('F6 copies a source in which nothing is recognised, and says so in the review', async () => {
    const source = await bench.image('noise.img', MiB, 5);
    const notes = await notesOf(['copy', '--yes', source, join(await bench.directory(), 'o.img')]);
    expect(notes).toEqual([expect.stringContaining('is recognised, neither a partition table')]);
  });

  test('F6 has no such note for a disk image', async () => {
    using folder = new Folder();
    expect(await notesOf(['copy', '--yes', await folder.image(), folder.at('o.img')])).toEqual([]);
  });
});
