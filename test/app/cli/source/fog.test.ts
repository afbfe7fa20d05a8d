// A folder that FOG keeps a disk in, made by the programs that its scripts call.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { madeOnce } from '../../parsers/made-once.ts';
import type { Folder } from '../../parsers/source-files.ts';
import { expectRefusal } from '../shapes.ts';
import { errorsOf, MiB, platter } from '../support.ts';
import { diskOf, dumpOf, lacking, restored } from './saved-disks.ts';

const skip = lacking('partclone.extfs', 'partclone.vfat', 'mcopy', 'sgdisk');

const TABLES = {
  gpt: `label: gpt\nfirst-lba: 2048\n/dev/sda1 : start=2048, size=40960, type=L, name="Wurzel ü", attrs="LegacyBIOSBootable GUID:60"\n/dev/sda2 : start=43008, size=40960, type=U\n/dev/sda3 : start=83968, size=20480, type=S\n`,
  dos: `label: dos\n/dev/sda1 : start=2048, size=40960, type=83, bootable\n/dev/sda2 : start=43008, size=40960, type=c\n/dev/sda3 : start=83968, size=20480, type=82\n`,
};

interface Saved {
  label: 'gpt' | 'dos';
  pack: 'gzip -c' | 'zstd -c' | 'cat';
  /** The second image is in pieces. */
  split?: boolean;
  /** The ext4 was shrunk to 10 MiB, and its partition with it. The next partition moved on a GPT. */
  shrunk?: boolean;
}

/** The folder of `diskOf`, and in it `image`, FOG's folder. */
const saved = madeOnce(async ({ label, pack, split = false, shrunk = false }: Saved) => {
  const folder = await diskOf(TABLES[label], 43_008, shrunk ? 10 : 20);
  const smaller = TABLES[label].replace('size=40960', 'size=20480').replace(...moved(label));
  writeFileSync(folder.at('smaller'), smaller);
  await folder.run(`
    mkdir image
    ${dumpOf('disk.img')} > image/d1.partitions
    cp disk.img saved.img
    if ${shrunk}; then
      sfdisk -q --no-reread saved.img < <(grep -v ^label smaller | cat <(sfdisk -d disk.img | grep ^label) -)
      mkdir other && mv saved.img other/disk.img && (cd other && ${dumpOf('disk.img')}) > image/d1.minimum.partitions
      mv other/disk.img saved.img && echo /dev/sda1 extfs > image/d1.original.fstypes
    fi
    dd if=saved.img of=image/d1.mbr bs=512 count=2048
    ${label === 'gpt' ? 'sgdisk -b image/d1.mbr saved.img' : ''}
    echo '3 00000000-0000-0000-0000-000000000000' > image/d1.original.swapuuids && echo :2:3 > image/d1.fixed_size_partitions
    partclone.extfs -cs ext -O - -f 1 -a0 -L log | ${pack} > image/d1p1.img
    partclone.vfat -cs fat -O - -f 1 -a0 -L log | ${pack} | ${
      split ? 'split -a 3 -d -b 1MB - image/d1p2.img. && mv image/d1p2.img.000 image/d1p2.img' : 'cat > image/d1p2.img'
    }`);
  return folder;
});

/** What FOG changes in a GPT: it moves the next partitions together. */
const moved = (label: 'gpt' | 'dos'): [string, string] =>
  label === 'gpt' ? ['start=43008', 'start=22528'] : ['start=43008', 'start=43008'];

/** The disk as it was, with its partitions as partclone.restore makes them, and without swap. */
function oracle(folder: Folder, unpack: string, length: number): Buffer {
  const whole = readFileSync(folder.at('disk.img'));
  for (const [image, start] of [
    ['d1p1', 2048],
    ['d1p2', 43_008],
  ] as const) {
    whole.fill(0, start * 512, (start + 40_960) * 512);
    restored(folder, `cat image/${image}.img* | ${unpack}`).copy(whole, start * 512);
  }
  return whole.subarray(0, length);
}

