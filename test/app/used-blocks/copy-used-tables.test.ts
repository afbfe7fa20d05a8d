// `copy --used` over f2fs and HFS+, whose tables Platter reads itself. Neither can be mounted everywhere, so their own
// programs fill and check them: mkfs.f2fs, sload.f2fs and fsck.f2fs. xorriso makes an HFS+ and 7zz reads it.
// partclone, which has readers of its own, names what has to be in the copy.
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { afterEach, describe, expect, test } from 'vitest';
import { canLab } from '../../lab/lab.ts';
import { Bench, MiB, resultOf } from '../cli/support.ts';
import { lacks } from '../parsers/source-files.ts';
import { copied, notesOf } from './copying.ts';
import { grownVolume } from './hfs-volume.ts';
import { blank, fragment, run, sums } from './support.ts';

const bench = new Bench();
afterEach(() => bench.clear());

const lackOf = (...programs: string[]): string | null =>
  programs.reduce<string | null>((found, program) => found ?? lacks(program), canLab());
const noF2fs = lackOf('mkfs.f2fs', 'sload.f2fs', 'fsck.f2fs', 'partclone.f2fs');
const noHfs = lackOf('xorriso', '7zz', 'partclone.hfsplus');
for (const cannot of [noF2fs, noHfs]) if (cannot !== null) console.warn(`skipped: ${cannot}`);

const SIZE = 192 * MiB;
const BLOCK = 4096;

/** An f2fs with files at `path`. `options`: of its mkfs. */
async function f2fs(folder: string, path: string, ...options: string[]): Promise<void> {
  await run('mkfs.f2fs', '-q', '-f', ...options, await blank(path, SIZE));
  await fragment(join(folder, 'files'), 60);
  await run('sload.f2fs', '-f', join(folder, 'files'), path);
}

/** The ranges that partclone takes for used. */
async function usedBy(program: string, folder: string, image: string): Promise<[at: number, length: number][]> {
  const map = join(folder, 'partclone.map');
  await run(program, '-D', '-s', image, '-O', map, '-L', join(folder, 'partclone.log'));
  const lines = (await readFile(map, 'utf8')).matchAll(/^(0x\w+)\s+(0x\w+)\s+\+$/gmu);
  return [...lines].map(([, at, length]) => [Number(at), Number(length)]);
}

/** Expects that `copy` has all that partclone finds used in `image`. */
async function expectAll(program: string, folder: string, image: string, copy: string): Promise<void> {
  const [before, after] = [await readFile(image), await readFile(copy)];
  const ranges = await usedBy(program, folder, image);
  const differ = ranges.filter(
    ([at, length]) => !before.subarray(at, at + length).equals(after.subarray(at, at + length)),
  );
  expect(ranges.length).toBeGreaterThan(2);
  expect(differ).toEqual([]);
}

/** Changes the first and the last block of both checkpoints of an f2fs, and their checksums. */
async function changeCheckpoints(image: string, change: (block: Buffer) => void): Promise<void> {
  const bytes = await readFile(image);
  const first = bytes.readUInt32LE(1024 + 76);
  for (const at of [first, first + 512]) {
    const count = bytes.readUInt32LE(at * BLOCK + 136);
    for (const place of count === 0 ? [] : [at, at + count - 1]) {
      const block = bytes.subarray(place * BLOCK, (place + 1) * BLOCK);
      change(block);
      const sumAt = block.readUInt32LE(164);
      block.writeUInt32LE(~crc32(block.subarray(0, sumAt), ~0xf2f52010 >>> 0) >>> 0, sumAt);
    }
  }
  await writeFile(image, bytes);
}

