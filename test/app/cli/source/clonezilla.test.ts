// A folder that Clonezilla keeps a disk in, made by the programs that its scripts call.
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, truncateSync, unlinkSync, writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { madeOnce } from '../../parsers/made-once.ts';
import { expectRefusal } from '../shapes.ts';
import { errorsOf, MiB, platter } from '../support.ts';
import { diskOf, dumpOf, lacking, restored } from './saved-disks.ts';

const skip = lacking('partclone.ext4', 'partclone.vfat', 'mcopy');

/** Both disks: an ext4, a FAT whose first sector is `second`, and a partition for swap. */
const DISKS = {
  gpt: {
    table: `label: gpt\nfirst-lba: 2048\n/dev/sda1 : start=2048, size=40960, type=L\n/dev/sda2 : start=43008, size=40960, type=U\n/dev/sda3 : start=83968, size=20480, type=S\n`,
    ...{ fat: 'sda2', second: 43_008, swap: 'sda3' },
  },
  dos: {
    table: `label: dos\n/dev/sda1 : start=2048, size=40960, type=83, bootable\n/dev/sda2 : start=43008, size=69632, type=5\n/dev/sda5 : start=45056, size=40960, type=c\n/dev/sda6 : start=88064, size=20480, type=82\n`,
    ...{ fat: 'sda5', second: 45_056, swap: 'sda6' },
  },
};

/** The folder of `diskOf`, and in it `image`, Clonezilla's folder. */
const saved = madeOnce(async (label: keyof typeof DISKS) => {
  const { table, fat, second, swap } = DISKS[label];
  const folder = await diskOf(table, second);
  await folder.run(`
    mkdir image && cd image && echo sda > disk && echo sda1 ${fat} ${swap} > parts
    ${dumpOf('../disk.img')} > sda-pt.sf
    printf 'Disk /dev/sda: 131072s\\n' > sda-pt.parted
    dd if=../disk.img of=sda-mbr bs=512 count=1
    ${
      label === 'gpt'
        ? `dd if=../disk.img of=sda-gpt-1st bs=512 count=34 && dd if=../disk.img of=sda-gpt-2nd bs=512 count=33 skip=131040`
        : 'dd if=../disk.img of=sda-hidden-data-after-mbr bs=512 skip=1 count=2047'
    }
    partclone.ext4 -z 10485760 -c -s ../ext -o - -L ../log | zstd -c | split -b 1MB -a 2 - sda1.ext4-ptcl-img.zst.
    partclone.vfat -z 10485760 -c -s ../fat -o - -L ../log | gzip -c | split -b 1MB -a 2 - ${fat}.vfat-ptcl-img.gz.
    echo UUID="00000000-0000-0000-0000-000000000000" > swappt-${swap}.info`);
  return folder;
});

/** The table of a disk, as sfdisk prints it, without the disk's name. */
const dumped = (disk: string): string[] =>
  execFileSync('sfdisk', ['-d', disk], { encoding: 'utf8' })
    .split('\n')
    .filter((line) => !line.startsWith('device:'))
    .map((line) => line.replace(/^\S+\.img/u, 'disk'));

