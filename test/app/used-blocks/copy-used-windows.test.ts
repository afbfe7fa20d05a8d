// `copy --used` over NTFS, exFAT, FAT and swap: what is copied, and what is refused to be left out.
import { open, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { canLab } from '../../lab/lab.ts';
import { Bench, MiB, resultOf } from '../cli/support.ts';
import { copied, notesOf } from './copying.ts';
import { blank, fragment, run, sums, mountedBy } from './support.ts';

const bench = new Bench();
afterEach(() => bench.clear());

const cannot = canLab();
if (cannot !== null) console.warn(`skipped: ${cannot}`);

const SIZE = 128 * MiB;

/** An NTFS with files in pieces at `path`. Resolves to the checksums of its files. */
async function ntfs(folder: string, path: string): Promise<string> {
  await run('mkfs.ntfs', '-q', '-F', await blank(path, SIZE));
  return mountedBy('ntfs-3g', path, join(folder, 'm'), async (at) => {
    await fragment(at, 40);
    return sums(at);
  });
}

/** The same with an exFAT. */
async function exfat(folder: string, path: string): Promise<string> {
  await run('mkfs.exfat', await blank(path, SIZE));
  return mountedBy('mount.exfat-fuse', path, join(folder, 'm'), async (at) => {
    await fragment(at, 40);
    return sums(at);
  });
}

/** Changes one byte of a file. */
async function change(path: string, at: number, to: (byte: number) => number): Promise<void> {
  const file = await open(path, 'r+');
  const { buffer } = await file.read(Buffer.alloc(1), 0, 1, at);
  await file.write(Buffer.from([to(buffer[0]!)]), 0, 1, at);
  await file.close();
}

describe.skipIf(cannot !== null)('copy --used', { timeout: 120_000 }, () => {
  test('copies what an NTFS uses, and its files are right', async () => {
    const folder = await bench.directory();
    const image = join(folder, 'n.img');
    const before = await ntfs(folder, image);

    const { ran, copy } = await copied(bench, image, SIZE);

    expect(resultOf(ran).mapped, notesOf(ran)).toBeLessThan(SIZE / 2);
    await run('ntfsresize', '-i', '-f', copy);
    await run('ntfsfix', '-n', copy);
    // The copy of the boot sector is behind the file system.
    expect((await readFile(copy)).subarray(-512)).toEqual((await readFile(image)).subarray(-512));
    expect(await mountedBy('ntfs-3g', copy, join(folder, 'm'), sums)).toBe(before);
  });

  test('copies an NTFS as a whole that waits for chkdsk', async () => {
    const folder = await bench.directory();
    const image = join(folder, 'n.img');
    await ntfs(folder, image);
    // ntfsresize leaves the check of its work to Windows.
    await run('ntfsresize', '-f', '-f', '-s', String(96 * MiB), image);

    const { ran } = await copied(bench, image, SIZE);

    expect(notesOf(ran)).toContain('It was not unmounted, or has errors.');
    expect(resultOf(ran).destinations).toMatchObject([{ verdict: 'verified' }]);
  });

  test('copies an NTFS as a whole in which Windows hibernates', async () => {
    const folder = await bench.directory();
    const [image, file] = [join(folder, 'n.img'), join(folder, 'hiberfil.sys')];
    await ntfs(folder, image);
    await writeFile(file, Buffer.concat([Buffer.from('hibr'), Buffer.alloc(8192, 1)]));
    await run('ntfscp', image, file, '/hiberfil.sys');

    const { ran } = await copied(bench, image, SIZE);

    expect(notesOf(ran)).toContain('A hibernated Windows lies in it.');
    expect(resultOf(ran).destinations).toMatchObject([{ verdict: 'verified' }]);
  });

  test('copies an NTFS as a whole whose bitmap lacks clusters of a file', async () => {
    const folder = await bench.directory();
    const image = join(folder, 'n.img');
    await ntfs(folder, image);
    const bitmap = join(folder, 'bitmap');
    await run('bash', '-c', 'ntfscat -i 6 "$0" > "$1"', image, bitmap);
    const bytes = await readFile(bitmap);
    const at = bytes.indexOf(0xff, bytes.length >> 3);
    const runs = await run('ntfsinfo', '-f', '-i', '6', '-v', image);
    const [, cluster] = /VCN\s+LCN\s+Length[\s\S]*?0x0\s+(0x[0-9a-f]+)/.exec(runs) ?? [];
    await change(image, Number(cluster) * 4096 + at, () => 0);

    const { ran } = await copied(bench, image, SIZE);

    expect(notesOf(ran)).toContain('ntfsresize failed');
    expect(resultOf(ran).destinations).toMatchObject([{ verdict: 'verified' }]);
  });

  test('copies what an exFAT uses, and its files are right', async () => {
    const folder = await bench.directory();
    const image = join(folder, 'x.img');
    const before = await exfat(folder, image);

    const { ran, copy } = await copied(bench, image, SIZE);

    expect(resultOf(ran).mapped, notesOf(ran)).toBeLessThan(SIZE / 2);
    await run('fsck.exfat', '-n', copy);
    expect(await mountedBy('mount.exfat-fuse', copy, join(folder, 'm'), sums)).toBe(before);
  });

  test('copies an exFAT as a whole that was not unmounted', async () => {
    const folder = await bench.directory();
    const image = join(folder, 'x.img');
    await exfat(folder, image);
    await change(image, 106, (flags) => flags | 2);

    const { ran } = await copied(bench, image, SIZE);

    expect(notesOf(ran)).toMatch(/although [\d,]+ bytes of it look free. It was not unmounted/);
  });

  test('copies an exFAT as a whole whose bitmap lacks a cluster of a file', async () => {
    const folder = await bench.directory();
    const image = join(folder, 'x.img');
    await exfat(folder, image);
    const boot = await readFile(image);
    const heap = boot.readUInt32LE(88) * 512;
    const at = boot.subarray(heap, heap + 4096).lastIndexOf(0xff);
    await change(image, heap + at, () => 0);

    const { ran } = await copied(bench, image, SIZE);

    expect(notesOf(ran)).toContain('fsck.exfat failed');
    expect(resultOf(ran).destinations).toMatchObject([{ verdict: 'verified' }]);
  });

  test('copies a FAT16 by its two tables', async () => {
    const folder = await bench.directory();
    const image = await blank(join(folder, 'f.img'), 64 * MiB);
    await run('mkfs.fat', '-F', '16', image);
    await fragment(join(folder, 'files'), 20);
    await run('bash', '-c', 'mcopy -s -i "$0" "$1"/* ::/', image, join(folder, 'files'));

    const { ran, copy } = await copied(bench, image, 64 * MiB);

    expect(resultOf(ran).mapped, notesOf(ran)).toBeLessThan(32 * MiB);
    await run('fsck.fat', '-n', copy);
  });

  test('copies the head of a swap area', async () => {
    const folder = await bench.directory();
    const image = await blank(join(folder, 's.img'), 64 * MiB);
    await run('mkswap', image);

    const { ran, copy } = await copied(bench, image, 64 * MiB);

    expect(resultOf(ran).mapped, notesOf(ran)).toBe(MiB + 4096);
    expect((await readFile(copy)).subarray(0, 4096)).toEqual((await readFile(image)).subarray(0, 4096));
  });

  test.each([
    ['bcachefs', 4120, 'c68573f666ce90a9d96a60cf803df7ef'],
    ['GFS2', 65_536, '0116197000000001'],
    ['OCFS2', 8192, '4f4346535632'],
    ['Reiser4', 65_536, '526549734572340000'],
    ['Stratis', 4612, '21537472613074697386ff025e417268'],
  ])('copies what was a swap area, and is a %s now, as a whole', async (_, at, magic) => {
    const folder = await bench.directory();
    const image = await blank(join(folder, 's.img'), 16 * MiB);
    await run('mkswap', image);
    const file = await open(image, 'r+');
    await file.write(Buffer.from(magic, 'hex'), 0, magic.length / 2, at);
    await file.close();

    const { ran } = await copied(bench, image, 16 * MiB);

    expect(resultOf(ran).mapped, notesOf(ran)).toBeUndefined();
  });
});