describe.skipIf(skip !== '')(`a folder of FOG${skip}`, () => {
  test.each<[string, Saved, string]>([
    ['an MBR and gzip', { label: 'dos', pack: 'gzip -c' }, 'gzip -dc'],
    ['a GPT and zstd', { label: 'gpt', pack: 'zstd -c' }, 'zstd -dc'],
    ['images in pieces', { label: 'gpt', pack: 'zstd -c', split: true }, 'zstd -dc'],
    ['images that are not packed', { label: 'dos', pack: 'cat', split: true }, 'cat'],
    ['a shrunk ext4 on an MBR', { label: 'dos', pack: 'zstd -c', shrunk: true }, 'zstd -dc'],
    ['a shrunk ext4 on a GPT', { label: 'gpt', pack: 'gzip -c', shrunk: true }, 'gzip -dc'],
  ])('with %s is copied as the disk that it is of', async (_, how, unpack) => {
    using folder = await saved(how);

    const run = await platter(['copy', '--yes', folder.at('image'), folder.at('copy.img')]);

    expect(run.code, run.stderr).toBe(0);
    const said = run.stdout + run.stderr;
    expect(said).toContain('which become zeros: sda3.');
    expect(said.includes('smaller than their partitions: sda1 (resize2fs)')).toBe(how.shrunk === true);
    const copy = readFileSync(folder.at('copy.img'));
    // Nothing says how large a disk with an MBR is. It ends with its last partition.
    const length = how.label === 'gpt' ? 64 * MiB : (83_968 + 20_480) * 512;
    expect(copy.length).toBe(length);
    expect(copy.equals(oracle(folder, unpack, length))).toBe(true);
    await folder.run(`
      dd if=copy.img of=part bs=512 skip=2048 count=40960 && e2fsck -fn part
      ${how.label === 'gpt' ? 'sgdisk -v copy.img | grep "No problems found"' : 'sfdisk --verify copy.img'}`);
  });

  test('is described with its table, and verified against a copy', async () => {
    using folder = await saved({ label: 'gpt', pack: 'zstd -c', shrunk: true });
    await platter(['copy', '--yes', folder.at('image'), folder.at('copy.img')]);

    const { code, stdout } = await platter(['info', '--json', folder.at('image')]);
    const verified = await platter(['verify', folder.at('image'), folder.at('copy.img')]);

    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      packed: { format: 'FOG' },
      size: 64 * MiB,
      table: { kind: 'gpt', header: 'right', partitions: [{ start: MiB }, { start: 21 * MiB }, {}] },
    });
    expect(verified.code, verified.stderr).toBe(0);
  });

  test.each([
    ['without an image', 'rm image/d1p2.img', 'd1p2.img is missing'],
    ['with one image more', 'cp image/d1p2.img image/d1p9.img', 'd1p9.img'],
    ['with garbage for an image', 'head -c 5000 /dev/urandom > image/d1p2.img', 'd1p2.img'],
    [
      'with packed garbage for an image',
      'gzip < fat > image/d1p2.img',
      'Its name says partclone, but it is not in that format',
    ],
    ['with a second disk', 'cp image/d1.mbr image/d2.mbr', 'several disks: d1, d2'],
    ['with an image that is too large', 'cp image/d1p2.img image/d1p3.img', 'd1p3.img'],
  ])('is refused %s', async (_, change, said) => {
    using folder = await saved({ label: 'gpt', pack: 'zstd -c' });
    await folder.run(change);

    const run = await platter(['copy', '--yes', '--json', folder.at('image'), folder.at('copy.img')]);

    expectRefusal(run);
    expect(JSON.stringify(errorsOf(run)[0])).toContain(said);
    expect(existsSync(folder.at('copy.img'))).toBe(false);
  });

  test('without its last piece fails, names the image and leaves no copy', async () => {
    using folder = await saved({ label: 'gpt', pack: 'zstd -c', split: true });
    await folder.run('rm $(ls image/d1p2.img.* | tail -1)');

    const run = await platter(['copy', '--yes', '--json', folder.at('image'), folder.at('copy.img')]);

    expect(run.code).not.toBe(0);
    expect(run.stdout).toContain('d1p2.img');
    expect(existsSync(folder.at('copy.img'))).toBe(false);
  });

  test('is checked, with the names of the images whose checksums are those of gzip', async () => {
    using folder = await saved({ label: 'gpt', pack: 'gzip -c' });

    const { code, stdout } = await platter(['check', '--json', folder.at('image')]);

    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ format: 'FOG', images: [{ name: 'd1p1.img' }, { name: 'd1p2.img' }] });
  });

  test('is checked, and says which images have no checksum', async () => {
    using folder = await saved({ label: 'gpt', pack: 'cat' });

    const { code, stdout } = await platter(['check', folder.at('image')]);

    expect([code, stdout]).toEqual([1, expect.stringContaining('may go unseen: d1p1.img, d1p2.img.')]);
  });
});