describe.skipIf(skip !== '')(`a folder of Clonezilla${skip}`, () => {
  test('cannot be mounted, and the refusal has the command that makes an image of it', async () => {
    using folder = await saved('gpt');

    const run = await platter(['mount', folder.at('image')]);

    expect([run.code, run.stdout]).toEqual([2, '']);
    expect(run.stderr).toContain('a disk that Clonezilla saved, which can only be read from its start');
    expect(run.stderr).toContain(`platter copy ${folder.at('image')} disk.img.zst`);
  });

  test.each(['gpt', 'dos'] as const)('with a table of %s is copied as the disk that it is of', async (label) => {
    const { fat, second, swap } = DISKS[label];
    using folder = await saved(label);

    const run = await platter(['copy', '--yes', folder.at('image'), folder.at('copy.img')]);

    expect(run.code, run.stderr).toBe(0);
    expect(run.stdout + run.stderr).toContain(`which become zeros: ${swap}.`);
    const [whole, copy] = [readFileSync(folder.at('disk.img')), readFileSync(folder.at('copy.img'))];
    restored(folder, 'zstd -dc < <(cat image/sda1.*)').copy(whole, 2048 * 512);
    restored(folder, `gzip -dc < <(cat image/${fat}.*)`).copy(whole, second * 512);
    expect(copy.length).toBe(whole.length);
    // The tables of logical partitions are made anew. sfdisk has to read them as before.
    for (const sector of label === 'dos' ? [43_008, 86_016] : [])
      for (const bytes of [copy, whole]) bytes.fill(0, sector * 512, sector * 512 + 512);
    expect(copy.equals(whole)).toBe(true);
    expect(dumped(folder.at('copy.img'))).toEqual(dumped(folder.at('disk.img')));
    execFileSync('sfdisk', ['--verify', folder.at('copy.img')], { stdio: 'ignore' });
  });

  test('is described with its table', async () => {
    using folder = await saved('gpt');

    const { code, stdout } = await platter(['info', '--json', folder.at('image')]);

    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      packed: { format: 'Clonezilla' },
      size: 64 * MiB,
      table: { kind: 'gpt', header: 'right', partitions: [{ start: MiB }, {}, {}] },
    });
  });

  test.each([
    ['the image of a partition', 'sda2.vfat-ptcl-img.gz.a*', 'sda2.*-ptcl-img* is missing'],
    ['a piece in the middle', 'sda1.ext4-ptcl-img.zst.ab', 'sda1.ext4-ptcl-img.zst.ab is missing'],
    ['the table', 'sda-gpt-1st', 'sda-gpt-1st is missing'],
  ])('is refused without %s', async (_, gone, said) => {
    using folder = await saved('gpt');
    await folder.run(`rm image/${gone}`);

    const run = await platter(['copy', '--yes', '--json', folder.at('image'), folder.at('copy.img')]);

    expectRefusal(run);
    expect(errorsOf(run)[0]!.message).toContain(said);
  });

  test.each([
    [
      'random bytes',
      'head -c 3000000 /dev/urandom > sda1.ext4-ptcl-img',
      'Its name says partclone, but it is not in that format',
    ],
    [
      'them packed',
      'head -c 3000000 /dev/urandom | gzip > sda1.ext4-ptcl-img.gz.aa',
      'Its name says partclone, but it is not in that format',
    ],
    [
      'them in xz',
      'head -c 3000000 /dev/urandom | xz > sda1.ext4-ptcl-img.xz.aa',
      'Its name says partclone, but it is not in that format',
    ],
    [
      'a shorter partition',
      'head -c 15M ../ext > sda1.dd-ptcl-img',
      'has 15,728,640 bytes, but its partition 20,971,520 bytes',
    ],
    [
      'a larger file system',
      'partclone.ext4 -c -s ../large -o sda1.ext4-ptcl-img -L ../log',
      'has 31,457,280 bytes, but',
    ],
  ])('is refused with %s for the image of a partition', async (_, command, said) => {
    using folder = await saved('gpt');
    await folder.run(
      `truncate -s 30M large && mke2fs -q -t ext4 large && rm image/sda1.ext4-ptcl-img.zst.* && cd image && ${command}`,
    );

    const run = await platter(['copy', '--yes', '--json', folder.at('image'), folder.at('copy.img')]);

    expectRefusal(run);
    expect(errorsOf(run)[0]).toMatchObject({ path: expect.stringContaining('sda1.') as string });
    expect(errorsOf(run)[0]!.message).toContain(said);
  });

  test.each([
    ['as it is', 'cp ../ext sda1.dd-ptcl-img', false],
    ['packed', 'gzip -c ../ext > sda1.dd-ptcl-img.gz.aa', true],
    ['in xz of partclone', 'partclone.ext4 -c -s ../ext -o - -L ../log | xz > sda1.ext4-ptcl-img.xz.aa', false],
  ])('has a partition byte for byte: %s', async (_, command, isNoted) => {
    using folder = await saved('gpt');
    await folder.run(`rm image/sda1.ext4-ptcl-img.zst.* && cd image && ${command}`);

    const run = await platter(['copy', '--yes', folder.at('image'), folder.at('copy.img')]);

    expect(run.code, run.stderr).toBe(0);
    expect((run.stdout + run.stderr).includes('shows only as they are read: sda1.dd-ptcl-img.gz.aa')).toBe(isNoted);
    await folder.run('dd if=copy.img of=part bs=1M skip=1 count=20 && fsck.ext4 -fn part');
  });

  test.each(['sda-pt.sf', 'disk', 'parts', 'sda-mbr'])('is not overwritten: %s as a destination', async (name) => {
    using folder = await saved('gpt');
    const before = readFileSync(folder.at(`image/${name}`));

    const run = await platter(['copy', '--yes', '--json', folder.at('image'), folder.at(`image/${name}`)]);

    expectRefusal(run);
    expect(errorsOf(run)[0]).toMatchObject({ code: 'IS_SOURCE' });
    expect(readFileSync(folder.at(`image/${name}`)).equals(before)).toBe(true);
  });

  test('with a table whose checksum is wrong is copied with a note on it', async () => {
    using folder = await saved('gpt');
    await folder.run("printf '\\x5a' | dd of=image/sda-gpt-1st bs=1 seek=528 conv=notrunc");

    const run = await platter(['copy', '--yes', folder.at('image'), folder.at('copy.img')]);

    expect(run.code, run.stderr).toBe(0);
    expect(run.stdout + run.stderr).toContain('(sda-gpt-1st) has a wrong checksum');
    expect(run.stdout + run.stderr).toContain('Format these partitions as swap again after the copy: sda3.');
  });

  test('with a damaged piece fails, names the image and leaves no copy', async () => {
    using folder = await saved('gpt');
    const piece = folder.at('image/sda1.ext4-ptcl-img.zst.ab');
    const bytes = readFileSync(piece);
    bytes[5000]! ^= 0x10;
    writeFileSync(piece, bytes);

    const run = await platter(['copy', '--yes', '--json', folder.at('image'), folder.at('copy.img')]);

    expect(run.code).not.toBe(0);
    expect(run.stdout).toContain('sda1.ext4-ptcl-img.zst.aa');
    expect(existsSync(folder.at('copy.img'))).toBe(false);
  });

  test('without the end of its last piece fails', async () => {
    using folder = await saved('gpt');
    unlinkSync(folder.at('image/sda1.ext4-ptcl-img.zst.ad'));
    truncateSync(folder.at('image/sda1.ext4-ptcl-img.zst.ac'), 1000);

    const run = await platter(['copy', '--yes', '--json', folder.at('image'), folder.at('copy.img')]);

    expect(run.code).not.toBe(0);
    expect(run.stdout).toContain('cut short');
  });

  describe('is checked', () => {
    test('with what every image is worth', async () => {
      using folder = await saved('gpt');
      await folder.run('cd image && md5sum sda-pt.sf > MD5SUMS');

      const { code, stdout } = await platter(['check', folder.at('image')]);

      expect([code, stdout]).toEqual([0, expect.stringContaining('a folder of Clonezilla, 2 images of ')]);
      expect(stdout).toContain(
        'What their own checksums say: sda1.ext4-ptcl-img.zst.aa, sda2.vfat-ptcl-img.gz.aa.\nThe folder has nothing of these partitions: sda3.',
      );
      expect(stdout).toContain('Not compared, because they are of the files and not of the disk: MD5SUMS.');
    });

    test('with the name of an image that has no checksum', async () => {
      using folder = await saved('gpt');
      await folder.run('rm image/sda1.ext4-ptcl-img.zst.* && cp ext image/sda1.dd-ptcl-img');

      const { code, stdout } = await platter(['check', '--json', folder.at('image')]);

      expect(code).toBe(1);
      expect(JSON.parse(stdout)).toMatchObject({
        format: 'Clonezilla',
        checked: false,
        images: [
          { name: 'sda1.dd-ptcl-img', checked: false },
          { name: 'sda2.vfat-ptcl-img.gz.aa', checked: true },
        ],
      });
    });

    test('and the damaged image is named', async () => {
      using folder = await saved('gpt');
      const piece = folder.at('image/sda1.ext4-ptcl-img.zst.ab');
      const bytes = readFileSync(piece);
      bytes[5000]! ^= 0x10;
      writeFileSync(piece, bytes);

      const { code, stderr } = await platter(['check', folder.at('image')]);

      expect([code, stderr]).toEqual([3, expect.stringContaining('sda1.ext4-ptcl-img.zst.aa')]);
    });

    test.each([
      [['--md5', '0'.repeat(32)], 'A checksum is of one file'],
      [['--entry', 'a'], '--entry is for one file'],
      [['--bmap', 'a'], '--bmap is for one file'],
    ])('but not by what is of one file: %j', async (options, said) => {
      using folder = await saved('gpt');

      const { code, stderr } = await platter(['check', ...options, folder.at('image')]);

      expect([code, stderr]).toEqual([2, expect.stringContaining(said)]);
    });
  });
});
