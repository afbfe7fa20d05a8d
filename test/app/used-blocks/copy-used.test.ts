// `copy --used` from end to end, over file systems that their own mkfs made, onto disks that were full of 0xA5. Each copy
// is judged by the file system's own check, and file by file.
import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { canLab } from '../../lab/lab.ts';
import { Bench, MiB, platter, resultOf, type Run } from '../cli/support.ts';
import { expectJobLines, expectRefusal } from '../cli/shapes.ts';
import { lacks } from '../parsers/source-files.ts';
import { copied, notesOf } from './copying.ts';
import { blank, fragment, mounted, run, sums } from './support.ts';

const bench = new Bench();
afterEach(() => bench.clear());

const cannot = canLab();
if (cannot !== null) console.warn(`skipped: ${cannot}`);

interface Kind {
  name: string;
  size: number;
  mkfs: string[];
  check: string[];
}

const KINDS: Kind[] = [
  { name: 'ext4', size: 192 * MiB, mkfs: ['mkfs.ext4', '-q'], check: ['e2fsck', '-fn'] },
  {
    name: 'ext4 with blocks of 1 KiB',
    size: 96 * MiB,
    mkfs: ['mkfs.ext4', '-q', '-b', '1024'],
    check: ['e2fsck', '-fn'],
  },
  {
    name: 'ext4 with clusters',
    size: 192 * MiB,
    mkfs: ['mkfs.ext4', '-q', '-b', '4096', '-O', 'bigalloc', '-C', '16384'],
    check: ['e2fsck', '-fn'],
  },
  { name: 'ext2', size: 96 * MiB, mkfs: ['mkfs.ext2', '-q'], check: ['e2fsck', '-fn'] },
  { name: 'xfs', size: 320 * MiB, mkfs: ['mkfs.xfs', '-q'], check: ['xfs_repair', '-n'] },
  {
    name: 'xfs with a reverse map',
    size: 320 * MiB,
    mkfs: ['mkfs.xfs', '-q', '-m', 'rmapbt=1,reflink=1'],
    check: ['xfs_repair', '-n'],
  },
  { name: 'btrfs', size: 256 * MiB, mkfs: ['mkfs.btrfs', '-q'], check: ['btrfs', 'check', '--check-data-csum'] },
];