describe.skipIf(noF2fs !== null)('copy --used of an f2fs', { timeout: 120_000 }, () => {
  test.for([
    ['plain', []],
    ['with all that Android uses', ['-g', 'android']],
  ] as const)('copies what it uses: %s', async ([, options]) => {
    const folder = await bench.directory();
    const image = join(folder, 'f.img');
    await f2fs(folder, image, ...options);

    const { ran, copy } = await copied(bench, image, SIZE);

    expect(resultOf(ran).destinations).toMatchObject([{ verdict: 'mappedVerified' }]);
    expect(resultOf(ran).mapped, notesOf(ran)).toBeLessThan(SIZE / 2);
    expect(await run('fsck.f2fs', '--dry-run', copy)).not.toContain('[Fail]');
    await expectAll('partclone.f2fs', folder, image, copy);
  });

  test('copies what an empty one uses, whose table is still in its journal', async () => {
    const folder = await bench.directory();
    const image = await blank(join(folder, 'f.img'), SIZE);
    await run('mkfs.f2fs', '-q', '-f', image);

    const { ran, copy } = await copied(bench, image, SIZE);

    expect(resultOf(ran).mapped, notesOf(ran)).toBeLessThan(SIZE / 4);
    expect(await run('fsck.f2fs', '--dry-run', copy)).not.toContain('[Fail]');
  });

  test('copies one as a whole that was not unmounted', async () => {
    const folder = await bench.directory();
    const image = join(folder, 'f.img');
    await f2fs(folder, image);
    await changeCheckpoints(image, (block) => block.writeUInt32LE(block.readUInt32LE(132) & ~1, 132));

    const { ran } = await copied(bench, image, SIZE);

    expect(notesOf(ran)).toMatch(/although [\d,]+ bytes of it look free. It was not unmounted/u);
    expect(resultOf(ran).destinations).toMatchObject([{ verdict: 'verified' }]);
  });

  test('copies one as a whole whose checkpoint counts other blocks', async () => {
    const folder = await bench.directory();
    const image = join(folder, 'f.img');
    await f2fs(folder, image);
    await changeCheckpoints(image, (block) => block.writeBigUInt64LE(block.readBigUInt64LE(16) + 1n, 16));

    const { ran } = await copied(bench, image, SIZE);

    expect(notesOf(ran)).toContain('but by its own count it is');
  });

  test('copies one as a whole whose checkpoints are damaged', async () => {
    const folder = await bench.directory();
    const image = join(folder, 'f.img');
    await f2fs(folder, image);
    const bytes = await readFile(image);
    for (const at of [0, 512]) bytes[(bytes.readUInt32LE(1024 + 76) + at) * BLOCK + 20]! ^= 1;
    await writeFile(image, bytes);

    const { ran } = await copied(bench, image, SIZE);

    expect(notesOf(ran)).toContain('is copied as a whole.');
    expect(resultOf(ran).mapped).toBeUndefined();
  });
});

describe.skipIf(noHfs !== null)('copy --used of an HFS+', { timeout: 120_000 }, () => {
  test('copies what it uses, and its files are right', async () => {
    const folder = await bench.directory();
    const image = await grownVolume(folder, 64 * MiB);

    const { ran, copy } = await copied(bench, image, 64 * MiB);

    expect(resultOf(ran).mapped, notesOf(ran)).toBeLessThan(8 * MiB);
    await expectAll('partclone.hfsplus', folder, image, copy);
    await run('7zz', 'x', '-y', '-thfs', `-o${join(folder, 'out')}`, copy);
    const files = await sums(join(folder, 'files'));
    expect(files).toContain('deep/f');
    expect(await sums(await volumeIn(join(folder, 'out')))).toBe(files);
    expect((await readFile(copy)).subarray(-1024)).toEqual((await readFile(image)).subarray(-1024));
  });

  test.for([
    ['that was not unmounted', { attributes: 0 }, /look free\. It was not unmounted/u],
    ['with another count of free blocks', { free: 100 }, /but by its own count it is/u],
    ['with changes in its journal', { journal: 'full' }, /look free\. Its journal has changes/u],
  ] as const)('copies one as a whole %s', async ([, odd, said]) => {
    const folder = await bench.directory();
    const image = await grownVolume(folder, 64 * MiB, odd);

    const { ran } = await copied(bench, image, 64 * MiB);

    expect(notesOf(ran)).toMatch(said);
    expect(resultOf(ran).destinations).toMatchObject([{ verdict: 'verified' }]);
  });

  test('copies what one with an empty journal uses', async () => {
    const folder = await bench.directory();
    const image = await grownVolume(folder, 64 * MiB, { journal: 'empty' });

    const { ran } = await copied(bench, image, 64 * MiB);

    expect(resultOf(ran).mapped, notesOf(ran)).toBeLessThan(8 * MiB);
  });
});

/** 7zz puts the files of a volume into a folder with the name of the volume. */
async function volumeIn(folder: string): Promise<string> {
  return join(folder, (await run('ls', folder)).split('\n')[0]!);
}