describe.skipIf(cannot !== null)('copy --used', { timeout: 120_000 }, () => {
  test.for(KINDS)('copies what $name uses, and its files are right', async ({ size, mkfs, check }) => {
    const folder = await bench.directory();
    const image = await blank(join(folder, 'source.img'), size);
    await run(mkfs[0]!, ...mkfs.slice(1), image);
    const before = await mounted(image, join(folder, 'm'), async (at) => {
      await fragment(at, 60);
      return sums(at);
    });

    const { ran, copy } = await copied(bench, image, size);

    expect(ran.code, ran.stdout + ran.stderr).toBe(0);
    expect(resultOf(ran).destinations).toMatchObject([{ verdict: 'mappedVerified' }]);
    expect(resultOf(ran).mapped, notesOf(ran)).toBeLessThan(size / 2);
    await run(check[0]!, ...check.slice(1), copy);
    expect(await mounted(copy, join(folder, 'm'), sums, 'loop,ro')).toBe(before);
  });

  test('copies a FAT32, and its files are right', async () => {
    const folder = await bench.directory();
    const image = await blank(join(folder, 'source.img'), 128 * MiB);
    await run('mkfs.fat', '-F', '32', image);
    await fragment(join(folder, 'files'), 40);
    await run('bash', '-c', 'mcopy -s -i "$0" "$1"/* ::/', image, join(folder, 'files'));
    await run('mdel', '-i', image, '::/f1', '::/f7', '::/f13');
    await run('mcopy', '-s', '-i', image, '::/', join(folder, 'before'));

    const { ran, copy } = await copied(bench, image, 128 * MiB);

    expect(resultOf(ran).mapped, notesOf(ran)).toBeLessThan(64 * MiB);
    await run('fsck.fat', '-n', copy);
    await run('mcopy', '-s', '-i', copy, '::/', join(folder, 'after'));
    await run('diff', '-r', join(folder, 'before'), join(folder, 'after'));
  });

  test('copies an xfs with a dirty log as a whole, and all of its files are right', async () => {
    const folder = await bench.directory();
    const [size, image, crashed] = [600 * MiB, join(folder, 'x.img'), join(folder, 'crash.img')];
    await run('mkfs.xfs', '-q', await blank(image, size));
    const before = await mounted(image, join(folder, 'm'), async (at) => {
      await run(
        'bash',
        '-c',
        'for i in $(seq 60); do head -c 3000000 /dev/urandom > "$0/big$i"; done; sync; sleep 1',
        at,
      );
      await copyFile(image, crashed);
      return sums(at);
    });

    const { ran, copy } = await copied(bench, crashed, size);

    expect(notesOf(ran)).toContain('Its journal has changes that are not in place yet.');
    expect(resultOf(ran).destinations).toMatchObject([{ verdict: 'verified' }]);
    expect(await mounted(copy, join(folder, 'm'), sums)).toBe(before);
  });

  test('copies a btrfs that was filled up and has a snapshot, with both copies of its trees', async () => {
    const folder = await bench.directory();
    const [size, image] = [256 * MiB, join(folder, 'b.img')];
    await run('mkfs.btrfs', '-q', await blank(image, size));
    const script = `cd "$0"
      mkdir tree && cp -r /usr/share/doc tree/doc && mkdir tree/bin && cp /usr/bin/* tree/bin
      cp -r tree a; cp -r tree/doc b; sync; rm -rf a/doc; btrfs subvolume snapshot . snap
      for i in $(seq 200); do head -c 30000 /dev/urandom > f$i; done; for i in $(seq 1 2 200); do rm -f f$i; done
      sync; true`;
    const before = await mounted(image, join(folder, 'm'), async (at) => {
      await run('bash', '-c', `${script} 2>/dev/null`, at);
      return run('bash', '-c', 'cd "$0" && find . -type f -print0 | sort -z | xargs -0 sha256sum', at);
    });

    const { ran, copy } = await copied(bench, image, size);

    expect(resultOf(ran).mapped, notesOf(ran)).toBeLessThan(size);
    await run('btrfs', 'check', '--check-data-csum', copy);
    const after = await mounted(copy, join(folder, 'm'), async (at) => {
      expect(await run('btrfs', 'scrub', 'start', '-B', at)).toContain('no errors found');
      return run('bash', '-c', 'cd "$0" && find . -type f -print0 | sort -z | xargs -0 sha256sum', at);
    });
    expect(after).toBe(before);
  }, 300_000);

  test('copies an ext4 with a journal to replay as a whole, and says what it would have saved', async () => {
    const folder = await bench.directory();
    const [size, image, crashed] = [64 * MiB, join(folder, 'e.img'), join(folder, 'crash.img')];
    await run('mkfs.ext4', '-q', await blank(image, size));
    await mounted(image, join(folder, 'm'), async (at) => {
      await fragment(at, 20);
      await copyFile(image, crashed);
    });

    const { ran } = await copied(bench, crashed, size);

    expect(notesOf(ran)).toMatch(/is copied as a whole, although [\d,]+ bytes of it look free. Its journal/);
    expect(resultOf(ran).destinations).toMatchObject([{ verdict: 'verified' }]);
  });

  test('copies an ext4 as a whole whose superblock counts other free blocks than its bitmaps', async () => {
    const folder = await bench.directory();
    const image = await blank(join(folder, 'e.img'), 64 * MiB);
    await run('mkfs.ext4', '-q', image);
    await run('debugfs', '-w', '-R', 'ssv free_blocks_count 4321', image);

    const { ran } = await copied(bench, image, 64 * MiB);

    expect(notesOf(ran)).toContain('but by its own count it is');
    expect(resultOf(ran).destinations).toMatchObject([{ verdict: 'verified' }]);
  });

  test('copies what two file systems use on a disk with a partition table, and all that lies outside of them', async () => {
    const folder = await bench.directory();
    const [size, image] = [400 * MiB, join(folder, 'disk.img')];
    await blank(image, size);
    await run('sgdisk', '-n', '1:2048:+64M', '-n', '2:0:+310M', '-n', '3:0:0', image);
    const [one, two] = [join(folder, 'one.img'), join(folder, 'two.img')];
    await run('mkfs.ext4', '-q', await blank(one, 64 * MiB));
    await run('mkfs.xfs', '-q', await blank(two, 310 * MiB));
    await mounted(two, join(folder, 'm'), (at) => fragment(at, 30));
    await run('dd', `if=${one}`, `of=${image}`, 'bs=1M', 'seek=1', 'conv=notrunc');
    await run('dd', `if=${two}`, `of=${image}`, 'bs=1M', 'seek=65', 'conv=notrunc');
    const partition = 375 * MiB;
    await run('bash', '-c', `printf behind | dd of="$0" bs=1 seek=${partition + 5 * MiB} conv=notrunc`, image);

    const { ran, copy } = await copied(bench, image, size);

    expect(notesOf(ran)).toMatch(/Partition 1 of .* \(ext4, 67,108,864 bytes\): [\d,]+ bytes are in use/);
    expect(notesOf(ran)).toMatch(/Partition 2 of .* \(xfs, 325,058,560 bytes\): [\d,]+ bytes are in use/);
    expectJobLines(ran);
    expect(ran.lines[0]!.parts).toMatchObject([
      { partition: 1, signatures: ['ext4'], size: 64 * MiB, whole: null, saves: 0 },
      { partition: 2, signatures: ['xfs'], size: 310 * MiB, whole: null, saves: 0 },
      { partition: 3, signatures: [], whole: 'What it holds is not recognised, or is several things at once.' },
    ]);
    expect(notesOf(ran)).toMatch(/Partition 3 of .* is copied as a whole. What it holds is not recognised/);
    await run('sgdisk', '-v', copy);
    await run('bash', '-c', `cmp <(tail -c +${375 * MiB + 1} "$0") <(tail -c +${375 * MiB + 1} "$1")`, image, copy);
    for (const [from, length, check] of [
      [1, 64, 'e2fsck -fn'],
      [65, 310, 'xfs_repair -n'],
    ] as const)
      await run(
        'bash',
        '-c',
        `dd if="$0" of="$1" bs=1M skip=${from} count=${length} && ${check} "$1"`,
        copy,
        join(folder, 'part.img'),
      );
  });

  test('copies an XFS whose trees of free extents have grown, which the superblock counts as free', async () => {
    const folder = await bench.directory();
    const [size, image] = [400 * MiB, await blank(join(folder, 'x.img'), 400 * MiB)];
    await run('mkfs.xfs', '-q', image);
    const files = 'cd "$0"; for i in $(seq 1 6000); do printf %9000d $i > $i; done; sync; rm *[13579]';
    await mounted(image, join(folder, 'm'), (at) => run('bash', '-c', files, at));
    const heads = await run('xfs_db', '-r', '-c', 'agf 0', '-c', 'p btreeblks', image);
    expect(Number(/btreeblks = (\d+)/.exec(heads)?.[1])).toBeGreaterThan(0);

    const { ran, copy } = await copied(bench, image, size);

    expect(resultOf(ran).mapped, notesOf(ran)).toBeLessThan(size / 2);
    await run('xfs_repair', '-n', copy);
  });

  test('copies a disk as a whole that has a table of before and is a member of a RAID now', async () => {
    const folder = await bench.directory();
    const image = await blank(join(folder, 'disk.img'), 96 * MiB);
    await run('bash', '-c', 'echo "start=2048, size=131072, type=c" | sfdisk -q --label dos "$0"', image);
    await run('mkfs.fat', '-F', '32', '--offset', '2048', image, '65536');
    // The superblock of md, version 1.2, lies at 4 KiB; its data begins where the old partition has nothing.
    await run('bash', '-c', `printf '\\xfc\\x4e\\x2b\\xa9\\x01' | dd of="$0" bs=1 seek=4096 conv=notrunc`, image);
    await run('bash', '-c', 'head -c 8M /dev/urandom | dd of="$0" bs=1M seek=40 conv=notrunc', image);

    const { ran, copy } = await copied(bench, image, 96 * MiB);

    expect(notesOf(ran)).toContain('(MBR, linux_raid_member, 100,663,296 bytes) is copied as a whole.');
    await run('cmp', image, copy);
  });

  test('copies a btrfs with a tree of block groups, and its files are right', async () => {
    const folder = await bench.directory();
    const image = join(folder, 'b.img');
    // Debian 12's mkfs.btrfs makes none. This is an empty one of btrfs-progs 6.14.
    await run('zstd', '-d', '-q', '--sparse', join(import.meta.dirname, 'block-group-tree.img.zst'), '-o', image);
    const script = 'btrfs subvolume snapshot "$0" "$0/snap" && cp "$0/f1" "$0/again" && sync -f "$0"';
    const before = await mounted(image, join(folder, 'm'), async (at) => {
      await fragment(at, 60);
      await run('bash', '-c', script, at);
      return run('bash', '-c', 'cd "$0" && find . -type f -print0 | sort -z | xargs -0 sha256sum', at);
    });

    const { ran, copy } = await copied(bench, image, 128 * MiB);

    expect(resultOf(ran).mapped, notesOf(ran)).toBeLessThan(64 * MiB);
    await run('btrfs', 'check', '--check-data-csum', copy);
    const after = await mounted(copy, join(folder, 'm'), async (at) => {
      expect(await run('btrfs', 'scrub', 'start', '-B', at)).toContain('no errors found');
      return run('bash', '-c', 'cd "$0" && find . -type f -print0 | sort -z | xargs -0 sha256sum', at);
    });
    expect(after).toBe(before);
  });

  test('copies an XFS as a whole whose log is on another device, and says why', async () => {
    const folder = await bench.directory();
    const image = await blank(join(folder, 'x.img'), 320 * MiB);
    const log = await blank(join(folder, 'log.img'), 80 * MiB);
    await run('mkfs.xfs', '-q', '-l', `logdev=${log},size=64m`, image);

    const { ran } = await copied(bench, image, 320 * MiB);

    expect(notesOf(ran)).toContain('It has features whose used blocks Platter does not know.');
    expect(resultOf(ran).mapped).toBeUndefined();
  });

  test('copies a btrfs of two devices as a whole', async () => {
    const folder = await bench.directory();
    const [one, two] = [await bench.disk({ size: 128 * MiB }), await bench.disk({ size: 128 * MiB })];
    await run('mkfs.btrfs', '-q', '-f', '-d', 'raid1', '-m', 'raid1', one.device, two.device);

    const ran = await platter(['copy', one.device, join(folder, 'out.img'), '--used', '--yes', '--json']);

    expect(notesOf(ran)).toContain('It spans several devices.');
    expect(resultOf(ran).mapped).toBeUndefined();
  });

  test('copies an image as a whole that is mounted through a loop device', async () => {
    const folder = await bench.directory();
    const image = await blank(join(folder, 'b.img'), 128 * MiB);
    await run('mkfs.btrfs', '-q', image);
    await mounted(image, join(folder, 'm'), async () => {
      const ran = await platter(['copy', image, join(folder, 'out.img'), '--used', '--yes', '--json']);
      expect(notesOf(ran)).toContain(`It is mounted at ${join(folder, 'm')}.`);
    });
  });

  test('copies what a file system uses that is mounted read-only', async () => {
    const folder = await bench.directory();
    const image = await blank(join(folder, 'e.img'), 64 * MiB);
    await run('mkfs.ext4', '-q', image);
    await mounted(image, join(folder, 'm'), async (at) => {
      await fragment(at, 20);
      await run('mount', '-o', 'remount,ro', at);
      const before = await sums(at);

      const { ran, copy } = await copied(bench, image, 64 * MiB);

      expect(resultOf(ran).mapped, notesOf(ran)).toBeLessThan(32 * MiB);
      await run('e2fsck', '-fn', copy);
      expect(await mounted(copy, join(folder, 'copy'), sums, 'loop,ro')).toBe(before);
    });
  });

  test('copies a file system as a whole that only one of its mounts cannot write', async () => {
    const folder = await bench.directory();
    const image = await blank(join(folder, 'e.img'), 64 * MiB);
    await run('mkfs.ext4', '-q', image);
    await mounted(image, join(folder, 'm'), async (at) => {
      await run('mount', '-o', 'remount,bind,ro', at);
      const ran = await platter(['copy', image, join(folder, 'out.img'), '--used', '--yes', '--json']);
      expect(notesOf(ran)).toContain(`It is mounted at ${at}.`);
    });
  });

  test('copies an xfs with a dirty log as a whole that is mounted read-only', async () => {
    const folder = await bench.directory();
    const [size, image, crashed] = [320 * MiB, join(folder, 'x.img'), join(folder, 'crash.img')];
    await run('mkfs.xfs', '-q', await blank(image, size));
    await mounted(image, join(folder, 'm'), async (at) => {
      await fragment(at, 30);
      await copyFile(image, crashed);
    });
    await mounted(
      crashed,
      join(folder, 'm'),
      async () => {
        const ran = await platter(['copy', crashed, join(folder, 'out.img'), '--used', '--yes', '--json']);
        expect(notesOf(ran)).toContain('Its journal has changes that are not in place yet.');
      },
      'loop,ro,norecovery,nouuid',
    );
  });

  test.for([
    ['a drive', true, false, ': on a drive most of them keep what it has there. To make them zeros'],
    ['a new image', false, true, ': in a new image most of them are zeros.'],
    ['both', true, true, ', in a new image most of them are zeros. To make all of them zeros'],
  ] as const)('says what becomes of free blocks on %s', async ([, onDrive, inImage, said]) => {
    const folder = await bench.directory();
    const image = await blank(join(folder, 'e.img'), 64 * MiB);
    await run('mkfs.ext4', '-q', image);
    const to = [
      ...(onDrive ? [(await bench.disk({ size: 64 * MiB })).device] : []),
      ...(inImage ? [join(folder, 'out.img')] : []),
    ];

    const ran = await platter(['copy', image, ...to, '--used', '--yes', '--json']);

    expect(notesOf(ran)).toContain(said);
  });

  test('leaves none of the old data with --zero-unmapped', async () => {
    const folder = await bench.directory();
    const image = await blank(join(folder, 'e.img'), 64 * MiB);
    await run('mkfs.ext4', '-q', image);

    const { ran, copy } = await copied(bench, image, 64 * MiB, '--zero-unmapped');

    expect(ran.code, ran.stdout).toBe(0);
    expect(notesOf(ran)).toContain('become zeros');
    await run('cmp', image, copy);
  });

  test('needs room for what it copies only, in an image where holes are kept', async () => {
    const folder = await bench.directory();
    const image = await bench.image('full.img', 96 * MiB);
    await run('mkfs.ext4', '-q', '-F', '-E', 'nodiscard', image);
    const small = join(folder, 'small');
    await mkdir(small);
    await run('mount', '-t', 'tmpfs', '-o', 'size=64M', 'tmpfs', small);
    try {
      const copy = (size: string): Promise<Run> =>
        run('mount', '-o', `remount,size=${size}`, small).then(() =>
          platter(['copy', image, join(small, 'copy.img'), '--used', '--yes', '--json']),
        );

      const refused = await copy('4M');
      const ran = await copy('64M');

      expect(expectRefusal(refused)).toMatchObject([{ code: 'NO_SPACE' }]);
      expect(resultOf(ran).destinations).toMatchObject([{ verdict: 'mappedVerified' }]);
      await run('e2fsck', '-fn', join(small, 'copy.img'));
    } finally {
      await run('umount', small);
    }
  });

  test('refuses a packed source', async () => {
    const folder = await bench.directory();
    const image = await blank(join(folder, 'e.img'), 16 * MiB);
    await run('mkfs.ext4', '-q', image);
    await run('gzip', image);

    const ran = await platter(['copy', `${image}.gz`, join(folder, 'out.img'), '--used', '--yes', '--json']);

    expect(ran.code).toBe(2);
    expect(ran.stdout).toContain('The used blocks of a packed source cannot be found yet.');
  });

  test('copies a mounted disk as a whole', async () => {
    const folder = await bench.directory();
    const disk = await bench.disk({ size: 64 * MiB });
    await run('mkfs.ext4', '-q', disk.device);
    await mounted(
      disk.device,
      join(folder, 'm'),
      async () => {
        const ran = await platter(['copy', disk.device, join(folder, 'out.img'), '--used', '--yes', '--json']);
        expect(notesOf(ran)).toContain(`It is mounted at ${join(folder, 'm')}.`);
        expect(resultOf(ran).mapped).toBeUndefined();
      },
      'rw',
    );
  });

  test('copies a disk, and leaves no loop device over it', async () => {
    const folder = await bench.directory();
    const disk = await bench.disk({ size: 64 * MiB });
    await run('mkfs.ext4', '-q', disk.device);

    const ran = await platter(['copy', disk.device, join(folder, 'out.img'), '--used', '--yes', '--json']);

    expect(resultOf(ran).mapped, notesOf(ran)).toBeLessThan(32 * MiB);
    await run('e2fsck', '-fn', join(folder, 'out.img'));
    // Other tests make loop devices meanwhile.
    const behind = (await run('losetup', '-ln', '-O', 'BACK-FILE')).split('\n').map((line) => line.trim());
    expect(behind).not.toContain(disk.device);
  });
});

const noHybrid = cannot ?? lacks('sgdisk');
describe.skipIf(noHybrid !== null)('copy --used of a GPT with a hybrid MBR', { timeout: 120_000 }, () => {
  test.for([
    ['used blocks where the MBR has a partition of the GPT', 0, 'mappedVerified'],
    ['the whole disk where the MBR has one that differs', 2048, 'verified'],
  ] as const)('copies %s', async ([, sectors, verdict]) => {
    const image = await blank(join(await bench.directory(), 'hybrid.img'), 64 * MiB);
    await run('sgdisk', '--new=1:2048:+32M', '--hybrid=1', image);
    await run('mkfs.ext4', '-q', '-E', `offset=${MiB}`, image, '32M');
    const bytes = await readFile(image);
    const entry = [0, 1, 2, 3].map((index) => 446 + 16 * index).find((at) => ![0, 0xee].includes(bytes[at + 4]!))!;
    bytes.writeUInt32LE(bytes.readUInt32LE(entry + 12) + sectors, entry + 12);
    await writeFile(image, bytes);

    const { ran } = await copied(bench, image, 64 * MiB);

    expect(resultOf(ran).destinations).toMatchObject([{ verdict }]);
  });
});
